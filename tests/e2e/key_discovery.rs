//! Keys that are discovered from an issuer's metadata, and the thread that fetches them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    Issuer, McpAuth, McpAuthBuilder,
    operation::{Clock, SystemClock, UnixTime},
    testing::TestAuthority,
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use crate::{
    logs::process_log,
    support::{RESOURCE, Server, authority, good_token},
};

const JWKS: &str = "/oauth2/jwks";

/// A builder that trusts the authority, and discovers where its keys are.
fn discovering(authority: &TestAuthority) -> McpAuthBuilder {
    McpAuth::builder(RESOURCE).issuer(Issuer::new(authority.issuer()).unwrap())
}

/// The lines of an event about an issuer.
fn events(event: &str, issuer: &str) -> Vec<String> {
    let (event, issuer) = (format!("event=\"{event}\""), format!("issuer={issuer:?}"));
    let text = process_log().text();
    let lines = text.lines().filter(|line| line.contains(&event) && line.contains(&issuer));
    lines.map(str::to_owned).collect()
}

/// Calls with new tokens until one is accepted.
async fn until_accepted(server: &Server, authority: &TestAuthority) {
    let start = Instant::now();
    while server.call(&good_token(authority)).await.status != 200 {
        assert!(start.elapsed() < Duration::from_secs(10), "no key is taken");
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}

#[actix_web::test]
async fn r27_metadata_of_another_issuer_is_503_and_its_keys_unused() {
    process_log();
    let named = [
        (Value::from("https://other.example"), "names the issuer"),
        (Value::Null, "names no issuer"),
    ];
    for (issuer, cause) in named {
        let authority = authority();
        // Everything else is as it should be: the keys are there, and sign the tokens.
        authority.set_metadata("issuer", issuer.clone());
        let auth = discovering(&authority).build().unwrap();
        let server = Server::of(&auth);
        let token = good_token(&authority);
        for _ in 0..3 {
            let answer = server.call(&token).await;
            assert_eq!(answer.status, 503, "{issuer}: {answer:?}");
            assert_eq!(answer.header("www-authenticate"), None);
        }
        assert_eq!(authority.requests(JWKS), 0, "{issuer}: its keys were fetched");
        let health = &auth.health().issuers[0];
        assert!(!health.ready && health.keys == 0, "{health:?}");
        let failed = events("keys_fetch_failed", authority.issuer());
        let line = failed.first().expect("an event");
        let expected = format!("expected {:?}", authority.issuer()).replace('"', "\\\"");
        assert!(line.contains(" WARN ") && line.contains(cause), "{line}");
        assert!(line.contains(&expected), "{expected} is not in {line}");
        assert!(events("keys_fetched", authority.issuer()).is_empty());

        authority.set_metadata("issuer", authority.issuer());
        until_accepted(&server, &authority).await;
    }
}

#[actix_web::test]
async fn r27_metadata_of_another_issuer_leaves_known_keys_in_use() {
    let authority = authority();
    let server = Server::of(&discovering(&authority).build().unwrap());
    until_accepted(&server, &authority).await;
    let before = authority.requests(JWKS);
    authority.set_metadata("issuer", "https://other.example");
    let unknown = authority.token().subject("user_ada").audience(RESOURCE).kid("unknown").sign();
    assert_eq!(server.call(&unknown).await.status, 503);
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    assert_eq!(authority.requests(JWKS), before);
}

/// A host whose realm `/realms/x` has its OpenID document at the place that is tried last, while
/// the host itself answers at the other two.
fn host_of_a_realm(jwks_uri: String, elsewhere: fn() -> HttpResponse) -> Server {
    Server::start(move |config| {
        let jwks_uri = jwks_uri.clone();
        let document = move |request: HttpRequest| {
            let issuer = format!("http://{}/realms/x", request.connection_info().host());
            let document = json!({ "issuer": issuer, "jwks_uri": jwks_uri });
            async { HttpResponse::Ok().json(document) }
        };
        config
            .route("/realms/x/.well-known/openid-configuration", web::get().to(document))
            .default_service(web::to(move || async move { elsewhere() }));
    })
}

#[actix_web::test]
async fn r27_an_unusable_answer_elsewhere_does_not_end_the_search_for_keys() {
    type Answers = [(&'static str, fn() -> HttpResponse); 7];
    let authority = authority();
    let answers: Answers = [
        ("404", || HttpResponse::NotFound().finish()),
        ("a login page", || HttpResponse::Ok().body("<html>")),
        ("302", || HttpResponse::Found().insert_header(("Location", "/login")).finish()),
        ("204", || HttpResponse::NoContent().finish()),
        ("502", || HttpResponse::BadGateway().finish()),
        ("another issuer", || {
            HttpResponse::Ok().json(json!({ "issuer": "https://h", "jwks_uri": "https://h/jwks" }))
        }),
        ("an error", || HttpResponse::Ok().json(json!({ "error": "not_found" }))),
    ];
    for (what, elsewhere) in answers {
        let host = host_of_a_realm(authority.jwks_uri(), elsewhere);
        let issuer = format!("{}/realms/x", host.origin());
        let auth = McpAuth::builder(RESOURCE).issuer(&*issuer).build().unwrap();
        let server = Server::of(&auth);
        let token = authority.token().issuer(&issuer).subject("user_ada").audience(RESOURCE);
        assert_eq!(server.call(&token.sign()).await.status, 200, "{what}");
    }
}

#[actix_web::test]
async fn r27_metadata_without_jwks_uri_does_not_end_the_search_for_keys() {
    process_log();
    let authority = authority();
    let jwks_uri = authority.jwks_uri();
    let host = Server::start(move |config| {
        let jwks_uri = jwks_uri.clone();
        let document = move |request: HttpRequest| {
            let issuer = format!("http://{}", request.connection_info().host());
            let mut document = json!({ "issuer": issuer });
            if request.path().ends_with("/openid-configuration") {
                document["jwks_uri"] = json!(jwks_uri);
            }
            async { HttpResponse::Ok().json(document) }
        };
        config.default_service(web::to(document));
    });
    let issuer = host.origin();
    let server = Server::of(&McpAuth::builder(RESOURCE).issuer(&*issuer).build().unwrap());
    let token = authority.token().issuer(&issuer).subject("user_ada").audience(RESOURCE);
    assert_eq!(server.call(&token.sign()).await.status, 200);
}

#[actix_web::test]
async fn r27_the_log_has_the_answer_of_each_place_of_the_metadata() {
    process_log();
    let host = Server::start(|config| {
        config.default_service(web::to(|request: HttpRequest| async move {
            match request.path().contains("oauth-authorization-server") {
                true => HttpResponse::BadGateway().finish(),
                false => HttpResponse::NotFound().finish(),
            }
        }));
    });
    let authority = authority();
    let issuer = host.origin();
    let server = Server::of(&McpAuth::builder(RESOURCE).issuer(&*issuer).build().unwrap());
    let token = authority.token().issuer(&issuer).subject("user_ada").audience(RESOURCE);
    assert_eq!(server.call(&token.sign()).await.status, 503);
    let lines = events("keys_fetch_failed", &issuer);
    let line = lines.first().expect("an event");
    for piece in [
        format!("{issuer}/.well-known/oauth-authorization-server answered 502 Bad Gateway"),
        format!("{issuer}/.well-known/openid-configuration answered 404 Not Found"),
    ] {
        assert!(line.contains(&piece), "{piece:?} is not in {line}");
    }
}

#[actix_web::test]
async fn r27_a_changed_jwks_uri_is_followed_and_logged() {
    process_log();
    let authority = authority();
    let server = Server::of(&discovering(&authority).build().unwrap());
    until_accepted(&server, &authority).await;
    assert!(events("jwks_uri_changed", authority.issuer()).is_empty());

    let (old, new) =
        (format!("{}{JWKS}", authority.issuer()), format!("{}{JWKS}?set=2", authority.issuer()));
    authority.set_metadata("jwks_uri", new.clone());
    let unknown = authority.token().subject("user_ada").audience(RESOURCE).kid("unknown").sign();
    for _ in 0..2 {
        server.call(&unknown).await;
    }
    let lines = events("jwks_uri_changed", authority.issuer());
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    for piece in [" WARN ".to_owned(), format!(" old={old} "), format!(" new={new}")] {
        assert!(line.contains(&piece), "{piece:?} is not in {line}");
    }
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
}

/// The system's clock, which panics once, in the refresher.
struct PanickingClock(Arc<AtomicBool>);

impl Clock for PanickingClock {
    fn now(&self) -> UnixTime {
        let in_refresher = thread::current().name() == Some("mcp-auth-refresher");
        if in_refresher && self.0.swap(false, Ordering::SeqCst) {
            panic!("on purpose, in the refresher");
        }
        SystemClock.now()
    }
}

#[actix_web::test]
async fn r28_a_refresher_that_panics_is_restarted_and_logged() {
    let log = process_log();
    let authority = authority();
    let panics = Arc::new(AtomicBool::new(true));
    let clock = PanickingClock(panics.clone());
    let server = Server::of(&discovering(&authority).clock(clock).build().unwrap());
    until_accepted(&server, &authority).await;
    assert!(!panics.load(Ordering::SeqCst), "the clock did not panic");
    // No other test of this program makes a refresher panic.
    let text = log.text();
    let restarts = text.lines().filter(|line| line.contains("event=\"refresher_restarts\""));
    let restarts: Vec<_> = restarts.collect();
    assert!(restarts.len() == 1 && restarts[0].contains("ERROR "), "{restarts:?}");
}
