//! MCP endpoints: rules for tools, methods open to anonymous callers, and sessions that are bound
//! to the principal that opened them.
//!
//! All of it is a service of its own within that of [`McpAuth::middleware`](crate::McpAuth::middleware),
//! so applications that do not use it do not pay for it. A request whose body need not be read,
//! since there are no rules and somebody is signed in, passes without a future of its own.

mod body;
mod future;
mod layer;
mod service;
mod session;

pub use future::McpFuture;
pub use layer::McpMiddleware;
pub use service::McpService;
pub(crate) use service::RefusedMessages;
