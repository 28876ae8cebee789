//! The feature `metrics`: what an exporter for Prometheus shows.

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use actix_mcp_auth::{
    Found, IdentityStore, Lookup, McpAuth, StoreError, async_trait,
    keys::RefreshSettings,
    revocation::{RevocationSettings, Revoked, SharedRevocations},
};
use actix_web::{http::Method, web};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::{
    revocation_events::{ScriptedLog, Step},
    support::{Server, authority},
};

/// One recorder for the process; the tests tell their numbers apart by the resource.
static METRICS: LazyLock<PrometheusHandle> =
    LazyLock::new(|| PrometheusBuilder::new().install_recorder().unwrap());

/// The value of a series whose labels are all of these.
fn value(name: &str, labels: &[&str]) -> Option<f64> {
    let text = METRICS.render();
    let line = text.lines().find(|line| {
        line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label))
    })?;
    Some(line.rsplit(' ').next().unwrap().parse().unwrap())
}

pub(crate) fn decisions(resource: &str, decision: &str, reason: &str) -> f64 {
    let [decision, reason] =
        [("decision", decision), ("reason", reason)].map(|(k, v)| format!("{k}=\"{v}\""));
    let resource = format!("resource=\"{resource}\"");
    value("mcp_auth_decisions_total", &[&resource, &decision, &reason]).unwrap()
}

#[actix_web::test]
async fn every_decision_is_counted_by_its_reason_and_stands_at_zero_from_the_start() {
    const RESOURCE: &str = "http://127.0.0.1:8787/counted";
    LazyLock::force(&METRICS);
    let authority = authority();
    let auth = McpAuth::builder(RESOURCE).authkit(authority.issuer()).build().unwrap();
    for &reason in actix_mcp_auth::Rejection::REASONS {
        let outage = actix_mcp_auth::Rejection::OUTAGES.contains(&reason);
        let decision = if outage { "unavailable" } else { "refused" };
        assert_eq!(decisions(RESOURCE, decision, reason), 0.0, "{reason}");
    }
    let server = Server::of(&auth);
    let good = authority.person_token("user_ada", RESOURCE);
    for _ in 0..3 {
        assert_eq!(server.call(&good).await.status, 200);
    }
    for _ in 0..2 {
        assert_eq!(server.call("no.token.at-all").await.status, 401);
    }
    assert_eq!(server.request(Method::POST, "/mcp").send().await.status, 401);
    assert_eq!(decisions(RESOURCE, "accepted", "none"), 3.0);
    assert_eq!(decisions(RESOURCE, "refused", "malformed"), 2.0);
    assert_eq!(decisions(RESOURCE, "refused", "missing_credentials"), 1.0);
    assert_eq!(decisions(RESOURCE, "anonymous", "none"), 0.0);

    let open = {
        let auth = auth.clone();
        Server::start(move |config| {
            let route = web::post().to(async |_: actix_mcp_auth::MaybeAuthed| "");
            config.service(web::resource("/mcp").wrap(auth.middleware().optional()).route(route));
        })
    };
    assert_eq!(open.request(Method::POST, "/mcp").send().await.status, 200);
    assert_eq!(decisions(RESOURCE, "anonymous", "none"), 1.0);
    assert_eq!(decisions(RESOURCE, "refused", "missing_credentials"), 1.0);
}

/// Finds Ada, fails for Brian, and never answers for Grace.
struct Moody;

#[async_trait]
impl IdentityStore for Moody {
    type User = String;

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<String>, StoreError> {
        match who.id() {
            "user_ada" => Ok(Some("Ada".to_owned()).into()),
            "user_brian" => Err(StoreError::new("the database is gone")),
            "user_grace" => std::future::pending().await,
            _ => Ok(Found::Nobody),
        }
    }
}

#[actix_web::test]
async fn outages_are_counted_as_such_and_the_store_s_answers_measured() {
    const RESOURCE: &str = "http://127.0.0.1:8787/moody";
    LazyLock::force(&METRICS);
    let authority = authority();
    let auth = McpAuth::builder(RESOURCE).authkit(authority.issuer()).users(Moody);
    let auth = auth.time_limit(Duration::from_millis(300)).build().unwrap();
    let server = Server::start(move |config| {
        let route = web::post().to(async |_: actix_mcp_auth::AuthedUser<String>| "");
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(route));
    });
    let resource = format!("resource=\"{RESOURCE}\"");
    for (person, status, outcome) in [
        ("user_ada", 200, "found"),
        ("user_nobody", 403, "nobody"),
        ("user_brian", 503, "failed"),
        ("user_grace", 503, "abandoned"),
    ] {
        let token = authority.token().subject(person).audience(RESOURCE).sign();
        assert_eq!(server.call(&token).await.status, status, "{person}");
        let labels = [&*resource, "operation=\"find\"", &format!("outcome=\"{outcome}\"")];
        let count = value("mcp_auth_store_lookup_duration_seconds_count", &labels);
        assert_eq!(count, Some(1.0), "{outcome}");
        let took = value("mcp_auth_store_lookup_duration_seconds_sum", &labels).unwrap();
        assert_eq!(took > 0.2, outcome == "abandoned", "{outcome} took {took} s");
    }
    assert_eq!(decisions(RESOURCE, "unavailable", "store_unavailable"), 1.0);
    assert_eq!(decisions(RESOURCE, "unavailable", "time_limit"), 1.0);
    assert_eq!(decisions(RESOURCE, "refused", "unknown_user"), 1.0);
}

#[actix_web::test]
async fn fetches_and_the_age_of_keys_are_told() {
    const RESOURCE: &str = "http://127.0.0.1:8787/fetched";
    LazyLock::force(&METRICS);
    let authority = authority();
    let mut often = RefreshSettings::default();
    often.default_max_age = Duration::from_millis(100);
    often.min_max_age = Duration::from_millis(100);
    let auth = McpAuth::builder(RESOURCE).authkit(authority.issuer()).refresh(often);
    let auth = auth.build().unwrap();
    let resource = format!("resource=\"{RESOURCE}\"");
    let issuer = format!("issuer=\"{}\"", authority.issuer());
    let key = |name: &str| value(name, &[&resource, &issuer]);
    let fetches = |outcome: &str| {
        let outcome = format!("outcome=\"{outcome}\"");
        value("mcp_auth_key_fetches_total", &[&resource, &issuer, &outcome]).unwrap()
    };
    until(|| fetches("succeeded") >= 2.0).await;
    assert_eq!((key("mcp_auth_keys"), fetches("failed")), (Some(1.0), 0.0));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
    let fetched = key("mcp_auth_keys_fetched_timestamp_seconds").unwrap();
    let good_until = key("mcp_auth_keys_good_until_timestamp_seconds").unwrap();
    assert!((now - fetched).abs() < 60.0, "{fetched}");
    let day = 24.0 * 3600.0;
    assert!((good_until - fetched - day).abs() < 60.0, "{good_until}");

    authority.go_down();
    until(|| fetches("failed") >= 1.0).await;
    let health = &auth.health().issuers[0];
    assert!(health.ready && health.failures >= 1, "{health:?}");
    let error = health.last_error.as_deref().unwrap();
    assert!(error.contains("/oauth2/jwks cannot be reached"), "{error}");
    let usable_for = health.usable_for.unwrap().as_secs_f64();
    assert!((day - usable_for).abs() < 60.0, "{usable_for}");

    authority.come_up().unwrap();
    until(|| auth.health().issuers[0].failures == 0).await;
    assert_eq!(auth.health().issuers[0].last_error, None);
}

#[actix_web::test]
async fn r24_answers_within_the_cool_down_have_a_metric_of_their_own() {
    const RESOURCE: &str = "http://127.0.0.1:8787/cooling-down";
    LazyLock::force(&METRICS);
    let authority = authority();
    let auth = McpAuth::builder(RESOURCE).authkit(authority.issuer()).build().unwrap();
    let labels = [format!("resource=\"{RESOURCE}\""), format!("issuer=\"{}\"", authority.issuer())];
    let labels = labels.each_ref().map(String::as_str);
    let cool_downs = || value("mcp_auth_key_cool_down_total", &labels).unwrap();
    assert_eq!(cool_downs(), 0.0, "it is there from the start");
    let server = Server::of(&auth);
    assert_eq!(server.call(&authority.person_token("user_ada", RESOURCE)).await.status, 200);
    let mut unavailable = 0.0;
    for n in 0..10 {
        let token = authority.token().subject("user_ada").audience(RESOURCE);
        let answer = server.call(&token.kid(format!("made-up-{n}")).sign()).await;
        unavailable += f64::from(u8::from(answer.status == 503));
    }
    assert!(unavailable > 0.0);
    assert_eq!(cool_downs(), unavailable);
    assert_eq!(decisions(RESOURCE, "unavailable", "key_cool_down"), unavailable);
    assert_eq!(decisions(RESOURCE, "refused", "unknown_key"), 10.0 - unavailable);
}

#[actix_web::test]
async fn r35_a_revocation_log_has_metrics_of_its_own() {
    const NAME: &str = "measured";
    LazyLock::force(&METRICS);
    let gauge = |name: &str| value(name, &[&format!("log=\"{NAME}\"")]);
    let read = || gauge("mcp_auth_revocation_log_read");
    let silence = || gauge("mcp_auth_revocation_log_silence_seconds");
    let records = || gauge("mcp_auth_revocations");
    let log = ScriptedLog::new(NAME, [Step::Fail]);
    let shared = SharedRevocations::follow(log.clone(), RevocationSettings::default()).unwrap();
    until(|| read() == Some(0.0)).await;
    log.then(Step::Everything(Vec::new()));
    until(|| read() == Some(1.0) && records() == Some(0.0)).await;
    assert!(silence().unwrap() < 1.0, "{:?}", silence());
    let auth = McpAuth::builder("http://127.0.0.1:8787/revoked").authkit(authority().issuer());
    let auth = auth.revocations(&shared).build().unwrap();
    auth.revoke(Revoked::subject("user_ada")).await.unwrap();
    until(|| records() == Some(1.0)).await;
    // With the pauses between them these failures take more than a second.
    (0..5).for_each(|_| log.then(Step::Fail));
    until(|| silence().unwrap() > 0.5).await;
    until(|| silence().unwrap() < 0.5).await;
}

/// How many audit records of this process had this outcome.
pub(crate) fn audit_records(outcome: &str) -> f64 {
    LazyLock::force(&METRICS);
    value("mcp_auth_audit_records_total", &[&format!("outcome=\"{outcome}\"")]).unwrap_or_default()
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if condition() {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to pass: {}", METRICS.render());
}

/// What `/metrics` says of all that this process has done (R9).
pub(crate) fn rendered() -> String {
    METRICS.render()
}
