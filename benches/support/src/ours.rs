//! Our authenticator, with keys that are simply there.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mcp_auth_core::{
    Algorithm, Authenticated, Authenticator, AwaitRefresh, FetchProfile, IncomingRequest, Issuer,
    IssuerKeys, KeySet, Profile, ProfileError, Resource, ResourcePolicy, Secret, Subject,
    TokenCacheSettings, UnixTime, async_trait,
    jwk::{PublicKey, UnusableKey},
    refresh::{Next, RefreshSettings},
    revocation::Revoked,
    signature::{SignatureBackend, SignatureVerifier},
};
use serde_json::Value;

const A_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Our authenticator for some issuers and one resource.
pub struct Ours {
    /// What decides.
    pub authenticator: Authenticator,
    /// When it was made.
    pub now: UnixTime,
}

impl Ours {
    /// Trusts these issuers, each with its key set.
    pub fn new<'i>(
        issuers: impl IntoIterator<Item = (&'i str, &'i Value)>,
        audience: &str,
        backend: &dyn SignatureBackend,
        cache: TokenCacheSettings,
    ) -> Self {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
        let now = UnixTime::since_epoch(elapsed);
        let mut policy = ResourcePolicy::new(Resource::parse(audience).expect("a resource"));
        policy.token_cache = cache;
        // The material's tokens are longer-lived than those of an issuer.
        policy.max_token_lifetime = 3 * A_YEAR;
        let mut authenticator =
            Authenticator::new(policy, Arc::new(NoProfiles)).expect("settings that can be meant");
        // Keys as long-lived as they can be: the time is moved on to make remembered tokens end.
        let mut refresh = RefreshSettings::default();
        refresh.stale_for = A_YEAR;
        for (issuer, jwks) in issuers {
            let set = KeySet::parse(jwks.to_string().as_bytes(), Algorithm::ALL, backend)
                .expect("a key set");
            let keys = Arc::new(IssuerKeys::new(refresh.clone(), now));
            assert!(matches!(keys.next(now), Next::Fetch), "the first fetch is due at once");
            keys.fetched(set, None, now, 0.5);
            let issuer = Issuer::new(issuer).expect("an issuer");
            authenticator.trust(issuer, keys, Arc::new(Nobody)).expect("an issuer of its own");
        }
        Self { authenticator, now }
    }

    /// The whole way of one request with this `Authorization` header.
    pub fn authenticate(&self, header: &[u8], now: UnixTime) -> Authenticated {
        let request = IncomingRequest::new([header]);
        at_once(self.authenticator.authenticate(request, now)).expect("a good token")
    }

    /// Revokes so many people of this issuer who never sent a request.
    pub fn revoke_others(&self, issuer: &str, count: usize) {
        for n in 0..count {
            let what = Revoked::subject(format!("user_revoked_{n}")).of_issuer(issuer);
            at_once(self.authenticator.revocations().revoke(what, self.now)).expect("in memory");
        }
    }
}

/// Confirms every signature, and counts them: for as many tokens as nobody has the time to sign. A
/// cached token needs none.
#[derive(Debug, Default, Clone)]
pub struct AcceptAll(pub Arc<AtomicU64>);

impl SignatureBackend for AcceptAll {
    fn verifier(
        &self,
        _: Algorithm,
        _: &PublicKey,
    ) -> Result<Box<dyn SignatureVerifier>, UnusableKey> {
        Ok(Box::new(self.clone()))
    }
}

impl SignatureVerifier for AcceptAll {
    fn verify(&self, _: &[u8], _: &[u8]) -> bool {
        self.0.fetch_add(1, Relaxed);
        true
    }
}

/// Nothing here waits, so everything is ready when it is first looked at.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("something waited"),
    }
}

/// Fetches nothing: no key is ever unknown.
struct Nobody;

#[async_trait]
impl AwaitRefresh for Nobody {
    async fn refreshed(&self, _: u64, _: Duration) -> Duration {
        Duration::ZERO
    }
}

struct NoProfiles;

#[async_trait]
impl FetchProfile for NoProfiles {
    async fn fetch(&self, _: &Subject, _: &Secret) -> Result<Profile, ProfileError> {
        Err(ProfileError::NoProfile)
    }
}
