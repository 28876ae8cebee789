//! The machine's clock.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use mcp_auth_core::{Clock, UnixTime};

/// The machine's clock: what [`McpAuth`](crate::McpAuth) uses unless told otherwise.
///
/// A clock before 1970 is wrong: it counts as the end of time, at which every token has expired.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        UnixTime::since_epoch(SystemTime::UNIX_EPOCH.elapsed().unwrap_or(Duration::MAX))
    }
}

/// The clock that was chosen.
#[derive(Clone, Default)]
pub(crate) enum ChosenClock {
    #[default]
    Machine,
    Other(Arc<dyn Clock>),
}

impl Clock for ChosenClock {
    fn now(&self) -> UnixTime {
        match self {
            Self::Machine => SystemClock.now(),
            Self::Other(clock) => clock.now(),
        }
    }
}
