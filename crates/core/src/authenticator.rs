//! The whole way of a request, once.

use std::{collections::HashMap, fmt, sync::Arc};

use crate::{
    api_key::ApiKeys,
    bearer::BearerToken,
    claims::NumericDate,
    config::ConfigError,
    description::{KeyIdHash, NamesInToken, TokenDescription},
    identity::{ErasedStore, ErasedUser, Introduction, StoreErrorKind, Subject},
    issuer_keys::KeySnapshot,
    permission::{Authority, Need},
    principal::Principal,
    profile::FetchProfile,
    rejection::{ForbiddenReason, Rejection, TokenError, UnavailableReason},
    revocation::Revocations,
    rules::TokenRules,
    time::UnixTime,
    token_cache::{Generations, Remembered, TokenCache, TokenCacheUse, TokenMemo},
    verified::{UnverifiedToken, VerifiedToken},
};

mod authenticated;
mod permissions;
mod policy;
mod request;
mod trust;
mod trusted;

pub use authenticated::Authenticated;
pub use policy::{ResourcePolicy, UnknownUser};
pub use request::IncomingRequest;
use trust::empty_audience;
use trusted::Trusted;

/// Decides who is calling.
pub struct Authenticator {
    policy: ResourcePolicy,
    trusted: Vec<Trusted>,
    /// What all trusted issuers together grant: for callers who are not known yet.
    everybody: Arc<Authority>,
    by_iss: HashMap<Arc<str>, usize>,
    api_keys: ApiKeys,
    cache: Option<TokenCache>,
    revocations: Revocations,
    store: Option<Arc<dyn ErasedStore>>,
    profiles: Arc<dyn FetchProfile>,
}

/// A token that was verified just now, and under what.
struct Verified {
    issuer: usize,
    exp: Option<NumericDate>,
    principal: Arc<Principal>,
    generations: Generations,
}

impl Authenticator {
    /// An authenticator that trusts nobody yet. `profiles` is asked about newcomers, when the
    /// application asks.
    ///
    /// # Errors
    /// Where the policy's leeway is more than 5 min, where static keys collide, or where the token
    /// cache's settings cannot be meant.
    pub fn new(
        policy: ResourcePolicy,
        profiles: Arc<dyn FetchProfile>,
    ) -> Result<Self, ConfigError> {
        if policy.leeway > TokenRules::MAX_LEEWAY {
            return Err(ConfigError::invalid(
                "leeway",
                format!("{} s", policy.leeway.as_secs_f64()),
                "must be at most 300 s",
                "30 s",
            ));
        }
        if policy.audiences.iter().any(String::is_empty) {
            return Err(empty_audience());
        }
        policy.token_cache.check()?;
        let nobody = Arc::new(Authority::of_all([], &policy));
        Ok(Self {
            cache: TokenCache::new(&policy.token_cache),
            api_keys: ApiKeys::new(&policy.api_keys, &nobody)?,
            everybody: nobody,
            policy,
            trusted: Vec::new(),
            by_iss: HashMap::new(),
            revocations: Revocations::default(),
            store: None,
            profiles,
        })
    }

    /// What is demanded.
    pub fn policy(&self) -> &ResourcePolicy {
        &self.policy
    }

    /// What the operator's log may say of a request's token, for one that is refused: nothing here
    /// was verified. It reads the token anew, and is called when a line is written only.
    pub fn describe(&self, request: IncomingRequest<'_>) -> TokenDescription<'_> {
        let token = BearerToken::from_authorization(request.values(), self.policy.max_token_len);
        let names = match token {
            Ok(Some(token)) => NamesInToken::read(token.expose()),
            _ => return TokenDescription::default(),
        };
        let issuer = names.issuer.and_then(|iss| self.by_iss.get(&*iss));
        TokenDescription {
            issuer: issuer.map(|&n| self.trusted[n].issuer.name()),
            key_id_hash: names.key_id.as_deref().map(KeyIdHash::of),
        }
    }

    /// The whole way: from a request's credentials to the application's user.
    ///
    /// # Errors
    /// [`Rejection`], each with its status and its challenge.
    pub async fn authenticate(
        &self,
        request: IncomingRequest<'_>,
        now: UnixTime,
    ) -> Result<Authenticated, Rejection> {
        let credentials =
            BearerToken::from_credentials(request.values(), self.policy.max_token_len)?;
        let Some(token) = credentials else { return Err(Rejection::MissingCredentials) };
        let principal = match self.api_keys.holder(token) {
            Some(holder) => holder,
            None => self.verify(token, now).await?,
        };
        self.permit(&principal, request.needs())?;
        let user = self.identify(&principal, token).await?;
        Authenticated::new(principal, user).if_granted(request.needs())
    }

    /// The same for a request whose token is remembered, where nothing has to be waited for:
    /// neither keys nor an identity store. `None` where something has;
    /// [`authenticate`](Self::authenticate) is then the way.
    ///
    /// `memo` is the worker's own.
    #[inline]
    pub fn authenticate_at_once(
        &self,
        request: IncomingRequest<'_>,
        memo: &TokenMemo,
        now: UnixTime,
    ) -> Option<Result<Authenticated, Rejection>> {
        let principal = match self.recall_noted(request, memo, now) {
            Some(principal) => principal,
            None => self.find_at_once(request, memo, now)?,
        };
        let permitted = self.permit(&principal, request.needs());
        Some(
            permitted
                .and_then(|()| Authenticated::new(principal, None).if_granted(request.needs())),
        )
    }

    /// Refuses from now on every token of `subject` that was issued until `now`, on this
    /// authenticator. Kept for 24 h, which is longer than access tokens live.
    pub fn revoke(&self, subject: &Subject, now: UnixTime) {
        self.revocations.revoke(subject, now);
    }

    /// How full the token cache is; nothing where it is switched off.
    pub fn token_cache_use(&self) -> TokenCacheUse {
        self.cache.as_ref().map(TokenCache::in_use).unwrap_or_default()
    }

    /// The principal of the token that this worker has noted, if it is that token again. With an
    /// identity store no worker notes a token.
    #[inline]
    fn recall_noted(
        &self,
        request: IncomingRequest<'_>,
        memo: &TokenMemo,
        now: UnixTime,
    ) -> Option<Arc<Principal>> {
        self.cache.as_ref()?.recall_noted(memo, request.only_value()?, now, |entry| {
            let keys = self.trusted[entry.issuer].keys.snapshot();
            self.is_still_true(entry, &keys, now).then(|| entry.good_during(&keys))
        })
    }

    /// Whose token or static key it is, where nothing has to be waited for. A token that was verified
    /// before may be the one that the worker notes.
    #[inline(never)]
    fn find_at_once(
        &self,
        request: IncomingRequest<'_>,
        memo: &TokenMemo,
        now: UnixTime,
    ) -> Option<Arc<Principal>> {
        if self.store.is_some() {
            return None;
        }
        let header = request.only_value()?;
        let token = BearerToken::from_credentials([header], self.policy.max_token_len).ok()??;
        let remembered = self.cache.as_ref().and_then(|cache| {
            let digest = cache.digest(token.expose());
            let still_true = |entry: &Remembered| self.is_true_by_newest_keys(entry, now);
            cache.recall_for_worker(digest, still_true, memo, header, now)
        });
        remembered.or_else(|| self.api_keys.holder(token))
    }

    fn is_true_by_newest_keys(&self, entry: &Remembered, now: UnixTime) -> bool {
        self.is_still_true(entry, &self.trusted[entry.issuer].keys.snapshot(), now)
    }

    /// Whether what was verified is true now: in time, by a key that its issuer still lists, of a
    /// subject that was not revoked.
    #[inline]
    fn is_still_true(&self, entry: &Remembered, keys: &KeySnapshot, now: UnixTime) -> bool {
        if !entry.is_within(now) {
            return false;
        }
        // Looked at only where something has changed: it stands further away.
        let token = || entry.principal().token();
        let seen = entry.generations();
        let key = || token().map(VerifiedToken::key);
        let Some(keys) = keys.still_lists(key, seen.keys, now) else {
            return false;
        };
        let current = Generations { keys, revocations: self.revocations.generation() };
        if current.revocations != seen.revocations
            && self
                .revocations
                .covers(entry.principal().subject(), token().and_then(VerifiedToken::issued_at))
        {
            return false;
        }
        if current != seen {
            entry.is_true_of(current);
        }
        true
    }

    /// Signature and claims, unless they are remembered.
    async fn verify(
        &self,
        token: BearerToken<'_>,
        now: UnixTime,
    ) -> Result<Arc<Principal>, Rejection> {
        let Some(cache) = &self.cache else {
            return Ok(self.verify_anew(token, now).await?.principal);
        };
        let digest = cache.digest(token.expose());
        let still_true = |entry: &Remembered| self.is_true_by_newest_keys(entry, now);
        if let Some(principal) = cache.recall(digest, still_true) {
            return Ok(principal);
        }
        let Verified { issuer, exp, principal, generations } = self.verify_anew(token, now).await?;
        // Nothing that decides is in doubt here: without `exp` there is no verified token.
        let exp = exp.map_or(0.0, NumericDate::as_secs_f64);
        let ends = exp + self.policy.leeway.as_secs_f64();
        cache.remember(digest, issuer, &principal, generations, ends, now);
        Ok(principal)
    }

    async fn verify_anew(
        &self,
        token: BearerToken<'_>,
        now: UnixTime,
    ) -> Result<Verified, Rejection> {
        let token = UnverifiedToken::read(token.expose())?;
        let issuer = self.issuer_named(token.claimed_issuer()?)?;
        let trusted = &self.trusted[issuer];
        let revocations = self.revocations.generation();
        let (keys, confirmation) = trusted.verify(&token, now).await?;
        let verified = token.confirmed(confirmation);
        let (exp, iat) = (verified.expires_at(), verified.issued_at());
        let principal = Principal::new(verified, &trusted.issuer, &trusted.authority);
        if self.revocations.covers(principal.subject(), iat) {
            return Err(TokenError::Revoked.into());
        }
        let generations = Generations { keys, revocations };
        Ok(Verified { issuer, exp, principal: Arc::new(principal), generations })
    }

    /// A token is only ever checked against the issuer that it names (R26).
    fn issuer_named(&self, iss: &str) -> Result<usize, TokenError> {
        let unknown = || TokenError::UntrustedIssuer { found: iss.to_owned() };
        self.by_iss.get(iss).copied().ok_or_else(unknown)
    }

    /// What is asked of every request, however its token was verified.
    #[inline]
    fn permit(&self, principal: &Principal, needs: &[&Need]) -> Result<(), Rejection> {
        // Proof of possession is not supported yet, so no binding can be confirmed (R31).
        if principal.token().is_some_and(VerifiedToken::is_bound_to_a_key) {
            return Err(TokenError::UnconfirmedBinding.into());
        }
        principal.authority().permit(principal.scopes(), needs)
    }

    /// The application's own user, where it has a store to ask.
    async fn identify(
        &self,
        principal: &Arc<Principal>,
        token: BearerToken<'_>,
    ) -> Result<Option<ErasedUser>, Rejection> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        let introduction = Introduction { token, profiles: &self.profiles };
        match store.resolve(principal, introduction).await {
            Ok(Some(user)) => Ok(Some(user)),
            Ok(None) => Err(self.unknown_user()),
            Err(error) => Err(match error.kind() {
                StoreErrorKind::Unavailable => {
                    UnavailableReason::IdentityStore { error: error.to_string() }.into()
                }
                StoreErrorKind::TokenRefused => TokenError::RefusedByIssuer.into(),
                StoreErrorKind::NoProfile => self.unknown_user(),
            }),
        }
    }

    fn unknown_user(&self) -> Rejection {
        match self.policy.unknown_user {
            UnknownUser::Forbidden => ForbiddenReason::UnknownUser.into(),
            UnknownUser::Unauthorized => TokenError::UnknownUser.into(),
        }
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
