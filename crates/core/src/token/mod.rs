//! A bearer token: from the `Authorization` header to verified claims.
//!
//! | file | what is there |
//! |---|---|
//! | `bearer` | the credentials of a request |
//! | `claims` | the claims, read strictly (RFC 7519) |
//! | `rules`, `audience` | the checks of the claims |
//! | `kind` | access tokens and ID tokens told apart |
//! | `verified` | [`VerifiedToken`](verified::VerifiedToken), which proves signature and claims |
//! | `description` | what a log line says of a rejected token |

pub mod audience;
pub mod bearer;
pub mod claims;
pub mod description;
mod kind;
pub mod rules;
pub mod verified;
