//! Reads JSON objects in one pass and rejects duplicate members at every depth.
//!
//! Parsers disagree about which of two duplicates counts, so that one parser may check a value and
//! another use a different one (RFC 8725 §2.4). Such a document is rejected.

use std::{borrow::Cow, collections::HashSet, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};

/// Receives each member of the outermost object.
pub(crate) trait ObjectReader<'de> {
    /// Receives the member `name`. It must read exactly one value from `values`.
    fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error>;

    /// Receives the elements of an array in place of the object. It must read all of them. Default:
    /// skips them.
    fn elements<A: SeqAccess<'de>>(&mut self, values: A) -> Result<(), A::Error> {
        SkipVisitor.visit_seq(values).map(|_| ())
    }
}

/// Reads one JSON object from all of `bytes`. It is an error if they are not UTF-8, not JSON, not
/// an object, nested deeper than 128 levels, or if a member occurs twice.
pub(crate) fn read_object<'de, R>(bytes: &'de [u8], reader: &mut R) -> Result<(), NotAnObject>
where
    R: ObjectReader<'de>,
{
    read_object_in(std::str::from_utf8(bytes).map_err(|_| NotAnObject)?, reader)
}

/// The same for a string.
pub(crate) fn read_object_in<'de, R>(text: &'de str, reader: &mut R) -> Result<(), NotAnObject>
where
    R: ObjectReader<'de>,
{
    let mut json = serde_json::Deserializer::from_str(text);
    deserialize_object(&mut json, reader).and_then(|()| json.end()).map_err(|_| NotAnObject)
}

/// The same for an object within a document.
pub(crate) fn deserialize_object<'de, D, R>(deserializer: D, reader: &mut R) -> Result<(), D::Error>
where
    D: Deserializer<'de>,
    R: ObjectReader<'de>,
{
    deserializer.deserialize_map(ObjectVisitor(reader, PhantomData))
}

/// The document could not be read. The parser's message is left out, because it quotes the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAnObject;

/// Skips a value of any type, but rejects duplicate members in it.
pub(crate) fn skip_value<'de, A: MapAccess<'de>>(values: &mut A) -> Result<(), A::Error> {
    values.next_value::<Skipped>().map(|_| ())
}

/// A value; the contents of objects and arrays are not kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Simple<'de> {
    /// A string, borrowed from the document if it has no escapes.
    Text(Cow<'de, str>),
    /// A number.
    Number(serde_json::Number),
    /// An object; its members went to its reader.
    Object,
    /// An array, `true`, `false` or `null`.
    Other,
}

/// The next element of an array; `None` at the end. The members of an object are skipped.
pub(crate) fn next_simple<'de, A>(values: &mut A) -> Result<Option<Simple<'de>>, A::Error>
where
    A: SeqAccess<'de>,
{
    values.next_element_seed(SimpleVisitor(&mut SkipAll, PhantomData))
}

/// Reads a value of any type. Members of an object and elements of an array go to `reader`.
pub(crate) fn read_value<'de, A, R>(values: &mut A, reader: &mut R) -> Result<Simple<'de>, A::Error>
where
    A: MapAccess<'de>,
    R: ObjectReader<'de>,
{
    values.next_value_seed(SimpleVisitor(reader, PhantomData))
}

/// The same, but skips the contents of objects and arrays.
pub(crate) fn read_simple<'de, A>(values: &mut A) -> Result<Simple<'de>, A::Error>
where
    A: MapAccess<'de>,
{
    read_value(values, &mut SkipAll)
}

struct ObjectVisitor<'r, 'de, R>(&'r mut R, PhantomData<&'de ()>);

impl<'de, R: ObjectReader<'de>> Visitor<'de> for ObjectVisitor<'_, 'de, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object without duplicate members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Names::new();
        while let Some(Text(name)) = map.next_key()? {
            if seen.contains(&name) {
                return Err(de::Error::custom("duplicate member"));
            }
            self.0.member(&name, &mut map)?;
            seen.insert(name);
        }
        Ok(())
    }
}

/// The number of names that are searched linearly.
const MAX_LINEAR: usize = 24;

/// The member names read so far. A token has about a dozen: a linear search is fastest and needs no
/// allocation. Further names go to a hash set, so that a document with thousands of members does
/// not take quadratic time.
struct Names<'de> {
    few: [&'de str; MAX_LINEAR],
    len: usize,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    fn new() -> Self {
        Self { few: [""; MAX_LINEAR], len: 0, many: HashSet::new() }
    }

    fn contains(&self, name: &str) -> bool {
        let few = &self.few[..self.len];
        // Most names differ in length or first byte, which saves the call of `memcmp`.
        let may_equal = |known: &str| {
            known.len() == name.len() && known.as_bytes().first() == name.as_bytes().first()
        };
        few.iter().any(|known| may_equal(known) && *known == name)
            || (!self.many.is_empty() && self.many.contains(name))
    }

    fn insert(&mut self, name: Cow<'de, str>) {
        match name {
            Cow::Borrowed(name) if self.len < MAX_LINEAR => {
                self.few[self.len] = name;
                self.len += 1;
            }
            name => {
                self.many.insert(name);
            }
        }
    }
}

/// A string, borrowed from the document if it has no escapes.
pub(crate) struct Text<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

/// A value that is checked for duplicate members and not kept.
struct Skipped;

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SkipVisitor)
    }
}

struct SkipVisitor;

impl<'de> Visitor<'de> for SkipVisitor {
    type Value = Skipped;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value without duplicate members")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_str<E>(self, _: &str) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_unit<E>(self) -> Result<Skipped, E> {
        Ok(Skipped)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Skipped, A::Error> {
        while seq.next_element::<Skipped>()?.is_some() {}
        Ok(Skipped)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Skipped, A::Error> {
        ObjectVisitor(&mut SkipAll, PhantomData).visit_map(map).map(|()| Skipped)
    }
}

struct SkipAll;

impl<'de> ObjectReader<'de> for SkipAll {
    fn member<A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        skip_value(map)
    }
}

struct SimpleVisitor<'r, 'de, R>(&'r mut R, PhantomData<&'de ()>);

impl<'de, R: ObjectReader<'de>> DeserializeSeed<'de> for SimpleVisitor<'_, 'de, R> {
    type Value = Simple<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Simple<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: ObjectReader<'de>> Visitor<'de> for SimpleVisitor<'_, 'de, R> {
    type Value = Simple<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SkipVisitor.expecting(f)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Simple<'de>, E> {
        Ok(Simple::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Simple<'de>, E> {
        Ok(Simple::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Simple<'de>, E> {
        Ok(Simple::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Simple<'de>, E> {
        Ok(Simple::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Simple<'de>, E> {
        Ok(serde_json::Number::from_f64(number).map_or(Simple::Other, Simple::Number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Simple<'de>, E> {
        Ok(Simple::Other)
    }

    fn visit_unit<E>(self) -> Result<Simple<'de>, E> {
        Ok(Simple::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Simple<'de>, A::Error> {
        self.0.elements(seq).map(|()| Simple::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Simple<'de>, A::Error> {
        ObjectVisitor(self.0, PhantomData).visit_map(map).map(|()| Simple::Object)
    }
}

#[cfg(test)]
mod tests;
