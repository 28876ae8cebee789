//! Revocation: access that ends before the token does.
//!
//! A JWT is good until it expires, and nobody asks its issuer meanwhile. A [`Revocation`] is a small
//! record that refuses tokens. Every process keeps the merged state in memory, where each request
//! asks it, and shares the records with others by a [`RevocationLog`].
//!
//! | file | subject |
//! |---|---|
//! | `record` | what a revocation says |
//! | `keys` | the keys under which a token's revocations are found |
//! | `state` | the latest records of one key, and whether they refuse a token |
//! | `index` | all keys |
//! | `issuers` | the issuers that records are about, by name |
//! | `bounds` | what is removed: the expired, and the oldest of too many |
//! | `log` | the log that processes share, as a trait |
//! | `contact` | whether the log was read, and when it last answered |
//! | `revocations` | index and log together |
//!
//! # Merging
//! For each key the latest record of each [`Effect`] counts, so duplicates and any order are
//! harmless. A token is refused if any key that applies to it refuses.

mod bounds;
mod contact;
mod error;
mod index;
mod issuers;
mod keys;
mod log;
mod record;
mod revocations;
mod settings;
mod state;

pub(crate) use contact::NoContact;
pub use error::RevokeError;
pub use index::RevocationListener;
pub(crate) use issuers::IssuerRecords;
pub(crate) use keys::{Named, RevocationKeys};
pub use log::{LogBatch, LogEntry, LogError, LogFollower, RevocationLog};
pub use record::{Effect, NewRevocation, Revocation, RevocationId, Revoked};
pub use revocations::{RevocationHealth, Revocations};
pub use settings::RevocationSettings;
