//! MCP endpoints: rules for tools, methods open to anonymous callers, and sessions that are bound
//! to the principal that opened them.
//!
//! [`McpMiddleware`] is authentication, and within it a gate of its own that checks sessions and
//! messages. Where there are no rules and no audit log, and the caller is known, the body is not read.

mod body;
mod check;
mod copy;
mod layer;
mod session;

pub use layer::McpMiddleware;
