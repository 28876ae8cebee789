//! A token's claims (RFC 7519 §4), read strictly into a struct of our own.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess},
};

use crate::{
    rejection::TokenError,
    scope::ScopeSet,
    secret::Redacted,
    strict_json::{self, ObjectReader},
};

mod reader;

use reader::ClaimReader;

/// What an allocation costs besides its content, in bytes, about.
pub(crate) const ALLOCATION: usize = 16;

/// A token's claims, read and not yet checked. Nothing here may be believed before the signature is
/// confirmed; [`VerifiedToken`](crate::VerifiedToken) holds claims that were.
#[derive(Clone, Default)]
pub struct Claims {
    /// The whole payload: other claims are read from it when they are asked for.
    payload: Box<str>,
    iss: Option<Box<str>>,
    sub: Option<Box<str>>,
    /// A string, or an array of strings (RFC 7519 §4.1.3).
    aud: Option<Box<[Box<str>]>>,
    jti: Option<Box<str>>,
    client_id: Option<Box<str>>,
    azp: Option<Box<str>>,
    sid: Option<Box<str>>,
    org_id: Option<Box<str>>,
    pub(crate) exp: Option<NumericDate>,
    pub(crate) nbf: Option<NumericDate>,
    pub(crate) iat: Option<NumericDate>,
    scope: Option<ScopeSet>,
    scp: Option<ScopeSet>,
    pub(crate) actor: Option<Actor>,
    pub(crate) has_cnf: bool,
    pub(crate) marks: Marks,
}

/// Claims that tell access tokens from other kinds of JWT.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Marks {
    /// `at_hash` or `c_hash`, which ID tokens have (OpenID Connect Core §3.1.3.6, §3.3.2.11).
    pub(crate) token_hash: bool,
    /// `nonce`, which ID tokens have, and access tokens of some issuers.
    pub(crate) nonce: bool,
    /// `auth_time`, of which the same is true.
    pub(crate) auth_time: bool,
    /// `events`: a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4), or another one of
    /// RFC 8417.
    pub(crate) events: bool,
    /// The claim `typ` of Keycloak or `token_use` of Amazon Cognito says "access token".
    access_token: bool,
    /// One of them says that it is of another kind.
    pub(crate) other_kind: bool,
}

impl Marks {
    /// Takes the value of `typ` or `token_use`. An unknown value says nothing.
    fn take_kind(&mut self, value: &str) {
        let is = |name: &&str| value.eq_ignore_ascii_case(name);
        self.access_token |= ["bearer", "access"].iter().any(is);
        self.other_kind |= ["id", "refresh", "offline", "logout"].iter().any(is);
    }
}

/// The value of the claim `act` (RFC 8693 §4.1): who acts, besides the subject.
///
/// `Debug` does not show the actor's subject: with WorkOS it is an e-mail address.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Actor {
    /// The actor's own subject.
    pub subject: Option<Box<str>>,
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor").field("subject", &Redacted::of(&self.subject)).finish()
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut actor = Self::default();
        strict_json::deserialize_object(deserializer, &mut actor)?;
        Ok(actor)
    }
}

impl<'de> ObjectReader<'de> for Actor {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "sub" => self.subject = map.next_value()?,
            _ => strict_json::skip_value(map)?,
        }
        Ok(())
    }
}

/// Seconds since the epoch: any finite JSON number, fractions included (RFC 7519 §2).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub struct NumericDate(f64);

impl NumericDate {
    /// Seconds since the epoch.
    pub fn as_secs_f64(self) -> f64 {
        self.0
    }
}

impl Claims {
    /// Reads a payload, and keeps it. Unknown claims are skipped. A duplicate member, at any depth,
    /// is an error (RFC 7515 §4, RFC 7519 §4).
    ///
    /// # Errors
    /// [`TokenError::MalformedPayload`]: not a JSON object, or a claim of the wrong type.
    pub fn parse(json: impl Into<Vec<u8>>) -> Result<Self, TokenError> {
        let malformed = |claim| TokenError::MalformedPayload { claim };
        let payload = String::from_utf8(json.into()).map_err(|_| malformed(None))?;
        let mut reader = ClaimReader::default();
        match strict_json::read_object_in(&payload, &mut reader) {
            Ok(()) => Ok(Self { payload: payload.into_boxed_str(), ..reader.claims }),
            Err(_) => Err(malformed(reader.reading)),
        }
    }

    /// `iss`.
    pub fn issuer(&self) -> Option<&str> {
        self.iss.as_deref()
    }

    /// `sub`.
    pub fn subject(&self) -> Option<&str> {
        self.sub.as_deref()
    }

    /// `aud`, one by one; `None` where there is none.
    pub fn audiences(&self) -> Option<impl Iterator<Item = &str> + Clone> {
        Some(self.aud.as_ref()?.iter().map(|audience| &**audience))
    }

    /// `jti`.
    pub fn token_id(&self) -> Option<&str> {
        self.jti.as_deref()
    }

    /// `client_id` (RFC 9068 §2.2), or `azp` where an issuer has that instead.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref().or(self.azp.as_deref())
    }

    /// `sid`: the session that the token belongs to (OpenID Connect Front-Channel Logout 1.0 §3);
    /// `None` where it is absent or not a string.
    pub fn session(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// `org_id`, the organization that the token is for, as WorkOS and Auth0 name it; `None` where
    /// it is absent or not a string.
    pub fn organization(&self) -> Option<&str> {
        self.org_id.as_deref()
    }

    /// The same claims; `iss` is `issuer` where they have none.
    pub(crate) fn of_issuer(mut self, issuer: &str) -> Self {
        self.iss.get_or_insert_with(|| issuer.into());
        self
    }

    /// Whether there is a `client_id`, which RFC 9068 §2.2 requires and for which `azp` will not do.
    pub(crate) fn names_its_client(&self) -> bool {
        self.client_id.is_some()
    }

    /// The scopes of the token: `scope`, or `scp` where there is no `scope`; never their union.
    pub(crate) fn scopes(&mut self) -> ScopeSet {
        self.scope.take().or(self.scp.take()).unwrap_or_default()
    }

    /// Whether it has a list of scopes.
    pub(crate) fn lists_scopes(&self) -> bool {
        self.scope.is_some() || self.scp.is_some()
    }

    /// Whether it has a claim that access tokens have and ID tokens do not.
    pub(crate) fn has_access_token_mark(&self) -> bool {
        self.client_id.is_some() || self.lists_scopes() || self.marks.access_token
    }

    /// Any claim by its name, read into a type of the caller's.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>, ClaimTypeError> {
        struct One<'n, T>(&'n str, Option<T>);

        impl<'de, T: DeserializeOwned> ObjectReader<'de> for One<'_, T> {
            fn member<A: MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match name == self.0 {
                    true => self.1 = map.next_value()?,
                    false => strict_json::skip_value(map)?,
                }
                Ok(())
            }
        }

        let mut reader = One(name, None);
        strict_json::read_object_in(&self.payload, &mut reader)
            .map_err(|_| ClaimTypeError::of(name))?;
        Ok(reader.1)
    }

    /// About how many bytes it owns besides itself.
    pub(crate) fn weight(&self) -> usize {
        let texts =
            [&self.iss, &self.sub, &self.jti, &self.client_id, &self.azp, &self.sid, &self.org_id];
        let texts = texts.into_iter().flatten().chain(self.aud.iter().flatten());
        let owned: usize = texts.map(|text| text.len() + ALLOCATION).sum();
        let actor = self.actor.as_ref().and_then(|actor| actor.subject.as_deref());
        self.payload.len() + ALLOCATION + owned + actor.map_or(0, str::len)
    }
}

/// Shows issuer, subject, client and `exp`, and no other claim.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("issuer", &self.issuer())
            .field("subject", &self.subject())
            .field("client_id", &self.client_id())
            .field("exp", &self.exp)
            .finish_non_exhaustive()
    }
}

/// A claim is not of the type that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimTypeError {
    claim: String,
}

impl ClaimTypeError {
    pub(crate) fn of(claim: &str) -> Self {
        Self { claim: claim.to_owned() }
    }
}

impl fmt::Display for ClaimTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the claim {:?} is not of the type asked for", self.claim)
    }
}

impl std::error::Error for ClaimTypeError {}

#[cfg(test)]
mod tests;
