//! The audit record and its JSON form.

use std::{net::IpAddr, time::Duration};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{
    details::ClientInfo,
    id::AuditId,
    message::{AuditTarget, AuditedMessage, id_text},
    principal::AuditPrincipal,
};
use crate::{
    rejection::Rejection,
    time::{UnixTime, millis},
};

/// One message of a known caller, or one request: who did what, what was decided, and how it ended.
///
/// Its JSON form (`serde`) has stable names, each of which is given here where it is another than
/// the field's. Members without a value are left out. Texts that come from outside are bounded and
/// in one line.
///
/// It contains no token, cookie or code. An e-mail address is replaced by a hash unless
/// [`Privacy::email_addresses`](super::Privacy::email_addresses) is set.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditRecord {
    /// The version of this form. Fields may be added within a version.
    pub version: u16,
    /// The record's name, which sorts by time.
    pub id: AuditId,
    /// When the request came; in JSON, in milliseconds since 1970.
    #[serde(with = "millis")]
    pub time: UnixTime,
    /// From then until the outcome was known; `duration_us` in JSON, in microseconds.
    #[serde(rename = "duration_us", serialize_with = "micros")]
    pub duration: Duration,
    /// The resource that was called: its public URL.
    pub resource: Box<str>,
    /// Who called.
    pub principal: AuditPrincipal,
    /// The method of the HTTP request.
    pub http_method: Box<str>,
    /// The method of the message: `tools/call`, say. None for a response to a request of the
    /// server, for a message that was not read, and for a request without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Box<str>>,
    /// What the message is about: at most 20 things. Nearly always it is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<AuditTarget>,
    /// How many more things the message is about.
    #[serde(skip_serializing_if = "is_zero")]
    pub targets_omitted: usize,
    /// The JSON-RPC id, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Box<str>>,
    /// What was decided; in JSON the members `decision` (`allowed`, `refused`, `unavailable`) and
    /// `reason`.
    #[serde(flatten)]
    pub decision: Decision,
    /// The permissions that the message needs, one text for each rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<Box<str>>,
    /// How it ended; in JSON the member `outcome` (`ok`, `tool_error`, `json_rpc_error` with
    /// `error_code`, `http_error`, `cut`, `unknown`).
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The status of the HTTP response, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The address of the other end of the connection: behind a proxy, that of the proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// The W3C trace context: of the message (`params._meta`), else of the request's header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Box<str>>,
    /// What the client says about itself. Nothing proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_info: Option<ClientInfo>,
    /// The arguments of the call as the application's redactor left them. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// Why the message was not read: a [reason](Rejection::reason), such as `message_too_long`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<&'static str>,
}

/// What was decided about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// It was passed on.
    Allowed,
    /// It was refused.
    Refused {
        /// Why: [`Rejection::reason`].
        reason: &'static str,
    },
    /// It could not be decided: 503.
    Unavailable {
        /// Why: [`Rejection::reason`].
        reason: &'static str,
    },
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It was answered with a result, or, where it needs no answer, accepted.
    Ok,
    /// The tool answered with a result that says `isError`.
    ToolError,
    /// It was answered with a JSON-RPC error.
    JsonRpcError {
        /// The error's code; 0 where it has none.
        #[serde(rename = "error_code")]
        code: i64,
    },
    /// It was answered with an HTTP status that says so.
    HttpError,
    /// The connection or the response ended before the answer.
    Cut,
    /// The response does not tell, or too late in it: after 1 MiB.
    Unknown,
}

impl AuditRecord {
    /// The version that this release writes.
    pub const VERSION: u16 = 1;

    /// A record of an allowed request whose outcome is not known yet.
    pub fn new(id: AuditId, time: UnixTime, resource: &str, principal: AuditPrincipal) -> Self {
        Self {
            version: Self::VERSION,
            id,
            time,
            duration: Duration::ZERO,
            resource: resource.into(),
            principal,
            http_method: Box::default(),
            method: None,
            targets: Vec::new(),
            targets_omitted: 0,
            request_id: None,
            decision: Decision::Allowed,
            required: Vec::new(),
            outcome: Outcome::Unknown,
            status: None,
            peer: None,
            traceparent: None,
            client_info: None,
            arguments: None,
            unread: None,
        }
    }

    /// Adds what is known of the message.
    #[must_use]
    pub fn about(mut self, message: AuditedMessage) -> Self {
        self.method = message.method;
        self.targets = message.targets;
        self.targets_omitted = message.targets_omitted;
        self.request_id = message.id.as_ref().map(id_text);
        self.required = message.required;
        self.traceparent = message.traceparent.or(self.traceparent);
        self.client_info = message.client_info;
        self.arguments = message.arguments;
        self
    }
}

impl From<&Rejection> for Decision {
    fn from(rejection: &Rejection) -> Self {
        let reason = rejection.reason();
        match rejection {
            Rejection::Unavailable(_) => Self::Unavailable { reason },
            _ => Self::Refused { reason },
        }
    }
}

fn micros<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).serialize(serializer)
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
