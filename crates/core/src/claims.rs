//! A token's claims (RFC 7519 §4), read strictly into a struct of our own.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor},
};

use crate::{
    rejection::TokenError,
    scope::ScopeSet,
    strict_json::{self, ObjectReader, Text},
};

/// The claims that decide. Nothing here is to be believed before the signature is confirmed;
/// [`VerifiedToken`](crate::VerifiedToken) is what can be.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// The texts of the claims below, one behind the other: one piece of memory for all of them.
    texts: Box<str>,
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Actor {
    /// The actor's own subject.
    pub subject: Option<Box<str>>,
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
    /// Reads a payload. Claims that are not known here are read over, but a member that occurs
    /// twice spoils the whole, wherever it stands (R23).
    ///
    /// # Errors
    /// [`TokenError::MalformedPayload`]: not a JSON object, or a claim of the wrong type.
    pub fn parse(json: &[u8]) -> Result<Self, TokenError> {
        // Where a claim stands is kept in 32 bits.
        if u32::try_from(json.len()).is_err() {
            return Err(TokenError::MalformedPayload { claim: None });
        }
        let mut reader = ClaimReader::default();
        match strict_json::read_object(json, &mut reader) {
            Ok(()) => Ok(reader.into_claims()),
            Err(_) => Err(TokenError::MalformedPayload { claim: reader.reading }),
        }
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

    fn text(&self, span: Option<Span>) -> Option<&str> {
        let Span { start, end } = span?;
        self.texts.get(start as usize..end as usize)
    }
}

/// Reads one claim of a payload into a type of the caller's.
pub(crate) fn read_claim<T: DeserializeOwned>(
    payload: &[u8],
    name: &str,
) -> Result<Option<T>, ClaimTypeError> {
    struct One<'n, T>(&'n str, Option<T>);

    impl<'de, T: DeserializeOwned> ObjectReader<'de> for One<'_, T> {
        fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
            match name == self.0 {
                true => self.1 = map.next_value()?,
                false => strict_json::skip_value(map)?,
            }
            Ok(())
        }
    }

    let mut reader = One(name, None);
    strict_json::read_object(payload, &mut reader)
        .map_err(|_| ClaimTypeError { claim: name.to_owned() })?;
    Ok(reader.1)
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

/// What was read so far, its texts still those of the document.
#[derive(Default)]
struct ClaimReader<'de> {
    claims: Claims,
    iss: Option<Text<'de>>,
    sub: Option<Text<'de>>,
    aud: Option<StringOrList<'de>>,
    jti: Option<Text<'de>>,
    client_id: Option<Text<'de>>,
    azp: Option<Text<'de>>,
    /// The registered claim that is being read: the culprit where reading ends early.
    reading: Option<&'static str>,
}

impl<'de> ClaimReader<'de> {
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

    fn into_claims(self) -> Claims {
        let single = [&self.iss, &self.sub, &self.jti, &self.client_id, &self.azp];
        let audiences = self.aud.as_ref().map(StringOrList::as_slice).unwrap_or_default();
        let all = single.into_iter().flatten().chain(audiences);
        let mut texts = Texts(String::with_capacity(all.map(|text| text.0.len()).sum()));
        let mut span = |text: &Option<Text<'_>>| text.as_ref().map(|text| texts.push(text));
        let [iss, sub, jti, client_id, azp] = single.map(&mut span);
        let aud = self.aud.as_ref().map(|aud| match aud {
            StringOrList::String(one) => AudienceSpans::One(texts.push(one)),
            StringOrList::List(several) => {
                AudienceSpans::Several(several.iter().map(|one| texts.push(one)).collect())
            }
        });
        let texts = texts.0.into_boxed_str();
        Claims { texts, iss, sub, aud, jti, client_id, azp, ..self.claims }
    }
}

struct Texts(String);

impl Texts {
    fn push(&mut self, text: &Text<'_>) -> Span {
        // Of a document that is no longer than 32 bits can say.
        let start = self.0.len() as u32;
        self.0.push_str(&text.0);
        Span { start, end: self.0.len() as u32 }
    }
}

impl<'de> ObjectReader<'de> for ClaimReader<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "iss" => self.iss = Some(self.read("iss", map)?),
            "sub" => self.sub = Some(self.read("sub", map)?),
            "aud" => self.aud = Some(self.read("aud", map)?),
            "exp" => self.claims.exp = Some(self.read("exp", map)?),
            "nbf" => self.claims.nbf = Some(self.read("nbf", map)?),
            "iat" => self.claims.iat = Some(self.read("iat", map)?),
            "jti" => self.jti = Some(self.read("jti", map)?),
            "client_id" => self.client_id = self.read("client_id", map)?,
            "azp" => self.azp = self.read("azp", map)?,
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

impl<'de> StringOrList<'de> {
    fn as_slice(&self) -> &[Text<'de>] {
        match self {
            Self::String(one) => std::slice::from_ref(one),
            Self::List(several) => several,
        }
    }
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
