//! A bearer token: from the `Authorization` header to verified claims.
//!
//! | file | what is there |
//! |---|---|
//! | `bearer` | the credentials of a request |
//! | `jws` | the three parts of a token (RFC 7515) |
//! | `claims` | the claims, read strictly (RFC 7519) |
//! | `rules`, `audience` | the checks of the claims |
//! | `verified` | [`VerifiedToken`](verified::VerifiedToken), which proves signature and claims |
//! | `description` | what a log line says of a rejected token |

pub mod audience;
pub mod bearer;
pub mod claims;
pub mod description;
pub mod jws;
pub mod rules;
pub mod verified;
