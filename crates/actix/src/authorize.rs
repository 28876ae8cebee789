//! Requirements: as a handler's argument, or around a route.

mod error;
mod extractor;
mod require;

pub(crate) use error::ExtractorError;
pub use extractor::Authorized;
pub use require::RequirePermission;
