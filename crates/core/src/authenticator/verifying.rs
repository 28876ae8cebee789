//! From a token to its caller: signature and claims, or what the issuer says of an opaque token.

use std::sync::Arc;

use super::{Authenticator, step::Known};
use crate::{
    cache::TokenDigest,
    identity::principal::Principal,
    metadata::resource::Resource,
    rejection::{Rejection, TokenError},
    session::SessionStart,
    time::UnixTime,
    token::bearer::BearerToken,
    token::claims::NumericDate,
    token::introspection::is_opaque_token,
    token::verified::{UnverifiedToken, VerifiedToken},
};

impl Authenticator {
    /// The caller of a verified token, unless it was revoked or the application refuses it.
    pub(super) fn known(
        &self,
        principal: Arc<Principal>,
        issuer: usize,
        resource: Option<&Resource>,
        now: UnixTime,
    ) -> Result<Known, Rejection> {
        let trusted = &self.trusted[issuer];
        self.check_revocations(&principal, &trusted.revocations, now)?;
        self.check_token(&principal)?;
        let (authority, resource) = (trusted.authority.clone(), resource.cloned());
        Ok(Known { principal, authority, resource })
    }

    /// Verifies signature and claims, or asks the issuer about an opaque token, and caches it.
    pub(super) async fn verify(
        &self,
        token: BearerToken<'_>,
        session: Option<&SessionStart>,
        resource: Option<&Resource>,
        digest: Option<TokenDigest>,
        now: UnixTime,
    ) -> Result<Known, Rejection> {
        if session.is_none()
            && let Some(issuer) = self.introspecting_issuer()
            && is_opaque_token(token.expose())
        {
            return self.verify_opaque(token, issuer, resource, digest, now).await;
        }
        let unverified = UnverifiedToken::read(token.expose())?;
        let issuer = self.issuer_named(unverified.claimed_issuer()?)?;
        let trusted = &self.trusted[issuer];
        let rules = trusted.rules_at(resource);
        let confirmation = trusted.verify(&unverified, &rules, now).await?;
        let mut verified = {
            let is_access_token = |token: &VerifiedToken| trusted.issuer.says_access_token(token);
            unverified.confirmed(confirmation, is_access_token)?
        };
        let mut until = f64::INFINITY;
        if let Some(introspector) = trusted.introspector_of_jwts() {
            verified = self.confirm_jwt(verified, token, trusted, &rules, now).await?;
            until = introspector.caches_until(now);
        }
        let principal = self.principal(verified, issuer, session)?;
        self.accept(principal, issuer, resource, digest, until, now)
    }

    /// The caller of a token whose claims are good.
    pub(super) fn principal(
        &self,
        verified: VerifiedToken,
        issuer: usize,
        session: Option<&SessionStart>,
    ) -> Result<Arc<Principal>, TokenError> {
        let issuer = &self.trusted[issuer].issuer;
        let claims = self.store.as_ref().map_or(&[][..], |store| store.claims());
        let hash = self.policy.revocations.index().hash();
        let principal = match session {
            None => Principal::new(verified, issuer, claims, hash)?,
            Some(start) => Principal::of_session(verified, issuer, claims, hash, start)?,
        };
        Ok(Arc::new(principal))
    }

    /// Accepts a caller whose token is good, unless it was revoked, and caches the token: until its
    /// `exp`, and not longer than `until`, in seconds since the epoch.
    pub(super) fn accept(
        &self,
        principal: Arc<Principal>,
        issuer: usize,
        resource: Option<&Resource>,
        digest: Option<TokenDigest>,
        until: f64,
        now: UnixTime,
    ) -> Result<Known, Rejection> {
        let known = self.known(principal.clone(), issuer, resource, now)?;
        if let (Some(cache), Some(digest)) = (&self.cache, digest) {
            // A verified token has `exp`.
            let expires = principal.token().and_then(VerifiedToken::expires_at);
            let expires = expires.map_or(0.0, NumericDate::as_secs_f64);
            let expires = expires + self.policy.leeway.as_secs_f64();
            cache.insert(digest, issuer, principal, expires.min(until), now);
        }
        Ok(known)
    }

    /// The index of the issuer that the token names. No other issuer's keys are tried.
    pub(super) fn issuer_named(&self, iss: &str) -> Result<usize, TokenError> {
        let unknown = || TokenError::UntrustedIssuer { found: iss.to_owned() };
        self.by_iss.get(iss).copied().ok_or_else(unknown)
    }
}
