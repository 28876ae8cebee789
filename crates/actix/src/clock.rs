//! The machine's clock.

use std::{sync::Arc, time::Duration};

use mcp_auth_core::{Clock, UnixTime};

/// The machine's clock: what [`McpAuth`](crate::McpAuth) uses unless told otherwise.
///
/// On Linux it goes forward by some milliseconds at a time (`CLOCK_REALTIME_COARSE`), since nothing
/// here needs to know it better, and asking for that costs a tenth.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> UnixTime {
        UnixTime::since_epoch(elapsed())
    }
}

/// The clock that was chosen. The machine's is asked without a detour: every request asks.
#[derive(Clone, Default)]
pub(crate) enum ChosenClock {
    #[default]
    Machine,
    Other(Arc<dyn Clock>),
}

impl Clock for ChosenClock {
    #[inline]
    fn now(&self) -> UnixTime {
        match self {
            Self::Machine => SystemClock.now(),
            Self::Other(clock) => clock.now(),
        }
    }
}

/// Since 1970. A clock before that is wrong in any case; with the end of time, every token has
/// expired.
#[cfg(target_os = "linux")]
fn elapsed() -> Duration {
    use nix::time::{ClockId, clock_gettime};

    // Every Linux has this clock.
    let Ok(now) = clock_gettime(ClockId::CLOCK_REALTIME_COARSE) else { return Duration::MAX };
    match (u64::try_from(now.tv_sec()), u32::try_from(now.tv_nsec())) {
        (Ok(seconds), Ok(nanoseconds)) => Duration::new(seconds, nanoseconds),
        _ => Duration::MAX,
    }
}

/// Since 1970, in the same way.
#[cfg(not(target_os = "linux"))]
fn elapsed() -> Duration {
    use std::time::SystemTime;

    SystemTime::UNIX_EPOCH.elapsed().unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn the_clock_is_that_of_the_machine() {
        let before = SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let now = elapsed();
        let after = SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let tick = Duration::from_millis(20);
        assert!(before <= now + tick && now <= after, "{before:?} {now:?} {after:?}");
    }
}
