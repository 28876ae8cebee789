//! A token bucket: a bounded rate with a bounded burst.

use std::time::{Duration, Instant};

use crate::time::UnixTime;

/// A bucket of permits, which are added at a constant rate. The time is passed in: `T` is the
/// caller's clock.
#[derive(Debug)]
pub struct TokenBucket<T> {
    limit: Limit,
    permits: f64,
    filled_at: T,
}

/// How much a bucket lets through.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Permits in a full bucket.
    pub burst: u32,
    /// Permits that are added each second.
    pub per_second: f64,
}

/// A point in time, by any clock.
pub trait Moment: Copy {
    /// The time since `earlier`; zero where that is later.
    fn since(self, earlier: Self) -> Duration;
}

impl Moment for Instant {
    fn since(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl Moment for UnixTime {
    fn since(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

impl<T: Moment> TokenBucket<T> {
    /// A full bucket.
    pub fn new(limit: Limit, now: T) -> Self {
        Self { limit, permits: f64::from(limit.burst), filled_at: now }
    }

    /// Whether there is a permit.
    pub fn has_permit(&mut self, now: T) -> bool {
        self.permits = self.permits_at(now);
        // Also where the clock was set back: permits are added again from then on.
        self.filled_at = now;
        self.permits >= 1.0
    }

    /// Takes a permit, which [`has_permit`](Self::has_permit) has found to be there.
    pub fn take(&mut self) {
        self.permits = (self.permits - 1.0).max(0.0);
    }

    /// Whether nothing of it is in use, so that a new bucket would be the same.
    pub fn is_full(&self, now: T) -> bool {
        self.permits_at(now) >= f64::from(self.limit.burst)
    }

    fn permits_at(&self, now: T) -> f64 {
        let added = now.since(self.filled_at).as_secs_f64() * self.limit.per_second;
        (self.permits + added).min(f64::from(self.limit.burst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all<T: Moment>(bucket: &mut TokenBucket<T>, now: T) -> u32 {
        let mut count = 0;
        while bucket.has_permit(now) {
            bucket.take();
            count += 1;
        }
        count
    }

    #[test]
    fn a_bucket_bounds_burst_and_rate() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(Limit { burst: 3, per_second: 2.0 }, start);
        assert_eq!(take_all(&mut bucket, start), 3);
        assert_eq!(take_all(&mut bucket, start + Duration::from_millis(400)), 0);
        assert_eq!(take_all(&mut bucket, start + Duration::from_millis(500)), 1);
        assert_eq!(take_all(&mut bucket, start + Duration::from_secs(60)), 3);
        assert!(!bucket.is_full(start + Duration::from_secs(61)));
        assert!(bucket.is_full(start + Duration::from_secs(62)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_a_bucket() {
        let at = UnixTime::from_secs;
        let mut bucket = TokenBucket::new(Limit { burst: 2, per_second: 1.0 }, at(10_000));
        assert_eq!(take_all(&mut bucket, at(10_000)), 2);
        assert_eq!(take_all(&mut bucket, at(100)), 0);
        assert_eq!(take_all(&mut bucket, at(101)), 1);
    }
}
