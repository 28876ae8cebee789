//! What a body calls: JSON-RPC messages (JSON-RPC 2.0 §4), one or a batch (MCP 2025-03-26), read
//! once and strictly.
//!
//! Whoever judges a message must read it as the server behind does, or a call that is judged as
//! one thing runs as another. So whatever two parsers could read in two ways is refused: members
//! that stand twice at any depth, members whose names differ from those that decide in case only
//! (some languages' parsers take them for the same), trailing bytes, broken UTF-8, a byte order
//! mark. Nesting is bounded at 128 levels and numbers at what a double holds, as in `serde_json`.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use super::error::MessageError;
use crate::strict_json::{self, ObjectReader, Simple};

/// The messages of one body.
///
/// ```
/// use mcp_auth_core::mcp::Messages;
///
/// let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add"}}"#;
/// let messages = Messages::read(body).unwrap();
/// let call = messages.iter().next().unwrap();
/// assert_eq!((call.method(), call.name()), (Some("tools/call"), Some("add")));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Messages<'b> {
    all: Vec<Message<'b>>,
    is_batch: bool,
}

/// One request, notification or response.
#[derive(Debug, Clone, PartialEq)]
pub struct Message<'b> {
    method: Option<Cow<'b, str>>,
    name: Option<Cow<'b, str>>,
    protocol_version: Option<Cow<'b, str>>,
    id: Option<Value>,
}

/// The member of `params` that says what a method is about (MCP 2026-07-28, "Standard Request
/// Headers"); subscriptions to resources name theirs as reading does.
pub(super) fn name_of_subject(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => Some("uri"),
        _ => None,
    }
}

impl<'b> Messages<'b> {
    /// Reads a whole body.
    ///
    /// # Errors
    /// [`MessageError`], where it cannot be read in one way only.
    pub fn read(body: &'b [u8]) -> Result<Self, MessageError> {
        let text = std::str::from_utf8(body).map_err(|_| MessageError::NotJson)?;
        let mut json = serde_json::Deserializer::from_str(text);
        let drafts = Drafts::deserialize(&mut json).and_then(|drafts| json.end().map(|()| drafts));
        let (all, is_batch) = match drafts.map_err(|error| refusal(&error))? {
            Drafts::One(draft) => (vec![draft.finish()?], false),
            Drafts::Batch(drafts) => {
                let all = drafts.into_iter().map(Draft::finish).collect::<Result<Vec<_>, _>>()?;
                (all, true)
            }
        };
        // JSON-RPC 2.0 §6: an empty array is an invalid request.
        match all.is_empty() {
            true => Err(MessageError::NotAMessage),
            false => Ok(Self { all, is_batch }),
        }
    }

    /// The messages, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Message<'b>> {
        self.all.iter()
    }

    /// The message, where it is not a batch.
    pub fn only(&self) -> Option<&Message<'b>> {
        match (self.is_batch, &self.all[..]) {
            (false, [only]) => Some(only),
            _ => None,
        }
    }
}

impl Message<'_> {
    /// The method of a request or notification; `None` for a response.
    pub fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }

    /// Which tool, prompt or resource a call is about, where its method has such a name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// `_meta["io.modelcontextprotocol/protocolVersion"]`, where it is there.
    pub fn protocol_version(&self) -> Option<&str> {
        self.protocol_version.as_deref()
    }

    /// The id that a reply repeats; `None` for a notification.
    pub fn id(&self) -> Option<&Value> {
        self.id.as_ref()
    }

    /// Whether somebody waits for an answer to it.
    pub fn is_request(&self) -> bool {
        self.method.is_some() && self.id.is_some()
    }
}

/// What the parser stumbled over: JSON itself, or what stands in it.
fn refusal(error: &serde_json::Error) -> MessageError {
    match error.is_data() {
        true => MessageError::NotAMessage,
        false => MessageError::NotJson,
    }
}

/// The outermost value: a message, or a batch of them.
enum Drafts<'b> {
    One(Draft<'b>),
    Batch(Vec<Draft<'b>>),
}

/// A message as it was read, before it is known to be one.
#[derive(Default)]
struct Draft<'b> {
    method: Option<Simple<'b>>,
    id: Option<Simple<'b>>,
    params: Params<'b>,
    /// `params` is no object: by position it may name anything.
    by_position: bool,
    is_response: bool,
}

#[derive(Default)]
struct Params<'b> {
    name: Option<Cow<'b, str>>,
    uri: Option<Cow<'b, str>>,
    /// There is a `uri`, whatever it is.
    has_uri: bool,
    meta: Meta<'b>,
}

#[derive(Default)]
struct Meta<'b> {
    protocol_version: Option<Cow<'b, str>>,
}

impl<'b> Draft<'b> {
    fn finish(self) -> Result<Message<'b>, MessageError> {
        let id = match self.id {
            None => None,
            Some(Simple::Text(text)) => Some(Value::String(text.into_owned())),
            Some(Simple::Number(number)) => Some(Value::Number(number)),
            // `null` is no id in MCP, and in JSON-RPC that of errors without one.
            Some(Simple::Object | Simple::Other) => Some(Value::Null),
        };
        let method = match (self.method, self.is_response) {
            (Some(Simple::Text(method)), false) => Some(method),
            (None, true) => None,
            // Neither, or both at once: a parser could take it for either.
            _ => return Err(MessageError::NotAMessage),
        };
        let names_nothing = !self.by_position && !self.params.has_uri;
        let name = match method.as_deref().and_then(name_of_subject) {
            // 2026-07-28 has no such methods, which is for the server to say: -32601, and not -32602.
            // To what is not named nobody can subscribe.
            Some("uri") if names_nothing && method.as_deref() != Some("resources/read") => None,
            Some("uri") => Some(self.params.uri.ok_or(MessageError::NoName)?),
            Some(_) => Some(self.params.name.ok_or(MessageError::NoName)?),
            None => None,
        };
        Ok(Message { method, name, protocol_version: self.params.meta.protocol_version, id })
    }
}

impl<'b> ObjectReader<'b> for Draft<'b> {
    fn member<A: MapAccess<'b>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "method" => self.method = Some(strict_json::read_simple(values)?),
            "id" => self.id = Some(strict_json::read_simple(values)?),
            "params" => {
                let read = strict_json::read_value(values, &mut self.params)?;
                self.by_position = !matches!(read, Simple::Object);
            }
            "result" | "error" => {
                self.is_response = true;
                strict_json::skip_value(values)?;
            }
            _ => {
                refuse_lookalikes(name, &["method", "id", "params", "result", "error"])?;
                strict_json::skip_value(values)?;
            }
        }
        Ok(())
    }
}

impl<'b> ObjectReader<'b> for Params<'b> {
    fn member<A: MapAccess<'b>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        let text = |value| match value {
            Simple::Text(text) => Some(text),
            _ => None,
        };
        match name {
            "name" => self.name = text(strict_json::read_simple(values)?),
            "uri" => {
                self.uri = text(strict_json::read_simple(values)?);
                self.has_uri = true;
            }
            "_meta" => {
                strict_json::read_value(values, &mut self.meta)?;
            }
            _ => {
                refuse_lookalikes(name, &["name", "uri"])?;
                strict_json::skip_value(values)?;
            }
        }
        Ok(())
    }
}

impl<'b> ObjectReader<'b> for Meta<'b> {
    fn member<A: MapAccess<'b>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        let value = strict_json::read_simple(values)?;
        if let ("io.modelcontextprotocol/protocolVersion", Simple::Text(version)) = (name, value) {
            self.protocol_version = Some(version);
        }
        Ok(())
    }
}

/// A parser that ignores case would take such a member for the one that decides.
fn refuse_lookalikes<E: de::Error>(name: &str, decide: &[&str]) -> Result<(), E> {
    match decide.iter().any(|one| name.eq_ignore_ascii_case(one)) {
        true => Err(E::custom("a member in other letters")),
        false => Ok(()),
    }
}

impl<'b> Deserialize<'b> for Draft<'b> {
    fn deserialize<D: Deserializer<'b>>(deserializer: D) -> Result<Self, D::Error> {
        let mut draft = Self::default();
        strict_json::deserialize_object(deserializer, &mut draft)?;
        Ok(draft)
    }
}

impl<'b> Deserialize<'b> for Drafts<'b> {
    fn deserialize<D: Deserializer<'b>>(deserializer: D) -> Result<Self, D::Error> {
        struct BodyVisitor;

        impl<'b> Visitor<'b> for BodyVisitor {
            type Value = Drafts<'b>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON-RPC message or a batch of them")
            }

            fn visit_map<A: MapAccess<'b>>(self, map: A) -> Result<Drafts<'b>, A::Error> {
                Draft::deserialize(MapAccessDeserializer::new(map)).map(Drafts::One)
            }

            fn visit_seq<A: SeqAccess<'b>>(self, mut seq: A) -> Result<Drafts<'b>, A::Error> {
                let mut drafts = Vec::new();
                while let Some(draft) = seq.next_element()? {
                    drafts.push(draft);
                }
                Ok(Drafts::Batch(drafts))
            }
        }

        deserializer.deserialize_any(BodyVisitor)
    }
}

#[cfg(test)]
mod tests;
