//! A bound for lines in a log that anybody can cause.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::UnixTime;

/// Lets one line a second through, and counts the others.
#[derive(Debug, Default)]
pub struct OncePerSecond {
    second: AtomicU64,
    suppressed: AtomicU64,
}

impl OncePerSecond {
    /// How many lines were suppressed since the last one, where this one may be written.
    pub fn pass(&self, now: UnixTime) -> Option<u64> {
        let second = now.as_millis() / 1_000;
        match self.second.swap(second, Ordering::Relaxed) == second {
            true => {
                self.suppressed.fetch_add(1, Ordering::Relaxed);
                None
            }
            false => Some(self.suppressed.swap(0, Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_passes_with_the_number_of_others() {
        let limit = OncePerSecond::default();
        let pass = |second| limit.pass(UnixTime::from_secs(second));
        assert_eq!(
            [pass(1), pass(1), pass(1), pass(2), pass(3)],
            [Some(0), None, None, Some(2), Some(0)]
        );
    }
}
