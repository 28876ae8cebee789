//! An issuer and a resource, with a clock that the tests set.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use josekit::{
    jwk::{Jwk, alg::ec::EcCurve},
    jws::{ES256, JwsSigner},
};
use mcp_auth_core::{
    Algorithm, Authenticated, Authenticator, AwaitRefresh, FetchProfile, IncomingRequest, Issuer,
    IssuerKeys, KeySet, Profile, ProfileError, Rejection, Resource, ResourcePolicy, Secret,
    Subject, UnixTime, async_trait,
    refresh::{Next, RefreshSettings},
    signature::Josekit,
};
use serde_json::{Value, json};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const ISSUER: &str = "https://login.example.com";
pub(crate) const RESOURCE: &str = "https://app.example.com/mcp";

/// The ids of the keys that a fetch brings (none: a well-formed set without keys), or nothing where
/// it fails.
pub(crate) type Brings = Option<Vec<&'static str>>;

/// An issuer whose key set is fetched when the authenticator asks for it.
pub(crate) struct World {
    pub(crate) keys: Arc<IssuerKeys>,
    signing: Vec<(&'static str, Jwk)>,
    /// What the next fetches bring, the last one first. Where none is left, the issuer does not
    /// answer in time.
    fetches: Mutex<Vec<Brings>>,
    pub(crate) asked: AtomicU32,
    pub(crate) now: Mutex<UnixTime>,
}

#[async_trait]
impl AwaitRefresh for World {
    async fn refreshed(&self, _: u64, timeout: Duration) -> Duration {
        self.asked.fetch_add(1, SeqCst);
        let Some(brings) = self.fetches.lock().unwrap().pop() else {
            return Duration::ZERO;
        };
        self.fetch(brings);
        timeout / 2
    }
}

impl World {
    /// An issuer with these keys to sign with, of which nothing is published yet.
    pub(crate) fn new(key_ids: &[&'static str]) -> Arc<Self> {
        let key = |id: &&'static str| (*id, Jwk::generate_ec_key(EcCurve::P256).unwrap());
        Arc::new(Self {
            keys: Arc::new(IssuerKeys::new(RefreshSettings::default(), NOW)),
            signing: key_ids.iter().map(key).collect(),
            fetches: Mutex::default(),
            asked: AtomicU32::new(0),
            now: Mutex::new(NOW),
        })
    }

    /// One fetch of the refresher's.
    pub(crate) fn fetch(&self, brings: Brings) {
        let now = *self.now.lock().unwrap();
        assert!(matches!(self.keys.next(now), Next::Fetch | Next::Wait(_)));
        match brings {
            Some(ids) if ids.is_empty() => {
                self.keys.fetched_no_keys(None, now, 0.5);
            }
            Some(ids) => self.keys.fetched(self.set(&ids), None, now, 0.5),
            None => self.keys.fetch_failed(now, 0.5),
        }
    }

    pub(crate) fn will_bring(&self, fetches: Vec<Brings>) {
        *self.fetches.lock().unwrap() = fetches;
    }

    pub(crate) fn set(&self, ids: &[&str]) -> KeySet {
        let published = self.signing.iter().filter(|(id, _)| ids.contains(id));
        let keys: Vec<Value> = published
            .map(|(id, key)| {
                let public = key.to_public_key().unwrap();
                let mut public = serde_json::to_value(public.as_ref()).unwrap();
                public["kid"] = json!(id);
                public
            })
            .collect();
        let json = json!({ "keys": keys }).to_string();
        KeySet::parse(json.as_bytes(), Algorithm::ALL, &Josekit).unwrap()
    }

    pub(crate) fn token(&self, key_id: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": ISSUER, "aud": RESOURCE, "sub": "user_ada",
            "exp": NOW.as_secs_f64() + 300.0 * 3600.0,
        });
        change(&mut claims);
        let header = json!({"alg": "ES256", "kid": key_id});
        let part = |json: &Value| BASE64.encode(json.to_string());
        let input = format!("{}.{}", part(&header), part(&claims));
        let (_, key) = self.signing.iter().find(|(id, _)| *id == key_id).unwrap();
        let signature = ES256.signer_from_jwk(key).unwrap().sign(input.as_bytes()).unwrap();
        format!("{input}.{}", BASE64.encode(signature))
    }

    pub(crate) fn call(
        self: &Arc<Self>,
        token: &str,
        now: UnixTime,
    ) -> Result<Authenticated, Rejection> {
        self.call_as(Issuer::new(ISSUER).unwrap(), token, now)
    }

    pub(crate) fn call_as(
        self: &Arc<Self>,
        issuer: Issuer,
        token: &str,
        now: UnixTime,
    ) -> Result<Authenticated, Rejection> {
        *self.now.lock().unwrap() = now;
        call(&self.authenticator(issuer, policy()), token, now)
    }

    /// What trusts this world's keys as those of `issuer`.
    pub(crate) fn authenticator(
        self: &Arc<Self>,
        issuer: Issuer,
        policy: ResourcePolicy,
    ) -> Authenticator {
        let mut authenticator = Authenticator::new(policy, no_profiles()).unwrap();
        authenticator.trust(issuer, self.keys.clone(), self.clone()).unwrap();
        authenticator
    }
}

/// The usual demands.
pub(crate) fn policy() -> ResourcePolicy {
    ResourcePolicy::new(Resource::parse(RESOURCE).unwrap())
}

/// One request with this token.
pub(crate) fn call(
    authenticator: &Authenticator,
    token: &str,
    now: UnixTime,
) -> Result<Authenticated, Rejection> {
    let header = format!("Bearer {token}");
    at_once(authenticator.authenticate(IncomingRequest::new([header.as_bytes()]), now))
}

/// A profile endpoint that knows nobody.
pub(crate) fn no_profiles() -> Arc<dyn FetchProfile> {
    Arc::new(NoProfiles)
}

struct NoProfiles;

#[async_trait]
impl FetchProfile for NoProfiles {
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
