//! What clients read to find the way to a token.
//!
//! | file | what is there |
//! |---|---|
//! | `resource` | the protected resource's URL, and its well-known paths |
//! | `documents` | protected resource metadata (RFC 9728), authorization server metadata (RFC 8414) |
//! | `challenge` | the `WWW-Authenticate` header (RFC 6750 §3, RFC 9728 §5.1) |

pub mod challenge;
pub mod documents;
pub mod resource;

pub use documents::{
    AuthorizationServerMetadata, MetadataError, ProtectedResourceMetadata, metadata_urls,
};
