//! Rejected MCP messages.

use mcp_auth_core::{Rejection, mcp::MessageError, permission::Need};
use serde_json::Value;

/// Why messages are rejected.
pub(crate) struct RejectedMessages {
    pub(crate) rejection: Rejection,
    /// The id of the message, where it could be read and is not in a batch.
    pub(crate) id: Option<Value>,
    /// What the messages need, for the challenge.
    pub(crate) needs: Vec<&'static Need>,
}

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
