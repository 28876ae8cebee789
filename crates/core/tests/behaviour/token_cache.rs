//! The cache of verified tokens: when an entry ends, and what bounds it.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use mcp_auth_core::{
    Authenticated, Authenticator, IncomingRequest, Issuer, Rejection, Resource, ResourcePolicy,
    Step, TokenCacheSettings, UnixTime, rejection::TokenError, revocation::Revoked,
};
use serde_json::json;

use crate::world::{HOUR, ISSUER, MINUTE, NOW, World, at_once as done, call, policy};

const SECOND: Duration = Duration::from_secs(1);

/// A world whose keys are known, and an authenticator that remembers.
fn remembering(settings: TokenCacheSettings) -> (Arc<World>, Authenticator) {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a", "b"]));
    let mut policy = policy();
    policy.token_cache = settings;
    let authenticator = world.authenticator(Issuer::new(ISSUER).unwrap(), policy);
    (world, authenticator)
}

fn settings(change: impl FnOnce(&mut TokenCacheSettings)) -> TokenCacheSettings {
    let mut settings = TokenCacheSettings::default();
    change(&mut settings);
    settings
}

/// What is decided without waiting, if anything is.
fn at_once(
    authenticator: &Authenticator,
    token: &str,
    now: UnixTime,
) -> Option<Result<Authenticated, Rejection>> {
    let header = format!("Bearer {token}");
    match authenticator.begin(IncomingRequest::new([header.as_bytes()]), now) {
        Ok(Step::Done(caller)) => Some(Ok(caller)),
        Ok(Step::Waiting(_)) => None,
        Err(rejection) => Some(Err(rejection)),
    }
}

/// Whether the token is cached and still good.
fn is_remembered(authenticator: &Authenticator, token: &str, now: UnixTime) -> bool {
    at_once(authenticator, token, now).is_some()
}

/// Whether the request is accepted without waiting.
fn is_let_in(authenticator: &Authenticator, token: &str, now: UnixTime) -> bool {
    at_once(authenticator, token, now).is_some_and(|outcome| outcome.is_ok())
}

/// Revokes what a subject has until now.
fn revoke(authenticator: &Authenticator, subject: &str) {
    let subject = authenticator.resolve_issuer(Revoked::subject(subject)).unwrap();
    done(authenticator.revocations().revoke(subject, NOW)).unwrap();
}

/// So long before now.
fn back(by: Duration) -> UnixTime {
    UnixTime::since_epoch(NOW.duration_since(UnixTime::default()) - by)
}

#[test]
fn a_verified_token_is_remembered_and_says_the_same() {
    let (world, authenticator) = remembering(TokenCacheSettings::default());
    let token = world.token("a", |claims| claims["scope"] = json!("bookmarks:read"));
    assert!(!is_remembered(&authenticator, &token, NOW));
    let first = call(&authenticator, &token, NOW).unwrap();
    for _ in 0..10 {
        let again = at_once(&authenticator, &token, NOW).unwrap().unwrap();
        assert_eq!(again.principal().subject(), first.principal().subject());
        assert_eq!(again.principal().scopes(), first.principal().scopes());
        assert_eq!(again.principal().claim::<f64>("exp"), first.principal().claim("exp"));
    }
    assert_eq!(authenticator.token_cache_use().entries, 1);
}

#[test]
fn r23_another_spelling_of_a_remembered_token_is_another_token() {
    let (world, authenticator) = remembering(TokenCacheSettings::default());
    let token = world.token("a", |_| ());
    call(&authenticator, &token, NOW).unwrap();
    assert!(at_once(&authenticator, &token, NOW).is_some());
    for at in 0..token.len() {
        let mut other = token.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        assert!(at_once(&authenticator, &other, NOW).is_none(), "byte {at}");
    }
}

#[test]
fn r20_an_entry_ends_with_exp_and_the_leeway() {
    let (world, authenticator) = remembering(settings(|s| s.ttl = HOUR));
    let token = world.token("a", |claims| claims["exp"] = json!(NOW.as_secs_f64() + 10.5));
    call(&authenticator, &token, NOW).unwrap();
    for (after, known) in [(0.0, true), (40.4, true), (40.6, false)] {
        let then = NOW + Duration::from_secs_f64(after);
        assert_eq!(at_once(&authenticator, &token, then).is_some(), known, "{after}");
        assert_eq!(is_remembered(&authenticator, &token, then), known, "{after}");
    }
    let outcome = call(&authenticator, &token, NOW + SECOND * 41);
    assert!(matches!(outcome.unwrap_err(), Rejection::InvalidToken(TokenError::Expired { .. })));
}

#[test]
fn an_entry_ends_at_the_ceiling() {
    let (world, authenticator) = remembering(TokenCacheSettings::default());
    let token = world.token("a", |_| ());
    call(&authenticator, &token, NOW).unwrap();
    assert!(is_remembered(&authenticator, &token, NOW + SECOND * 59));
    assert!(!is_remembered(&authenticator, &token, NOW + MINUTE));
    call(&authenticator, &token, NOW + MINUTE).unwrap();
    assert!(is_remembered(&authenticator, &token, NOW + MINUTE + SECOND * 59), "anew");
}

#[test]
fn r28_an_entry_ends_with_the_fetch_that_no_longer_lists_its_key() {
    let (world, authenticator) = remembering(TokenCacheSettings::default());
    let (a, b) = (world.token("a", |_| ()), world.token("b", |_| ()));
    for token in [&a, &b] {
        call(&authenticator, token, NOW).unwrap();
        assert!(at_once(&authenticator, token, NOW).is_some());
    }
    world.fetch(Some(vec!["b"]));
    assert!(at_once(&authenticator, &a, NOW).is_none());
    assert!(!is_remembered(&authenticator, &a, NOW));
    assert!(at_once(&authenticator, &b, NOW).is_some(), "its key is still listed");
    world.will_bring(vec![Some(vec!["b"])]);
    assert_eq!(call(&authenticator, &a, NOW).unwrap_err(), TokenError::UnknownKey.into());
}

#[test]
fn r11_keys_too_old_to_be_trusted_end_every_entry() {
    let (world, authenticator) = remembering(settings(|s| s.ttl = HOUR));
    let token = world.token("a", |_| ());
    let late = NOW + (HOUR * 25 - SECOND);
    call(&authenticator, &token, late).unwrap();
    assert!(is_remembered(&authenticator, &token, late));
    assert!(!is_remembered(&authenticator, &token, late + SECOND * 2));
    assert_eq!(call(&authenticator, &token, late + SECOND * 2).unwrap_err().status(), 503);
}

#[test]
fn a_revoked_subject_is_refused_at_once_and_may_sign_in_again() {
    let (world, authenticator) = remembering(TokenCacheSettings::default());
    let issued = |iat: f64| world.token("a", |c| c["iat"] = json!(NOW.as_secs_f64() + iat));
    let (old, untold) = (issued(-10.0), world.token("a", |_| ()));
    let other = world.token("a", |claims| claims["sub"] = json!("user_grace"));
    for token in [&old, &untold, &other] {
        call(&authenticator, token, NOW).unwrap();
    }
    assert!(at_once(&authenticator, &old, NOW).unwrap().is_ok());
    revoke(&authenticator, "user_ada");
    for token in [&old, &untold] {
        let without_waiting = at_once(&authenticator, token, NOW).unwrap();
        assert_eq!(without_waiting.unwrap_err(), TokenError::Revoked.into());
        let outcome = call(&authenticator, token, NOW);
        assert_eq!(outcome.unwrap_err(), TokenError::Revoked.into());
    }
    assert!(is_remembered(&authenticator, &other, NOW));
    // The issuer's clock may be ahead by the leeway.
    let within_leeway = call(&authenticator, &issued(30.0), NOW + SECOND * 30);
    assert_eq!(within_leeway.unwrap_err(), TokenError::Revoked.into());
    assert!(call(&authenticator, &issued(30.5), NOW + SECOND * 31).is_ok(), "signed in again");
}

#[test]
fn r20_a_clock_that_is_set_back_lets_nothing_live_longer() {
    let (world, authenticator) = remembering(TokenCacheSettings::default());
    let token = world.token("a", |_| ());
    call(&authenticator, &token, NOW).unwrap();
    assert!(!is_remembered(&authenticator, &token, back(HOUR)));
}

#[test]
fn r28_each_change_ends_an_entry_and_no_other_does() {
    let late = NOW + (HOUR * 25 - SECOND);
    type Change = fn(&World, &Authenticator);
    let nothing: Change = |_, _| ();
    let withdrawn: Change = |world, _| world.fetch(Some(vec!["b"]));
    let revoked: Change = |_, it| revoke(it, "user_ada");
    let somebody_else: Change = |_, it| revoke(it, "user_grace");
    let rotated: Change = |world, _| world.fetch(Some(vec!["a", "c"]));
    for (what, first, change, then, good) in [
        ("nothing", NOW, nothing, NOW, true),
        ("the time", NOW, nothing, NOW + MINUTE, false),
        ("the clock a little back", NOW, nothing, back(SECOND * 2), true),
        ("the clock back", NOW, nothing, back(SECOND * 3), false),
        ("the keys' age", late, nothing, late + SECOND * 2, false),
        ("the key", NOW, withdrawn, NOW, false),
        ("another key", NOW, rotated, NOW, true),
        ("the subject", NOW, revoked, NOW, false),
        ("another subject", NOW, somebody_else, NOW, true),
    ] {
        let (world, authenticator) = remembering(TokenCacheSettings::default());
        let token =
            world.token("a", |claims| claims["exp"] = json!(NOW.as_secs_f64() + 30.0 * 86_400.0));
        call(&authenticator, &token, first).unwrap();
        for _ in 0..3 {
            assert!(at_once(&authenticator, &token, first).is_some(), "{what}");
        }
        change(&world, &authenticator);
        for _ in 0..2 {
            assert_eq!(is_let_in(&authenticator, &token, then), good, "{what}");
        }
    }
}

/// Every worker is asking all the time. A request that begins when the change is made must see it.
#[test]
fn r28_every_worker_sees_at_once_that_a_key_was_withdrawn_or_a_subject_revoked() {
    let (world, authenticator) = remembering(TokenCacheSettings::default());
    for round in 0..40 {
        let subject = format!("user_{round}");
        let token = world.token("a", |claims| claims["sub"] = json!(subject));
        call(&authenticator, &token, NOW).unwrap();
        let (found, made) = (Barrier::new(3), AtomicBool::new(false));
        let worker = || {
            let is_let_in = || is_let_in(&authenticator, &token, NOW);
            assert!((0..8).all(|_| is_let_in()));
            found.wait();
            loop {
                let begins_after_it = made.load(Ordering::Acquire);
                let is_let_in = is_let_in();
                if begins_after_it {
                    return is_let_in;
                }
                thread::yield_now();
            }
        };
        thread::scope(|scope| {
            let workers = [scope.spawn(worker), scope.spawn(worker)];
            found.wait();
            match round % 2 {
                0 => world.fetch(Some(vec!["b"])),
                _ => revoke(&authenticator, &subject),
            }
            made.store(true, Ordering::Release);
            assert_eq!(workers.map(|worker| worker.join().unwrap()), [false, false], "{round}");
        });
        world.fetch(Some(vec!["a", "b"]));
    }
}

#[test]
fn r31_what_is_asked_of_every_request_is_asked_of_remembered_tokens() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let mut strict: ResourcePolicy = policy();
    strict.required_scopes = vec!["bookmarks:read".parse().unwrap()];
    let authenticator = world.authenticator(Issuer::new(ISSUER).unwrap(), strict);
    let bound = world.token("a", |claims| claims["cnf"] = json!({"jkt": "x"}));
    let narrow = world.token("a", |claims| claims["scope"] = json!("openid"));
    for (token, status) in [(&bound, 401), (&narrow, 403)] {
        for _ in 0..3 {
            assert_eq!(call(&authenticator, token, NOW).unwrap_err().status(), status);
            let known = at_once(&authenticator, token, NOW).unwrap();
            assert_eq!(known.unwrap_err().status(), status);
        }
    }
}

#[test]
fn r19_a_cached_token_is_good_for_one_resource_only() {
    let (world, authenticator) = remembering(TokenCacheSettings::default());
    let token = world.token("a", |_| ());
    call(&authenticator, &token, NOW).unwrap();
    assert!(at_once(&authenticator, &token, NOW).is_some());
    let other = ResourcePolicy::new(Resource::parse("https://app.example.com/other").unwrap());
    let other = world.authenticator(Issuer::new(ISSUER).unwrap(), other);
    assert!(at_once(&other, &token, NOW).is_none());
    assert_eq!(call(&other, &token, NOW).unwrap_err().status(), 401);
}

#[test]
fn bad_tokens_are_never_remembered() {
    let (world, authenticator) = remembering(TokenCacheSettings::default());
    let good = world.token("a", |_| ());
    let foreign = world.token("a", |claims| claims["aud"] = json!("https://other"));
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    for bad in [&foreign, &forged, "a.b.c"] {
        assert!(call(&authenticator, bad, NOW).is_err());
        assert!(!is_remembered(&authenticator, bad, NOW));
    }
    assert_eq!(authenticator.token_cache_use().entries, 0);
}

#[test]
fn switched_off_it_remembers_nothing() {
    let (world, authenticator) = remembering(TokenCacheSettings::off());
    let token = world.token("a", |_| ());
    assert!(call(&authenticator, &token, NOW).is_ok());
    assert!(!is_remembered(&authenticator, &token, NOW));
    assert_eq!(authenticator.token_cache_use(), Default::default());
}

#[test]
fn a_flood_of_good_tokens_stays_within_both_bounds_and_leaves_those_in_use() {
    let (world, authenticator) = remembering(settings(|s| s.capacity = 128));
    let named = |n: usize| world.token("a", |claims| claims["jti"] = json!(n.to_string()));
    let hot: Vec<String> = (0..16).map(named).collect();
    for token in hot.iter().chain(&hot) {
        call(&authenticator, token, NOW).unwrap();
    }
    for n in 100..1_100 {
        call(&authenticator, &named(n), NOW).unwrap();
        assert!(authenticator.token_cache_use().entries <= 128);
    }
    let kept = hot.iter().filter(|token| is_remembered(&authenticator, token, NOW)).count();
    assert_eq!(kept, 16);
    assert!(authenticator.token_cache_use().entries > 115, "the flood may use what is left");

    let (world, authenticator) = remembering(settings(|s| s.max_bytes = 200_000));
    let large = |n: usize| world.token("a", |c| c["x"] = json!([n, "x".repeat(1_000)]));
    let hot = large(0);
    for token in [&hot, &hot] {
        call(&authenticator, token, NOW).unwrap();
    }
    for n in 1..500 {
        call(&authenticator, &large(n), NOW).unwrap();
        assert!(authenticator.token_cache_use().bytes <= 200_000);
    }
    assert!(is_remembered(&authenticator, &hot, NOW));
    assert!(authenticator.token_cache_use().entries > 2);
}

#[test]
fn a_remembered_token_counts_with_its_claims() {
    let (world, authenticator) = remembering(TokenCacheSettings::default());
    let token = world.token("a", |claims| claims["x"] = json!("x".repeat(10_000)));
    call(&authenticator, &token, NOW).unwrap();
    let bytes = authenticator.token_cache_use().bytes;
    assert!((10_000..12_000).contains(&bytes), "{bytes}");
}

#[test]
fn an_expired_entry_is_removed_when_its_token_comes_again() {
    let (world, authenticator) = remembering(TokenCacheSettings::default());
    let token = world.token("a", |_| ());
    call(&authenticator, &token, NOW).unwrap();
    assert_eq!(authenticator.token_cache_use().entries, 1);
    assert!(!is_remembered(&authenticator, &token, NOW + MINUTE * 2));
    assert_eq!(authenticator.token_cache_use().entries, 0);
}
