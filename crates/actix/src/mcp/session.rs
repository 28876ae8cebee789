//! For handlers: whether a request's session belongs to its caller.

use actix_web::{HttpMessage, HttpRequest};
use mcp_auth_core::Clock;

use super::check::{SESSION, owner};
use crate::auth::McpAuth;

impl McpAuth {
    /// Whether the request names one session (`Mcp-Session-Id`), and this process knows that it
    /// belongs to the caller, who is signed in.
    ///
    /// [`mcp()`](Self::mcp) refuses a session of somebody else, and lets an id pass that this
    /// process has not seen: the server behind knows it or answers 404. This is for handlers that
    /// pass on what must not rest on such an id, such as a gateway with `Last-Event-ID`: many
    /// servers take any event id that they have given out, and replay the stream that it belongs
    /// to (MCP 2025-11-25, Transports, "Resumability and Redelivery").
    ///
    /// `false` where nobody is signed in, where [`mcp()`](Self::mcp) is not around the handler, and
    /// with [`SessionSettings::off`](mcp_auth_core::mcp::SessionSettings::off).
    pub fn is_session_bound(&self, request: &HttpRequest) -> bool {
        let Some(sessions) = &self.inner().sessions else {
            return false;
        };
        let mut ids = request.headers().get_all(SESSION);
        let (Some(id), None) = (ids.next(), ids.next()) else {
            return false;
        };
        let extensions = request.extensions();
        sessions.is_bound_to(id.as_bytes(), owner(&extensions), self.inner().clock.now())
    }
}
