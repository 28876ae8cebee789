//! An issuer whose signatures cost nothing: what is tried here comes after them.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use mcp_auth_core::{
    Algorithm, Authenticated, Authenticator, AwaitRefresh, FetchProfile, IncomingRequest, Issuer,
    IssuerKeys, KeySet, Profile, ProfileError, Rejection, Resource, ResourcePolicy, Secret,
    Subject, UnixTime, async_trait,
    jwk::{PublicKey, UnusableKey},
    refresh::RefreshSettings,
    signature::{SignatureBackend, SignatureVerifier},
};

pub(crate) const ISSUER: &str = "https://login.example.com";
pub(crate) const RESOURCE: &str = "https://app.example.com/mcp";
pub(crate) const OTHER_AUDIENCE: &str = "client_01";

/// Keys that are good at `now`.
pub(crate) fn keys(now: UnixTime) -> Arc<IssuerKeys> {
    // Nobody can ask for a fetch: an unknown key is answered at once, and always in one way.
    let mut settings = RefreshSettings::default();
    settings.bucket = 0;
    let keys = Arc::new(IssuerKeys::new(settings, now));
    let _ = keys.next(now);
    keys.fetched(key_set(&["k"]), None, now, 0.5);
    keys
}

/// One key under several names.
pub(crate) fn key_set(names: &[&str]) -> KeySet {
    let keys: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                r#"{{"kty":"OKP","crv":"Ed25519","kid":"{name}",
                    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#
            )
        })
        .collect();
    let json = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    KeySet::parse(json.as_bytes(), Algorithm::ALL, &Credulous).unwrap()
}

pub(crate) fn policy() -> ResourcePolicy {
    let mut policy = ResourcePolicy::new(Resource::parse(RESOURCE).unwrap());
    policy.audiences.push(OTHER_AUDIENCE.to_owned());
    // The table is made at once, and made again for each case.
    policy.token_cache.capacity = 32;
    policy
}

/// What trusts [`ISSUER`] with these keys.
pub(crate) fn authenticator(policy: ResourcePolicy, keys: Arc<IssuerKeys>) -> Authenticator {
    authenticator_of([Issuer::new(ISSUER).unwrap()], policy, keys)
}

/// What trusts these issuers, all with the same keys.
pub(crate) fn authenticator_of(
    issuers: impl IntoIterator<Item = Issuer>,
    policy: ResourcePolicy,
    keys: Arc<IssuerKeys>,
) -> Authenticator {
    let mut authenticator = Authenticator::new(policy, Arc::new(Nobody)).unwrap();
    for issuer in issuers {
        authenticator.trust(issuer, keys.clone(), Arc::new(Nobody)).unwrap();
    }
    authenticator
}

/// The header of a request with this payload in its token.
pub(crate) fn header(payload: &str) -> String {
    let part = |text: &str| BASE64.encode(text);
    let (header, payload) = (part(r#"{"alg":"EdDSA","kid":"k"}"#), part(payload));
    format!("Bearer {header}.{payload}.{}", BASE64.encode([7; 64]))
}

pub(crate) fn call(
    authenticator: &Authenticator,
    header: &str,
    now: UnixTime,
) -> Result<Authenticated, Rejection> {
    at_once(authenticator.authenticate(IncomingRequest::new([header.as_bytes()]), now))
}

/// Takes every signature for good.
#[derive(Debug)]
struct Credulous;

impl SignatureBackend for Credulous {
    fn verifier(
        &self,
        _: Algorithm,
        _: &PublicKey,
    ) -> Result<Box<dyn SignatureVerifier>, UnusableKey> {
        Ok(Box::new(Self))
    }
}

impl SignatureVerifier for Credulous {
    fn verify(&self, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

/// No fetch ever ends, and nobody has a profile.
struct Nobody;

#[async_trait]
impl AwaitRefresh for Nobody {
    async fn refreshed(&self, _: u64, _: Duration) -> Duration {
        Duration::ZERO
    }
}

#[async_trait]
impl FetchProfile for Nobody {
    async fn fetch(&self, _: &Subject, _: &Secret) -> Result<Profile, ProfileError> {
        Err(ProfileError::NoProfile)
    }
}

/// Nothing here waits, so everything is ready when it is first looked at.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("something waited"),
    }
}
