//! Requirements: as a handler's argument, or around a route.

mod extractor;
mod require;

pub use extractor::Authorized;
pub use require::RequirePermission;
