//! MCP endpoints: rules for tools (R30), messages that need nobody signed in, and sessions that
//! belong to whom they were given to (R8).
//!
//! All of it lives in a service of its own within that of [`McpAuth::middleware`](crate::McpAuth::middleware):
//! where it is not asked for, it is not there. A request whose body need not be read, since there
//! are no rules and somebody is signed in, passes without a future of its own.

mod body;
mod future;
mod layer;
mod service;

pub use future::McpFuture;
pub use layer::McpMiddleware;
pub use service::McpService;
pub(crate) use service::RefusedMessages;
