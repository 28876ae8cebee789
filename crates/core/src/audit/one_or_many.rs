//! One JSON-RPC message or a batch of them.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};

use crate::strict_json::{self, ObjectReader};

/// Reads an object, or each object of an array, with a reader of its own.
pub(super) fn read<'de, R>(text: &'de str, new: impl Fn() -> R) -> serde_json::Result<Vec<R>>
where
    R: ObjectReader<'de>,
{
    let mut json = serde_json::Deserializer::from_str(text);
    let all = json.deserialize_any(All(new, PhantomData))?;
    json.end().map(|()| all)
}

struct All<'de, F>(F, PhantomData<&'de ()>);

impl<'de, R: ObjectReader<'de>, F: Fn() -> R> Visitor<'de> for All<'de, F> {
    type Value = Vec<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC message or a batch of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<R>, A::Error> {
        let map = serde::de::value::MapAccessDeserializer::new(map);
        One(&self.0, PhantomData).deserialize(map).map(|one| vec![one])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<R>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element_seed(One(&self.0, PhantomData))? {
            all.push(one);
        }
        Ok(all)
    }
}

struct One<'f, 'de, F>(&'f F, PhantomData<&'de ()>);

impl<'de, R: ObjectReader<'de>, F: Fn() -> R> DeserializeSeed<'de> for One<'_, 'de, F> {
    type Value = R;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<R, D::Error> {
        let mut reader = (self.0)();
        strict_json::deserialize_object(deserializer, &mut reader)?;
        Ok(reader)
    }
}

/// Skips a value without a look at its members.
pub(super) fn skip<'de, A: MapAccess<'de>>(values: &mut A) -> Result<(), A::Error> {
    values.next_value::<serde::de::IgnoredAny>().map(|_| ())
}

/// `true` where the value is that.
pub(super) fn read_flag<'de, A: MapAccess<'de>>(values: &mut A) -> Result<bool, A::Error> {
    values.next_value::<Flag>().map(|Flag(is_true)| is_true)
}

struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(value == serde_json::Value::Bool(true)))
    }
}
