//! From credentials to a caller, and every way in which that ends early.

use std::sync::atomic::Ordering::SeqCst;

use mcp_auth_core::{
    ActorRule, IncomingRequest, Issuer, Principal, PrincipalKind, Rejection, Subject,
    description::KeyIdHash,
    refresh::Next,
    rejection::{TokenError, UnavailableReason},
};
use serde_json::{Value, json};

use crate::world::{HOUR, ISSUER, MINUTE, NOW, World, call, policy};

fn unavailable() -> Rejection {
    UnavailableReason::Keys { issuer: ISSUER.into() }.into()
}

fn cool_down() -> Rejection {
    UnavailableReason::KeyCoolDown { issuer: ISSUER.into() }.into()
}

#[test]
fn r09_without_a_store_the_principal_is_the_user_and_shows_no_token() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let token = world.token("a", |_| ());
    let caller = world.call(&token, NOW).unwrap();
    assert_eq!(caller.principal().subject(), &Subject::new(ISSUER, "user_ada"));
    assert_eq!(caller.user::<Principal>().unwrap().kind(), &PrincipalKind::User);
    assert!(caller.user::<String>().is_none());
    let debug = format!("{caller:?}");
    assert!(token.split('.').all(|part| !debug.contains(part)), "{debug}");
}

#[test]
fn r28_keys_outlive_their_issuer_for_a_bounded_time_and_then_it_is_an_outage() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let token = world.token("a", |_| ());
    for hours in [0, 1, 24] {
        assert!(world.call(&token, NOW + HOUR * hours).is_ok(), "after {hours} h");
    }
    world.will_bring(vec![None; 3]);
    assert_eq!(world.call(&token, NOW + HOUR * 26).unwrap_err(), unavailable());
    world.will_bring(vec![Some(vec!["a"])]);
    assert!(world.call(&token, NOW + HOUR * 27).is_ok(), "back with the issuer");
}

#[test]
fn r28_a_clock_that_was_ahead_does_not_make_keys_last() {
    let world = World::new(&["a"]);
    *world.now.lock().unwrap() = NOW + HOUR * 24 * 365;
    world.fetch(Some(vec!["a"]));
    *world.now.lock().unwrap() = NOW;
    world.fetch(None);
    let token = world.token("a", |_| ());
    assert!(world.call(&token, NOW).is_ok());
    world.will_bring(vec![None; 3]);
    assert_eq!(world.call(&token, NOW + HOUR * 26).unwrap_err(), unavailable());
}

#[test]
fn r11_no_byte_that_no_jws_has_gets_past_whether_the_token_is_remembered_or_not() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let authenticator = world.authenticator(Issuer::new(ISSUER).unwrap(), policy());
    let token = world.token("a", |_| ());
    call(&authenticator, &token, NOW).unwrap();
    let dots = token.match_indices('.').map(|(at, _)| at);
    let places: Vec<_> = dots.flat_map(|at| [at - 1, at, at + 1]).collect();
    for byte in (0..=127_u8).filter(|b| !b.is_ascii_alphanumeric() && !b"-_".contains(b)) {
        for &at in &places {
            let text = format!("{}{}{}", &token[..at], char::from(byte), &token[at..]);
            let refused = call(&authenticator, &text, NOW).unwrap_err();
            assert_eq!(refused, TokenError::Malformed.into(), "{byte:#x} at {at}");
        }
    }
}

#[test]
fn r24_an_unknown_key_is_asked_for_once_and_then_the_token_is_bad() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a"]));
    world.will_bring(vec![Some(vec!["a"])]);
    let token = world.token("b", |_| ());
    let outcome = world.call(&token, NOW + MINUTE);
    assert_eq!(outcome.unwrap_err(), TokenError::UnknownKey.into());
    assert_eq!(world.asked.load(SeqCst), 1);
}

#[test]
fn r24_a_fetch_that_others_started_may_have_missed_the_key_so_one_more_is_fair() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a"]));
    assert_eq!(world.keys.next(NOW + HOUR), Next::Fetch, "a periodic fetch is under way");
    world.will_bring(vec![Some(vec!["a", "b"]), Some(vec!["a"])]);
    assert!(world.call(&world.token("b", |_| ()), NOW + HOUR).is_ok());
    assert_eq!(world.asked.load(SeqCst), 2);
}

#[test]
fn r24_an_issuer_that_does_not_answer_in_time_is_an_outage() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a"]));
    let outcome = world.call(&world.token("b", |_| ()), NOW + MINUTE);
    assert_eq!(outcome.unwrap_err(), unavailable());
    assert!(world.call(&world.token("a", |_| ()), NOW + MINUTE).is_ok());
}

#[test]
fn r24_with_the_bucket_empty_an_unknown_key_is_503_and_not_401() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a"]));
    let token = world.token("b", |_| ());
    world.will_bring(vec![Some(vec!["a"]); 9]);
    for n in 0..5 {
        let expected = if n < 3 { TokenError::UnknownKey.into() } else { cool_down() };
        let refused = world.call(&token, NOW + MINUTE).unwrap_err();
        assert_eq!(refused, expected, "call {n}");
    }
    assert_eq!(world.asked.load(SeqCst), 3, "the bucket's size");
    world.fetch(None);
    assert_eq!(world.call(&token, NOW + MINUTE).unwrap_err(), unavailable());
}

#[test]
fn r17_the_signature_is_checked_before_any_claim_is_told_apart() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let expired = world.token("a", |claims| claims["exp"] = json!(1));
    let forged = format!("{}AAAA", &expired[..expired.len() - 4]);
    assert_eq!(world.call(&forged, NOW).unwrap_err(), TokenError::BadSignature.into());
    assert!(matches!(
        world.call(&expired, NOW).unwrap_err(),
        Rejection::InvalidToken(TokenError::Expired { .. })
    ));
}

#[test]
fn r23_a_token_is_looked_into_up_to_16_kib_where_nothing_else_is_said() {
    let world = World::new(&["a"]);
    let outcome = |len: usize| world.call(&"a".repeat(len), NOW).unwrap_err();
    assert_eq!(outcome(16_384), TokenError::Malformed.into());
    assert_eq!(outcome(16_385), TokenError::TooLong.into());
}

#[test]
fn r09_a_log_may_name_a_token_s_issuer_if_it_is_ours_and_its_key_by_a_hash() {
    let world = World::new(&["a"]);
    let authenticator = world.authenticator(Issuer::new(ISSUER).unwrap(), policy());
    let described = |token: &str| {
        let header = format!("Bearer {token}");
        let said = authenticator.describe(IncomingRequest::new([header.as_bytes()]));
        (said.issuer.map(str::to_owned), said.key_id_hash)
    };
    let hash = Some(KeyIdHash::of("a"));
    assert_eq!(described(&world.token("a", |_| ())), (Some(ISSUER.to_owned()), hash));
    let stranger = world.token("a", |claims| claims["iss"] = json!("https://evil.example"));
    assert_eq!(described(&stranger), (None, hash));
    assert_eq!(described("no token"), (None, None));
}

#[test]
fn r41_persons_machines_agents_and_staff_are_told_apart() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let kind = |issuer: Issuer, change: fn(&mut Value)| {
        let caller = world.call_as(issuer, &world.token("a", change), NOW).unwrap();
        match caller.principal().kind() {
            PrincipalKind::User => "user",
            PrincipalKind::Machine(client) => {
                assert_eq!(client.id(), caller.principal().subject().id());
                "machine"
            }
            PrincipalKind::Impersonated(_) => "impersonated",
            PrincipalKind::Agent(_) => "agent",
            _ => "new",
        }
    };
    let plain = || Issuer::new(ISSUER).unwrap();
    assert_eq!(kind(plain(), |_| ()), "user");
    assert_eq!(kind(plain(), |c| c["client_id"] = json!("user_ada")), "machine");
    assert_eq!(kind(plain(), |c| c["azp"] = json!("user_ada")), "machine");
    assert_eq!(kind(plain(), |c| c["act"] = json!({"sub": "staff"})), "impersonated");
    assert_eq!(kind(plain(), |c| c["sub"] = json!("x@clients")), "user");
    let by_name = plain().machine_if(|token| token.subject().ends_with("@clients"));
    assert_eq!(kind(by_name, |c| c["sub"] = json!("x@clients")), "machine");
    let by_claim = plain().machine_if(|token| {
        token.claim::<String>("gty").is_ok_and(|gty| gty.as_deref() == Some("client-credentials"))
    });
    assert_eq!(kind(by_claim, |c| c["gty"] = json!("client-credentials")), "machine");
}

#[test]
fn r41_what_act_means_is_a_rule_of_the_issuer() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let token = world.token("a", |claims| {
        claims["act"] = json!({"sub": "other"});
        claims["client_id"] = json!("client_1");
    });
    let seen = |rule| {
        let issuer = Issuer::new(ISSUER).unwrap().act(rule);
        let caller = world.call_as(issuer, &token, NOW).unwrap();
        let principal = caller.principal();
        assert_eq!(principal.client(), Some("client_1"));
        let is_agent = matches!(principal.kind(), PrincipalKind::Agent(_));
        let actor = principal.actor().unwrap().subject.as_deref().unwrap().to_owned();
        (principal.subject().id().to_owned(), actor, is_agent)
    };
    let expected = |subject: &str, actor: &str, is_agent| (subject.into(), actor.into(), is_agent);
    assert_eq!(seen(ActorRule::Staff), expected("user_ada", "other", false));
    assert_eq!(seen(ActorRule::Agent), expected("user_ada", "other", true));
    assert_eq!(seen(ActorRule::Person), expected("other", "user_ada", true));
}

#[test]
fn r41_an_agent_without_a_person_is_refused() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let agents = || Issuer::new(ISSUER).unwrap().act(ActorRule::Person);
    for act in [json!({}), json!({"sub": null}), json!({"sub": ""}), json!({"sub": "a\nb"})] {
        let token = world.token("a", |claims| claims["act"] = act.clone());
        assert_eq!(world.call_as(agents(), &token, NOW).unwrap_err().status(), 401, "{act}");
    }
    // Without `act` the token is the person's own, and the client's own id is a machine.
    let own = world.call_as(agents(), &world.token("a", |_| ()), NOW).unwrap();
    assert_eq!(own.principal().kind(), &PrincipalKind::User);
}

#[test]
fn r17_a_key_is_used_with_its_own_algorithm_only() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let token = world.token("a", |_| ());
    let (_, rest) = token.split_once('.').unwrap();
    // {"alg":"RS256","kid":"a"}
    let other = format!("eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.{rest}");
    world.will_bring(vec![Some(vec!["a"])]);
    let outcome = world.call(&other, NOW);
    assert_eq!(outcome.unwrap_err(), TokenError::UnacceptableAlgorithm.into());
}

#[test]
fn r24_a_token_without_kid_is_refused_where_there_are_many_keys() {
    let world = World::new(&["a", "b", "c", "d", "e"]);
    world.fetch(Some(vec!["a", "b", "c", "d", "e"]));
    let token = world.token("a", |_| ());
    let (_, rest) = token.split_once('.').unwrap();
    // {"alg":"ES256"}
    let outcome = world.call(&format!("eyJhbGciOiJFUzI1NiJ9.{rest}"), NOW);
    assert_eq!(outcome.unwrap_err(), TokenError::MissingKeyId.into());
    assert_eq!(world.asked.load(SeqCst), 0, "no fetch would help");
}
