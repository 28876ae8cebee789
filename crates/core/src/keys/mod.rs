//! An issuer's keys: reading them, keeping them fresh, and verifying signatures with them.
//!
//! | file | what is there |
//! |---|---|
//! | `algorithm` | the signature algorithms that are accepted |
//! | `jws` | the three parts of a token, which a key verifies (RFC 7515) |
//! | `jwk` | one JSON Web Key (RFC 7517) |
//! | `key_set` | [`KeySet`], the usable keys of a JWK set |
//! | `local` | [`LocalJwks`], a set that is at hand |
//! | `issuer_keys` | the snapshot that requests read, and its replacement by a fetch |
//! | `refresh` | the policy that says when to fetch |
//! | `signature` | the libraries that verify signatures |

pub mod algorithm;
pub mod issuer_keys;
pub mod jwk;
pub mod jws;
pub mod key_set;
pub mod local;
pub mod refresh;
pub mod signature;

pub use algorithm::Algorithm;
pub use key_set::{JwksError, KeySet, Unverified, VerificationKey};
pub use local::LocalJwks;
