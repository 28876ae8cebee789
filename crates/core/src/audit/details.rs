//! What of a message only its record needs: the client's word about itself, the trace context, the
//! id of a task, and the arguments of a call. Nothing is decided by it.

use std::borrow::Cow;

use serde::{Serialize, de::MapAccess};
use serde_json::Value;

use super::{
    one_or_many::{self, skip},
    text::{MAX_NAME, Privacy, clean},
};
use crate::strict_json::{ObjectReader, Simple, read_simple, read_value};

const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";

/// What a client says about itself (`clientInfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
#[non_exhaustive]
pub struct ClientInfo {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Box<str>>,
}

/// The details of one message.
pub(super) struct Details {
    params: Params,
}

pub(super) struct Params {
    privacy: Privacy,
    pub(super) client_info: Option<ClientInfo>,
    pub(super) traceparent: Option<Box<str>>,
    pub(super) task: Option<Box<str>>,
    pub(super) arguments: Option<Value>,
}

/// The details of each message of a body that was read as [`Messages`](crate::mcp::Messages). Empty
/// where there are none.
pub(super) fn read(body: &str, privacy: Privacy) -> Vec<Params> {
    // Most bodies have none of these, and need not be read again.
    let has_any = privacy.arguments
        || ["clientInfo", "traceparent", "taskId"].iter().any(|name| body.contains(name));
    if !has_any {
        return Vec::new();
    }
    let details = one_or_many::read(body, || Details { params: Params::new(privacy) });
    details.unwrap_or_default().into_iter().map(|details| details.params).collect()
}

impl Params {
    fn new(privacy: Privacy) -> Self {
        Self { privacy, client_info: None, traceparent: None, task: None, arguments: None }
    }

    fn name(&self, value: Simple<'_>) -> Option<Box<str>> {
        text(value).map(|text| clean(&text, MAX_NAME, self.privacy))
    }

    fn read_client_info<'de, A: MapAccess<'de>>(&mut self, values: &mut A) -> Result<(), A::Error> {
        let mut info = Info { privacy: self.privacy, info: ClientInfo::default() };
        if let Simple::Object = read_value(values, &mut info)? {
            self.client_info = Some(info.info);
        }
        Ok(())
    }
}

fn text(value: Simple<'_>) -> Option<Cow<'_, str>> {
    match value {
        Simple::Text(text) => Some(text),
        _ => None,
    }
}

impl<'de> ObjectReader<'de> for Details {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "params" => read_value(values, &mut self.params).map(|_| ()),
            _ => skip(values),
        }
    }
}

impl<'de> ObjectReader<'de> for Params {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "clientInfo" => self.read_client_info(values)?,
            "_meta" => {
                read_value(values, &mut Meta(self))?;
            }
            "taskId" => {
                let id = read_simple(values)?;
                self.task = self.name(id);
            }
            "arguments" if self.privacy.arguments => self.arguments = Some(values.next_value()?),
            _ => skip(values)?,
        }
        Ok(())
    }
}

struct Meta<'p>(&'p mut Params);

impl<'de> ObjectReader<'de> for Meta<'_> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            CLIENT_INFO => self.0.read_client_info(values),
            "traceparent" => {
                let value = text(read_simple(values)?);
                self.0.traceparent = value.and_then(|text| traceparent(&text));
                Ok(())
            }
            _ => skip(values),
        }
    }
}

struct Info {
    privacy: Privacy,
    info: ClientInfo,
}

impl<'de> ObjectReader<'de> for Info {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        let member = match name {
            "name" => &mut self.info.name,
            "version" => &mut self.info.version,
            _ => return skip(values),
        };
        *member = text(read_simple(values)?).map(|text| clean(&text, MAX_NAME, self.privacy));
        Ok(())
    }
}

/// The value of a `traceparent`, if it is one (W3C Trace Context, level 1 §3.2).
pub fn traceparent(text: &str) -> Option<Box<str>> {
    let parts = [2, 32, 16, 2];
    let mut found = text.split('-');
    let is_one = parts.iter().all(|len| {
        found.next().is_some_and(|part| {
            part.len() == *len && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    });
    (is_one && found.next().is_none()).then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r40_only_a_well_formed_traceparent_is_kept() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(traceparent(good).as_deref(), Some(good));
        for bad in ["", "00", &good.to_uppercase(), &format!("{good}-x"), &good.replace('-', "_")] {
            assert_eq!(traceparent(bad), None, "{bad}");
        }
    }
}
