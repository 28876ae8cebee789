//! A JWK Set as a JSON document: what its member `keys` lists (RFC 7517 §5.1).
//!
//! "The member names within a JWK Set MUST be unique" (RFC 7517 §5), and so must those of a JWK
//! (§4). Parsers differ in which of two equal members counts, so a document with a duplicate member
//! is refused, and a key with one is left out.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use crate::{
    keys::jwk::UnusableKey,
    strict_json::{ObjectReader, read_object, skip_value},
};

/// One element of `keys`: an error where a member occurs twice in it, at whatever depth.
type Listed = Result<Value, UnusableKey>;

/// What `keys` lists; `None` where the document is no JSON object with an array of that name, or
/// has a duplicate member outside of its keys.
pub(super) fn listed_keys(json: &[u8]) -> Option<Vec<Listed>> {
    let mut document = Document { keys: None };
    read_object(json, &mut document).ok()?;
    document.keys
}

struct Document {
    keys: Option<Vec<Listed>>,
}

impl<'de> ObjectReader<'de> for Document {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "keys" => {
                let Keys(keys) = values.next_value()?;
                self.keys = Some(keys);
                Ok(())
            }
            _ => skip_value(values),
        }
    }
}

/// The array `keys`.
struct Keys(Vec<Listed>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of keys")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Keys, A::Error> {
        let mut keys = Vec::new();
        loop {
            let mut has_duplicate = false;
            match seq.next_element_seed(ValueReader(&mut has_duplicate))? {
                None => return Ok(Keys(keys)),
                Some(_) if has_duplicate => keys.push(Err(UnusableKey::DuplicateMember)),
                Some(key) => keys.push(Ok(key)),
            }
        }
    }
}

/// Reads any value, and sets the flag where an object in it has a member twice.
struct ValueReader<'f>(&'f mut bool);

impl<'de> DeserializeSeed<'de> for ValueReader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueReader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(ValueReader(&mut *self.0))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(ValueReader(&mut *self.0))?;
            *self.0 |= members.insert(name, value).is_some();
        }
        Ok(Value::Object(members))
    }
}
