//! What a caller must be allowed: demanded by a handler's argument, or around a route.

mod extractor;
mod refusal;
mod require;

pub use extractor::Authorized;
pub(crate) use refusal::Refusal;
pub use require::RequirePermission;
