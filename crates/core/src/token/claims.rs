//! A token's claims (RFC 7519 §4), read strictly into a struct of our own.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor},
};

use crate::{
    rejection::TokenError,
    scope::ScopeSet,
    secret::Redacted,
    strict_json::{self, ObjectReader, Simple, Text},
};

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
    pub(crate) has_id_token_mark: bool,
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

    /// Whether there is a `client_id`, which RFC 9068 §2.2 requires and for which `azp` will not do.
    pub(crate) fn names_its_client(&self) -> bool {
        self.client_id.is_some()
    }

    /// The scopes of the token: `scope`, or `scp` where there is no `scope`; never their union.
    pub(crate) fn scopes(&mut self) -> ScopeSet {
        self.scope.take().or(self.scp.take()).unwrap_or_default()
    }

    /// Whether it has a claim that access tokens have and ID tokens do not.
    pub(crate) fn has_access_token_mark(&self) -> bool {
        self.client_id.is_some() || self.scope.is_some() || self.scp.is_some()
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

/// The claims of a payload that is being read.
#[derive(Default)]
struct ClaimReader {
    claims: Claims,
    /// The registered claim that is being read: the one to name where reading fails.
    reading: Option<&'static str>,
}

impl ClaimReader {
    fn read<'de, A, T>(&mut self, claim: &'static str, map: &mut A) -> Result<T, A::Error>
    where
        A: MapAccess<'de>,
        T: Deserialize<'de>,
    {
        self.reading = Some(claim);
        let value = map.next_value()?;
        self.reading = None;
        Ok(value)
    }

    fn read_text<'de, A: MapAccess<'de>>(
        &mut self,
        claim: &'static str,
        map: &mut A,
    ) -> Result<Box<str>, A::Error> {
        self.read::<A, Text<'de>>(claim, map).map(into_boxed)
    }

    fn read_text_or_null<'de, A: MapAccess<'de>>(
        &mut self,
        claim: &'static str,
        map: &mut A,
    ) -> Result<Option<Box<str>>, A::Error> {
        Ok(self.read::<A, Option<Text<'de>>>(claim, map)?.map(into_boxed))
    }

    /// A string; any other value counts as absent, since no standard says what it is.
    fn read_text_if_any<'de, A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
    ) -> Result<Option<Box<str>>, A::Error> {
        Ok(match strict_json::read_simple(map)? {
            Simple::Text(text) => Some(text.into()),
            _ => None,
        })
    }

    fn read_audiences<'de, A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
    ) -> Result<Box<[Box<str>]>, A::Error> {
        Ok(match self.read("aud", map)? {
            StringOrList::String(one) => Box::new([into_boxed(one)]),
            StringOrList::List(several) => several.into_iter().map(into_boxed).collect(),
        })
    }

    /// A space-separated string, or an array of scopes.
    fn read_scopes<'de, A: MapAccess<'de>>(
        &mut self,
        claim: &'static str,
        map: &mut A,
    ) -> Result<Option<ScopeSet>, A::Error> {
        Ok(self.read::<A, Option<StringOrList<'de>>>(claim, map)?.map(|scopes| match scopes {
            StringOrList::String(list) => ScopeSet::from_list(&list.0),
            StringOrList::List(words) => words.iter().map(|word| &*word.0).collect(),
        }))
    }
}

fn into_boxed(text: Text<'_>) -> Box<str> {
    text.0.into_owned().into_boxed_str()
}

impl<'de> ObjectReader<'de> for ClaimReader {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "iss" => self.claims.iss = Some(self.read_text("iss", map)?),
            "sub" => self.claims.sub = Some(self.read_text("sub", map)?),
            "aud" => self.claims.aud = Some(self.read_audiences(map)?),
            "exp" => self.claims.exp = Some(self.read("exp", map)?),
            "nbf" => self.claims.nbf = Some(self.read("nbf", map)?),
            "iat" => self.claims.iat = Some(self.read("iat", map)?),
            "jti" => self.claims.jti = Some(self.read_text("jti", map)?),
            "client_id" => self.claims.client_id = self.read_text_or_null("client_id", map)?,
            "azp" => self.claims.azp = self.read_text_or_null("azp", map)?,
            "sid" => self.claims.sid = self.read_text_if_any(map)?,
            "org_id" => self.claims.org_id = self.read_text_if_any(map)?,
            "scope" => self.claims.scope = self.read_scopes("scope", map)?,
            "scp" => self.claims.scp = self.read_scopes("scp", map)?,
            "act" => self.claims.actor = self.read("act", map)?,
            "cnf" => {
                self.claims.has_cnf = true;
                strict_json::skip_value(map)?;
            }
            // What only ID tokens have (OpenID Connect Core §2 and §3.3.2.11).
            "at_hash" | "c_hash" => {
                self.claims.has_id_token_mark = true;
                strict_json::skip_value(map)?;
            }
            _ => strict_json::skip_value(map)?,
        }
        Ok(())
    }
}

/// A string, or an array of strings.
enum StringOrList<'de> {
    String(Text<'de>),
    List(Vec<Text<'de>>),
}

impl<'de> Deserialize<'de> for StringOrList<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrListVisitor;

        impl<'de> Visitor<'de> for StringOrListVisitor {
            type Value = StringOrList<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<StringOrList<'de>, E> {
                Ok(StringOrList::String(Text(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<StringOrList<'de>, E> {
                Ok(StringOrList::String(Text(Cow::Owned(text.to_owned()))))
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<StringOrList<'de>, A::Error> {
                let mut list = Vec::new();
                while let Some(text) = seq.next_element()? {
                    list.push(text);
                }
                Ok(StringOrList::List(list))
            }
        }

        deserializer.deserialize_any(StringOrListVisitor)
    }
}

#[cfg(test)]
mod tests;
