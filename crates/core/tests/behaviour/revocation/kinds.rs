//! Whom each kind of revocation is about, and which are refused.

use std::slice;

use mcp_auth_core::revocation::{Effect, NewRevocation};

use super::*;

/// What the usual token names; a token that differs in one claim is somebody else's.
const CLAIMS: [(&str, &str); 6] = [
    ("sub", "user_ada"),
    ("client_id", "agent"),
    ("org_id", "org_1"),
    ("sid", "session_1"),
    ("jti", "token_1"),
    ("act", "actor_1"),
];

/// The usual token with another value of one claim, or without that claim.
fn token_but(site: &Site, claim: &str, value: Option<&str>) -> String {
    site.token(0.0, |claims| {
        for (name, usual) in CLAIMS {
            let value = if name == claim { value } else { Some(usual) };
            let Some(value) = value else { continue };
            claims[name] = if name == "act" { json!({"sub": value}) } else { json!(value) };
        }
    })
}

#[test]
fn r34_each_kind_refuses_those_whom_it_names_and_nobody_else() {
    let kinds: [(NewRevocation, &[&str]); 11] = [
        (Revoked::everything(), &[]),
        (ada(), &["sub"]),
        (Revoked::subject_at_client("user_ada", "agent"), &["sub", "client_id"]),
        (Revoked::disconnected_agent("user_ada", "agent"), &["sub", "client_id"]),
        (Revoked::subject_in_organization("user_ada", "org_1"), &["sub", "org_id"]),
        (Revoked::client("agent"), &["client_id"]),
        (Revoked::organization("org_1"), &["org_id"]),
        (Revoked::session("session_1"), &["sid"]),
        (Revoked::token("token_1"), &["jti"]),
        (Revoked::actor("actor_1"), &["act"]),
        // A kind's value under another kind's claim: see the tokens below.
        (Revoked::subject("user_ada").standing(), &["sub"]),
    ];
    for (new, decisive) in kinds {
        let site = Site::new();
        site.revoke(new.clone(), NOW);
        assert!(site.refuses(&token_but(&site, "", None), NOW), "{new:?}");
        for (claim, _) in CLAIMS {
            let refused = !decisive.contains(&claim);
            let other = token_but(&site, claim, Some("other"));
            assert_eq!(site.refuses(&other, NOW), refused, "{new:?}, another {claim}");
            if claim != "sub" {
                let without = token_but(&site, claim, None);
                assert_eq!(site.refuses(&without, NOW), refused, "{new:?}, no {claim}");
            }
        }
    }
}

#[test]
fn r34_an_id_of_one_kind_says_nothing_about_another() {
    let makers: [fn(&'static str) -> NewRevocation; 7] = [
        Revoked::subject,
        Revoked::client,
        Revoked::organization,
        Revoked::session,
        Revoked::token,
        Revoked::actor,
        Revoked::sessions_of,
    ];
    let named_by = ["sub", "client_id", "org_id", "sid", "jti", "act", "-"];
    for (n, make) in makers.into_iter().enumerate() {
        let site = Site::new();
        site.revoke(make("same"), NOW);
        for (claim, _) in CLAIMS {
            let refused = named_by[n] == claim;
            let token = token_but(&site, claim, Some("same"));
            assert_eq!(site.refuses(&token, NOW), refused, "{:?} {claim}", make("same"));
        }
    }
}

#[test]
fn r34_pairs_are_told_apart_from_their_parts() {
    let site = Site::new();
    site.revoke(Revoked::subject_at_client("user", "_adaagent"), NOW);
    site.revoke(Revoked::subject_at_client("agent", "user_ada"), NOW);
    site.revoke(Revoked::subject_in_organization("user_ada", "agent"), NOW);
    assert!(!site.refuses(&token_but(&site, "", None), NOW));
}

/// Browser sessions are not tokens, and a changed user is not revoked.
#[test]
fn r34_no_token_is_refused_where_sessions_end_or_a_user_changes() {
    let site = Site::new();
    site.revoke(Revoked::sessions_of("user_ada").standing(), NOW);
    site.revoke(Revoked::user_changed("user_ada").standing(), NOW);
    site.revoke(NewRevocation::from(Revoked::UsersChanged).standing(), NOW);
    assert!(!site.refuses(&token_but(&site, "", None), NOW));
}

#[test]
fn r34_a_revocation_is_within_its_issuer() {
    let site = Site::new();
    for other in ["https://other.example.com", &ISSUER.to_uppercase(), &format!("{ISSUER}/")] {
        at_once(site.revocations().revoke(ada().of_issuer(other).standing(), NOW)).unwrap();
        let everything = Revoked::everything().of_issuer(other).standing();
        at_once(site.revocations().revoke(everything, NOW)).unwrap();
    }
    assert!(!site.refuses(&token_but(&site, "", None), NOW));
    assert_eq!(site.revocations().in_force().count(), 6, "they are kept all the same");
}

#[test]
fn r34_an_issuer_must_be_known_and_named_where_there_are_several() {
    let alias = "https://alias.example.com";
    let one = Site::of(Issuer::new(ISSUER).unwrap().also_named(alias), policy());
    let resolve = |site: &Site, new: NewRevocation| site.authenticator.resolve_issuer(new);
    for named in [ada(), ada().of_issuer(ISSUER), ada().of_issuer(alias)] {
        assert_eq!(resolve(&one, named).unwrap(), ada().of_issuer(ISSUER));
    }
    let Err(RevokeError::UnknownIssuer { found, configured }) =
        resolve(&one, ada().of_issuer("https://x"))
    else {
        panic!("an unknown issuer");
    };
    assert_eq!((&*found, &*configured), ("https://x", slice::from_ref(&ISSUER.to_owned())));
    let unknown = resolve(&one, Revoked::static_key("export"));
    assert!(matches!(unknown, Err(RevokeError::UnknownStaticKey { found }) if found == "export"));

    let world = World::new(&["a"]);
    let mut two = world.authenticator(Issuer::new(ISSUER).unwrap(), policy());
    let other = Issuer::new("https://other.example.com").unwrap();
    two.trust(other, world.keys.clone(), world.clone()).unwrap();
    assert!(matches!(two.resolve_issuer(ada()), Err(RevokeError::NoIssuer)));
    assert!(two.resolve_issuer(ada().of_issuer("https://other.example.com")).is_ok());
}

#[test]
fn r34_what_cannot_be_meant_is_not_recorded() {
    let site = Site::new();
    let at_most = "x".repeat(2_048);
    let too_long = format!("{at_most}x");
    let of = |new: NewRevocation| new.of_issuer(ISSUER);
    for bad in [
        ada(),
        Revoked::everything(),
        of(Revoked::subject("")),
        of(Revoked::subject_at_client("user_ada", "")),
        of(Revoked::subject_at_client("", "agent")),
        of(Revoked::subject_in_organization("", "org_1")),
        of(Revoked::token("")),
        of(Revoked::subject(&*too_long)),
        of(Revoked::subject_at_client("user_ada", &*too_long)),
        of(ada().because(&*too_long)),
        of(Revoked::session("a\nb")),
        of(Revoked::subject_at_client("user_ada", "a\u{7f}")),
        of(Revoked::static_key("export")),
        Revoked::static_key(""),
    ] {
        let revocations = site.revocations();
        let outcomes = [
            at_once(revocations.revoke(bad.clone(), NOW)),
            at_once(revocations.lift(bad.clone(), NOW)),
            at_once(revocations.revoke_at(bad.clone(), NOW, NOW)),
        ];
        for outcome in outcomes {
            let expected = matches!(outcome, Err(RevokeError::Invalid(_) | RevokeError::NoIssuer));
            assert!(expected, "{bad:?}: {outcome:?}");
        }
    }
    assert_eq!(site.revocations().health(NOW).records, 0);
    let whole = of(Revoked::subject(&*at_most)).because(&*at_most).standing();
    at_once(site.revocations().revoke(whole, NOW)).unwrap();
    let stored: Vec<_> = site.revocations().in_force().collect();
    assert_eq!((stored.len(), stored[0].effect), (1, Effect::Standing));
}
