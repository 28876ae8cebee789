//! Rejected MCP messages, and requests that a middleware within another has rejected.

use mcp_auth_core::{Rejection, audit::Decision, mcp::MessageError, permission::Need};
use serde_json::Value;

/// Why messages are rejected.
pub(crate) struct RejectedMessages {
    pub(crate) rejection: Rejection,
    /// The id of the message, where it could be read and is not in a batch.
    pub(crate) id: Option<Value>,
    /// What the messages need, for the challenge.
    pub(crate) needs: Vec<&'static Need>,
}

/// In the extensions of a response by which an inner middleware has rejected the request: for its
/// audit record.
pub(crate) struct RejectedWithin(pub(crate) Decision);

impl From<Rejection> for RejectedMessages {
    fn from(rejection: Rejection) -> Self {
        Self { rejection, id: None, needs: Vec::new() }
    }
}

impl From<MessageError> for RejectedMessages {
    fn from(error: MessageError) -> Self {
        Rejection::from(error).into()
    }
}
