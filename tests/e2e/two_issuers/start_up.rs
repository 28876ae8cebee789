//! What `build()` refuses with several issuers, and what it tells.

use actix_mcp_auth::{
    Found, IdentityStore, Issuer, McpAuth, McpAuthBuilder, Principal,
    stores::{IdentityStoreExt, IssuerNames, IssuerStores, MemoryIdentityStore},
};

use super::{Permissions, Read, Write};
use crate::{logs::logged, support::RESOURCE};

const A: &str = "https://a.example.com";
const B: &str = "https://b.example.com/";

fn one() -> McpAuthBuilder {
    McpAuth::builder(RESOURCE).permissions::<Permissions>().issuer(A)
}

/// Both orders.
fn two() -> [McpAuthBuilder; 2] {
    let builder = || McpAuth::builder(RESOURCE).permissions::<Permissions>();
    [builder().issuer(A).issuer(B), builder().issuer(B).issuer(A)]
}

fn refused(builder: McpAuthBuilder) -> String {
    builder.build().map(|_| ()).unwrap_err().to_string()
}

#[actix_web::test]
async fn r33_a_claim_of_any_issuer_is_refused_with_several() {
    for builder in two() {
        let sentence = refused(builder.grants_from_claim(["realm_access", "roles"]));
        for part in ["grants_from_claim is \"realm_access", "grants_from_claim_of", A, B, "example"]
        {
            assert!(sentence.contains(part), "{sentence}");
        }
    }
    // Beside one that is limited, too.
    for builder in two() {
        let limited = builder.grants_from_claim_of(A, "permissions");
        assert!(refused(limited.grants_from_claim("role")).contains("\"role\""));
    }
    for builder in two() {
        let builder = builder.grants_from_claim_of(A, "permissions");
        assert!(builder.grants_from_claim_of([A, B], "role").build().is_ok());
    }
    assert!(one().grants_from_claim("role").build().is_ok());
    assert!(one().grants_from_claim_of(A, "role").build().is_ok());
}

#[actix_web::test]
async fn r33_issuers_that_are_not_configured_are_refused() {
    let none = || IssuerNames::from_iter([""; 0]);
    for builder in two() {
        let sentence = refused(builder.grants_from_claim_of("https://b.example.com", "role"));
        let expected = "grants_from_claim_of is \"https://b.example.com\"";
        assert!(sentence.contains(expected) && sentence.contains(B), "{sentence}");
    }
    for builder in two() {
        let sentence = refused(builder.grants_from_claim_of(none(), "role"));
        assert!(sentence.starts_with("grants_from_claim_of is missing"), "{sentence}");
    }
    for builder in two() {
        let sentence = refused(builder.users(linking("a.example.com")));
        let expected = "link_by_verified_email is \"a.example.com\"";
        assert!(sentence.contains(expected) && sentence.contains(A), "{sentence}");
    }
    for builder in two().into_iter().chain([one()]) {
        let sentence = refused(builder.users(linking(none())));
        assert!(sentence.starts_with("link_by_verified_email is missing"), "{sentence}");
    }
    for builder in two() {
        assert!(builder.users(linking([A, B])).build().is_ok());
    }
    // Within other wrappers, and among the stores of several issuers, as well.
    let wrapped = linking("https://c.example.com").provision_with(|_| async { Ok(Found::Nobody) });
    let wrapped = wrapped.cached(std::time::Duration::from_secs(1), 1).shared_subjects();
    assert!(refused(one().users(wrapped)).contains("https://c.example.com"));
    let stores = IssuerStores::new().with(A, linking("https://c.example.com"));
    assert!(refused(one().users(stores)).contains("https://c.example.com"));
}

fn linking(issuers: impl Into<IssuerNames>) -> impl IdentityStore<User = String> {
    let users = MemoryIdentityStore::<String>::new().shared_subjects();
    users.link_by_verified_email(
        issuers,
        |_| std::future::ready(Ok(Vec::new())),
        |_: &String| true,
        |_, _| std::future::ready(Ok(None)),
    )
}

/// The lines of an event that is written at start-up.
fn told(builder: McpAuthBuilder, event: &str) -> Vec<String> {
    let text = logged(|| drop(builder.build().unwrap()));
    let event = format!("event=\"{event}\"");
    text.lines().filter(|line| line.contains(&event)).map(str::to_owned).collect()
}

#[actix_web::test]
async fn r33_each_of_several_issuers_without_a_limit_is_named() {
    const EVENT: &str = "issuer_scopes_unlimited";
    let named = |builder| {
        let lines = told(builder, EVENT);
        assert!(lines.iter().all(|line| line.contains(" WARN ")), "{lines:?}");
        [A, B]
            .map(|name| lines.iter().filter(|l| l.contains(&format!("issuer=\"{name}\""))).count())
    };
    for builder in two() {
        assert_eq!(named(builder), [1, 1]);
    }
    let limited = |name: &str| Issuer::new(name).unwrap().scopes(["openid"]).unwrap();
    let builder = || McpAuth::builder(RESOURCE).permissions::<(Read, Write)>();
    assert_eq!(named(builder().issuer(limited(A)).issuer(B)), [0, 1]);
    assert_eq!(named(builder().issuer(A).issuer(limited(B))), [1, 0]);
    assert_eq!(named(builder().issuer(limited(A)).issuer(limited(B))), [0, 0]);
    assert_eq!(named(one()), [0, 0], "one issuer is trusted with everything");
    // What the preset advertises is no limit.
    let lines = told(builder().authkit("x.authkit.app").issuer(limited(A)), EVENT);
    assert!(lines.len() == 1 && lines[0].contains("https://x.authkit.app"), "{lines:?}");
}

#[actix_web::test]
async fn r33_issuers_that_share_their_subjects_are_named() {
    const EVENT: &str = "issuers_share_subjects";
    let users = || MemoryIdentityStore::<String>::new();
    for builder in two() {
        let lines = told(builder.users(users().shared_subjects()), EVENT);
        assert!(lines.len() == 1 && lines[0].contains(A) && lines[0].contains(B), "{lines:?}");
    }
    assert!(told(one().users(users().shared_subjects()), EVENT).is_empty());
    for builder in two() {
        let stores = IssuerStores::new().with(A, users()).with(B, users());
        assert!(told(builder.users(stores), EVENT).is_empty());
    }
    for builder in two() {
        let builder = builder.grants(|_, _: &Principal| [""; 0]);
        assert!(told(builder, EVENT).is_empty(), "without a store each subject is its own user");
    }
}
