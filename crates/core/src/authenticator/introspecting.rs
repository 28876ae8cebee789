//! Tokens that an issuer is asked about (RFC 7662): opaque ones, and JWTs where that is configured.

use std::sync::Arc;

use super::{
    Authenticator,
    introspector::{Asked, Introspector},
    step::Known,
    trusted_issuer::TrustedIssuer,
};
use crate::{
    cache::TokenDigest,
    http::HttpClient,
    metadata::resource::Resource,
    rejection::{Rejection, UnavailableReason},
    time::UnixTime,
    token::bearer::BearerToken,
    token::rules::TokenRules,
    token::verified::VerifiedToken,
};

impl Authenticator {
    /// Asks issuers about tokens with this client, where they are configured with
    /// [`Issuer::introspection`](crate::Issuer::introspection). Without one, such a request is unavailable.
    pub fn introspect_with(&mut self, http: Arc<dyn HttpClient>) {
        self.http = Some(http);
    }

    /// The issuer that is asked about opaque tokens.
    pub(super) fn introspecting_issuer(&self) -> Option<usize> {
        self.trusted.iter().position(TrustedIssuer::introspects_opaque_tokens)
    }

    /// Accepts or refuses an opaque token by what the issuer says.
    pub(super) async fn verify_opaque(
        &self,
        token: BearerToken<'_>,
        issuer: usize,
        resource: Option<&Resource>,
        digest: Option<TokenDigest>,
        now: UnixTime,
    ) -> Result<Known, Rejection> {
        let trusted = &self.trusted[issuer];
        let (introspector, asked) = self.ask(trusted, token, now)?;
        // A call may have ended, and its token been cached, since this request looked there.
        if asked.is_new
            && let Ok((principal, issuer)) = self.cached(token, None, resource, now)
        {
            return self.known(principal, issuer, resource, now);
        }
        let answer = introspector.answer(&asked).await?;
        let verified = answer.verify(trusted.issuer.name(), &trusted.rules_at(resource), now)?;
        let principal = self.principal(verified, issuer, None)?;
        let until = introspector.caches_until(now);
        self.accept(principal, issuer, resource, digest, until, now)
    }

    /// The same JWT, where the issuer is to be asked about it and says nothing against it.
    pub(super) async fn confirm_jwt(
        &self,
        verified: VerifiedToken,
        token: BearerToken<'_>,
        trusted: &TrustedIssuer,
        rules: &TokenRules,
        now: UnixTime,
    ) -> Result<VerifiedToken, Rejection> {
        let (introspector, asked) = self.ask(trusted, token, now)?;
        let answer = introspector.answer(&asked).await?;
        match answer.claims().subject() {
            Some(subject) if subject != verified.subject() => {
                Err(introspector.unavailable("its answer is about another subject").into())
            }
            _ => Ok(verified.narrowed_by(&answer, rules, now)?),
        }
    }

    fn ask<'i>(
        &self,
        trusted: &'i TrustedIssuer,
        token: BearerToken<'_>,
        now: UnixTime,
    ) -> Result<(&'i Introspector, Asked), UnavailableReason> {
        let no_client = |error: &str| UnavailableReason::Introspection {
            issuer: trusted.issuer.name().to_owned(),
            error: error.to_owned(),
        };
        let introspector = trusted
            .introspector
            .as_ref()
            .ok_or_else(|| no_client("the issuer is not configured to be asked"))?;
        let http = self.http.as_ref().ok_or_else(|| no_client("there is no HTTP client"))?;
        Ok((introspector, introspector.ask(http, token, now)?))
    }
}
