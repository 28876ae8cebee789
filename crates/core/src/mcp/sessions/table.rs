//! Sessions by their digest, and how many each owner holds.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// The owner of sessions that were opened before anybody signed in.
pub(super) const NOBODY: u128 = 0;

#[derive(Default)]
pub(super) struct Table {
    bound: HashMap<u128, Bound>,
    /// No entry where it would be zero.
    held: HashMap<u128, usize>,
}

pub(super) struct Bound {
    pub(super) owner: u128,
    /// In milliseconds since the epoch.
    pub(super) last_used: AtomicU64,
}

impl Table {
    pub(super) fn get(&self, session: u128) -> Option<&Bound> {
        self.bound.get(&session)
    }

    pub(super) fn len(&self) -> usize {
        self.bound.len()
    }

    pub(super) fn held_by(&self, owner: u128) -> usize {
        self.held.get(&owner).copied().unwrap_or_default()
    }

    pub(super) fn insert(&mut self, session: u128, owner: u128, now: u64) {
        self.remove(session);
        self.bound.insert(session, Bound { owner, last_used: now.into() });
        *self.held.entry(owner).or_default() += 1;
    }

    pub(super) fn remove(&mut self, session: u128) {
        let Some(Bound { owner, .. }) = self.bound.remove(&session) else {
            return;
        };
        if let Some(held) = self.held.get_mut(&owner) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&owner);
            }
        }
    }

    /// Forgets all that were last used before `then`.
    pub(super) fn forget_unused_since(&mut self, then: u64) {
        let unused = |(session, bound): (&u128, &Bound)| {
            (bound.last_used.load(Relaxed) < then).then_some(*session)
        };
        for session in self.bound.iter().filter_map(unused).collect::<Vec<_>>() {
            self.remove(session);
        }
    }

    /// Forgets so many of those that were not used for longest, of one owner or of all.
    pub(super) fn forget_oldest(&mut self, count: usize, owner: Option<u128>) {
        let mut ages: Vec<_> = self
            .bound
            .iter()
            .filter(|(_, bound)| owner.is_none_or(|owner| bound.owner == owner))
            .map(|(session, bound)| (bound.last_used.load(Relaxed), *session))
            .collect();
        if count < ages.len() {
            ages.select_nth_unstable(count);
            ages.truncate(count);
        }
        for (_, session) in ages {
            self.remove(session);
        }
    }
}
