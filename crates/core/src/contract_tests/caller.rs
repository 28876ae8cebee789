//! Callers with signed tokens: a [`Newcomer`] comes from an [`Authenticator`] only.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
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

use super::ISSUER;
use crate::{
    Authenticator, AwaitRefresh, Found, IdentityStore, Issuer, IssuerAwareness, IssuerKeys, KeySet,
    Lookup, Newcomer, Rejection, Resource, ResourcePolicy, StoreError, Subject, UnixTime,
    authenticator::IncomingRequest,
    base64url,
    identity::profile::{FetchProfile, Profile, ProfileError, Secret},
    keys::refresh::RefreshSettings,
    keys::signature::Josekit,
};

/// A second issuer, whom no store here trusts with anything.
pub(super) const OTHER: &str = "https://other.example.com";
const RESOURCE: &str = "https://app.example.com/mcp";
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// An authenticator over the store under test, whose calls are counted.
pub(super) struct StoreHarness<S> {
    authenticator: Authenticator,
    key: Jwk,
    addresses: Arc<Addresses>,
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
    /// Of [`OTHER`].
    UserOfOther(&'s str),
    Machine(&'s str),
    Impersonated(&'s str),
}

impl<S: IdentityStore> StoreHarness<S> {
    /// Trusts [`ISSUER`].
    pub(super) fn to(store: Arc<S>) -> Self {
        Self::trusting(&[ISSUER], store)
    }

    /// Trusts [`ISSUER`] and [`OTHER`], in this order or in the other one. A store that looks at
    /// `sub` alone is used as with `.shared_subjects()`.
    pub(super) fn of_two_issuers(store: Arc<S>, other_first: bool) -> Self {
        match other_first {
            true => Self::trusting(&[OTHER, ISSUER], store),
            false => Self::trusting(&[ISSUER, OTHER], store),
        }
    }

    fn trusting(issuers: &[&str], store: Arc<S>) -> Self {
        let key = Jwk::generate_ec_key(EcCurve::P256).expect("OpenSSL makes a key");
        let asked = Arc::new(Asked { store, to_find: 0.into(), to_provision: 0.into() });
        let policy = ResourcePolicy::new(Resource::parse(RESOURCE).expect("a resource"));
        let addresses = Arc::new(Addresses::default());
        let mut authenticator =
            Authenticator::new(policy, addresses.clone()).expect("a good policy");
        for name in issuers {
            let issuer = Issuer::new(*name).expect("an issuer");
            let keys = keys(&issuer, &key);
            authenticator.trust(issuer, keys, Arc::new(NeverNewer)).expect("an issuer with TLS");
        }
        let watched = Watched { asked: asked.clone(), several: issuers.len() > 1 };
        authenticator.resolve_users_with(watched).expect("issuers that are told apart");
        authenticator.check_permissions().expect("a store for these issuers");
        Self { authenticator, key, addresses, asked }
    }

    /// From now on issuers tell this address of the subject; without it, `{sub}@example.com` and
    /// verified.
    pub(super) fn tell_address(&self, sub: &str, email: &str, verified: bool) {
        let mut told = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(sub.to_owned(), (email.to_owned(), verified));
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
        let mut claims = json!({"iss": ISSUER, "aud": RESOURCE, "exp": 1_800_000_300});
        match bearer {
            Bearer::User(sub) => claims["sub"] = sub.into(),
            Bearer::UserOfOther(sub) => {
                claims["iss"] = OTHER.into();
                claims["sub"] = sub.into();
            }
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
    async fn refreshed(&self, _: u64, timeout: Duration) -> Duration {
        timeout
    }
}

/// The address of each subject, and whether it is verified, where it is not the usual one.
#[derive(Default)]
struct Addresses(Mutex<HashMap<String, (String, bool)>>);

#[async_trait]
impl FetchProfile for Addresses {
    async fn fetch(&self, user: &Subject, _: &Secret) -> Result<Profile, ProfileError> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(user.id()).cloned();
        let (email, verified) =
            told.unwrap_or_else(|| (format!("{}@example.com", user.id()), true));
        let json =
            json!({"sub": user.id(), "email": email, "email_verified": verified, "name": "New"});
        let profile = Profile::from_userinfo(json.to_string().as_bytes(), user.id());
        profile.map_err(|_| ProfileError::NoProfile)
    }
}

struct Watched<S> {
    asked: Arc<Asked<S>>,
    /// Whether there are several issuers.
    several: bool,
}

#[async_trait]
impl<S: IdentityStore> IdentityStore for Watched<S> {
    type User = S::User;

    fn issuers(&self) -> IssuerAwareness {
        match self.asked.store.issuers() {
            IssuerAwareness::Ignores if self.several => IssuerAwareness::Shared,
            awareness => awareness,
        }
    }

    fn wrapped(&self) -> Option<&dyn IdentityStore<User = S::User>> {
        Some(&*self.asked.store)
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<S::User>, StoreError> {
        self.asked.to_find.fetch_add(1, SeqCst);
        self.asked.store.find(who).await
    }

    fn find_cached(&self, who: &Lookup<'_>) -> Option<Arc<S::User>> {
        let user = self.asked.store.find_cached(who)?;
        self.asked.to_find.fetch_add(1, SeqCst);
        Some(user)
    }

    async fn provision(&self, newcomer: &Newcomer) -> Result<Found<S::User>, StoreError> {
        self.asked.to_provision.fetch_add(1, SeqCst);
        self.asked.store.provision(newcomer).await
    }
}
