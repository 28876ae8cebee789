//! Reading a payload, member by member.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use super::Claims;
use crate::{
    scope::ScopeSet,
    strict_json::{self, ObjectReader, Simple, Text},
};

/// The claims of a payload that is being read.
#[derive(Default)]
pub(super) struct ClaimReader {
    pub(super) claims: Claims,
    /// The registered claim that is being read: the one to name where reading fails.
    pub(super) reading: Option<&'static str>,
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

/// Skips a value: that the claim is there is what counts.
fn mark<'de, A: MapAccess<'de>>(map: &mut A) -> Result<bool, A::Error> {
    strict_json::skip_value(map)?;
    Ok(true)
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
            "at_hash" | "c_hash" => self.claims.marks.token_hash = mark(map)?,
            "nonce" => self.claims.marks.nonce = mark(map)?,
            "auth_time" => self.claims.marks.auth_time = mark(map)?,
            "events" => self.claims.marks.events = mark(map)?,
            "typ" | "token_use" => {
                if let Some(kind) = self.read_text_if_any(map)? {
                    self.claims.marks.take_kind(&kind);
                }
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
