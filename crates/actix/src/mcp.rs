//! MCP endpoints: rules for tools, messages that need no credentials, and sessions that are bound
//! to their caller.
//!
//! [`McpMiddleware`] is authentication, and within it a gate of its own that checks sessions and
//! messages. Where there are no rules and the caller is known, the body is not read.

mod body;
mod check;
mod layer;

pub use layer::McpMiddleware;
