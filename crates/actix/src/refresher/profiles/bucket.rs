//! A token bucket: a bounded rate with a bounded burst.

use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Bucket {
    limit: Limit,
    permits: f64,
    filled_at: Instant,
}

/// How much a bucket lets through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// Permits in a full bucket.
    pub(super) burst: u32,
    /// Permits that are added each second.
    pub(super) per_second: u32,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(limit: Limit, now: Instant) -> Self {
        Self { limit, permits: f64::from(limit.burst), filled_at: now }
    }

    /// Whether there is a permit.
    pub(super) fn has_permit(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.permits >= 1.0
    }

    /// Takes a permit, which [`has_permit`](Self::has_permit) has found to be there.
    pub(super) fn take(&mut self) {
        self.permits = (self.permits - 1.0).max(0.0);
    }

    /// Whether nothing of it is in use, so that a new bucket would be the same.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.permits_at(now) >= f64::from(self.limit.burst)
    }

    fn fill(&mut self, now: Instant) {
        self.permits = self.permits_at(now);
        self.filled_at = self.filled_at.max(now);
    }

    fn permits_at(&self, now: Instant) -> f64 {
        let since: Duration = now.saturating_duration_since(self.filled_at);
        let added = since.as_secs_f64() * f64::from(self.limit.per_second);
        (self.permits + added).min(f64::from(self.limit.burst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_bounds_burst_and_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Limit { burst: 3, per_second: 2 }, start);
        let mut taken = |now| {
            let mut count = 0;
            while bucket.has_permit(now) {
                bucket.take();
                count += 1;
            }
            count
        };
        assert_eq!(taken(start), 3);
        assert_eq!(taken(start + Duration::from_millis(400)), 0);
        assert_eq!(taken(start + Duration::from_millis(500)), 1);
        assert_eq!(taken(start + Duration::from_secs(60)), 3);
        assert!(!bucket.is_full(start + Duration::from_secs(61)));
        assert!(bucket.is_full(start + Duration::from_secs(62)));
    }
}
