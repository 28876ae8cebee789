//! What a body calls: JSON-RPC messages (JSON-RPC 2.0 §4), one or a batch (MCP 2025-03-26), read
//! once and strictly.
//!
//! Whoever judges a message must read it as the server behind does, or a call that is judged as
//! one thing runs as another. So what common parsers read in different ways is refused:
//!
//! - a member that stands twice, at any depth;
//! - among the direct members of the message, of `params`, and of the objects that name things
//!   (`ref`, `notifications`): names that are not printable ASCII, or that differ in case only from
//!   one that decides. Names within `arguments` and `_meta` are free, but none may resemble the
//!   member of `_meta` that is read;
//! - control characters, and white space at the ends, in the method and in the name or URI of what
//!   it is about;
//! - trailing bytes, broken UTF-8, a byte order mark, more than 128 levels, and numbers beyond the
//!   range of a double.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use self::{names::refuse_ambiguous, params::Params};
use super::target::{Target, is_mirrored, naming};
use crate::{
    rejection::MessageError,
    strict_json::{self, ObjectReader, Simple},
};

pub(super) use names::is_plain;

mod names;
mod params;

/// The most things that one body may name, so that the time it takes to judge them is bounded: some
/// 20 ms, against a second for as many URIs as fit into 4 MiB.
const MAX_NAMED: usize = 10_000;

/// The messages of one body.
///
/// ```
/// use mcp_auth_core::mcp::{Messages, Target};
///
/// let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add"}}"#;
/// let messages = Messages::read(body).unwrap();
/// let call = messages.iter().next().unwrap();
/// assert_eq!(call.method(), Some("tools/call"));
/// assert_eq!(call.targets().next(), Some(&Target::Tool("add".into())));
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
    /// Empty for a response alone.
    targets: Vec<Target<'b>>,
    protocol_version: Option<Cow<'b, str>>,
    id: Option<Value>,
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
        if all.is_empty() {
            return Err(MessageError::NotAMessage);
        }
        let named = all.iter().flat_map(Message::targets).filter(|target| target.name().is_some());
        match named.count() > MAX_NAMED {
            true => Err(MessageError::TooManyNames),
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

    /// Whether the body is one `subscriptions/listen`: its answer is a stream of notifications that
    /// has no result to wait for (MCP 2026-07-28).
    pub fn is_subscription(&self) -> bool {
        self.only()
            .is_some_and(|only| only.is_request() && only.method() == Some("subscriptions/listen"))
    }
}

impl Message<'_> {
    /// The method of a request or notification; `None` for a response.
    pub fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }

    /// All that a request or notification asks for, and so all that has to be judged; nothing for
    /// a response.
    pub fn targets(&self) -> impl Iterator<Item = &Target<'_>> {
        self.targets.iter()
    }

    /// The one tool, prompt or resource that a call is about, where `Mcp-Name` repeats it: that of
    /// `tools/call`, `prompts/get`, `resources/read` and the old subscriptions. What other methods
    /// name is among the [`targets`](Self::targets) only.
    pub fn name(&self) -> Option<&str> {
        self.method().filter(|method| is_mirrored(method))?;
        self.targets.first()?.name()
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
    is_response: bool,
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
        if method.as_deref().is_some_and(|method| !is_plain(method)) {
            return Err(MessageError::NotAMessage);
        }
        let mut params = self.params;
        let protocol_version = params.protocol_version();
        let targets = match method.as_deref().map(naming) {
            None => Vec::new(),
            Some(None) => vec![Target::Unnamed],
            Some(Some(naming)) => params.targets(naming)?,
        };
        Ok(Message { method, targets, protocol_version, id })
    }
}

impl<'b> ObjectReader<'b> for Draft<'b> {
    fn member<A: MapAccess<'b>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "method" => self.method = Some(strict_json::read_simple(values)?),
            "id" => self.id = Some(strict_json::read_simple(values)?),
            "params" => {
                let read = strict_json::read_value(values, &mut self.params)?;
                self.params.by_position = !matches!(read, Simple::Object);
            }
            "result" | "error" => {
                self.is_response = true;
                strict_json::skip_value(values)?;
            }
            _ => {
                refuse_ambiguous(name, &["method", "id", "params", "result", "error"])?;
                strict_json::skip_value(values)?;
            }
        }
        Ok(())
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
