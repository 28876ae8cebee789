//! Asking the issuer about a token (RFC 7662): the question, and what its answer means. Nothing is
//! sent here; [`Authenticator`](crate::Authenticator) has the client.
//!
//! | file | what is there |
//! |---|---|
//! | `credentials` | how the resource authenticates to the introspection endpoint |
//! | `endpoint` | the endpoint, which tokens it is asked about, and the request |
//! | `shape` | which tokens can be opaque tokens at all |
//! | `answer` | the answer, read strictly |

mod answer;
mod credentials;
mod endpoint;
mod shape;

pub(crate) use answer::{ActiveToken, Answer};
pub use credentials::ClientCredentials;
pub use endpoint::IntrospectedTokens;
pub(crate) use endpoint::IntrospectionEndpoint;
pub(crate) use shape::is_opaque_token;
