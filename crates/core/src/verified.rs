//! From a token that anybody may have written to one that is proved.

use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;

use crate::{
    claims::{self, Actor, ClaimTypeError, Claims, NumericDate},
    jwk::Jwk,
    jws::{CompactJws, JoseHeader},
    keys::{KeySet, Unverified},
    rejection::TokenError,
    rules::TokenRules,
    scope::ScopeSet,
    time::UnixTime,
};

/// A token that was read and not yet checked.
#[derive(Debug)]
pub(crate) struct UnverifiedToken<'t> {
    jws: CompactJws<'t>,
    claims: Claims,
}

/// Why there is no [`VerifiedToken`].
pub(crate) enum VerifyError<'t> {
    /// A newer key set may have the key: here is the token back.
    UnknownKey(Box<UnverifiedToken<'t>>),
    /// No key will help.
    Rejected(TokenError),
}

impl<'t> UnverifiedToken<'t> {
    /// Reads a token's three parts and its claims.
    pub(crate) fn read(token: &'t str) -> Result<Self, TokenError> {
        let jws = CompactJws::parse(token)?;
        let claims = Claims::parse(jws.payload())?;
        Ok(Self { jws, claims })
    }

    /// Whom the token says it is from. Good for choosing the keys that will tell.
    pub(crate) fn claimed_issuer(&self) -> Result<&str, TokenError> {
        self.claims.issuer().ok_or(TokenError::MissingClaim("iss"))
    }

    pub(crate) fn header(&self) -> &JoseHeader {
        self.jws.header()
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The signature first, then every rule: no claim counts before the key has confirmed it
    /// (R17).
    pub(crate) fn verify(
        self,
        keys: &KeySet,
        rules: &TokenRules,
        now: UnixTime,
    ) -> Result<VerifiedToken, VerifyError<'t>> {
        let key = match keys.verify(&self.jws) {
            Ok(key) => key.clone(),
            Err(Unverified::UnknownKey) => return Err(VerifyError::UnknownKey(Box::new(self))),
            Err(Unverified::UnacceptableKey) => {
                return Err(VerifyError::Rejected(TokenError::UnacceptableAlgorithm));
            }
            Err(Unverified::MissingKeyId) => {
                return Err(VerifyError::Rejected(TokenError::MissingKeyId));
            }
            Err(Unverified::BadSignature) => {
                return Err(VerifyError::Rejected(TokenError::BadSignature));
            }
        };
        rules.check(self.jws.header(), &self.claims, now).map_err(VerifyError::Rejected)?;
        Ok(VerifiedToken::new(self, key))
    }
}

/// A token whose signature and claims are good for this resource. Holding one is the proof: it
/// comes from [`Authenticator`](crate::Authenticator) and from nowhere else.
///
/// It does not contain the token itself, so it cannot leak it.
pub struct VerifiedToken {
    claims: Claims,
    scopes: ScopeSet,
    payload: Vec<u8>,
    key: Arc<Jwk>,
}

impl VerifiedToken {
    fn new(token: UnverifiedToken<'_>, key: Arc<Jwk>) -> Self {
        let mut claims = token.claims;
        Self { scopes: claims.scopes(), claims, payload: token.jws.into_payload(), key }
    }

    /// The published key that confirmed the signature.
    pub(crate) fn key(&self) -> &Arc<Jwk> {
        &self.key
    }

    /// The same proof, in memory of its own. Nobody outside can have two of one.
    pub(crate) fn copy(&self) -> Self {
        Self {
            claims: self.claims.clone(),
            scopes: self.scopes.clone(),
            payload: self.payload.clone(),
            key: self.key.clone(),
        }
    }

    /// About how many bytes it keeps besides itself.
    pub(crate) fn weight(&self) -> usize {
        // Claims are kept twice: as the payload has them, and read.
        2 * self.payload.capacity()
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

    /// The scopes that the token grants.
    pub fn scopes(&self) -> &ScopeSet {
        &self.scopes
    }

    /// `act`: who acts as the subject.
    pub fn actor(&self) -> Option<&Actor> {
        self.claims.actor.as_ref()
    }

    /// Any claim by its name; `None` where it is absent or null. The payload is read again for
    /// each call: those who do not ask do not pay.
    ///
    /// # Errors
    /// Where the claim is not of type `T`.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ClaimTypeError> {
        match claims::read_claim::<Option<T>>(&self.payload, name) {
            Ok(value) => Ok(value.flatten()),
            Err(error) => Err(error),
        }
    }

    /// Whether the token is bound to a key that its bearer would have to show (RFC 7800).
    pub(crate) fn is_bound_to_a_key(&self) -> bool {
        self.claims.has_cnf
    }

    pub(crate) fn subject_name(&self) -> Arc<str> {
        self.subject().into()
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
