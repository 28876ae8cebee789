//! What the table knows of an entry without looking at it.

/// A part of the digest, until when the entry is good, and whether it was asked for again, in one
/// number that is read and written at once.
///
/// 32 bits of the digest, 31 of a clock that ticks 250 times a second and goes round in 99 days,
/// and one bit. An entry lives for an hour at most, so on such a clock what lies up to half a round
/// behind has ended. What nobody swept for longer than that only keeps its place for longer.
#[derive(Clone, Copy)]
pub(super) struct Mark(u64);

/// The bits of the clock.
const ROUND: u32 = (1 << 31) - 1;

impl Mark {
    /// A place without an entry.
    pub(super) const EMPTY: u64 = 0;
    /// The bit that says that the entry was asked for again.
    pub(super) const USED: u64 = 1;

    /// Of an entry that is good until then, in milliseconds since the epoch.
    pub(super) fn new(digest: u128, until_millis: u64) -> Self {
        Self(u64::from(tag(digest)) << 32 | u64::from(Self::tick(until_millis)) << 1)
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) fn bits(self) -> u64 {
        self.0
    }

    /// A moment on the clock.
    pub(super) fn tick(millis: u64) -> u32 {
        (millis / 4) as u32 & ROUND
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == Self::EMPTY
    }

    /// Whether its entry has this digest, as far as the mark can tell.
    pub(super) fn may_be_of(self, digest: u128) -> bool {
        (self.0 >> 32) as u32 == tag(digest)
    }

    pub(super) fn is_used(self) -> bool {
        self.0 & Self::USED != 0
    }

    pub(super) fn has_ended(self, now: u32) -> bool {
        self.left(now) > ROUND / 2
    }

    /// How many ticks are left; a great many where it has ended.
    pub(super) fn left(self, now: u32) -> u32 {
        ((self.0 >> 1) as u32).wrapping_sub(now) & ROUND
    }
}

/// Never that of an empty place.
fn tag(digest: u128) -> u32 {
    digest as u32 | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;

    #[test]
    fn a_mark_tells_what_it_was_made_of() {
        let mark = Mark::new(DIGEST, 8_000);
        assert!(mark.may_be_of(DIGEST) && !mark.may_be_of(DIGEST ^ 2) && !mark.is_empty());
        assert!(!mark.is_used() && Mark::from_bits(mark.bits() | Mark::USED).is_used());
        assert_eq!(mark.left(Mark::tick(4_000)), 1_000);
        assert!(Mark::from_bits(Mark::EMPTY).is_empty());
        let empty = Mark::from_bits(Mark::EMPTY);
        assert!(!empty.may_be_of(0) && !empty.may_be_of(1), "no digest is that of an empty place");
    }

    #[test]
    fn it_ends_when_its_time_has_passed_wherever_the_clock_stands() {
        // 2026, the clock's last tick before it goes round, and one near the end of numbers.
        for now in [1_795_000_000_000, (u64::from(ROUND) + 1) * 4 * 207 - 2, (1 << 62) - 8_000] {
            let (mark, used) = (Mark::new(DIGEST, now + 60_000), Mark::USED);
            for mark in [mark, Mark::from_bits(mark.bits() | used)] {
                for (later, ended) in
                    [(0, false), (60_000, false), (60_008, true), (3_600_000, true)]
                {
                    assert_eq!(mark.has_ended(Mark::tick(now + later)), ended, "{now} + {later}");
                }
            }
        }
    }
}
