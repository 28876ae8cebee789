//! The authority's clock: the system's clock with an offset that tests set.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_millis: AtomicI64,
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        let offset = self.offset_millis.load(Ordering::SeqCst);
        let distance = Duration::from_millis(offset.unsigned_abs());
        let real = SystemTime::now();
        let moved =
            if offset < 0 { real.checked_sub(distance) } else { real.checked_add(distance) };
        moved.unwrap_or(real)
    }

    pub(crate) fn unix_seconds(&self) -> i64 {
        unix_seconds(self.now())
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.offset_millis.fetch_add(millis(by), Ordering::SeqCst);
    }

    pub(crate) fn rewind(&self, by: Duration) {
        self.offset_millis.fetch_sub(millis(by), Ordering::SeqCst);
    }
}

/// Whole seconds since 1970, negative before it.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => seconds(after),
        Err(before) => -seconds(before.duration()),
    }
}

pub(crate) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
