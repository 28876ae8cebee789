//! Sortable names of records.

use std::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
};

use serde::{Serialize, Serializer};

use crate::{keyed_hash::random_bytes, time::UnixTime};

/// The name of an [`AuditRecord`](super::AuditRecord): 26 characters in Crockford's Base32, as a
/// ULID has. Its first 48 bits are the time in milliseconds, so that names sort by time; records of
/// one process and one millisecond sort in the order in which they were begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditId(u128);

/// Makes the names of one process.
#[derive(Debug)]
pub struct AuditIds {
    /// 48 random bits that tell processes apart.
    process: u64,
    counter: AtomicU32,
}

impl AuditIds {
    /// With new random bits.
    ///
    /// # Panics
    /// Where the operating system has no random numbers.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let random = u64::from_le_bytes(random_bytes());
        Self { process: random >> 16, counter: AtomicU32::new(0) }
    }

    /// The next name.
    pub fn next(&self, now: UnixTime) -> AuditId {
        let millis = u128::from(now.as_millis() & ((1 << 48) - 1));
        let count = u128::from(self.counter.fetch_add(1, Ordering::Relaxed));
        AuditId(millis << 80 | count << 48 | u128::from(self.process))
    }
}

impl fmt::Display for AuditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        for place in (0..26).rev() {
            let digit = (self.0 >> (place * 5)) as usize & 31;
            fmt::Write::write_char(f, DIGITS[digit].into())?;
        }
        Ok(())
    }
}

impl Serialize for AuditId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r40_ids_sort_by_time_and_then_by_order() {
        let ids = AuditIds::new();
        let times = [1, 1, 1, 2, 3].map(UnixTime::from_secs);
        let texts = times.map(|time| ids.next(time).to_string());
        assert!(texts.iter().all(|text| text.len() == 26), "{texts:?}");
        assert!(texts.is_sorted_by(|one, next| one < next), "{texts:?}");
    }

    #[test]
    fn r40_two_processes_make_different_ids() {
        let now = UnixTime::from_secs(1);
        assert_ne!(AuditIds::new().next(now), AuditIds::new().next(now));
    }
}
