//! The decision about a request: from its credentials to the application's user.

use std::{collections::HashMap, fmt, sync::Arc};

use crate::{
    cache::{CacheEntry, TokenCache, TokenCacheUse, TokenDigest},
    config::ConfigError,
    http::HttpClient,
    identity::ErasedStore,
    identity::principal::Principal,
    identity::profile::{FetchProfile, Secret},
    metadata::resource::Resource,
    permission::{Authority, Need},
    rejection::Rejection,
    revocation::IssuerRecords,
    session::SessionStart,
    time::UnixTime,
    token::bearer::BearerToken,
    token::description::{KeyIdHash, NamesInToken, TokenDescription},
    token::header_mistake::HeaderMistake,
    token::rules::TokenRules,
    token::verified::VerifiedToken,
};

mod api_keys;
mod authenticated;
#[cfg(feature = "testing")]
mod for_tests;
mod introspecting;
mod introspector;
mod permissions;
mod places;
mod policy;
mod request;
mod revoking;
mod sessions;
mod step;
mod token_check;
mod trust;
mod trusted_issuer;
mod users;
mod verifying;

use api_keys::ApiKeys;
pub use authenticated::Authenticated;
#[cfg(feature = "testing")]
pub use for_tests::AuthenticatedBuilder;
pub use policy::{ResourcePolicy, UnknownUser};
pub use request::IncomingRequest;
use step::{Known, Next};
pub use step::{Step, Waiting};
pub use token_check::TokenCheck;
use trust::empty_audience;
use trusted_issuer::TrustedIssuer;

/// Authenticates requests to one resource: from credentials to the application's user.
pub struct Authenticator {
    policy: ResourcePolicy,
    trusted: Vec<TrustedIssuer>,
    /// What all trusted issuers together can grant: for challenges to unknown callers.
    everybody: Arc<Authority>,
    /// What holders of static keys can be granted, who have no issuer.
    without_issuer: Arc<Authority>,
    by_iss: HashMap<Arc<str>, usize>,
    api_keys: ApiKeys,
    cache: Option<TokenCache>,
    /// Where the revocations of static keys are.
    revoked_static_keys: [Arc<IssuerRecords>; 1],
    store: Option<Arc<dyn ErasedStore>>,
    profiles: Arc<dyn FetchProfile>,
    /// Asks issuers about tokens.
    http: Option<Arc<dyn HttpClient>>,
}

impl Authenticator {
    /// An authenticator that trusts no issuer yet. `profiles` fetches the profiles of newcomers when
    /// the application asks for them.
    ///
    /// # Errors
    /// Where the policy's leeway is more than 5 min, where static keys collide, where the token
    /// cache's settings are out of range, or where further audiences or static keys would be good at
    /// every [resource below](ResourcePolicy::resources_below) the configured one.
    pub fn new(
        policy: ResourcePolicy,
        profiles: Arc<dyn FetchProfile>,
    ) -> Result<Self, ConfigError> {
        if policy.leeway > TokenRules::MAX_LEEWAY {
            return Err(ConfigError::invalid(
                "leeway",
                format!("{} s", policy.leeway.as_secs_f64()),
                "must be at most 300 s",
                "30",
            ));
        }
        if policy.audiences.iter().any(String::is_empty) {
            return Err(empty_audience());
        }
        if policy.resources_below {
            policy.refuse_what_names_no_resource()?;
        }
        policy.token_cache.check()?;
        let without_issuer = Arc::new(policy.authority_of_all([]));
        let revocations = policy.revocations.clone();
        let index = revocations.index();
        // A token can have a time of issue a leeway after the cut-off, is good for a leeway longer
        // than its longest lifetime, and is accepted for a leeway after its end.
        index.retain_for(policy.max_token_lifetime + policy.leeway * 3);
        Ok(Self {
            cache: TokenCache::new(&policy.token_cache),
            api_keys: ApiKeys::new(&policy.api_keys, index.hash())?,
            everybody: without_issuer.clone(),
            without_issuer,
            policy,
            trusted: Vec::new(),
            by_iss: HashMap::new(),
            revoked_static_keys: [index.records_of_static_keys()],
            store: None,
            profiles,
            http: None,
        })
    }

    /// What the resource requires of its callers.
    pub fn policy(&self) -> &ResourcePolicy {
        &self.policy
    }

    /// What the log may contain of a rejected request's token. Nothing of it is verified. The token
    /// is parsed again, so this is called only when a line is written.
    pub fn describe(&self, request: IncomingRequest<'_>) -> TokenDescription<'_> {
        let token = BearerToken::from_authorization(request.values(), self.policy.max_token_len);
        let header_mistake = request.values().next().and_then(HeaderMistake::of);
        let names = match token {
            Ok(Some(token)) => NamesInToken::read(token.expose()),
            _ => return TokenDescription { header_mistake, ..TokenDescription::default() },
        };
        let issuer = names.issuer.and_then(|iss| self.by_iss.get(&*iss));
        TokenDescription {
            issuer: issuer.map(|&n| self.trusted[n].issuer.name()),
            key_id_hash: names.key_id.as_deref().map(KeyIdHash::of),
            header_mistake,
        }
    }

    /// The whole decision: from a request's credentials to the application's user.
    ///
    /// # Errors
    /// [`Rejection`], which has a status and a challenge.
    pub async fn authenticate(
        &self,
        request: IncomingRequest<'_>,
        now: UnixTime,
    ) -> Result<Authenticated, Rejection> {
        match self.begin(request, now)? {
            Step::Done(caller) => Ok(caller),
            Step::Waiting(waiting) => self.finish(waiting, request.needs(), now).await,
        }
    }

    /// The part of the decision that never waits: credentials, static key, cached token, cached
    /// user.
    ///
    /// # Errors
    /// As for [`authenticate`](Self::authenticate).
    pub fn begin(&self, request: IncomingRequest<'_>, now: UnixTime) -> Result<Step, Rejection> {
        let token = BearerToken::from_credentials(request.values(), self.policy.max_token_len)?
            .ok_or(Rejection::MissingCredentials)?;
        let resource = request.resource();
        let waiting = |next| Waiting {
            token: Secret::new(token.expose()),
            session: None,
            resource: resource.cloned(),
            next,
        };
        let known = match self.api_keys.holder(token) {
            Some(principal) => {
                self.check_revocations(&principal, &self.revoked_static_keys, now)?;
                Known { principal, authority: self.without_issuer.clone(), resource: None }
            }
            None => match self.cached(token, None, resource, now) {
                Ok((principal, issuer)) => self.known(principal, issuer, resource, now)?,
                Err(digest) => return Ok(Step::Waiting(waiting(Next::Verify(digest)))),
            },
        };
        self.go_on(known, request.needs(), waiting)
    }

    /// The rest of the part that never waits: needs, and the cached user.
    fn go_on(
        &self,
        known: Known,
        needs: &[&'static Need],
        waiting: impl FnOnce(Next) -> Waiting,
    ) -> Result<Step, Rejection> {
        known.check(needs)?;
        let user = match &self.store {
            None => None,
            Some(store) => match store.resolve_cached(&known.principal) {
                Some(user) => Some(user),
                None => return Ok(Step::Waiting(waiting(Next::FindUser(known)))),
            },
        };
        known.with_user(user).require_all(needs).map(Step::Done)
    }

    /// The rest of the decision, for a request with the needs that [`begin`](Self::begin) saw:
    /// signature and claims, then the user.
    ///
    /// # Errors
    /// As for [`authenticate`](Self::authenticate).
    pub async fn finish(
        &self,
        waiting: Waiting,
        needs: &[&'static Need],
        now: UnixTime,
    ) -> Result<Authenticated, Rejection> {
        self.finish_and_note(waiting, needs, now, &mut None).await
    }

    /// The same, and notes the caller as soon as the credentials are verified: of a rejection after
    /// that, `caller` tells whose request it was.
    ///
    /// # Errors
    /// As for [`authenticate`](Self::authenticate).
    pub async fn finish_and_note(
        &self,
        waiting: Waiting,
        needs: &[&'static Need],
        now: UnixTime,
        caller: &mut Option<Arc<Principal>>,
    ) -> Result<Authenticated, Rejection> {
        let token = BearerToken::of_secret(&waiting.token);
        let (session, resource) = (waiting.session.as_ref(), waiting.resource.as_ref());
        let known = match waiting.next {
            Next::FindUser(known) => {
                *caller = Some(known.principal.clone());
                known
            }
            Next::Verify(digest) => {
                let known = self.verify(token, session, resource, digest, now).await?;
                *caller = Some(known.principal.clone());
                known.check(needs)?;
                let store = self.store.as_ref();
                if let Some(user) = store.and_then(|store| store.resolve_cached(&known.principal)) {
                    return known.with_user(Some(user)).require_all(needs);
                }
                known
            }
        };
        let user = self.find_user(&known.principal, token).await?;
        known.with_user(user).require_all(needs)
    }

    /// The caller of a request that [`begin`](Self::begin) has rejected, where the credentials were
    /// verified: a static key, or a cached token.
    pub fn caller_of_rejected(
        &self,
        request: IncomingRequest<'_>,
        now: UnixTime,
    ) -> Option<Arc<Principal>> {
        let max_len = self.policy.max_token_len;
        let token = BearerToken::from_credentials(request.values(), max_len).ok().flatten()?;
        match self.api_keys.holder(token) {
            Some(principal) => Some(principal),
            None => {
                let cached = self.cached(token, None, request.resource(), now);
                cached.ok().map(|(principal, _)| principal)
            }
        }
    }

    /// How full the token cache is; zeros if it is switched off.
    pub fn token_cache_use(&self) -> TokenCacheUse {
        self.cache.as_ref().map(TokenCache::in_use).unwrap_or_default()
    }

    /// The caller of a cached token and the index of its issuer.
    ///
    /// # Errors
    /// The token is not cached: the digest under which to cache it, or `None` without a cache.
    fn cached(
        &self,
        token: BearerToken<'_>,
        session: Option<&SessionStart>,
        resource: Option<&Resource>,
        now: UnixTime,
    ) -> Result<(Arc<Principal>, usize), Option<TokenDigest>> {
        let Some(cache) = &self.cache else { return Err(None) };
        let digest = match (session, resource) {
            (None, None) => cache.digest(token.expose()),
            // The same token is not good at another resource.
            (None, Some(resource)) => cache.digest_at(token.expose(), resource),
            // The same token as a bearer token is revoked by other times.
            (Some(session), _) => cache.digest_of_session(token.expose(), session),
        };
        let entry = cache.get(digest, |entry| self.is_fresh(entry, now)).ok_or(Some(digest))?;
        Ok((entry.principal, entry.issuer))
    }

    /// Whether a cached token is still valid: it has not expired, and its issuer still publishes the
    /// key that signed it. No key has signed an opaque token.
    fn is_fresh(&self, entry: &CacheEntry, now: UnixTime) -> bool {
        let keys = self.trusted[entry.issuer].keys.snapshot();
        let is_listed = |token: &VerifiedToken| match token.key() {
            Some(key) => keys.lists(key, now),
            None => true,
        };
        entry.is_within(now) && entry.principal.token().is_some_and(is_listed)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("policy", &self.policy)
            .field("issuers", &self.trusted.iter().map(|t| &t.issuer).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
