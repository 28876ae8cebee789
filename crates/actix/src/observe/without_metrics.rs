//! Stands for the module `metrics` where that feature is off: nothing is counted.

use mcp_auth_core::{IdentityStore, issuer_keys::KeySnapshot, revocation::RevocationHealth};

/// Counts nothing.
#[derive(Debug)]
pub(super) struct DecisionCounters;

impl DecisionCounters {
    pub(super) fn of(_resource: &str) -> Self {
        Self
    }

    #[inline]
    pub(super) fn accepted(&self) {}

    #[inline]
    pub(super) fn anonymous(&self) {}

    #[inline]
    pub(super) fn refused(&self, _reason: &'static str) {}

    #[inline]
    pub(super) fn key_cool_down(&self, _issuer: &str) {}
}

/// Counts nothing.
pub(super) fn audit_records(_count: u64, _outcome: &'static str) {}

/// The store as it is.
pub(crate) fn measured<S: IdentityStore>(store: S, _resource: &str) -> S {
    store
}

/// Measures nothing.
#[derive(Debug)]
pub(super) struct KeyMetrics;

impl KeyMetrics {
    pub(super) fn of(_resource: &str, _issuer: &str) -> Self {
        Self
    }

    pub(super) fn succeeded(&self, _snapshot: &KeySnapshot) {}

    pub(super) fn failed(&self) {}
}

/// Measures nothing.
#[derive(Debug)]
pub(super) struct RevocationMetrics;

impl RevocationMetrics {
    pub(super) fn of(_log: &str) -> Self {
        Self
    }

    pub(super) fn observe(&self, _health: &RevocationHealth) {}
}
