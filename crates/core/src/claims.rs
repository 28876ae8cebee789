//! A token's claims (RFC 7519 §4), read strictly into a struct of our own.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor},
};

use crate::{
    redacted::Redacted,
    rejection::TokenError,
    scope::ScopeSet,
    strict_json::{self, ObjectReader, Text},
};

/// The claims that decide. Nothing here is to be believed before the signature is confirmed;
/// [`VerifiedToken`](crate::VerifiedToken) is what can be.
#[derive(Clone, Default)]
pub struct Claims {
    /// The payload, and behind it those of the texts below that it spells with escapes: one piece of
    /// memory for all of them.
    texts: String,
    /// Where the payload ends.
    payload_len: usize,
    iss: Option<Span>,
    sub: Option<Span>,
    aud: Option<AudienceSpans>,
    jti: Option<Span>,
    client_id: Option<Span>,
    azp: Option<Span>,
    pub(crate) exp: Option<NumericDate>,
    pub(crate) nbf: Option<NumericDate>,
    pub(crate) iat: Option<NumericDate>,
    scope: Option<ScopeSet>,
    scp: Option<ScopeSet>,
    pub(crate) actor: Option<Actor>,
    pub(crate) has_cnf: bool,
    pub(crate) has_id_token_mark: bool,
}

/// Where a claim's text stands among the texts.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

/// `aud`: a string, or an array of strings (RFC 7519 §4.1.3).
#[derive(Debug, Clone)]
enum AudienceSpans {
    One(Span),
    Several(Box<[Span]>),
}

impl AudienceSpans {
    fn as_slice(&self) -> &[Span] {
        match self {
            Self::One(span) => std::slice::from_ref(span),
            Self::Several(spans) => spans,
        }
    }
}

/// Who acts as the subject (RFC 8693 §4.1): a member of staff who impersonates a user, say.
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
    /// Reads a payload, and keeps its bytes. Claims that are not known here are read over, but a
    /// member that occurs twice spoils the whole, wherever it stands (R23).
    ///
    /// # Errors
    /// [`TokenError::MalformedPayload`]: not a JSON object, or a claim of the wrong type.
    pub fn parse(json: impl Into<Vec<u8>>) -> Result<Self, TokenError> {
        let malformed = |claim| TokenError::MalformedPayload { claim };
        let payload = String::from_utf8(json.into()).map_err(|_| malformed(None))?;
        // Where a text stands is kept in 32 bits, and what was spelled with escapes stands behind.
        if payload.len() > u32::MAX as usize / 2 {
            return Err(malformed(None));
        }
        let mut reader = ClaimReader::of(&payload);
        if strict_json::read_object_in(&payload, &mut reader).is_err() {
            return Err(malformed(reader.reading));
        }
        let ClaimReader { claims, unescaped, .. } = reader;
        let payload_len = payload.len();
        let mut texts = payload;
        texts.push_str(&unescaped);
        Ok(Self { texts, payload_len, ..claims })
    }

    /// `iss`.
    pub fn issuer(&self) -> Option<&str> {
        self.text(self.iss)
    }

    /// `sub`.
    pub fn subject(&self) -> Option<&str> {
        self.text(self.sub)
    }

    /// `aud`, one by one; `None` where there is none.
    pub fn audiences(&self) -> Option<impl Iterator<Item = &str> + Clone> {
        let spans = self.aud.as_ref()?.as_slice();
        Some(spans.iter().filter_map(|span| self.text(Some(*span))))
    }

    /// `jti`.
    pub fn token_id(&self) -> Option<&str> {
        self.text(self.jti)
    }

    /// `client_id` (RFC 9068 §2.2), or `azp` where an issuer has that instead.
    pub fn client_id(&self) -> Option<&str> {
        self.text(self.client_id.or(self.azp))
    }

    /// Whether there is a `client_id`, which RFC 9068 §2.2 requires and for which `azp` will not do.
    pub(crate) fn names_its_client(&self) -> bool {
        self.client_id.is_some()
    }

    /// What the token grants: `scope`, or `scp` where there is no `scope`; never their union
    /// (R22).
    pub(crate) fn scopes(&mut self) -> ScopeSet {
        self.scope.take().or(self.scp.take()).unwrap_or_default()
    }

    /// Whether something in it is what access tokens have and ID tokens have not.
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

        let payload = self.texts.get(..self.payload_len).unwrap_or_default();
        let mut reader = One(name, None);
        strict_json::read_object_in(payload, &mut reader)
            .map_err(|_| ClaimTypeError { claim: name.to_owned() })?;
        Ok(reader.1)
    }

    /// About how many bytes it keeps besides itself.
    pub(crate) fn weight(&self) -> usize {
        let audiences = self.aud.as_ref().map_or(0, |aud| size_of_val(aud.as_slice()));
        self.texts.capacity() + audiences
    }

    fn text(&self, span: Option<Span>) -> Option<&str> {
        let Span { start, end } = span?;
        self.texts.get(start as usize..end as usize)
    }
}

/// Shows who and for how long; what else is in a payload is nobody's business.
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

impl fmt::Display for ClaimTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the claim {:?} is not of the type asked for", self.claim)
    }
}

impl std::error::Error for ClaimTypeError {}

/// What was read so far of a payload.
struct ClaimReader<'de> {
    payload: &'de str,
    claims: Claims,
    /// The texts that the payload spells with escapes.
    unescaped: String,
    /// The registered claim that is being read: the culprit where reading ends early.
    reading: Option<&'static str>,
}

impl<'de> ClaimReader<'de> {
    fn of(payload: &'de str) -> Self {
        Self { payload, claims: Claims::default(), unescaped: String::new(), reading: None }
    }

    fn read<A, T>(&mut self, claim: &'static str, map: &mut A) -> Result<T, A::Error>
    where
        A: MapAccess<'de>,
        T: Deserialize<'de>,
    {
        self.reading = Some(claim);
        let value = map.next_value()?;
        self.reading = None;
        Ok(value)
    }

    fn read_text<A: MapAccess<'de>>(
        &mut self,
        claim: &'static str,
        map: &mut A,
    ) -> Result<Span, A::Error> {
        let text: Text<'de> = self.read(claim, map)?;
        Ok(self.span(&text))
    }

    fn read_text_or_null<A: MapAccess<'de>>(
        &mut self,
        claim: &'static str,
        map: &mut A,
    ) -> Result<Option<Span>, A::Error> {
        let text: Option<Text<'de>> = self.read(claim, map)?;
        Ok(text.map(|text| self.span(&text)))
    }

    fn read_audiences<A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
    ) -> Result<AudienceSpans, A::Error> {
        Ok(match self.read("aud", map)? {
            StringOrList::String(one) => AudienceSpans::One(self.span(&one)),
            StringOrList::List(several) => {
                AudienceSpans::Several(several.iter().map(|one| self.span(one)).collect())
            }
        })
    }

    /// A space-separated string, or an array of scopes (R22).
    fn read_scopes<A: MapAccess<'de>>(
        &mut self,
        claim: &'static str,
        map: &mut A,
    ) -> Result<Option<ScopeSet>, A::Error> {
        Ok(self.read::<A, Option<StringOrList<'de>>>(claim, map)?.map(|scopes| match scopes {
            StringOrList::String(list) => ScopeSet::from_list(&list.0),
            StringOrList::List(words) => words.iter().map(|word| &*word.0).collect(),
        }))
    }

    /// Where a text will stand: where the payload has it, or behind the payload. Neither is longer
    /// than 32 bits can say.
    fn span(&mut self, text: &Text<'de>) -> Span {
        let start = match &text.0 {
            Cow::Borrowed(borrowed) => borrowed.as_ptr() as usize - self.payload.as_ptr() as usize,
            Cow::Owned(unescaped) => {
                let start = self.payload.len() + self.unescaped.len();
                self.unescaped.push_str(unescaped);
                start
            }
        };
        Span { start: start as u32, end: (start + text.0.len()) as u32 }
    }
}

impl<'de> ObjectReader<'de> for ClaimReader<'de> {
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
