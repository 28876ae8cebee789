//! The revocations that a process knows, and the question whether one of them refuses a token.
//!
//! Requests ask memory only. Without any record the question costs one atomic load.

use std::{
    fmt,
    hash::BuildHasherDefault,
    sync::{
        Arc, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dashmap::{DashMap, Entry};

use super::{
    issuers::{IssuerRecords, Issuers},
    keys::{RevocationKeys, hash_of},
    log::LogEntry,
    record::Revocation,
    settings::RevocationSettings,
    state::State,
};
use crate::{
    keyed_hash::{HashOfHash, KeyedHash},
    time::UnixTime,
};

/// Told of every record that says something new.
pub trait RevocationListener: Send + Sync {
    /// A record was taken in. It is in force already.
    fn recorded(&self, record: &Revocation);
}

/// The merged state of all revocations. Shared by all resources of an application.
pub(crate) struct RevocationIndex {
    pub(super) settings: RevocationSettings,
    hash: KeyedHash,
    pub(super) states: DashMap<u128, State, BuildHasherDefault<HashOfHash>>,
    pub(super) issuers: Issuers,
    /// What this process cannot read, by slot: kept, so that it can be written back.
    pub(super) unread: DashMap<Box<str>, LogEntry>,
    pub(super) counts: Counts,
    listeners: RwLock<Vec<Weak<dyn RevocationListener>>>,
    /// How long tokens can be accepted after a cut-off: the longest of all resources, in ms; 0
    /// before any resource has said so.
    retention: AtomicU64,
}

/// How many records there are of each kind.
#[derive(Default)]
pub(super) struct Counts {
    /// All that are in the index. Increased after the insertion and before the insertion is
    /// reported, so a process that reports a revocation as done is seen to have records.
    pub(super) all: AtomicUsize,
    pub(super) standing: AtomicUsize,
    /// How many were merged into coarser ones, ever.
    pub(super) merged: AtomicUsize,
}

impl RevocationIndex {
    pub(super) fn new(settings: RevocationSettings) -> Self {
        let hash = KeyedHash::random();
        Self {
            settings,
            issuers: Issuers::new(&hash),
            hash,
            states: DashMap::default(),
            unread: DashMap::default(),
            counts: Counts::default(),
            listeners: RwLock::default(),
            retention: AtomicU64::new(0),
        }
    }

    /// The hash function of its keys.
    pub(crate) fn hash(&self) -> &KeyedHash {
        &self.hash
    }

    /// Where the records of static keys are.
    pub(crate) fn records_of_static_keys(&self) -> Arc<IssuerRecords> {
        self.issuers.records_of(&self.hash, None)
    }

    /// Where the records of an issuer with these names are, by each of them.
    pub(crate) fn records_of_issuer(&self, names: &[Arc<str>]) -> Box<[Arc<IssuerRecords>]> {
        self.issuers.are_one(names);
        names.iter().map(|name| self.issuers.records_of(&self.hash, Some(name))).collect()
    }

    /// Keeps cut-offs for this time at least.
    pub(crate) fn retain_for(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.retention.fetch_max(millis, Ordering::Relaxed);
    }

    /// How long cut-offs are kept; `None` as long as no resource has said so.
    pub(super) fn retention(&self) -> Option<Duration> {
        let millis = self.retention.load(Ordering::Relaxed);
        (millis != 0).then_some(Duration::from_millis(millis))
    }

    /// Tells `listener` of records from now on, as long as it exists.
    pub(crate) fn listen(&self, listener: Weak<dyn RevocationListener>) {
        let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|known| known.strong_count() > 0);
        listeners.push(listener);
    }

    /// Whether any record refuses a token with these keys, which an issuer with these names issued.
    pub(crate) fn refuses(
        &self,
        names: &[Arc<IssuerRecords>],
        keys: &RevocationKeys,
        leeway: Duration,
    ) -> bool {
        if self.counts.all.load(Ordering::Acquire) == 0 {
            return false;
        }
        let of_name = |name: &Arc<IssuerRecords>| {
            let refuses = |hash: &u128| {
                let state = self.states.get(&(hash ^ name.salt));
                state.is_some_and(|state| state.refuses(keys, leeway))
            };
            name.count.load(Ordering::Acquire) != 0 && keys.hashes.iter().any(refuses)
        };
        names.iter().any(of_name)
    }

    /// Takes a record in, and tells the listeners if it is new. It is in force when this returns.
    pub(super) fn merge(&self, record: Revocation) -> bool {
        let record = Arc::new(record);
        let issuer = self.issuers.records_of(&self.hash, record.issuer.as_deref());
        let key = hash_of(&self.hash, &record.what) ^ issuer.salt;
        if !self.merge_at(key, &issuer, record.clone()) {
            return false;
        }
        // Called without any lock, since a listener may call back.
        for listener in self.listeners() {
            listener.recorded(&record);
        }
        true
    }

    fn listeners(&self) -> Vec<Arc<dyn RevocationListener>> {
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        listeners.iter().filter_map(Weak::upgrade).collect()
    }

    fn merge_at(&self, key: u128, issuer: &IssuerRecords, record: Arc<Revocation>) -> bool {
        let mut state = self.states.entry(key).or_default();
        self.counted(issuer, &mut state, |state| state.merge(record))
    }

    /// Changes the state of a record's key by `change`.
    pub(super) fn update<T: Default>(
        &self,
        record: &Revocation,
        change: impl FnOnce(&mut State) -> T,
    ) -> T {
        let Some(issuer) = self.issuers.known(record.issuer.as_deref()) else {
            return T::default();
        };
        let key = hash_of(&self.hash, &record.what) ^ issuer.salt;
        let Entry::Occupied(mut entry) = self.states.entry(key) else {
            return T::default();
        };
        let result = self.counted(&issuer, entry.get_mut(), change);
        if entry.get().is_empty() {
            entry.remove();
        }
        result
    }

    /// Changes a state and counts its records anew: while its entry is locked, so that no record is
    /// removed before it is counted.
    fn counted<T>(
        &self,
        issuer: &IssuerRecords,
        state: &mut State,
        change_state: impl FnOnce(&mut State) -> T,
    ) -> T {
        let (before, stood) = (state.records().count(), state.stands());
        let result = change_state(state);
        let (after, stands) = (state.records().count(), state.stands());
        let change = |count: &AtomicUsize, before: usize, after: usize| match after >= before {
            true => count.fetch_add(after - before, Ordering::Release),
            false => count.fetch_sub(before - after, Ordering::Release),
        };
        change(&issuer.count, before, after);
        change(&self.counts.all, before, after);
        change(&self.counts.standing, stood.into(), stands.into());
        result
    }

    /// The latest time that is known of a key.
    pub(super) fn latest(&self, issuer: Option<&str>, what: &super::Revoked) -> Option<UnixTime> {
        let key = hash_of(&self.hash, what) ^ self.issuers.known(issuer)?.salt;
        self.states.get(&key)?.latest()
    }

    /// Whether something is known of a key, and is so.
    pub(super) fn state_is(
        &self,
        issuer: Option<&str>,
        what: &super::Revoked,
        is_so: impl Fn(&State) -> bool,
    ) -> bool {
        let Some(issuer) = self.issuers.known(issuer) else { return false };
        let key = hash_of(&self.hash, what) ^ issuer.salt;
        self.states.get(&key).is_some_and(|state| !state.is_empty() && is_so(&state))
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.counts.all.load(Ordering::Acquire)
    }

    /// How many standing revocations there are that were not lifted.
    pub(super) fn standing(&self) -> usize {
        self.counts.standing.load(Ordering::Acquire)
    }

    /// Keeps an entry that this process cannot read, where there are not too many of them.
    pub(super) fn keep_unread(&self, entry: LogEntry) {
        let is_known = self.unread.contains_key(&entry.slot);
        if is_known || self.unread.len() < self.settings.max_cut_offs {
            let slot = self.unread.entry(entry.slot.clone());
            slot.and_modify(|known| {
                if known.time < entry.time {
                    known.clone_from(&entry);
                }
            })
            .or_insert(entry);
        }
    }

    /// All records that can refuse a token.
    pub(super) fn in_force(&self) -> Vec<Arc<Revocation>> {
        let of_state = |state: &State| {
            state.in_force().filter(|record| record.what.revokes()).cloned().collect::<Vec<_>>()
        };
        self.states.iter().flat_map(|state| of_state(&state)).collect()
    }

    /// Everything that it knows, as a log stores it: what it cannot read included.
    pub(super) fn entries(&self) -> Vec<LogEntry> {
        let of_state =
            |state: &State| state.records().map(|record| LogEntry::of(record)).collect::<Vec<_>>();
        let unread = self.unread.iter().map(|entry| entry.clone());
        self.states.iter().flat_map(|state| of_state(&state)).chain(unread).collect()
    }
}

impl fmt::Debug for RevocationIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RevocationIndex({} records)", self.len())
    }
}
