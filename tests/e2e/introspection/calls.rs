//! How often an issuer is asked.

use std::time::{Duration, Instant};

use actix_mcp_auth::{
    revocation::Revoked,
    testing::{Endpoint, Person, TestAuthority},
};
use futures_util::future::join;

use super::{INTROSPECTION, asking, good, good_opaque, issuer, server};
use crate::support::{Server, authority};

fn slow(authority: &TestAuthority, delay: Duration) {
    authority.slow_down(Endpoint::Path(INTROSPECTION.into()), delay);
}

#[actix_web::test]
async fn r32_fifty_requests_with_one_new_token_cause_one_call() {
    let authority = authority();
    slow(&authority, Duration::from_millis(300));
    let server = server(&authority);
    let tokens = vec![good_opaque(&authority); 50];
    for answer in server.calls(&tokens).await {
        assert_eq!(answer.status, 200);
    }
    assert_eq!(authority.requests(INTROSPECTION), 1);
}

#[actix_web::test]
async fn r32_the_ceiling_ends_an_answer_and_zero_asks_each_time() {
    let authority = authority();
    let ttl = Duration::from_millis(700);
    let cached = issuer(&authority).introspection_ttl(ttl);
    let server = Server::of(&asking(cached).build().unwrap());
    let token = good_opaque(&authority);
    let start = Instant::now();
    assert_eq!(server.call(&token).await.status, 200);
    assert_eq!(server.call(&token).await.status, 200);
    if start.elapsed() < ttl {
        assert_eq!(authority.requests(INTROSPECTION), 1);
    }
    authority.revoke(&token);
    actix_web::rt::time::sleep(ttl).await;
    server.call(&token).await.assert_invalid_token("revoked at the issuer");

    authority.reset_requests();
    let off = issuer(&authority).introspection_ttl(Duration::ZERO);
    let server = Server::of(&asking(off).build().unwrap());
    let token = good_opaque(&authority);
    for calls in 1..4 {
        assert_eq!(server.call(&token).await.status, 200);
        assert_eq!(authority.requests(INTROSPECTION), calls);
    }
}

#[actix_web::test]
async fn r32_r35_a_revocation_here_ends_a_cached_answer() {
    let authority = authority();
    let auth = asking(issuer(&authority)).build().unwrap();
    let server = Server::of(&auth);
    let token = good_opaque(&authority);
    assert_eq!(server.call(&token).await.status, 200);
    auth.revoke(Revoked::subject("user_ada")).await.unwrap();
    server.call(&token).await.assert_invalid_token("revoked");
    assert_eq!(authority.requests(INTROSPECTION), 1);
}

#[actix_web::test]
async fn r32_an_inactive_token_is_asked_about_once_in_ten_seconds() {
    let authority = authority();
    let server = server(&authority);
    let token = good_opaque(&authority);
    authority.revoke(&token);
    let start = Instant::now();
    for _ in 0..20 {
        server.call(&token).await.assert_invalid_token("inactive");
    }
    let allowed = 1 + start.elapsed().as_secs() / 10;
    assert!(authority.requests(INTROSPECTION) <= allowed);
}

#[actix_web::test]
async fn r32_more_calls_than_the_bound_are_503() {
    let authority = authority();
    slow(&authority, Duration::from_secs(2));
    let server = server(&authority);
    let tokens: Vec<_> = (0..140).map(|_| authority.opaque_token(good(&authority))).collect();
    // A client opens 100 connections at most.
    let (one, other) = tokens.split_at(70);
    let (mut answers, more) = join(server.calls(one), server.calls(other)).await;
    answers.extend(more);
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(503)), (128, 12));
    let refused = answers.iter().filter(|answer| answer.status == 503);
    refused.for_each(|answer| assert_eq!(answer.header("retry-after"), Some("1")));
    assert_eq!(authority.requests(INTROSPECTION), 128);
}

#[actix_web::test]
async fn r32_a_client_with_opaque_tokens_signs_in_and_calls() {
    let machine = actix_mcp_auth::testing::Client::machine("client_reports", "a-secret");
    let authority = TestAuthority::builder()
        .opaque_tokens()
        .client(machine)
        .person(Person::new("user_ada", "Ada"))
        .start()
        .unwrap();
    let mut answer = awc::Client::default()
        .post(format!("{}/oauth2/token", authority.issuer()))
        .send_form(&[
            ("grant_type", "client_credentials"),
            ("client_id", "client_reports"),
            ("client_secret", "a-secret"),
            ("resource", crate::support::RESOURCE),
        ])
        .await
        .unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    let token = answer["access_token"].as_str().unwrap();
    assert!(token.starts_with("oat_"), "{token}");
    let answer = server(&authority).call(token).await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (200, "client_reports"));
}
