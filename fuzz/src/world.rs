//! An issuer, a resource and a fixed clock.
//!
//! The private halves of the RSA and the EC key were deleted: each signed the one token below, and
//! there is no other. Ed25519 has one signature for one message, so signing a message again shows
//! whether the key signed it.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, Waker},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use josekit::{
    jwk::Jwk,
    jws::{EdDSA, JwsSigner, alg::eddsa::EddsaJwsSigner},
};
use mcp_auth_core::{
    Algorithm, Authenticated, Authenticator, AwaitRefresh, FetchProfile, IncomingRequest, Issuer,
    IssuerKeys, KeySet, Profile, ProfileError, Rejection, Resource, ResourcePolicy, Secret, Step,
    Subject, UnixTime, async_trait, refresh::RefreshSettings, signature::Josekit,
};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const LEEWAY: u64 = 30;
pub(crate) const ISSUER: &str = "https://login.example.com";
pub(crate) const RESOURCE: &str = "https://app.example.com/mcp";
/// An audience that is accepted besides the resource.
pub(crate) const CLIENT: &str = "client_01";

const KEYS: &str = include_str!("keys.json");
/// A key for these targets only.
const SIGNING_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519",
    "d":"ZO8tiK1GSdS2KlSdWinSlxNZ4X-mTKlucI4IiI17N68",
    "x":"9h61BWdEBvCVav5pFZuSKFYwYWUE6qGAICJbCdlGPUk"}"#;

/// The only token that the key `rsa` ever signed.
pub(crate) const RSA_TOKEN: &str = include_str!("rsa.jwt");
/// The only token that the key `ec` ever signed.
pub(crate) const EC_TOKEN: &str = include_str!("ec.jwt");

pub(crate) static WORLD: LazyLock<World> = LazyLock::new(World::new);

pub(crate) struct World {
    pub(crate) keys: KeySet,
    authenticator: Authenticator,
    signer: EddsaJwsSigner,
}

impl World {
    fn new() -> Self {
        let key_set =
            || KeySet::parse(KEYS.as_bytes(), Algorithm::ALL, &Josekit).expect("our keys");
        // No fetch is possible, so that the first tokens are treated like the last ones.
        let mut refreshing = RefreshSettings::default();
        refreshing.bucket = 0;
        let now = UnixTime::from_secs(NOW);
        let keys = Arc::new(IssuerKeys::new(refreshing, now));
        keys.next(now);
        keys.fetched(key_set(), None, now, 0.5);

        let mut policy = ResourcePolicy::new(Resource::parse(RESOURCE).expect("our resource"));
        policy.audiences.push(CLIENT.to_owned());
        policy.leeway = Duration::from_secs(LEEWAY);
        let mut authenticator = Authenticator::new(policy, Arc::new(Nobody)).expect("our policy");
        let issuer = Issuer::new(ISSUER).expect("our issuer");
        authenticator.trust(issuer, keys, Arc::new(Nobody)).expect("one issuer");
        let signer = Jwk::from_bytes(SIGNING_KEY).and_then(|key| EdDSA.signer_from_jwk(&key));
        Self { keys: key_set(), authenticator, signer: signer.expect("our signing key") }
    }

    /// One request with these `Authorization` headers' values.
    pub(crate) fn call(&self, headers: &[&[u8]]) -> Result<Authenticated, Rejection> {
        let request = IncomingRequest::new(headers.iter().copied());
        at_once(self.authenticator.authenticate(request, UnixTime::from_secs(NOW)))
    }

    /// What is decided of the same without waiting, if anything is.
    pub(crate) fn begin(&self, header: &[u8]) -> Option<Result<Authenticated, Rejection>> {
        match self.authenticator.begin(IncomingRequest::new([header]), UnixTime::from_secs(NOW)) {
            Ok(Step::Done(caller)) => Some(Ok(caller)),
            Ok(Step::Waiting(_)) => None,
            Err(rejection) => Some(Err(rejection)),
        }
    }

    /// The signature of the key `ed`.
    pub(crate) fn sign(&self, input: &[u8]) -> Vec<u8> {
        self.signer.sign(input).expect("Ed25519 signs anything")
    }

    /// A whole token of the key `ed`.
    pub(crate) fn token(&self, header: &[u8], payload: &[u8]) -> String {
        let input = format!("{}.{}", encode(header), encode(payload));
        let signature = encode(&self.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// No fetch ever ends, and no person has a profile.
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

/// Nothing here waits, so every future is ready when it is first polled.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("something waited"),
    }
}
