//! The middleware: rejects requests without a valid token.
//!
//! | file | what is there |
//! |---|---|
//! | `gate` | one service and one future for every check before an inner service |
//! | `authentication` | the check of credentials |
//! | `open_response` | when the end of access ends a response that is being sent |
//! | `guarded_body` | a response body that can be ended while it is sent |
//! | `audited` | the part of `authentication` for the audit log |
//! | `sessions` | the part of `authentication` for the sessions of pages |
//! | `layer` | [`McpAuthMiddleware`], what applications wrap with |

mod audited;
mod authentication;
mod gate;
mod guarded_body;
mod layer;
mod open_response;
mod sessions;

pub(crate) use authentication::{Audited, Authentication};
pub(crate) use gate::{Begun, Check, Finished, Gate, GatedBody};
pub use layer::McpAuthMiddleware;
pub(crate) use open_response::IsSubscription;
