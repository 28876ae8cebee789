//! The middleware: rejects requests without a valid token.
//!
//! | file | what is there |
//! |---|---|
//! | `gate` | one service and one future for every check before an inner service |
//! | `authentication` | the check of credentials |
//! | `layer` | [`McpAuthMiddleware`], what applications wrap with |

mod authentication;
mod gate;
mod layer;

pub(crate) use authentication::Authentication;
pub(crate) use gate::{Begun, Check, Finished, Gate};
pub use layer::McpAuthMiddleware;
