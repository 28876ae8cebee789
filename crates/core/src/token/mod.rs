//! A bearer token: from the `Authorization` header to verified claims.
//!
//! | file | what is there |
//! |---|---|
//! | `bearer` | the credentials of a request |
//! | `claims` | the claims, read strictly (RFC 7519) |
//! | `rules`, `audience` | the checks of the claims |
//! | `kind` | access tokens and ID tokens told apart |
//! | `introspection` | the question to the issuer about a token, and its answer (RFC 7662) |
//! | `verified` | [`VerifiedToken`](verified::VerifiedToken), which proves signature and claims |
//! | `header_mistake` | usual mistakes in the `Authorization` header |
//! | `description` | what a log line says of a rejected token |

pub mod audience;
pub mod bearer;
pub mod claims;
pub mod description;
pub mod header_mistake;
pub mod introspection;
pub(crate) mod kind;
pub mod rules;
pub mod verified;
