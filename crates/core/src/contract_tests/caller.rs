//! Callers with real tokens: the only way to become a newcomer is to be let in as one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use josekit::{
    jwk::{Jwk, alg::ec::EcCurve},
    jws::{ES256, JwsSigner},
};
use serde_json::{Value, json};

use crate::{
    Authenticator, AwaitRefresh, Found, IdentityStore, Issuer, IssuerKeys, KeySet, Lookup,
    Newcomer, Rejection, Resource, ResourcePolicy, StoreError, Subject, UnixTime,
    authenticator::IncomingRequest,
    base64url,
    profile::{FetchProfile, Profile, ProfileError, Secret},
    refresh::RefreshSettings,
    signature::Josekit,
};

pub(super) const ISSUER: &str = "https://login.example.com";
const RESOURCE: &str = "https://app.example.com/mcp";
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// The whole way of a request, with a store at its end that is watched.
pub(super) struct Door<S> {
    authenticator: Authenticator,
    key: Jwk,
    pub(super) asked: Arc<Asked<S>>,
}

/// How often the store was asked for what.
pub(super) struct Asked<S> {
    store: Arc<S>,
    pub(super) to_find: AtomicUsize,
    pub(super) to_provision: AtomicUsize,
}

/// What a token says about its bearer.
pub(super) enum Bearer<'s> {
    User(&'s str),
    Machine(&'s str),
    Impersonated(&'s str),
}

impl<S: IdentityStore> Door<S> {
    pub(super) fn to(store: Arc<S>) -> Self {
        let key = Jwk::generate_ec_key(EcCurve::P256).expect("OpenSSL makes a key");
        let asked = Arc::new(Asked { store, to_find: 0.into(), to_provision: 0.into() });
        let policy = ResourcePolicy::new(Resource::parse(RESOURCE).expect("a resource"));
        let mut authenticator =
            Authenticator::new(policy, Arc::new(Userinfo)).expect("a good policy");
        let issuer = Issuer::new(ISSUER).expect("an issuer");
        let keys = keys(&issuer, &key);
        authenticator.trust(issuer, keys, Arc::new(NeverNewer)).expect("an issuer with TLS");
        authenticator.resolve_users_with(Watched(asked.clone())).expect("one issuer");
        Self { authenticator, key, asked }
    }

    /// The user of a request with such a token; `None` where it is refused as unknown.
    pub(super) async fn enter(&self, bearer: Bearer<'_>) -> Result<Option<Arc<S::User>>, String> {
        let header = format!("Bearer {}", self.token(bearer));
        let request = IncomingRequest::new([header.as_bytes()]);
        match self.authenticator.authenticate(request, NOW).await {
            Ok(authenticated) => Ok(authenticated.user::<S::User>()),
            Err(Rejection::Forbidden(_)) => Ok(None),
            Err(other) => Err(format!("{other:?}")),
        }
    }

    fn token(&self, bearer: Bearer<'_>) -> String {
        let iss_and_more = json!({"iss": ISSUER, "aud": RESOURCE, "exp": 1_800_000_300});
        let mut claims = iss_and_more;
        match bearer {
            Bearer::User(sub) => claims["sub"] = sub.into(),
            Bearer::Machine(id) => {
                claims["sub"] = id.into();
                claims["client_id"] = id.into();
            }
            Bearer::Impersonated(sub) => {
                claims["sub"] = sub.into();
                claims["act"] = json!({"sub": "staff"});
            }
        }
        let header = json!({"alg": "ES256"}).to_string();
        let claims = claims.to_string();
        let signed = [header, claims].map(|part| base64url::encode(part.as_bytes())).join(".");
        let signer = ES256.signer_from_jwk(&self.key).expect("a key for ES256");
        let signature = signer.sign(signed.as_bytes()).expect("OpenSSL signs");
        format!("{signed}.{}", base64url::encode(&signature))
    }
}

fn keys(issuer: &Issuer, key: &Jwk) -> Arc<IssuerKeys> {
    let public = key.to_public_key().expect("a public key");
    let public: &serde_json::Map<String, Value> = public.as_ref();
    let set = json!({"keys": [public]}).to_string();
    let set =
        KeySet::parse(set.as_bytes(), issuer.allowed_algorithms(), &Josekit).expect("a key set");
    let keys = IssuerKeys::new(RefreshSettings::default(), NOW);
    keys.fetched(set, Some(Duration::from_secs(3600)), NOW, 0.0);
    Arc::new(keys)
}

struct NeverNewer;

#[async_trait]
impl AwaitRefresh for NeverNewer {
    async fn refreshed(&self, _: u64, patience: Duration) -> Duration {
        patience
    }
}

/// Knows everybody's address.
struct Userinfo;

#[async_trait]
impl FetchProfile for Userinfo {
    async fn fetch(&self, user: &Subject, _: &Secret) -> Result<Profile, ProfileError> {
        let email = format!("{}@example.com", user.id());
        let json = json!({"sub": user.id(), "email": email, "email_verified": true, "name": "New"});
        let profile = Profile::from_userinfo(json.to_string().as_bytes(), user.id());
        profile.map_err(|_| ProfileError::NoProfile)
    }
}

struct Watched<S>(Arc<Asked<S>>);

#[async_trait]
impl<S: IdentityStore> IdentityStore for Watched<S> {
    type User = S::User;

    fn wrapped(&self) -> Option<&dyn IdentityStore<User = S::User>> {
        Some(&*self.0.store)
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<S::User>, StoreError> {
        self.0.to_find.fetch_add(1, SeqCst);
        self.0.store.find(who).await
    }

    fn find_cached(&self, who: &Lookup<'_>) -> Option<Arc<S::User>> {
        let user = self.0.store.find_cached(who)?;
        self.0.to_find.fetch_add(1, SeqCst);
        Some(user)
    }

    async fn provision(&self, newcomer: &Newcomer) -> Result<Found<S::User>, StoreError> {
        self.0.to_provision.fetch_add(1, SeqCst);
        self.0.store.provision(newcomer).await
    }
}
