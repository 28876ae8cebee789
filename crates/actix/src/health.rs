//! How a resource is: its issuers' keys, and its revocations.

use std::time::Duration;

use mcp_auth_core::{issuer_keys::LastFetch, revocation::RevocationHealth};

/// The state of a resource, from [`McpAuth::health`](crate::McpAuth::health).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The state of each issuer's keys.
    pub issuers: Vec<IssuerHealth>,
    /// The state of the revocations, and of the log that processes share.
    pub revocations: RevocationHealth,
}

impl Health {
    /// Whether the tokens of every issuer can be verified, and every revocation before the start is
    /// in force: for readiness checks.
    pub fn is_ready(&self) -> bool {
        self.revocations.ready && self.issuers.iter().all(|issuer| issuer.ready)
    }
}

/// The state of one issuer's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssuerHealth {
    /// The issuer.
    pub issuer: String,
    /// Whether its tokens can be verified now.
    pub ready: bool,
    /// How many keys are known.
    pub keys: usize,
    /// How long ago the keys were fetched; `None` where they never were.
    pub age: Option<Duration>,
    /// For how long the keys may still be used if no fetch succeeds; zero once they are too old,
    /// `None` where there never were any.
    pub usable_for: Option<Duration>,
    /// How the last fetch ended.
    pub last_fetch: LastFetch,
    /// How many fetches have failed since the last that did not.
    pub failures: u32,
    /// Why the last fetch failed, in one line for the operator: addresses and causes, no secrets.
    /// `None` where it did not fail.
    pub last_error: Option<String>,
}
