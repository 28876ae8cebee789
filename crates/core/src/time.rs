//! Time as a value. Core reads no clock: callers pass the time in.

use std::{fmt, ops::Add, time::Duration};

/// A point in time: the time elapsed since 1970-01-01T00:00:00Z.
///
/// ```
/// use std::time::Duration;
/// # mod actix_mcp_auth { pub mod operation { pub use mcp_auth_core::*; } }
/// use actix_mcp_auth::operation::UnixTime;
///
/// let noon = UnixTime::from_secs(1_800_000_000);
/// assert_eq!(noon + Duration::from_secs(60), UnixTime::from_secs(1_800_000_060));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct UnixTime(Duration);

impl UnixTime {
    /// The time `seconds` whole seconds after the epoch.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The time `elapsed` after the epoch.
    #[inline]
    pub const fn since_epoch(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// Seconds since the epoch with fractions, like a JWT's NumericDate (RFC 7519 §2).
    pub fn as_secs_f64(self) -> f64 {
        self.0.as_secs_f64()
    }

    /// Whole milliseconds since the epoch, at most 2⁶².
    #[inline]
    pub(crate) fn as_millis(self) -> u64 {
        let seconds = self.0.as_secs().saturating_mul(1_000);
        seconds.saturating_add(self.0.subsec_millis().into()).min(1 << 62)
    }

    /// The same in whole milliseconds, rounded up.
    pub(crate) fn ceil_millis(self) -> Self {
        let millis = self.as_millis();
        let floor = Self(Duration::from_millis(millis));
        if floor < self && millis < 1 << 62 { floor + Duration::from_millis(1) } else { floor }
    }

    /// The time elapsed since `earlier`; zero if `earlier` is later.
    pub fn duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    pub(crate) fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }

    pub(crate) fn saturating_sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by))
    }
}

/// Saturates instead of overflowing.
impl Add<Duration> for UnixTime {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        self.saturating_add(by)
    }
}

impl fmt::Debug for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnixTime({:.3})", self.0.as_secs_f64())
    }
}

/// Times as whole milliseconds since the epoch, for `#[serde(with = …)]`.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::UnixTime;

    pub(crate) fn serialize<S: Serializer>(time: &UnixTime, to: S) -> Result<S::Ok, S::Error> {
        time.as_millis().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UnixTime, D::Error> {
        Ok(UnixTime::since_epoch(Duration::from_millis(u64::deserialize(from)?)))
    }
}

/// A source of time: the system's clock in production, a frozen clock in tests.
pub trait Clock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> UnixTime;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_whole_and_saturate() {
        let after = |elapsed| UnixTime::since_epoch(elapsed).as_millis();
        assert_eq!(after(Duration::new(1_800_000_000, 999_999_999)), 1_800_000_000_999);
        for much in [Duration::MAX, Duration::from_secs(u64::MAX / 1_000 + 1)] {
            assert_eq!(after(much), 1 << 62);
        }
    }
}
