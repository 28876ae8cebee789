//! The machine's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcp_auth_core::{Clock, UnixTime};

/// The machine's clock: what [`McpAuth`](crate::McpAuth) uses unless told otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        // A clock before 1970 is wrong in any case; with the end of time, every token has expired.
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::MAX);
        UnixTime::since_epoch(elapsed)
    }
}
