//! Opaque tokens: what the issuer is asked, how often, and what its answers mean (RFC 7662).

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use mcp_auth_core::{
    AudiencePolicy, Authenticated, Authenticator, ClientCredentials, ConfigError, HttpClient,
    HttpError, HttpRequest, HttpResponse, IncomingRequest, IntrospectedTokens, Issuer, Rejection,
    ResourceKind, Revoked, TokenCacheSettings, UnixTime, async_trait,
    rejection::{TokenError, UnavailableReason},
};
use serde_json::{Value, json};

use crate::world::{ISSUER, NOW, RESOURCE, World, at_once, call, no_profiles, policy};

const TOKEN: &str = "oat_16C7e42F292c6912E7710c838347Ae178B4a";
const SECOND: Duration = Duration::from_secs(1);

/// An introspection endpoint. Its answers come in order, and the last one stays.
#[derive(Debug, Default)]
struct Endpoint {
    answers: Mutex<VecDeque<Result<HttpResponse, HttpError>>>,
    calls: AtomicUsize,
    /// Requests wait while this is set.
    holds: Mutex<bool>,
    bodies: Mutex<Vec<String>>,
}

#[async_trait]
impl HttpClient for Endpoint {
    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.calls.fetch_add(1, SeqCst);
        let body = request.take_body().unwrap();
        self.bodies.lock().unwrap().push(String::from_utf8(body).unwrap());
        std::future::poll_fn(|_| match *self.holds.lock().unwrap() {
            true => Poll::Pending,
            false => Poll::Ready(()),
        })
        .await;
        let mut answers = self.answers.lock().unwrap();
        match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        }
    }
}

impl Endpoint {
    fn answering(answers: impl IntoIterator<Item = Value>) -> Arc<Self> {
        let ok = |json: Value| Ok(HttpResponse::new(200).with_body(json.to_string()));
        Self::with(answers.into_iter().map(ok))
    }

    fn with(answers: impl IntoIterator<Item = Result<HttpResponse, HttpError>>) -> Arc<Self> {
        let answers = Mutex::new(answers.into_iter().collect());
        Arc::new(Self { answers, ..Self::default() })
    }

    fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }
}

/// An answer that is good, changed by `change`.
fn active(change: impl FnOnce(&mut Value)) -> Value {
    let mut answer = json!({
        "active": true, "iss": ISSUER, "aud": RESOURCE, "sub": "user_ada", "client_id": "agent",
        "scope": "a b", "exp": NOW.as_secs_f64() + 3600.0, "token_type": "Bearer",
    });
    change(&mut answer);
    answer
}

fn without(name: &'static str) -> Value {
    active(|answer| drop(answer.as_object_mut().unwrap().remove(name)))
}

fn issuer() -> Issuer {
    let credentials = ClientCredentials::client_secret_basic("resource-1", "s3cr3t");
    Issuer::new(ISSUER).unwrap().introspection(format!("{ISSUER}/i"), credentials).unwrap()
}

fn asking(endpoint: &Arc<Endpoint>, issuer: Issuer) -> Authenticator {
    let mut authenticator = World::new(&[]).authenticator(issuer, policy());
    authenticator.introspect_with(endpoint.clone());
    authenticator
}

/// What becomes of a token about which the issuer answers this.
fn answered(answer: Value) -> Result<Authenticated, Rejection> {
    call(&asking(&Endpoint::answering([answer]), issuer()), TOKEN, NOW)
}

fn refused(answer: Value) -> TokenError {
    match answered(answer) {
        Err(Rejection::InvalidToken(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn is_outage(outcome: &Result<Authenticated, Rejection>) -> bool {
    let introspection =
        |reason: &UnavailableReason| matches!(reason, UnavailableReason::Introspection { .. });
    matches!(outcome, Err(Rejection::Unavailable(reason)) if introspection(reason))
}

#[test]
fn r32_an_active_opaque_token_is_accepted_as_its_answer_says() {
    let caller = answered(active(|_| {})).unwrap();
    let principal = caller.principal();
    assert_eq!((principal.issuer(), principal.subject().id()), (ISSUER, "user_ada"));
    assert_eq!(principal.client(), Some("agent"));
    assert_eq!(principal.scopes().iter().collect::<Vec<_>>(), ["a", "b"]);
    // The endpoint is the issuer's own, so that its answer need not say whose it is.
    assert_eq!(answered(without("iss")).unwrap().principal().issuer(), ISSUER);
    let machine = answered(active(|answer| answer["sub"] = json!("agent"))).unwrap();
    assert!(!machine.principal().kind().is_person());
}

#[test]
fn r19_r32_an_answer_goes_through_the_rules_for_claims() {
    let set = |name: &'static str, value: Value| active(|answer| answer[name] = value);
    let past = NOW.as_secs_f64() - 31.0;
    assert_eq!(refused(json!({ "active": false })), TokenError::Inactive);
    for name in ["aud", "sub", "exp"] {
        assert_eq!(refused(without(name)), TokenError::MissingClaim(name));
    }
    let foreign = refused(set("aud", json!("https://other.example.com")));
    assert!(matches!(foreign, TokenError::ForeignAudience { .. }));
    let foreign = refused(set("iss", json!("https://other.example.com")));
    assert!(matches!(foreign, TokenError::UntrustedIssuer { .. }));
    assert!(matches!(refused(set("exp", json!(past))), TokenError::Expired { .. }));
    let century = NOW.as_secs_f64() + 3e9;
    assert_eq!(refused(set("exp", json!(century))), TokenError::LifetimeTooLong);
    assert_eq!(refused(set("nbf", json!(century))), TokenError::NotYetValid);
    assert_eq!(refused(set("iat", json!(century))), TokenError::IssuedInTheFuture);
    assert_eq!(refused(set("sub", json!(""))), TokenError::UnacceptableSubject);
    assert_eq!(refused(set("cnf", json!({ "jkt": "k" }))), TokenError::UnconfirmedBinding);
    assert_eq!(refused(set("token_type", json!("refresh_token"))), TokenError::UnacceptableType);
    let wrong = refused(set("aud", json!(7)));
    assert_eq!(wrong, TokenError::MalformedPayload { claim: Some("aud") });
}

#[test]
fn r19_r32_no_key_set_binds_an_opaque_token_without_aud() {
    let mut policy = policy();
    policy.kind = ResourceKind::Api;
    let issuer = issuer().jwks_uri(format!("{ISSUER}/jwks")).unwrap();
    let issuer = issuer.audience_policy(AudiencePolicy::BoundByKeySet);
    let mut authenticator = World::new(&[]).authenticator(issuer, policy);
    authenticator.introspect_with(Endpoint::answering([without("aud")]));
    let refused = call(&authenticator, TOKEN, NOW).unwrap_err();
    assert_eq!(refused, TokenError::MissingClaim("aud").into());
}

#[test]
fn r32_an_outage_is_503_and_never_a_bad_token() {
    let status = |status| Ok(HttpResponse::new(status).with_body(r#"{"active":false}"#));
    for answer in [
        status(401),
        status(403),
        status(404),
        status(429),
        status(500),
        status(302),
        Ok(HttpResponse::new(200).with_body("<html>")),
        Ok(HttpResponse::new(200).with_body(r#"{"active":"true"}"#)),
        Err(HttpError::TimedOut(SECOND)),
        Err(HttpError::TooManyRequests),
    ] {
        let endpoint = Endpoint::with([answer, Ok(ok(&active(|_| {})))]);
        let authenticator = asking(&endpoint, issuer());
        let outcome = call(&authenticator, TOKEN, NOW);
        assert!(is_outage(&outcome), "{outcome:?}");
        // A failure is not remembered.
        assert!(call(&authenticator, TOKEN, NOW).is_ok());
    }
    let without_client = World::new(&[]).authenticator(issuer(), policy());
    assert!(is_outage(&call(&without_client, TOKEN, NOW)));
}

fn ok(answer: &Value) -> HttpResponse {
    HttpResponse::new(200).with_body(answer.to_string())
}

#[test]
fn r09_r32_no_rejection_shows_token_or_secret() {
    let failures = [
        Err(HttpError::Unreachable("connection refused".into())),
        Ok(HttpResponse::new(401).with_body(TOKEN)),
        Ok(HttpResponse::new(200).with_body(TOKEN)),
        Ok(HttpResponse::new(200).with_body(format!(r#"{{"active":true,"aud":"{TOKEN}""#))),
    ];
    for failure in failures {
        let authenticator = asking(&Endpoint::with([failure]), issuer());
        let rejection = call(&authenticator, TOKEN, NOW).unwrap_err();
        let shown = format!("{rejection} {rejection:?} {authenticator:?}");
        assert!(!shown.contains(TOKEN) && !shown.contains("s3cr3t"), "{shown}");
    }
}

#[test]
fn r32_an_answer_is_cached_until_the_ceiling() {
    let endpoint = Endpoint::answering([active(|_| {})]);
    let authenticator = asking(&endpoint, issuer());
    let calls_at = |seconds| {
        assert!(call(&authenticator, TOKEN, NOW + SECOND * seconds).is_ok());
        endpoint.calls()
    };
    assert_eq!([0, 1, 29, 30, 59, 60].map(calls_at), [1, 1, 1, 2, 2, 3]);
    let body = &endpoint.bodies.lock().unwrap()[0];
    assert_eq!(*body, format!("token={TOKEN}&token_type_hint=access_token"));
}

#[test]
fn r32_the_ceiling_can_be_set_and_switched_off() {
    for (ttl, calls) in [(Duration::ZERO, [1, 2, 3]), (SECOND * 2, [1, 1, 2])] {
        let endpoint = Endpoint::answering([active(|_| {})]);
        let authenticator = asking(&endpoint, issuer().introspection_ttl(ttl));
        let calls_at = |seconds| {
            assert!(call(&authenticator, TOKEN, NOW + SECOND * seconds).is_ok());
            endpoint.calls()
        };
        assert_eq!([0, 1, 2].map(calls_at), calls);
    }
}

#[test]
fn r32_an_answer_is_not_cached_beyond_exp() {
    let soon = active(|answer| answer["exp"] = json!(NOW.as_secs_f64() - 20.0));
    let endpoint = Endpoint::answering([soon]);
    let authenticator = asking(&endpoint, issuer());
    // The leeway of 30 s ends 10 s from now.
    assert!(call(&authenticator, TOKEN, NOW).is_ok());
    assert!(call(&authenticator, TOKEN, NOW + SECOND * 9).is_ok());
    assert_eq!(endpoint.calls(), 1);
    let expired = call(&authenticator, TOKEN, NOW + SECOND * 10).unwrap_err();
    assert!(matches!(expired, Rejection::InvalidToken(TokenError::Expired { .. })));
}

#[test]
fn r32_a_revocation_ends_a_cached_answer() {
    let endpoint = Endpoint::answering([active(|_| {})]);
    let authenticator = asking(&endpoint, issuer());
    assert!(call(&authenticator, TOKEN, NOW).is_ok());
    let revocation = authenticator.resolve_issuer(Revoked::subject("user_ada")).unwrap();
    at_once(authenticator.revocations().revoke(revocation, NOW + SECOND)).unwrap();
    let revoked = call(&authenticator, TOKEN, NOW + SECOND).unwrap_err();
    assert_eq!(revoked, TokenError::Revoked.into());
}

#[test]
fn r32_inactive_is_remembered_for_ten_seconds() {
    let endpoint = Endpoint::answering([json!({ "active": false })]);
    let authenticator = asking(&endpoint, issuer());
    let calls_at = |seconds| {
        let inactive = call(&authenticator, TOKEN, NOW + SECOND * seconds).unwrap_err();
        assert_eq!(inactive, TokenError::Inactive.into());
        endpoint.calls()
    };
    assert_eq!([0, 9, 10, 19, 20].map(calls_at), [1, 1, 2, 2, 3]);
}

/// Requests that have begun, and are polled by hand.
type Pending<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Authenticated, Rejection>> + 'a>>;

fn begin<'a>(authenticator: &'a Authenticator, header: &'a str, now: UnixTime) -> Pending<'a> {
    Box::pin(authenticator.authenticate(IncomingRequest::new([header.as_bytes()]), now))
}

fn poll(pending: &mut Pending<'_>) -> Poll<Result<Authenticated, Rejection>> {
    pending.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn r32_requests_with_one_token_share_a_call() {
    for (ttl, cached) in [(SECOND * 30, 1), (Duration::ZERO, 2)] {
        let endpoint = Endpoint::answering([active(|_| {})]);
        *endpoint.holds.lock().unwrap() = true;
        let authenticator = asking(&endpoint, issuer().introspection_ttl(ttl));
        let header = format!("Bearer {TOKEN}");
        let mut all: Vec<_> = (0..50).map(|_| begin(&authenticator, &header, NOW)).collect();
        assert!(all.iter_mut().all(|one| poll(one).is_pending()));
        // The one that has asked goes; the others need no second call.
        drop(all.remove(0));
        *endpoint.holds.lock().unwrap() = false;
        for one in &mut all {
            assert!(matches!(poll(one), Poll::Ready(Ok(_))));
        }
        assert_eq!(endpoint.calls(), 1);
        drop(all);
        assert!(call(&authenticator, TOKEN, NOW).is_ok());
        assert_eq!(endpoint.calls(), cached);
    }
}

#[test]
fn r32_all_who_waited_for_a_failed_call_fail_with_it() {
    let endpoint = Endpoint::with([Ok(HttpResponse::new(500)), Ok(ok(&active(|_| {})))]);
    *endpoint.holds.lock().unwrap() = true;
    let authenticator = asking(&endpoint, issuer());
    let header = format!("Bearer {TOKEN}");
    let mut all: Vec<_> = (0..9).map(|_| begin(&authenticator, &header, NOW)).collect();
    assert!(all.iter_mut().all(|one| poll(one).is_pending()));
    *endpoint.holds.lock().unwrap() = false;
    for one in &mut all {
        let Poll::Ready(outcome) = poll(one) else { panic!("still waiting") };
        assert!(is_outage(&outcome), "{outcome:?}");
    }
    assert_eq!(endpoint.calls(), 1);
    drop(all);
    assert!(call(&authenticator, TOKEN, NOW).is_ok(), "the next request asks again");
}

#[test]
fn r32_64_calls_are_in_flight_64_wait_and_more_are_503() {
    let endpoint = Endpoint::answering([active(|_| {})]);
    *endpoint.holds.lock().unwrap() = true;
    let authenticator = asking(&endpoint, issuer());
    let headers: Vec<_> = (0..129).map(|n| format!("Bearer {TOKEN}{n}")).collect();
    let mut all: Vec<_> = headers.iter().map(|header| begin(&authenticator, header, NOW)).collect();
    let mut last = all.pop().unwrap();
    assert!(all.iter_mut().all(|one| poll(one).is_pending()));
    let Poll::Ready(outcome) = poll(&mut last) else { panic!("a 129th call") };
    assert!(is_outage(&outcome), "{outcome:?}");
    assert_eq!(endpoint.calls(), 64);
    // Who waits for the same answer takes no place.
    let mut joined = begin(&authenticator, &headers[0], NOW);
    assert!(poll(&mut joined).is_pending());
    // Who gives up leaves a place to one that waits.
    drop(all.remove(63));
    assert!(poll(&mut all[63]).is_pending());
    assert_eq!(endpoint.calls(), 65);
    *endpoint.holds.lock().unwrap() = false;
    for one in all.iter_mut().chain([&mut joined]) {
        assert!(matches!(poll(one), Poll::Ready(Ok(_))));
    }
    assert_eq!(endpoint.calls(), 128);
    for n in 0..300 {
        assert!(call(&authenticator, &format!("{TOKEN}-{n}"), NOW).is_ok());
    }
}

#[test]
fn r32_what_has_not_the_shape_of_an_opaque_token_is_not_sent() {
    let endpoint = Endpoint::answering([active(|_| {})]);
    let authenticator = asking(&endpoint, issuer());
    let other = World::new(&["k"]).token("k", |claims| claims["iss"] = json!("https://other"));
    let (head, _) = other.rsplit_once('.').unwrap();
    for token in [&other, head, "short", &"a".repeat(4097), "oat_16C7e42F29,c6912E7710c838347"] {
        let refused = call(&authenticator, token, NOW).unwrap_err();
        assert_eq!(refused.status(), 401, "{refused}");
    }
    assert_eq!(endpoint.calls(), 0);
}

#[test]
fn r32_without_introspection_an_opaque_token_is_malformed() {
    let endpoint = Endpoint::answering([active(|_| {})]);
    let jwts_only = issuer().introspected_tokens(IntrospectedTokens::Jwts);
    for issuer in [Issuer::new(ISSUER).unwrap(), jwts_only] {
        let refused = call(&asking(&endpoint, issuer), TOKEN, NOW).unwrap_err();
        assert_eq!(refused, TokenError::Malformed.into());
    }
    assert_eq!(endpoint.calls(), 0);
}

#[test]
fn r32_one_issuer_at_most_is_asked_about_opaque_tokens() {
    let two = |tokens: IntrospectedTokens| -> Result<(), ConfigError> {
        let (one, other) = (World::new(&[]), World::new(&[]));
        let mut authenticator = Authenticator::new(policy(), no_profiles()).unwrap();
        authenticator.trust(issuer(), one.keys.clone(), one)?;
        let credentials = ClientCredentials::client_secret_post("c", "s3cr3t");
        let second = Issuer::new("https://second").unwrap();
        let second = second.introspection("https://second/i", credentials).unwrap();
        authenticator.trust(second.introspected_tokens(tokens), other.keys.clone(), other)
    };
    for tokens in [IntrospectedTokens::Opaque, IntrospectedTokens::OpaqueAndJwts] {
        let error = two(tokens).unwrap_err().to_string();
        assert!(error.contains("https://second") && error.contains("for example"), "{error}");
        assert!(!error.contains("s3cr3t"), "{error}");
    }
    assert_eq!(two(IntrospectedTokens::Jwts), Ok(()));
}

/// A JWT that its signature and claims prove, and what the issuer says about it.
fn jwt_answered(answer: Value) -> Result<Authenticated, Rejection> {
    let world = World::new(&["k"]);
    world.fetch(Some(vec!["k"]));
    let issuer = issuer().introspected_tokens(IntrospectedTokens::Jwts);
    let mut authenticator = world.authenticator(issuer, policy());
    authenticator.introspect_with(Endpoint::answering([answer]));
    let token = world.token("k", |claims| claims["scope"] = json!("a b c"));
    call(&authenticator, &token, NOW)
}

#[test]
fn r32_an_answer_about_a_jwt_can_only_refuse_or_narrow_it() {
    let scopes = |answer| {
        let caller = jwt_answered(answer).unwrap();
        caller.principal().scopes().iter().map(str::to_owned).collect::<Vec<_>>()
    };
    // As WorkOS answers: without `aud` and `scope`.
    assert_eq!(scopes(json!({ "active": true })), ["a", "b", "c"]);
    assert_eq!(scopes(json!({ "active": true, "scope": "c x a" })), ["a", "c"]);
    for (answer, error) in [
        (json!({ "active": false }), TokenError::Inactive),
        (json!({ "active": true, "cnf": {} }), TokenError::UnconfirmedBinding),
        (json!({ "active": true, "token_type": "refresh_token" }), TokenError::UnacceptableType),
    ] {
        assert_eq!(jwt_answered(answer).unwrap_err(), error.into());
    }
    let past = NOW.as_secs_f64() - 31.0;
    for answer in [
        json!({ "active": true, "aud": "https://other" }),
        json!({ "active": true, "iss": "https://other" }),
        json!({ "active": true, "exp": past }),
    ] {
        assert_eq!(jwt_answered(answer).unwrap_err().status(), 401);
    }
    assert!(is_outage(&jwt_answered(json!({ "active": true, "sub": "user_grace" }))));
}

#[test]
fn r32_a_jwt_is_shown_to_its_issuer_only_when_it_is_proved() {
    let world = World::new(&["k", "stranger"]);
    world.fetch(Some(vec!["k"]));
    let endpoint = Endpoint::answering([active(|_| {})]);
    let issuer = issuer().introspected_tokens(IntrospectedTokens::OpaqueAndJwts);
    let mut authenticator = world.authenticator(issuer, policy());
    authenticator.introspect_with(endpoint.clone());
    let forged = world.token("stranger", |_| {});
    let foreign = world.token("k", |claims| claims["aud"] = json!("https://other"));
    for token in [&forged, &foreign] {
        assert!(call(&authenticator, token, NOW).is_err());
    }
    assert_eq!(endpoint.calls(), 0);
    let good = world.token("k", |_| {});
    for seconds in [0, 29, 30] {
        assert!(call(&authenticator, &good, NOW + SECOND * seconds).is_ok());
    }
    assert_eq!(endpoint.calls(), 2, "the ceiling is that of introspection");
    assert!(call(&authenticator, TOKEN, NOW).is_ok());
}

#[test]
fn r32_without_a_token_cache_each_request_asks() {
    let mut policy = policy();
    policy.token_cache = TokenCacheSettings::off();
    let endpoint = Endpoint::answering([active(|_| {})]);
    let mut authenticator = World::new(&[]).authenticator(issuer(), policy);
    authenticator.introspect_with(endpoint.clone());
    for calls in 1..4 {
        assert!(call(&authenticator, TOKEN, NOW).is_ok());
        assert_eq!(endpoint.calls(), calls);
    }
}
