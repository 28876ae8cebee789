//! Verification of a token: signature and claims, and the type that proves both.

use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;

use crate::{
    keys::jwk::Jwk,
    keys::jws::{CompactJws, JoseHeader},
    keys::key_set::{KeySet, Unverified},
    rejection::TokenError,
    scope::{Scope, ScopeSet},
    time::UnixTime,
    token::claims::{Actor, ClaimTypeError, Claims, NumericDate},
    token::introspection::ActiveToken,
    token::kind::{Kind, TokenForm},
    token::rules::TokenRules,
};

/// A token that was parsed and not yet checked.
#[derive(Debug)]
pub(crate) struct UnverifiedToken<'t> {
    jws: CompactJws<'t>,
    claims: Claims,
}

/// The key that has confirmed a token's signature, where the claims are good as well, and the kind of
/// the token. Only [`UnverifiedToken::verify`] makes one.
pub(crate) struct Confirmation(Arc<Jwk>, Kind);

/// Why there is no [`Confirmation`].
pub(crate) enum VerifyError {
    /// A newer key set may have the key. If it has not, the token is rejected for this.
    UnknownKey(TokenError),
    /// A key is known that fits the token's header, and the signature is not by it: this one, or by
    /// the first of several. A newer set may have another one of the same `kid`.
    BadSignature(Arc<Jwk>),
    /// No key will help.
    Rejected(TokenError),
}

impl<'t> UnverifiedToken<'t> {
    /// Reads a token's three parts and its claims.
    pub(crate) fn read(token: &'t str) -> Result<Self, TokenError> {
        let mut jws = CompactJws::parse(token)?;
        let claims = Claims::parse(jws.take_payload())?;
        Ok(Self { jws, claims })
    }

    /// The `iss` that the token claims, unverified: it chooses the keys to verify with.
    pub(crate) fn claimed_issuer(&self) -> Result<&str, TokenError> {
        match self.claims.issuer() {
            Some(iss) => Ok(iss),
            None => Err(TokenError::MissingClaim("iss")),
        }
    }

    pub(crate) fn header(&self) -> &JoseHeader {
        self.jws.header()
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The signature first, then every rule: no claim counts before the key has confirmed it.
    pub(crate) fn verify(
        &self,
        keys: &KeySet,
        rules: &TokenRules,
        now: UnixTime,
    ) -> Result<Confirmation, VerifyError> {
        Err(match keys.verify(&self.jws) {
            Ok(key) => match rules.check(self.jws.header(), &self.claims, now) {
                Ok(kind) => return Ok(Confirmation(key.clone(), kind)),
                Err(error) => VerifyError::Rejected(error),
            },
            Err(Unverified::UnknownKey) => VerifyError::UnknownKey(TokenError::UnknownKey),
            Err(Unverified::UnacceptableKey) => {
                VerifyError::UnknownKey(TokenError::UnacceptableAlgorithm)
            }
            Err(Unverified::MissingKeyId) => VerifyError::Rejected(TokenError::MissingKeyId),
            Err(Unverified::BadSignature) => match keys.first_candidate(&self.jws) {
                Some(key) => VerifyError::BadSignature(key.clone()),
                None => VerifyError::Rejected(TokenError::BadSignature),
            },
        })
    }

    /// The token, proved by the confirmation that it was given.
    ///
    /// # Errors
    /// [`TokenError::IdToken`]: its kind is unclear, and `is_access_token`, which the issuer's settings
    /// answer, does not say that it is an access token.
    pub(crate) fn confirmed(
        self,
        Confirmation(key, kind): Confirmation,
        is_access_token: impl FnOnce(&VerifiedToken) -> bool,
    ) -> Result<VerifiedToken, TokenError> {
        let mut claims = self.claims;
        let token = VerifiedToken { scopes: claims.scopes(), claims, key: Some(key) };
        match kind == Kind::AccessToken || is_access_token(&token) {
            true => Ok(token),
            false => Err(TokenError::IdToken),
        }
    }
}

impl ActiveToken {
    /// An opaque token, where the issuer's answer about it satisfies every rule for claims.
    pub(crate) fn verify(
        &self,
        issuer: &str,
        rules: &TokenRules,
        now: UnixTime,
    ) -> Result<VerifiedToken, TokenError> {
        let mut claims = self.claims().clone().of_issuer(issuer);
        match rules.check(TokenForm::Introspected, &claims, now)? {
            Kind::AccessToken => {}
            Kind::Unclear => return Err(TokenError::IdToken),
        }
        Ok(VerifiedToken { scopes: claims.scopes(), claims, key: None })
    }
}

/// A token whose signature and claims are good for this resource. Holding one is the proof: it
/// comes from [`Authenticator`](crate::Authenticator) and from nowhere else, save
/// [`Authenticated::for_tests`](crate::Authenticated) with the feature `testing`.
///
/// It does not contain the token itself, so it cannot leak it.
pub struct VerifiedToken {
    claims: Claims,
    scopes: ScopeSet,
    /// `None` where the issuer was asked about the token.
    key: Option<Arc<Jwk>>,
}

impl VerifiedToken {
    /// Claims that nobody has verified, for the caller of a unit test.
    #[cfg(feature = "testing")]
    pub(crate) fn for_tests(mut claims: Claims) -> Self {
        Self { scopes: claims.scopes(), claims, key: None }
    }

    /// The published key that confirmed the signature; `None` for an opaque token.
    pub(crate) fn key(&self) -> Option<&Arc<Jwk>> {
        self.key.as_ref()
    }

    /// The same JWT, with what the issuer's answer about it takes away: scopes that the answer does
    /// not list. It adds none.
    pub(crate) fn narrowed_by(
        mut self,
        answer: &ActiveToken,
        rules: &TokenRules,
        now: UnixTime,
    ) -> Result<Self, TokenError> {
        rules.check_answer_about_jwt(answer.claims(), now)?;
        if answer.claims().has_cnf {
            return Err(TokenError::UnconfirmedBinding);
        }
        if let Some(listed) = answer.listed_scopes() {
            self.scopes.retain(|scope| listed.contains_str(scope));
        }
        Ok(self)
    }

    /// The same token, with other names for its scopes.
    pub(crate) fn renaming_scopes(mut self, name: impl Fn(&str) -> &str) -> Self {
        self.scopes = self.scopes.iter().map(name).collect();
        self
    }

    /// The same token, which grants no scope besides those of `limit`; `None` is no limit.
    pub(crate) fn limited_to(mut self, limit: Option<&[Scope]>) -> Self {
        if let Some(limit) = limit {
            self.scopes.retain(|scope| limit.iter().any(|allowed| allowed.as_str() == scope));
        }
        self
    }

    /// About how many bytes it owns besides itself.
    pub(crate) fn weight(&self) -> usize {
        self.claims.weight() + self.scopes.weight()
    }

    /// `iss`.
    pub fn issuer(&self) -> &str {
        self.claims.issuer().unwrap_or_default()
    }

    /// `sub`.
    pub fn subject(&self) -> &str {
        self.claims.subject().unwrap_or_default()
    }

    /// `client_id`, or `azp`: the program that the token was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.claims.client_id()
    }

    /// `jti`: the token's own name.
    pub fn token_id(&self) -> Option<&str> {
        self.claims.token_id()
    }

    /// `sid`: the session that the token belongs to. WorkOS Connect has the id of a consent here.
    pub fn session(&self) -> Option<&str> {
        self.claims.session()
    }

    /// `org_id`: the organization that the token is for.
    pub fn organization(&self) -> Option<&str> {
        self.claims.organization()
    }

    /// `aud`: what the token is for.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.claims.audiences().into_iter().flatten()
    }

    /// `exp`: when the token ends, as the issuer says it; the leeway is not in it.
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.claims.exp
    }

    /// `iat`: when the token was issued.
    pub fn issued_at(&self) -> Option<NumericDate> {
        self.claims.iat
    }

    /// The scopes that the token grants: those in its `scope` or `scp`, without the issuer's
    /// [prefix](crate::Issuer::scope_prefix). Where
    /// [`Issuer::scopes`](crate::Issuer::scopes) limits its issuer, none besides these; the claim as
    /// it stands is told by [`claim`](Self::claim).
    pub fn scopes(&self) -> &ScopeSet {
        &self.scopes
    }

    /// `act`: who acts as the subject.
    pub fn actor(&self) -> Option<&Actor> {
        self.claims.actor.as_ref()
    }

    /// Any claim by its name; `None` where it is absent or null. The payload is parsed again on
    /// each call.
    ///
    /// # Errors
    /// Where the claim is not of type `T`.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ClaimTypeError> {
        self.claims.read::<Option<T>>(name).map(Option::flatten)
    }

    /// Whether the token is bound to a key that its bearer would have to show (RFC 7800).
    pub(crate) fn is_bound_to_a_key(&self) -> bool {
        self.claims.has_cnf
    }
}

impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("issuer", &self.issuer())
            .field("subject", &self.subject())
            .field("client_id", &self.client_id())
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
