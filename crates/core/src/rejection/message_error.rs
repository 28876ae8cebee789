//! MCP messages that are rejected whoever sends them, because it is not clear what they ask for.

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
}
