//! Sessions by their digest, and how many each person holds.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Who may use a session.
///
/// A session is compared by its owner and counted by its person: one person may have as many
/// owners as clients, and clients can be registered without limit (RFC 7591).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    /// A digest of issuer, `sub`, client and resource; for nobody of the resource.
    pub(super) owner: u128,
    /// A digest of issuer and `sub`, zero for nobody. It only counts, so half of a digest is enough.
    pub(super) person: u64,
}

impl Holder {
    /// The holder of sessions that were opened before anybody signed in, by a digest of the resource.
    pub(super) fn nobody(resource: u128) -> Self {
        Self { owner: resource, person: 0 }
    }

    pub(super) fn is_nobody(self) -> bool {
        self.person == 0
    }
}

/// A bounded table of sessions. It evicts the least recently used ones, first those of a person
/// who holds more than a sixteenth of the slots.
pub(super) struct Table {
    capacity: usize,
    /// An entry takes 48 bytes, and 1 byte of the map's own.
    entries: HashMap<u128, Entry>,
    /// How many sessions each person holds. No entry where it would be zero.
    held: HashMap<u64, u32>,
}

/// A [`Holder`] and a time. Flat, because a nested `Holder` would be padded to 32 bytes.
struct Entry {
    owner: u128,
    person: u64,
    /// In milliseconds since the epoch.
    last_used: AtomicU64,
}

impl Entry {
    fn holder(&self) -> Holder {
        Holder { owner: self.owner, person: self.person }
    }
}

/// A session that was removed to make room.
pub(super) struct Evicted {
    pub(super) session: u128,
    pub(super) holder: Holder,
}

impl Table {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, entries: HashMap::new(), held: HashMap::new() }
    }

    /// Who may use a session; `None` where it is unknown or was last used before `expired`.
    pub(super) fn holder(&self, session: u128, expired: u64) -> Option<Holder> {
        self.fresh(session, expired).map(Entry::holder)
    }

    /// Notes that a session is used at `now`.
    pub(super) fn touch(&self, session: u128, now: u64) {
        if let Some(entry) = self.entries.get(&session) {
            entry.last_used.fetch_max(now, Relaxed);
        }
    }

    fn fresh(&self, session: u128, expired: u64) -> Option<&Entry> {
        self.entries.get(&session).filter(|entry| entry.last_used.load(Relaxed) >= expired)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds or replaces a session. Returns what had to be evicted for it.
    pub(super) fn insert(
        &mut self,
        session: u128,
        holder: Holder,
        now: u64,
        expired: u64,
    ) -> Vec<Evicted> {
        self.remove(session);
        let evicted = self.make_room(holder.person, expired);
        let Holder { owner, person } = holder;
        self.entries.insert(session, Entry { owner, person, last_used: now.into() });
        *self.held.entry(person).or_default() += 1;
        evicted
    }

    pub(super) fn remove(&mut self, session: u128) {
        self.take(session);
    }

    fn take(&mut self, session: u128) -> Option<Evicted> {
        let holder = self.entries.remove(&session)?.holder();
        if let Some(held) = self.held.get_mut(&holder.person) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&holder.person);
            }
        }
        Some(Evicted { session, holder })
    }

    /// Frees a slot for one more session of `person`. Several are evicted at once, because the
    /// whole table is searched for the least recently used ones.
    fn make_room(&mut self, person: u64, expired: u64) -> Vec<Evicted> {
        let share = (self.capacity / 16).max(1);
        let mut evicted = Vec::new();
        if self.held.get(&person).is_some_and(|&held| held as usize >= share) {
            evicted = self.evict_oldest((share / 4).max(1), Some(person));
        }
        if self.len() >= self.capacity {
            self.remove_expired(expired);
        }
        if self.len() >= self.capacity {
            evicted.extend(self.evict_oldest(share, None));
        }
        evicted
    }

    /// Removes what was last used before `expired`.
    fn remove_expired(&mut self, expired: u64) {
        let is_expired = |(session, entry): (&u128, &Entry)| {
            (entry.last_used.load(Relaxed) < expired).then_some(*session)
        };
        for session in self.entries.iter().filter_map(is_expired).collect::<Vec<_>>() {
            self.remove(session);
        }
    }

    /// Evicts this many of the least recently used sessions, of one person or of all.
    fn evict_oldest(&mut self, count: usize, person: Option<u64>) -> Vec<Evicted> {
        let mut ages: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| person.is_none_or(|person| entry.person == person))
            .map(|(session, entry)| (entry.last_used.load(Relaxed), *session))
            .collect();
        if count < ages.len() {
            ages.select_nth_unstable(count);
            ages.truncate(count);
        }
        ages.into_iter().filter_map(|(_, session)| self.take(session)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/mcp.md and `SessionSettings::capacity` give the size of the default tables.
    #[test]
    fn an_entry_takes_48_bytes() {
        assert_eq!(size_of::<(u128, Entry)>(), 48);
        assert_eq!(size_of::<(u64, u32)>(), 16);
    }
}
