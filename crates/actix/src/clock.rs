//! The machine's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use mcp_auth_core::{Clock, UnixTime};

/// The machine's clock: what [`McpAuth`](crate::McpAuth) uses unless told otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        // A clock before 1970 is wrong in any case; no token is valid then.
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixTime::since_epoch(elapsed)
    }
}
