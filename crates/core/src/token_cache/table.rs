//! A table of fixed size that many threads read and write without a lock.
//!
//! Each entry may stand in one of the sixteen places of its set. A set is one block of memory: a
//! dense row of marks, and the entries. A mark has all that looking for an entry, or for a place,
//! needs: a part of the digest, until when the entry is good, and whether it was asked for again.
//! So a look-up among a million reads the row and one entry, all from one page of memory, instead
//! of sixteen entries. The entry itself is the truth; where a race leaves a mark beside another
//! entry than its own, a token is verified once more or a place chosen less well, and nothing else.

use std::sync::{
    Arc,
    atomic::{
        AtomicU64, AtomicUsize,
        Ordering::{Acquire, Relaxed, Release},
    },
};

use arc_swap::ArcSwapOption;

use super::{Caller, Remembered, TokenCacheUse, mark::Mark};
use crate::time::UnixTime;

/// How many places an entry may stand in.
const WAYS: usize = 16;
/// How many sets are looked through to make room where the bound in bytes is reached.
const SEARCHED: usize = 8;

pub(super) struct Table {
    sets: Box<[Set]>,
    max_bytes: usize,
    bytes: AtomicUsize,
    len: AtomicUsize,
    /// The set that is swept next.
    hand: AtomicUsize,
}

/// Aligned to its size, so that it never lies across two pages.
#[repr(align(256))]
struct Set {
    marks: [AtomicU64; WAYS],
    entries: [ArcSwapOption<Remembered>; WAYS],
}

impl Table {
    pub(super) fn new(capacity: usize, max_bytes: usize) -> Self {
        Self {
            sets: (0..capacity.div_ceil(WAYS)).map(|_| Set::empty()).collect(),
            max_bytes,
            bytes: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            hand: AtomicUsize::new(0),
        }
    }

    /// What `taken` takes of the entry of this digest, if there is one and it is `still_true`; one
    /// that is not is forgotten.
    pub(super) fn find<T>(
        &self,
        digest: u128,
        still_true: impl FnOnce(&Remembered) -> bool,
        taken: impl FnOnce(&Arc<Remembered>) -> T,
    ) -> Option<T> {
        let set = self.set(digest);
        let place = set.place_of(digest)?;
        // Held without counting it: whoever asks takes the principal and leaves the entry.
        let entry = set.entries[place].load();
        let entry = entry.as_ref().filter(|entry| entry.digest == digest)?;
        if !still_true(entry) {
            self.clear(set, place);
            return None;
        }
        // Written once: workers that share a token must not fight for the line.
        if !set.mark(place).is_used() {
            set.marks[place].fetch_or(Mark::USED, Relaxed);
        } else if entry.caller.lacks_mine() {
            self.divide(&entry.caller);
        }
        Some(taken(entry))
    }

    /// Puts an entry where it does least harm, or nowhere if there is no room for its bytes.
    pub(super) fn insert(&self, entry: Arc<Remembered>, now: UnixTime) {
        let now = Mark::tick(now.as_millis());
        self.sweep(|mark| mark.has_ended(now));
        if !self.make_room(entry.weight(), now) {
            return;
        }
        let set = self.set(entry.digest);
        let place = set.place_for(entry.digest, now);
        let mark = Mark::new(entry.digest, entry.until);
        self.len.fetch_add(1, Relaxed);
        self.bytes.fetch_add(entry.weight(), Relaxed);
        self.settle(set.entries[place].swap(Some(entry)));
        // Last, so that a place with an entry that nothing points to cannot be left over.
        set.marks[place].store(mark.bits(), Release);
    }

    pub(super) fn in_use(&self) -> TokenCacheUse {
        TokenCacheUse { entries: self.len.load(Relaxed), bytes: self.bytes.load(Relaxed) }
    }

    fn set(&self, digest: u128) -> &Set {
        // The upper half of the digest, spread over the sets without a division.
        let set = ((digest >> 64) * self.sets.len() as u128) >> 64;
        &self.sets[set as usize]
    }

    /// Forgets what was never asked for again, in a few sets, where the bytes would be too many.
    fn make_room(&self, weight: usize, now: u32) -> bool {
        let fits = || self.bytes.load(Relaxed).saturating_add(weight) <= self.max_bytes;
        for _ in 0..SEARCHED {
            if fits() {
                return true;
            }
            self.sweep(|mark| mark.has_ended(now) || !mark.is_used());
        }
        fits()
    }

    /// Forgets what is unwanted in the next set, so that memory follows what is in use.
    fn sweep(&self, unwanted: impl Fn(Mark) -> bool) {
        let set = &self.sets[self.hand.fetch_add(1, Relaxed) % self.sets.len()];
        for place in 0..WAYS {
            let mark = set.mark(place);
            if !mark.is_empty() && unwanted(mark) {
                self.clear(set, place);
            }
        }
    }

    /// Makes the copy for every second thread, as long as half of the bytes are free: it must
    /// not take a token's room.
    #[cold]
    fn divide(&self, caller: &Caller) {
        let weight = caller.weight();
        if self.bytes.load(Relaxed).saturating_add(weight) > self.max_bytes / 2 {
            return;
        }
        // Counted before it is there, so that nobody takes off the books what is not on them.
        self.bytes.fetch_add(weight, Relaxed);
        if !caller.divide() {
            self.bytes.fetch_sub(weight, Relaxed);
        }
    }

    fn clear(&self, set: &Set, place: usize) {
        set.marks[place].store(Mark::EMPTY, Release);
        self.settle(set.entries[place].swap(None));
    }

    /// Takes an entry that went off the books.
    fn settle(&self, gone: Option<Arc<Remembered>>) {
        if let Some(gone) = gone {
            self.len.fetch_sub(1, Relaxed);
            // A thread that still looks at it makes no copy any more.
            let copy = if gone.caller.close() { gone.caller.weight() } else { 0 };
            self.bytes.fetch_sub(gone.weight() + copy, Relaxed);
        }
    }
}

impl Set {
    fn empty() -> Self {
        Self {
            marks: [const { AtomicU64::new(Mark::EMPTY) }; WAYS],
            entries: [const { ArcSwapOption::const_empty() }; WAYS],
        }
    }

    fn mark(&self, place: usize) -> Mark {
        Mark::from_bits(self.marks[place].load(Acquire))
    }

    fn place_of(&self, digest: u128) -> Option<usize> {
        (0..WAYS).find(|&place| self.mark(place).may_be_of(digest))
    }

    /// The same token's place, an empty one, an expired one, the one of those never asked for
    /// again that ends first, or of all.
    fn place_for(&self, digest: u128, now: u32) -> usize {
        let rank = |&place: &usize| match self.mark(place) {
            mark if mark.may_be_of(digest) => (0, 0),
            mark if mark.is_empty() => (1, 0),
            mark if mark.has_ended(now) => (2, 0),
            mark if !mark.is_used() => (3, mark.left(now)),
            mark => (4, mark.left(now)),
        };
        (0..WAYS).min_by_key(rank).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
