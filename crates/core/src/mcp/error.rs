//! Messages that are refused whoever sends them, since it cannot be said what they ask for.

use std::fmt;

/// A request whose message cannot be judged. Each has its HTTP status and its JSON-RPC error code
/// (JSON-RPC 2.0 §5.1, and MCP's own -32020).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// Not one JSON document in UTF-8, or one that is nested deeper than 128 levels. 400, -32700.
    NotJson,
    /// JSON, but neither a JSON-RPC message nor a batch of them, or one that parsers read in
    /// different ways: a member stands in it twice, a member that decides resembles another, or the
    /// method has control characters or white space at its ends. 400, -32600.
    NotAMessage,
    /// A call that does not say by a string which tool, prompt or resource it means. 400, -32602.
    NoName,
    /// The name or URI of what a call is about has control characters, or white space at its ends.
    /// 400, -32602.
    NameNotPlain,
    /// The messages of the body name more than 10,000 tools, prompts and resources. 413, -32600.
    TooManyNames,
    /// The URI of a resource, where resources have rules, is not in normal form, so that a server
    /// may read it as another. 400, -32602.
    UriNotNormal,
    /// `Mcp-Method`, `Mcp-Name` or `MCP-Protocol-Version` is missing where the revision demands
    /// it, cannot be decoded, or says something else than the body. 400, -32020.
    HeaderMismatch,
    /// A header that decides stands in the request more than once. 400, -32020.
    DuplicateHeader,
    /// The body is compressed or in another character encoding than UTF-8, so that what is judged
    /// would not be what the server reads. 415, -32600.
    Encoded,
    /// The body is longer than the bound. 413, -32600.
    TooLong,
    /// The body did not come within the time limit. 408, -32600.
    TooSlow,
    /// The connection ended, or broke the protocol, within the body. 400, -32700.
    Incomplete,
}

impl MessageError {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 12] = [
        Self::NotJson,
        Self::NotAMessage,
        Self::NoName,
        Self::NameNotPlain,
        Self::TooManyNames,
        Self::UriNotNormal,
        Self::HeaderMismatch,
        Self::DuplicateHeader,
        Self::Encoded,
        Self::TooLong,
        Self::TooSlow,
        Self::Incomplete,
    ];

    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Self::TooSlow => 408,
            Self::TooLong | Self::TooManyNames => 413,
            Self::Encoded => 415,
            _ => 400,
        }
    }

    /// The code of the JSON-RPC error.
    pub fn json_rpc_code(self) -> i32 {
        match self {
            Self::NotJson | Self::Incomplete => -32700,
            Self::NotAMessage
            | Self::Encoded
            | Self::TooLong
            | Self::TooManyNames
            | Self::TooSlow => -32600,
            Self::NoName | Self::NameNotPlain | Self::UriNotNormal => -32602,
            Self::HeaderMismatch | Self::DuplicateHeader => -32020,
        }
    }

    /// What the client is told: fixed text, nothing from the request in it.
    pub fn description(self) -> &'static str {
        match self {
            Self::NotJson => "The body is not JSON",
            Self::NotAMessage => {
                "The body is not a JSON-RPC message that every parser reads in the same way"
            }
            Self::NoName => "The call does not name what it means by a string",
            Self::NameNotPlain => {
                "A name or URI has control characters, or white space at its ends"
            }
            Self::TooManyNames => "The body names too many tools, prompts or resources",
            Self::UriNotNormal => {
                "A resource's URI is not in normal form (RFC 3986, section 6.2.2)"
            }
            Self::HeaderMismatch => {
                "Header mismatch: a header is missing or not what the body says"
            }
            Self::DuplicateHeader => "Header mismatch: a header stands in the request twice",
            Self::Encoded => "The body must be plain JSON in UTF-8, not encoded in any way",
            Self::TooLong => "The body is too long",
            Self::TooSlow => "The body did not come in time",
            Self::Incomplete => "The body did not come to its end",
        }
    }

    /// A stable name for logs and metrics.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotJson => "message_not_json",
            Self::NotAMessage => "not_a_message",
            Self::NoName => "message_without_name",
            Self::NameNotPlain => "message_name_not_plain",
            Self::TooManyNames => "message_too_many_names",
            Self::UriNotNormal => "message_uri_not_normal",
            Self::HeaderMismatch => "header_mismatch",
            Self::DuplicateHeader => "duplicate_header",
            Self::Encoded => "message_encoded",
            Self::TooLong => "message_too_long",
            Self::TooSlow => "message_too_slow",
            Self::Incomplete => "message_incomplete",
        }
    }
}

/// For the operator's log: one line with the cause and the remedy.
impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => {
                "the body is not JSON in UTF-8; is something else than MCP served behind auth.mcp()?"
            }
            Self::NotAMessage => {
                "the body is JSON, but no JSON-RPC message, or one that parsers read in different \
                 ways (a member twice, or names that differ in case, beyond ASCII or by a control \
                 character); is something else than MCP served behind auth.mcp()?"
            }
            Self::NoName => {
                "a call of a tool, a prompt or a resource does not name it; the client is broken, \
                 or an attack"
            }
            Self::NameNotPlain => {
                "the name or URI of a tool, a prompt or a resource has control characters, or white \
                 space at its ends; does the server list it so? Rename it there"
            }
            Self::TooManyNames => {
                "the body names more than 10,000 tools, prompts and resources; let the client split \
                 it"
            }
            Self::UriNotNormal => {
                "the URI of a resource is not in normal form (RFC 3986, section 6.2.2), which is \
                 needed where resources have rules; does the server list it so? Correct it there"
            }
            Self::HeaderMismatch => {
                "Mcp-Method, Mcp-Name or MCP-Protocol-Version is missing or differs from the body; \
                 does a proxy in front rewrite headers or bodies?"
            }
            Self::DuplicateHeader => {
                "a header of MCP stands in the request twice; does a proxy in front add one?"
            }
            Self::Encoded => {
                "the body is compressed or not in UTF-8; let the client, or the proxy in front, \
                 send plain JSON"
            }
            Self::TooLong => {
                "the body is longer than the bound (4 MiB unless configured); if calls are really \
                 that long, raise max_message_bytes(…)"
            }
            Self::TooSlow => {
                "the body did not come within the time limit (60 s unless configured); a slow \
                 line, or a client that keeps connections busy"
            }
            Self::Incomplete => "the connection ended within the body; the client went away",
        })
    }
}

impl std::error::Error for MessageError {}
