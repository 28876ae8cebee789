//! How it runs: fetching, time and the log.

use std::{sync::Arc, time::Duration};

use mcp_auth_core::{Clock, mcp::SessionSettings, refresh::RefreshSettings};

use super::McpAuthBuilder;
use crate::{clock::ChosenClock, observe::LogSampling};

impl McpAuthBuilder {
    /// When keys are fetched again: see [`RefreshSettings`] for the defaults.
    pub fn refresh(mut self, settings: RefreshSettings) -> Self {
        self.refresh = settings;
        self
    }

    /// The longest that a decision may take: waiting for a key, finding the user, provisioning one.
    /// Longer is a 503. Default 10 s.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// How many refusals are written to the log: see [`LogSampling`]. Default: of each reason the
    /// first 10 in 10 s, then ever fewer, with the number of those left out;
    /// [`LogSampling::off`] writes all.
    pub fn log_sampling(mut self, sampling: LogSampling) -> Self {
        self.log_sampling = sampling;
        self
    }

    /// How many session ids [`McpAuth::mcp`](crate::McpAuth::mcp) binds to whom they were given to,
    /// and for how long. Default: 65,536, forgotten after 24 h without use;
    /// [`SessionSettings::off`] leaves them to the server behind.
    /// [`sessions`](mcp_auth_core::mcp::sessions) tells what that means.
    pub fn sessions(mut self, settings: SessionSettings) -> Self {
        self.sessions = settings;
        self
    }

    /// Another clock than the machine's, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = ChosenClock::Other(Arc::new(clock));
        self
    }
}
