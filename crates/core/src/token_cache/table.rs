//! A table of fixed size that many threads read and write without a lock.
//!
//! Each entry may stand in one of the sixteen places of its set. Beside the entries stand two
//! dense rows of numbers, so that looking for an entry, or for a place, reads two cache lines
//! instead of sixteen entries: a tag, which is half of the digest, and a state, which says until
//! when the entry is good and whether it was asked for again. The entry itself is the truth;
//! where a race leaves a tag or state beside another entry than its own, a token is verified once
//! more or a place chosen less well, and nothing else.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{
            AtomicU64, AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

use arc_swap::ArcSwapOption;

use super::{Remembered, TokenCacheUse};
use crate::time::UnixTime;

/// How many places an entry may stand in.
const WAYS: usize = 16;
/// How many sets are looked through to make room where the bound in bytes is reached.
const SEARCHED: usize = 8;
/// A place without an entry.
const EMPTY: u64 = 0;
/// The bit of a state that says that the entry was asked for again.
const USED: u64 = 1;

pub(super) struct Table {
    tags: Box<[AtomicU64]>,
    states: Box<[AtomicU64]>,
    entries: Box<[ArcSwapOption<Remembered>]>,
    max_bytes: usize,
    bytes: AtomicUsize,
    len: AtomicUsize,
    /// The set that is swept next.
    hand: AtomicUsize,
}

impl Table {
    pub(super) fn new(capacity: usize, max_bytes: usize) -> Self {
        let places = capacity.next_multiple_of(WAYS);
        let numbers = || (0..places).map(|_| AtomicU64::new(EMPTY)).collect();
        Self {
            tags: numbers(),
            states: numbers(),
            entries: (0..places).map(|_| ArcSwapOption::empty()).collect(),
            max_bytes,
            bytes: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            hand: AtomicUsize::new(0),
        }
    }

    /// The entry of this digest, if there is one and it is `still_true`; one that is not is
    /// forgotten.
    pub(super) fn find(
        &self,
        digest: u128,
        still_true: impl FnOnce(&Remembered) -> bool,
    ) -> Option<Arc<Remembered>> {
        let tag = tag(digest);
        let place = self.set(digest).find(|&place| self.tags[place].load(Acquire) == tag)?;
        let entry = self.entries[place].load_full().filter(|entry| entry.digest == digest)?;
        if !still_true(&entry) {
            self.clear(place);
            return None;
        }
        // Written once: workers that share a token must not fight for the line.
        if self.states[place].load(Relaxed) & USED == 0 {
            self.states[place].fetch_or(USED, Relaxed);
        }
        Some(entry)
    }

    /// Puts an entry where it does least harm, or nowhere if there is no room for its bytes.
    pub(super) fn insert(&self, entry: Arc<Remembered>, now: UnixTime) {
        self.sweep_one_set(now);
        if !self.make_room(entry.weight, now) {
            return;
        }
        let place = self.place_for(entry.digest, now);
        let (tag, state) = (tag(entry.digest), state(entry.until));
        self.len.fetch_add(1, Relaxed);
        self.bytes.fetch_add(entry.weight, Relaxed);
        self.settle(self.entries[place].swap(Some(entry)));
        // Last, so that a place with an entry that nothing points to cannot be left over.
        self.tags[place].store(tag, Release);
        self.states[place].store(state, Release);
    }

    pub(super) fn in_use(&self) -> TokenCacheUse {
        TokenCacheUse { entries: self.len.load(Relaxed), bytes: self.bytes.load(Relaxed) }
    }

    fn set(&self, digest: u128) -> Range<usize> {
        // The upper half of the digest, spread over the sets without a division.
        let sets = self.entries.len() / WAYS;
        let set = (((digest >> 64) * sets as u128) >> 64) as usize;
        set * WAYS..(set + 1) * WAYS
    }

    /// The same token's place, an empty one, an expired one, the one of those never asked for
    /// again that ends first, or of all.
    fn place_for(&self, digest: u128, now: UnixTime) -> usize {
        let (tag, now) = (tag(digest), state(now));
        let rank = |&place: &usize| {
            let (known, state) = (self.tags[place].load(Acquire), self.states[place].load(Acquire));
            match state {
                _ if known == tag => (0, 0),
                EMPTY => (1, 0),
                _ if state < now => (2, 0),
                _ if state & USED == 0 => (3, state),
                _ => (4, state),
            }
        };
        let set = self.set(digest);
        set.clone().min_by_key(rank).unwrap_or(set.start)
    }

    /// Forgets what has expired in the next set, so that memory follows what is in use.
    fn sweep_one_set(&self, now: UnixTime) {
        let now = state(now);
        self.sweep(|state| state < now);
    }

    /// Forgets what was never asked for again, in a few sets, where the bytes would be too many.
    fn make_room(&self, weight: usize, now: UnixTime) -> bool {
        let fits = || self.bytes.load(Relaxed).saturating_add(weight) <= self.max_bytes;
        let now = state(now);
        for _ in 0..SEARCHED {
            if fits() {
                return true;
            }
            self.sweep(|state| state < now || state & USED == 0);
        }
        fits()
    }

    fn sweep(&self, unwanted: impl Fn(u64) -> bool) {
        let sets = self.entries.len() / WAYS;
        let set = self.hand.fetch_add(1, Relaxed) % sets;
        for place in set * WAYS..(set + 1) * WAYS {
            let state = self.states[place].load(Acquire);
            if state != EMPTY && unwanted(state) {
                self.clear(place);
            }
        }
    }

    fn clear(&self, place: usize) {
        self.tags[place].store(EMPTY, Release);
        self.states[place].store(EMPTY, Release);
        self.settle(self.entries[place].swap(None));
    }

    /// Takes an entry that went off the books.
    fn settle(&self, gone: Option<Arc<Remembered>>) {
        if let Some(gone) = gone {
            self.len.fetch_sub(1, Relaxed);
            self.bytes.fetch_sub(gone.weight, Relaxed);
        }
    }
}

fn tag(digest: u128) -> u64 {
    // Never that of an empty place.
    digest as u64 | 1
}

fn state(until: UnixTime) -> u64 {
    (until.as_millis() << 1).max(2)
}
