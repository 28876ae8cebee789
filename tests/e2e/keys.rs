//! The issuer's keys: when they change, are unknown, or cannot be fetched.

use std::time::{Duration, Instant};

use actix_mcp_auth::{
    keys::{LastFetch, RefreshSettings},
    testing::{Algorithm, Endpoint, Fault, Key, TestAuthority},
};
use actix_web::web;
use serde_json::{Value, json};

use crate::support::{Answer, RESOURCE, Server, authority, builder, good_token};

const JWKS: &str = "/oauth2/jwks";

#[actix_web::test]
async fn r24_rotated_keys_are_taken_up_at_once() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    for _ in 0..3 {
        authority.keys().replace(Algorithm::Es256);
        assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    }
}

#[actix_web::test]
async fn r28_a_withdrawn_key_is_gone_after_the_next_fetch() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let old = good_token(&authority);
    assert_eq!(server.call(&old).await.status, 200);
    authority.keys().replace(Algorithm::Es256);
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    server.call(&old).await.assert_invalid_token("signed with a withdrawn key");
}

#[actix_web::test]
async fn r28_with_the_authority_gone_known_keys_go_on() {
    let authority = authority();
    let mut often = RefreshSettings::default();
    often.default_max_age = Duration::from_millis(100);
    often.min_max_age = Duration::from_millis(100);
    let auth = builder(&authority).refresh(often).build().unwrap();
    let server = Server::of(&auth);
    let token = good_token(&authority);
    assert_eq!(server.call(&token).await.status, 200);
    authority.go_down();
    let start = Instant::now();
    while auth.health().issuers[0].last_fetch != LastFetch::Failed {
        assert!(start.elapsed() < Duration::from_secs(5), "no refresh was tried");
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.call(&token).await.status, 200);
}

#[actix_web::test]
async fn r27_neither_redirects_nor_oversized_nor_endless_nor_absent_key_sets_are_taken() {
    let authority = authority();
    let good = {
        let key = authority.keys().current();
        serde_json::json!({ "keys": [key.public_jwk()] }).to_string()
    };
    let elsewhere = {
        let good = good.clone();
        Server::start(move |config| {
            let good = good.clone();
            config.default_service(web::to(move || std::future::ready(good.clone())));
        })
    };
    let custom = |status, body: String| Fault::Custom {
        status,
        content_type: "application/json".into(),
        body: body.into(),
    };
    for fault in [
        Fault::Redirect(format!("{}/jwks", elsewhere.origin())),
        custom(200, format!("{good}{}", " ".repeat(64 * 1024))),
        custom(404, good.clone()),
        custom(500, good.clone()),
        Fault::HugeBody(64 << 20),
        Fault::StalledBody,
        Fault::Silence,
    ] {
        authority.inject(Endpoint::Jwks, fault.clone());
        let server = Server::of(&builder(&authority).build().unwrap());
        let start = Instant::now();
        assert_eq!(server.call(&good_token(&authority)).await.status, 503, "{fault:?}");
        assert!(start.elapsed() < Duration::from_secs(3), "{fault:?}");
    }
    authority.inject(Endpoint::Jwks, custom(200, good));
    let server = Server::of(&builder(&authority).build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
}

#[actix_web::test]
async fn r24_one_fetch_serves_all_who_wait() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    authority.keys().replace(Algorithm::Es256);
    authority.slow_down(Endpoint::Jwks, Duration::from_millis(300));
    let before = authority.requests(JWKS);
    let token = good_token(&authority);
    // Each call makes a client of its own first, which takes its time on a busy machine.
    let calls = (0..20).map(|_| server.call(&token));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.status, 200);
    }
    assert_eq!(authority.requests(JWKS) - before, 1);
}

#[actix_web::test]
async fn r11_without_any_keys_the_answer_is_503_until_the_authority_is_back() {
    let authority = authority();
    authority.go_down();
    let auth = builder(&authority).build().unwrap();
    let server = Server::of(&auth);
    let token = good_token(&authority);
    let answer = server.call(&token).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("www-authenticate"), None);
    assert!(!auth.health().issuers[0].ready);

    authority.come_up().unwrap();
    let start = Instant::now();
    while server.call(&token).await.status != 200 {
        assert!(start.elapsed() < Duration::from_secs(5), "no recovery");
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(auth.health().issuers[0].ready);
}

#[actix_web::test]
async fn r24_an_unknown_key_is_401_where_the_issuer_answers_and_503_where_it_does_not() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    let unknown = authority.token().subject("user_ada").audience(RESOURCE).kid("unknown").sign();
    server.call(&unknown).await.assert_invalid_token("an unknown key");
    authority.go_down();
    assert_eq!(server.call(&unknown).await.status, 503);
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
}

#[actix_web::test]
async fn r24_unknown_keys_cause_a_few_fetches_and_no_more() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    let before = authority.requests(JWKS);
    let start = Instant::now();
    for n in 0..100 {
        let token = authority.token().subject("user_ada").audience(RESOURCE);
        let answer = server.call(&token.kid(format!("unknown-{n}")).sign()).await;
        match n {
            0..3 => answer.assert_invalid_token("the bucket has a fetch for it"),
            3 => assert_cool_down(&answer),
            // A busy machine may take a cool-down for it.
            _ if answer.status == 401 => answer.assert_invalid_token("a fetch later"),
            _ => assert_cool_down(&answer),
        }
    }
    let fetches = authority.requests(JWKS) - before;
    let most = 4 + start.elapsed().as_secs();
    assert!((3..=most).contains(&fetches), "{fetches} fetches");
}

/// Answered while no further fetch may begin: an outage, and no bad token.
#[track_caller]
fn assert_cool_down(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("www-authenticate"), None);
}

#[actix_web::test]
async fn r24_a_new_key_under_a_flood_is_503_for_2_s_and_never_401() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    let made_up = async |n: u32| {
        let token = authority.token().subject("user_ada").audience(RESOURCE);
        server.call(&token.kid(format!("made-up-{n}")).sign()).await.status
    };
    for round in 0..3 {
        // Until the bucket is empty, and the cool-down as long as it gets.
        for n in 0..6 {
            made_up(round * 1_000 + n).await;
        }
        authority.keys().add(Algorithm::Es256);
        let (token, start, mut n) = (good_token(&authority), Instant::now(), 100);
        loop {
            n += 1;
            made_up(round * 1_000 + n).await;
            let answer = server.call(&token).await;
            if answer.status == 200 {
                break;
            }
            assert_cool_down(&answer);
            assert!(start.elapsed() < Duration::from_secs(4), "still {answer:?}");
        }
    }
}

/// Publishes these keys, each under this `kid`.
fn publish(authority: &TestAuthority, keys: &[(&Key, &str)]) {
    let renamed = keys.iter().map(|(key, kid)| {
        let mut jwk = key.public_jwk().clone();
        jwk["kid"] = Value::from(*kid);
        jwk
    });
    let set = json!({ "keys": renamed.collect::<Vec<_>>() }).to_string();
    let (status, content_type) = (200, "application/json".into());
    let document = Fault::Custom { status, content_type, body: set.into() };
    authority.clear_faults();
    authority.inject(Endpoint::Jwks, document);
}

#[actix_web::test]
async fn r24_a_key_replaced_under_its_kid_is_followed_and_ends() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let authority = authority();
        let (old, new) = (Key::stranger(Algorithm::Es256), Key::stranger(algorithm));
        publish(&authority, &[(&old, "key")]);
        let server = Server::of(&builder(&authority).build().unwrap());
        let signed = |key: &Key| {
            let token = authority.token().subject("user_ada").audience(RESOURCE);
            token.signed_by(key).kid("key").sign()
        };
        let remembered = signed(&old);
        assert_eq!(server.call(&remembered).await.status, 200);
        let before = authority.requests(JWKS);
        publish(&authority, &[(&new, "key")]);
        assert_eq!(server.call(&signed(&new)).await.status, 200, "{algorithm:?}");
        assert_eq!(authority.requests(JWKS) - before, 1);
        for token in [&remembered, &signed(&old)] {
            server.call(token).await.assert_invalid_token("signed with the replaced key");
        }
    }
}

#[actix_web::test]
async fn r25_of_240_keys_under_one_kid_four_are_used() {
    let authority = authority();
    let keys: Vec<Key> = (0..240).map(|_| Key::stranger(Algorithm::Es512)).collect();
    let all: Vec<_> = keys.iter().map(|key| (key, "key")).collect();
    publish(&authority, &all);
    let auth = builder(&authority).build().unwrap();
    let server = Server::of(&auth);
    for (n, key) in keys.iter().enumerate().take(6) {
        let token = authority.token().subject("user_ada").audience(RESOURCE);
        let answer = server.call(&token.signed_by(key).kid("key").sign()).await;
        assert_eq!(answer.status, if n < 4 { 200 } else { 401 }, "key {n}");
    }
    assert_eq!(auth.health().issuers[0].keys, 4);
}

#[actix_web::test]
async fn r24_tokens_that_are_bad_anyway_cause_no_fetch() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    let before = authority.requests(JWKS);
    let hour = Duration::from_secs(3600);
    for token in [
        authority.token().subject("user_ada").audience("https://other.example.com/mcp"),
        authority.token().subject("user_ada").audience(RESOURCE).issuer("https://other.example"),
        authority.token().subject("user_ada").audience(RESOURCE).expired_for(hour),
    ] {
        server.call(&token.kid("unknown").sign()).await.assert_invalid_token("bad anyway");
    }
    assert_eq!(authority.requests(JWKS), before);
}

#[actix_web::test]
async fn r24_bad_signatures_under_a_known_kid_cause_one_fetch() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    let before = authority.requests(JWKS);
    for _ in 0..20 {
        let forged = authority.token().subject("user_ada").audience(RESOURCE).signed_by_stranger();
        let forged = forged.kid(authority.keys().current().id());
        server.call(&forged.sign()).await.assert_invalid_token("a bad signature");
    }
    assert_eq!(authority.requests(JWKS), before + 1);
}

#[actix_web::test]
async fn r27_a_bad_answer_never_replaces_good_keys() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let token = good_token(&authority);
    assert_eq!(server.call(&token).await.status, 200);
    for fault in [Fault::Html, Fault::EmptyKeySet, Fault::TruncatedJson] {
        authority.inject(Endpoint::Jwks, fault.clone());
        let unknown = authority.token().subject("user_ada").audience(RESOURCE).kid("unknown");
        assert_eq!(server.call(&unknown.sign()).await.status, 503, "{fault:?}");
        assert_eq!(server.call(&token).await.status, 200, "{fault:?}");
        authority.clear_faults();
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
}

#[actix_web::test]
async fn r24_a_request_waits_for_a_key_no_longer_than_a_second() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let token = good_token(&authority);
    assert_eq!(server.call(&token).await.status, 200);
    authority.slow_down(Endpoint::Jwks, Duration::from_secs(4));
    let unknown = authority.token().subject("user_ada").audience(RESOURCE).kid("unknown").sign();
    let start = Instant::now();
    let answer = server.call(&unknown).await;
    assert_eq!(answer.status, 503, "the issuer has not answered yet");
    let waited = start.elapsed();
    assert!(waited > Duration::from_millis(900), "{waited:?}");
    assert!(waited < Duration::from_millis(1_900), "{waited:?}");
    assert_eq!(server.call(&token).await.status, 200);
}

#[actix_web::test]
async fn health_tells_how_the_keys_are() {
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let server = Server::of(&auth);
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    let health = auth.health();
    assert!(health.is_ready());
    let health = health.issuers;
    assert_eq!((health.len(), health[0].keys, health[0].ready), (1, 1, true));
    assert_eq!(health[0].issuer, authority.issuer());
}

#[actix_web::test]
async fn the_refresher_ends_with_the_last_clone() {
    let authority = authority();
    let mut often = RefreshSettings::default();
    often.default_max_age = Duration::from_millis(50);
    often.min_max_age = Duration::from_millis(50);
    let auth = builder(&authority).refresh(often).build().unwrap();
    let clone = auth.clone();
    drop(auth);
    let pause = || actix_web::rt::time::sleep(Duration::from_millis(300));
    let start = Instant::now();
    while authority.requests(JWKS) <= 2 {
        assert!(start.elapsed() < Duration::from_secs(5), "it ended while a clone was there");
        pause().await;
    }
    drop(clone);
    pause().await;
    let ended = authority.requests(JWKS);
    pause().await;
    assert_eq!(authority.requests(JWKS), ended);
}
