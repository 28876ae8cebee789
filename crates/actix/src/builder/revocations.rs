//! Revocations.

use std::time::Duration;

use super::McpAuthBuilder;
use crate::revocation::SharedRevocations;

impl McpAuthBuilder {
    /// The revocations that requests ask. Share one value between the resources of an application,
    /// and follow a log with it to share them between processes: [`SharedRevocations::follow`].
    /// Default: in memory, for this resource alone.
    pub fn revocations(mut self, revocations: impl Into<SharedRevocations>) -> Self {
        self.revocations = Some(revocations.into());
        self
    }

    /// The longest lifetime of a token: one whose `exp` is further ahead of now, or further after
    /// its `iat`, is refused with 401. Revocations are kept for this time. All processes that share
    /// a revocation log need the same value. Default 31 days.
    pub fn max_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_token_lifetime = Some(lifetime);
        self
    }
}
