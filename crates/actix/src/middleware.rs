//! The middleware: nobody passes whose token is not good.
//!
//! A request whose token is remembered is decided on the spot, without a lock, an allocation for
//! the decision or a future of its own; every other one waits for a decision in a boxed future,
//! beside which the box is nothing.

mod door;
mod future;
mod layer;
mod service;

pub use future::McpAuthFuture;
pub use layer::McpAuthMiddleware;
pub use service::McpAuthService;
