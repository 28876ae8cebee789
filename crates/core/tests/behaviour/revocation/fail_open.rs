//! Cases in which a revocation that is a list of one process's subjects accepts revoked tokens.

use mcp_auth_core::{ActorRule, ApiKey, Issuer, Resource, ResourceKind};
use serde_json::json;

use super::*;

/// The issuer's clock is 20 s ahead of ours.
#[test]
fn r34_a_token_of_a_clock_ahead_is_refused() {
    let site = Site::new();
    let token = site.token(20.0, |_| ());
    assert!(!site.refuses(&token, NOW));
    site.revoke(ada(), NOW);
    assert!(site.refuses(&token, NOW));
    assert!(site.refuses(&site.token(30.0, |_| ()), NOW + SECOND));
    assert!(!site.refuses(&site.token(30.1, |_| ()), NOW + SECOND));
}

#[test]
fn r34_a_cut_off_outlives_every_token_of_the_longest_lifetime() {
    let site = Site::new();
    // Issued at the last moment that the cut-off refuses, for the longest time.
    let longest = 31.0 * 86_400.0 + 30.0;
    let iat = NOW.as_secs_f64() + 30.0;
    let longest_of = |sub: &str| {
        site.token(30.0, |claims| {
            claims["exp"] = json!(iat + longest);
            claims["sub"] = json!(sub);
        })
    };
    let (token, of_another) = (longest_of("user_ada"), longest_of("user_grace"));
    site.revoke(ada(), NOW);
    for after in [SECOND * 30, DAY, DAY * 2, DAY * 30, DAY * 31, DAY * 31 + SECOND * 89] {
        site.revocations().remove_expired(NOW + after);
        assert!(site.refuses(&token, NOW + after), "{after:?}");
        assert!(!site.refuses(&of_another, NOW + after), "{after:?}");
    }
    let then = NOW + (DAY * 31 + SECOND * 91);
    let expired = call(&site.authenticator, &token, then).unwrap_err();
    assert!(matches!(expired, Rejection::InvalidToken(TokenError::Expired { .. })));
    assert_eq!(site.revocations().remove_expired(then).len(), 1);
}

/// Its revocation could be deleted before it expires.
#[test]
fn r34_a_token_of_a_longer_lifetime_is_refused() {
    let mut short = policy();
    short.max_token_lifetime = DAY;
    let site = Site::of(Issuer::new(ISSUER).unwrap(), short);
    let of = |iat: Option<f64>, exp: f64| {
        site.world.token("a", |claims| {
            claims["exp"] = json!(NOW.as_secs_f64() + exp);
            if let Some(iat) = iat {
                claims["iat"] = json!(NOW.as_secs_f64() + iat);
            }
        })
    };
    let outcome = |token: &str| call(&site.authenticator, token, NOW).map(drop);
    let too_long = || Err(TokenError::LifetimeTooLong.into());
    for (iat, exp, expected) in [
        (None, 86_430.0, Ok(())),
        (None, 86_431.0, too_long()),
        (Some(0.0), 86_430.0, Ok(())),
        (Some(0.0), 86_431.0, too_long()),
        // Not far ahead of now any more, and far after its time of issue.
        (Some(-86_400.0), 30.0, Ok(())),
        (Some(-86_400.0), 31.0, too_long()),
        (Some(-86_400.0 * 7.0), 60.0, too_long()),
    ] {
        assert_eq!(outcome(&of(iat, exp)), expected, "{iat:?} {exp}");
    }
    let rejection = Rejection::from(TokenError::LifetimeTooLong);
    assert_eq!((rejection.reason(), rejection.status()), ("lifetime_too_long", 401));
}

#[test]
fn r34_the_issuers_second_name_is_revoked_and_revokes() {
    const ALIAS: &str = "https://sign-in.example.com";
    let issuer = || Issuer::new(ISSUER).unwrap().also_named(ALIAS);
    let names = [ISSUER, ALIAS];
    for named in names {
        // As somebody who knows the resource, and as an event source, which names any issuer.
        for resolves in [true, false] {
            let site = Site::of(issuer(), policy());
            let tokens = names.map(|iss| site.token(0.0, |claims| claims["iss"] = json!(iss)));
            let other = site.token(0.0, |claims| claims["sub"] = json!("user_grace"));
            let new = ada().of_issuer(named).standing();
            let new = if resolves { site.resolved(new) } else { new };
            at_once(site.revocations().revoke(new, NOW)).unwrap();
            for token in &tokens {
                assert!(site.refuses(token, NOW), "{named}");
            }
            assert!(!site.refuses(&other, NOW));
            // A lift by the other name ends it.
            for lifted in names {
                site.lift(ada().of_issuer(lifted), NOW + SECOND);
            }
            assert!(!site.refuses(&site.token(2.0, |_| ()), NOW + SECOND * 2), "{named}");
        }
    }
}

#[test]
fn r34_a_lift_by_one_name_ends_what_another_name_revoked() {
    const ALIAS: &str = "https://sign-in.example.com";
    for (revoked, lifted) in [(ISSUER, ALIAS), (ALIAS, ISSUER)] {
        let site = Site::of(Issuer::new(ISSUER).unwrap().also_named(ALIAS), policy());
        // The clock of who revokes is ahead of the clock of who lifts.
        let ahead = NOW + DAY;
        at_once(site.revocations().revoke(ada().of_issuer(revoked).standing(), ahead)).unwrap();
        at_once(site.revocations().lift(ada().of_issuer(lifted), NOW)).unwrap();
        let later = site.token(86_402.0, |_| ());
        assert!(!site.refuses(&later, ahead + SECOND * 2), "{revoked} {lifted}");
    }
}

#[test]
fn r34_each_name_of_workos_sessions_is_revoked() {
    let names = [
        "https://api.workos.com",
        "https://api.workos.com/",
        "https://api.workos.com/user_management/client_01ABC",
    ];
    let mut api = ResourcePolicy::new(Resource::parse("https://app.example.com/api").unwrap());
    api.kind = ResourceKind::Api;
    for named in names {
        let site = Site::of(Issuer::workos_sessions("client_01ABC").unwrap(), api.clone());
        let tokens = names.map(|iss| {
            site.token(0.0, |claims| {
                claims["iss"] = json!(iss);
                claims["sid"] = json!(format!("session of {named}"));
                claims.as_object_mut().unwrap().remove("aud");
            })
        });
        assert!(tokens.iter().all(|token| !site.refuses(token, NOW)), "{named}");
        let session = Revoked::session(format!("session of {named}")).of_issuer(named);
        at_once(site.revocations().revoke(session, NOW)).unwrap();
        assert!(tokens.iter().all(|token| site.refuses(token, NOW)), "{named}");
    }
}

#[test]
fn r34_a_static_key_is_revoked_until_the_lift() {
    const KEY: &str = "sk_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5";
    const OTHER: &str = "sk_b1b2c3d4e5f6g7h8i9j0k1l2m3n4o5";
    let mut with_keys = policy();
    with_keys.api_keys =
        vec![ApiKey::new("export", KEY).unwrap(), ApiKey::new("other", OTHER).unwrap()];
    let site = Site::of(Issuer::new(ISSUER).unwrap(), with_keys);
    let token = site.token(0.0, |_| ());
    site.revoke(Revoked::static_key("export"), NOW);
    for after in [SECOND, DAY, DAY * 400] {
        site.revocations().remove_expired(NOW + after);
        assert!(site.refuses(KEY, NOW + after));
    }
    assert!(!site.refuses(OTHER, NOW));
    assert!(!site.refuses(&token, NOW));
    site.lift(Revoked::static_key("export"), NOW + SECOND);
    assert!(!site.refuses(KEY, NOW + SECOND), "it has no time of issue that the lift could refuse");
}

#[test]
fn r34_the_actor_of_a_token_is_revoked_under_each_rule() {
    for rule in [ActorRule::Staff, ActorRule::Agent, ActorRule::Person] {
        let site = Site::of(Issuer::new(ISSUER).unwrap().act(rule), policy());
        let of = |person: &str, actor: &str| {
            let (sub, act) = match rule {
                ActorRule::Person => (actor, person),
                _ => (person, actor),
            };
            site.token(0.0, |claims| {
                claims["sub"] = json!(sub);
                claims["act"] = json!({"sub": act});
            })
        };
        let tokens = [of("user_ada", "actor_1"), of("user_grace", "actor_1")];
        let others = [of("user_ada", "actor_2"), site.token(0.0, |_| ())];
        site.revoke(Revoked::actor("actor_1"), NOW);
        for token in &tokens {
            assert!(site.refuses(token, NOW), "{rule:?}");
        }
        for token in &others {
            assert!(!site.refuses(token, NOW), "{rule:?}");
        }
        // The person behind the token, whatever acts.
        site.revoke(ada(), NOW);
        assert!(site.refuses(&of("user_ada", "actor_2"), NOW), "{rule:?}");
        assert!(!site.refuses(&of("user_grace", "actor_2"), NOW), "{rule:?}");
    }
}

/// The actor of a machine's token counts too.
#[test]
fn r34_the_actor_of_a_machine_is_revoked() {
    let site = Site::new();
    let token = site.token(0.0, |claims| {
        claims["sub"] = json!("client_1");
        claims["client_id"] = json!("client_1");
        claims["act"] = json!({"sub": "actor_1"});
    });
    assert!(!site.refuses(&token, NOW));
    site.revoke(Revoked::actor("actor_1"), NOW);
    assert!(site.refuses(&token, NOW));
}

#[test]
fn r34_a_repeated_call_with_an_older_time_takes_nothing_back() {
    let site = Site::new();
    let token = site.token(-10.0, |_| ());
    site.revoke(ada(), NOW);
    site.revoke(ada(), UnixTime::from_secs(1_000_000_000));
    assert!(site.refuses(&token, NOW));
    let by_issuer = |seconds: u64| UnixTime::from_secs(1_800_000_000 + seconds);
    let at = |time| at_once(site.revocations().revoke_at(site.resolved(ada()), time, NOW));
    at(by_issuer(200)).unwrap();
    at(by_issuer(100)).unwrap();
    assert!(site.refuses(&site.token(200.0, |_| ()), NOW + SECOND * 200));
    assert!(!site.refuses(&site.token(201.0, |_| ()), NOW + SECOND * 201), "no allowance");
}
