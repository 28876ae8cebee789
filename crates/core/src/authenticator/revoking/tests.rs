use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::{
    authenticator::ResourcePolicy,
    identity::{
        api_key::ApiKey,
        profile::{FetchProfile, Profile, ProfileError, Secret},
    },
    keys::{
        issuer_keys::{AwaitRefresh, IssuerKeys},
        refresh::RefreshSettings,
    },
    metadata::resource::Resource,
};

const A: &str = "https://a.example";
const B: &str = "https://b.example";

/// Fetches nothing.
struct Offline;

#[async_trait]
impl AwaitRefresh for Offline {
    async fn refreshed(&self, _: u64, _: Duration) -> Duration {
        Duration::ZERO
    }
}

#[async_trait]
impl FetchProfile for Offline {
    async fn fetch(&self, _: &Subject, _: &Secret) -> Result<Profile, ProfileError> {
        Err(ProfileError::Unavailable("offline".into()))
    }
}

/// Trusts these issuers, each with a second spelling that ends with a slash.
fn trusting(issuers: &[&str]) -> Authenticator {
    let mut policy = ResourcePolicy::new(Resource::parse("https://app.example.com/mcp").unwrap());
    policy.api_keys = vec![ApiKey::new("export", "sk_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5").unwrap()];
    let mut authenticator = Authenticator::new(policy, Arc::new(Offline)).unwrap();
    for name in issuers {
        let issuer = Issuer::new(*name).unwrap().also_named(format!("{name}/"));
        let keys = IssuerKeys::new(RefreshSettings::default(), UnixTime::from_secs(1_800_000_000));
        authenticator.trust(issuer, Arc::new(keys), Arc::new(Offline)).unwrap();
    }
    authenticator
}

/// The issuer that a revocation gets.
fn resolved(authenticator: &Authenticator, new: NewRevocation) -> Result<String, RevokeError> {
    Ok(authenticator.resolve_issuer(new)?.issuer.unwrap_or_default().into())
}

#[test]
fn a_revocation_without_an_issuer_is_about_the_only_one() {
    let ada = || Revoked::subject("user_ada");
    assert_eq!(resolved(&trusting(&[A]), ada()).unwrap(), A);
    for several in [&[A, B][..], &[]] {
        let outcome = resolved(&trusting(several), ada());
        assert!(matches!(outcome, Err(RevokeError::NoIssuer)), "{several:?}: {outcome:?}");
    }
}

#[test]
fn a_revocation_gets_the_configured_name_of_its_issuer() {
    let two = trusting(&[A, B]);
    let of = |name: &str| resolved(&two, Revoked::subject("user_ada").of_issuer(name));
    assert_eq!(of(B).unwrap(), B);
    assert_eq!(of("https://b.example/").unwrap(), B, "by its second spelling");
    match of("https://c.example") {
        Err(RevokeError::UnknownIssuer { found, configured }) => {
            assert_eq!((&*found, configured), ("https://c.example", vec![A.into(), B.into()]));
        }
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn a_static_key_is_revoked_by_a_configured_name() {
    let one = trusting(&[A]);
    assert_eq!(resolved(&one, Revoked::static_key("export")).unwrap(), "", "it has no issuer");
    match resolved(&one, Revoked::static_key("import")) {
        Err(RevokeError::UnknownStaticKey { found }) => assert_eq!(&*found, "import"),
        outcome => panic!("{outcome:?}"),
    }
}
