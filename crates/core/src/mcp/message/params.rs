//! The members of `params` that name what a message is about.

use std::borrow::Cow;

use serde::de::{MapAccess, SeqAccess};

use super::names::{is_ambiguous, is_plain, refuse_ambiguous, resembles};
use crate::{
    mcp::target::{Naming, Target},
    rejection::MessageError,
    strict_json::{self, ObjectReader, Simple},
};

const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

/// The `params` of one message, whatever its method: it may come after them.
#[derive(Default)]
pub(super) struct Params<'b> {
    name: Member<'b>,
    uri: Member<'b>,
    /// Boxed, as the next: few messages have either.
    reference: Option<Box<Reference<'b>>>,
    notifications: Option<Box<Notifications<'b>>>,
    meta: Meta<'b>,
    /// They are no object: by position they may name anything.
    pub(super) by_position: bool,
}

/// A member that must be a string if it counts.
#[derive(Default, PartialEq)]
enum Member<'b> {
    #[default]
    Absent,
    Text(Cow<'b, str>),
    Other,
}

/// `ref` of `completion/complete`.
#[derive(Default)]
struct Reference<'b> {
    kind: Member<'b>,
    name: Member<'b>,
    uri: Member<'b>,
    is_object: bool,
    is_ambiguous: bool,
}

/// `notifications` of `subscriptions/listen`.
#[derive(Default)]
struct Notifications<'b> {
    resources: Uris<'b>,
    has_resources: bool,
    /// Members beside `resourceSubscriptions`.
    has_others: bool,
    is_object: bool,
    is_ambiguous: bool,
}

/// An array of strings.
#[derive(Default)]
struct Uris<'b> {
    all: Vec<Cow<'b, str>>,
    is_array: bool,
    /// An element is no string.
    has_others: bool,
}

#[derive(Default)]
struct Meta<'b> {
    protocol_version: Option<Cow<'b, str>>,
}

impl<'b> Params<'b> {
    /// `_meta["io.modelcontextprotocol/protocolVersion"]`, where it is a string.
    pub(super) fn protocol_version(&mut self) -> Option<Cow<'b, str>> {
        self.meta.protocol_version.take()
    }

    /// What a method that names things so is about.
    pub(super) fn targets(self, naming: Naming) -> Result<Vec<Target<'b>>, MessageError> {
        let names_nothing = !self.by_position && self.uri == Member::Absent;
        match naming {
            Naming::Tool => Ok(vec![Target::Tool(self.name.required()?)]),
            Naming::Prompt => Ok(vec![Target::Prompt(self.name.required()?)]),
            Naming::ResourceIfAny if names_nothing => Ok(vec![Target::Unnamed]),
            Naming::Resource | Naming::ResourceIfAny => {
                Ok(vec![Target::Resource(self.uri.required()?)])
            }
            Naming::Reference => self.reference.ok_or(MessageError::NoName)?.targets(),
            Naming::Subscriptions if self.by_position => Err(MessageError::NoName),
            Naming::Subscriptions => match self.notifications {
                Some(notifications) => notifications.targets(),
                None => Ok(vec![Target::Unnamed]),
            },
        }
    }
}

impl<'b> Member<'b> {
    fn read<A: MapAccess<'b>>(values: &mut A) -> Result<Self, A::Error> {
        Ok(match strict_json::read_simple(values)? {
            Simple::Text(text) => Self::Text(text),
            _ => Self::Other,
        })
    }

    fn required(self) -> Result<Cow<'b, str>, MessageError> {
        self.optional()?.ok_or(MessageError::NoName)
    }

    fn optional(self) -> Result<Option<Cow<'b, str>>, MessageError> {
        match self {
            Self::Absent => Ok(None),
            Self::Text(text) => plain(text).map(Some),
            Self::Other => Err(MessageError::NoName),
        }
    }
}

fn plain(text: Cow<'_, str>) -> Result<Cow<'_, str>, MessageError> {
    match is_plain(&text) {
        true => Ok(text),
        false => Err(MessageError::NameNotPlain),
    }
}

impl<'b> Reference<'b> {
    /// The prompt or resource that the type says, and the other one as well where both are named:
    /// a server may look for either.
    fn targets(self) -> Result<Vec<Target<'b>>, MessageError> {
        if self.is_ambiguous {
            return Err(MessageError::NotAMessage);
        }
        let (name, uri) = (self.name.optional()?, self.uri.optional()?);
        let is_named = match &self.kind {
            Member::Text(kind) if kind == "ref/prompt" => name.is_some(),
            Member::Text(kind) if kind == "ref/resource" => uri.is_some(),
            _ => false,
        };
        if !self.is_object || !is_named {
            return Err(MessageError::NoName);
        }
        let prompt = name.map(Target::Prompt);
        Ok(prompt.into_iter().chain(uri.map(Target::resource_or_template)).collect())
    }
}

impl<'b> Notifications<'b> {
    fn targets(self) -> Result<Vec<Target<'b>>, MessageError> {
        if self.is_ambiguous {
            return Err(MessageError::NotAMessage);
        }
        let Uris { all, is_array, has_others } = self.resources;
        if !self.is_object || self.has_resources && (!is_array || has_others) {
            return Err(MessageError::NoName);
        }
        let resources = all.into_iter().map(|uri| plain(uri).map(Target::Resource));
        let mut targets = resources.collect::<Result<Vec<_>, _>>()?;
        if self.has_others || targets.is_empty() {
            targets.push(Target::Unnamed);
        }
        Ok(targets)
    }
}

impl<'b> ObjectReader<'b> for Params<'b> {
    fn member<A: MapAccess<'b>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "name" => self.name = Member::read(values)?,
            "uri" => self.uri = Member::read(values)?,
            "ref" => {
                let mut reference = Reference::default();
                let read = strict_json::read_value(values, &mut reference)?;
                reference.is_object = matches!(read, Simple::Object);
                self.reference = Some(reference.into());
            }
            "notifications" => {
                let mut notifications = Notifications::default();
                let read = strict_json::read_value(values, &mut notifications)?;
                notifications.is_object = matches!(read, Simple::Object);
                self.notifications = Some(notifications.into());
            }
            "_meta" => {
                strict_json::read_value(values, &mut self.meta)?;
            }
            _ => {
                refuse_ambiguous(name, &["name", "uri", "ref", "notifications", "_meta"])?;
                strict_json::skip_value(values)?;
            }
        }
        Ok(())
    }
}

/// What is ambiguous here is noted and not refused: other methods than `completion/complete` may
/// have a `ref` of their own.
impl<'b> ObjectReader<'b> for Reference<'b> {
    fn member<A: MapAccess<'b>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.kind = Member::read(values)?,
            "name" => self.name = Member::read(values)?,
            "uri" => self.uri = Member::read(values)?,
            _ => {
                self.is_ambiguous |= is_ambiguous(name, &["type", "name", "uri"]);
                strict_json::skip_value(values)?;
            }
        }
        Ok(())
    }
}

/// As with [`Reference`].
impl<'b> ObjectReader<'b> for Notifications<'b> {
    fn member<A: MapAccess<'b>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "resourceSubscriptions" => {
                self.has_resources = true;
                strict_json::read_value(values, &mut self.resources)?;
            }
            _ => {
                self.has_others = true;
                self.is_ambiguous |= is_ambiguous(name, &["resourceSubscriptions"]);
                strict_json::skip_value(values)?;
            }
        }
        Ok(())
    }
}

impl<'b> ObjectReader<'b> for Uris<'b> {
    fn member<A: MapAccess<'b>>(&mut self, _: &str, values: &mut A) -> Result<(), A::Error> {
        strict_json::skip_value(values)
    }

    fn elements<A: SeqAccess<'b>>(&mut self, mut values: A) -> Result<(), A::Error> {
        self.is_array = true;
        while let Some(value) = strict_json::next_simple(&mut values)? {
            match value {
                Simple::Text(uri) => self.all.push(uri),
                _ => self.has_others = true,
            }
        }
        Ok(())
    }
}

/// Names are free here, except those that could be taken for the one that is read.
impl<'b> ObjectReader<'b> for Meta<'b> {
    fn member<A: MapAccess<'b>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        if resembles(name, PROTOCOL_VERSION) {
            return Err(serde::de::Error::custom("a member that resembles protocolVersion"));
        }
        let value = strict_json::read_simple(values)?;
        if let (PROTOCOL_VERSION, Simple::Text(version)) = (name, value) {
            self.protocol_version = Some(version);
        }
        Ok(())
    }
}
