//! An issuer that does not answer, or not as it should: 503, and never a bad token.

use std::time::{Duration, Instant};

use actix_mcp_auth::{
    issuer::ClientCredentials,
    testing::{Endpoint, Fault, TestAuthority},
};
use serde_json::json;

use super::{INTROSPECTION, asking, good_opaque, issuer, issuer_with, server};
use crate::{
    logs::process_log,
    metrics,
    support::{Answer, Server, authority},
};

fn inject(authority: &TestAuthority, fault: Fault) {
    authority.inject(Endpoint::Path(INTROSPECTION.into()), fault);
}

#[track_caller]
fn assert_unavailable(answer: &Answer, what: &str) {
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")), "{what}");
    assert!(answer.header("www-authenticate").is_none(), "{what}: {answer:?}");
}

#[actix_web::test]
async fn r11_r32_an_endpoint_that_does_not_answer_well_is_503() {
    let authority = authority();
    let server = server(&authority);
    let elsewhere = format!("{}/oauth2/introspection?again", authority.issuer());
    let huge = json!({ "active": true, "filler": "x".repeat(70_000) });
    for fault in [
        Fault::Unavailable,
        Fault::Html,
        Fault::TruncatedJson,
        Fault::HugeBody(1_000_000),
        Fault::json(200, huge),
        Fault::Reset,
        Fault::Redirect(elsewhere),
        Fault::json(429, json!({ "error": "slow_down" })),
        Fault::json(401, json!({ "error": "invalid_client" })),
        Fault::json(404, json!({ "active": false })),
        Fault::json(200, json!({})),
        Fault::json(200, json!({ "active": "true" })),
        Fault::json(200, json!(["active", true])),
    ] {
        inject(&authority, fault.clone());
        let token = good_opaque(&authority);
        let what = format!("{fault:?}").chars().take(60).collect::<String>();
        assert_unavailable(&server.call(&token).await, &what);
        // The same token is good once the endpoint is back.
        authority.clear_faults();
        assert_eq!(server.call(&token).await.status, 200, "{what}");
    }
    let token = good_opaque(&authority);
    authority.go_down();
    assert_unavailable(&server.call(&token).await, "connections are refused");
    authority.come_up().unwrap();
    assert_eq!(server.call(&token).await.status, 200);
}

#[actix_web::test]
async fn r32_a_cached_token_outlives_an_outage_until_the_ceiling() {
    let authority = authority();
    let cached = issuer(&authority).introspection_ttl(Duration::from_secs(2));
    let server = Server::of(&asking(cached).build().unwrap());
    let token = good_opaque(&authority);
    let start = Instant::now();
    assert_eq!(server.call(&token).await.status, 200);
    authority.go_down();
    let answer = server.call(&token).await;
    if start.elapsed() < Duration::from_secs(2) {
        assert_eq!(answer.status, 200);
    }
    actix_web::rt::time::sleep(Duration::from_secs(2)).await;
    assert_unavailable(&server.call(&token).await, "the ceiling");
}

#[actix_web::test]
async fn r32_a_silent_or_dripping_endpoint_is_503_after_5_s() {
    for fault in [Fault::Silence, Fault::Drip(Duration::from_millis(100)), Fault::StalledBody] {
        let authority = authority();
        let server = server(&authority);
        inject(&authority, fault);
        let start = Instant::now();
        assert_unavailable(&server.call(&good_opaque(&authority)).await, "silent");
        let took = start.elapsed();
        assert!(Duration::from_secs(4) < took && took < Duration::from_secs(8), "{took:?}");
    }
}

#[actix_web::test]
async fn r09_r32_a_wrong_secret_is_in_the_log_and_no_secret_is() {
    let lines = process_log();
    let authority = authority();
    let wrong = ClientCredentials::client_secret_post(authority.client_id(), "wr0ng-s3cret");
    let server_with_wrong = Server::of(&asking(issuer_with(&authority, wrong)).build().unwrap());
    let token = good_opaque(&authority);
    let refused = server_with_wrong.call(&token).await;
    assert_unavailable(&refused, "a wrong secret");
    let good = server(&authority).call(&token).await;
    assert_eq!(good.status, 200);
    let log = lines.text();
    let told = |line: &&str| {
        line.contains("introspection_unavailable") && line.contains(authority.issuer())
    };
    let told = log.lines().find(told).expect("the outage is logged");
    assert!(told.contains("it answers 401"), "{told}");
    let answers = format!("{refused:?}{good:?}");
    for secret in [&*token, "wr0ng-s3cret", authority.client_secret()] {
        assert!(!log.contains(secret), "the log shows a secret");
        assert!(!answers.contains(secret), "an answer shows a secret");
        assert!(!metrics::rendered().contains(secret), "a metric shows a secret");
    }
}
