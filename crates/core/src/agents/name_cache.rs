//! Which names are known, and which client may be asked about now: a policy without I/O.
//!
//! A name decorates a record or a page. So nobody waits for another one's question: while a name is
//! asked for, and where an issuer's clients are asked about too often, the answer is what was known
//! before.

use std::{
    collections::HashMap,
    hash::BuildHasherDefault,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use quick_cache::{
    OptionsBuilder, UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};

use super::name::AgentName;
use crate::{
    keyed_hash::{HashOfHash, KeyedHash},
    time::UnixTime,
    token_bucket::{Limit, TokenBucket},
};

/// The most clients that are remembered. A name takes at most 256 bytes.
const MAX_CLIENTS: usize = 10_000;
/// How long a name is used before it is asked for again.
const NAMED: Duration = Duration::from_secs(60 * 60);
/// How long it is remembered that a client has no name.
const NAMELESS: Duration = Duration::from_secs(5 * 60);
/// How long after a failure the question is asked again.
const AFTER_FAILURE: Duration = Duration::from_secs(60);
/// How long a question may take, before another caller may ask it. A caller can drop it.
const ASKING: Duration = Duration::from_secs(20);
/// Questions about the clients of one issuer.
const PER_ISSUER: Limit = Limit { burst: 32, per_second: 1.0 };

type Entries =
    Cache<u128, Entry, UnitWeighter, BuildHasherDefault<HashOfHash>, DefaultLifecycle<u128, Entry>>;

/// The names of clients by issuer and client id.
pub(super) struct NameCache {
    hash: KeyedHash,
    entries: Option<Entries>,
    /// By issuer: there are as many as are configured.
    buckets: Mutex<HashMap<Box<str>, TokenBucket<UnixTime>>>,
}

#[derive(Clone)]
struct Entry {
    name: Option<AgentName>,
    asked_at: UnixTime,
    until: UnixTime,
}

/// What is known of a client's name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// This, and no question is to be asked.
    Name(Option<AgentName>),
    /// The caller is to ask now, and to report the answer.
    Ask,
}

impl NameCache {
    pub(super) fn new() -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(MAX_CLIENTS)
            .weight_capacity(MAX_CLIENTS as u64)
            .build();
        let entries = options.ok().map(|options| {
            Entries::with_options(
                options,
                UnitWeighter,
                BuildHasherDefault::default(),
                DefaultLifecycle::default(),
            )
        });
        Self { hash: KeyedHash::random(), entries, buckets: Mutex::default() }
    }

    /// What is known now, however old.
    pub(super) fn known(&self, issuer: &str, client_id: &str) -> Option<AgentName> {
        self.entries.as_ref()?.get(&self.key(issuer, client_id))?.name
    }

    /// What is known, or that the caller is to ask.
    pub(super) fn look_up(&self, issuer: &str, client_id: &str, now: UnixTime) -> Known {
        let key = self.key(issuer, client_id);
        let Some(entries) = &self.entries else { return Known::Name(None) };
        let fresh = |entry: &Entry| entry.asked_at <= now && now < entry.until;
        if let Some(entry) = entries.get(&key).filter(fresh) {
            return Known::Name(entry.name);
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        // Again under the lock, so that one of several callers asks.
        let entry = entries.get(&key);
        if let Some(entry) = entry.as_ref().filter(|entry| fresh(entry)) {
            return Known::Name(entry.name.clone());
        }
        let name = entry.and_then(|entry| entry.name);
        let new = || TokenBucket::new(PER_ISSUER, now);
        let bucket = buckets.entry(issuer.into()).or_insert_with(new);
        if !bucket.has_permit(now) {
            return Known::Name(name);
        }
        bucket.take();
        entries.insert(key, Entry { name, asked_at: now, until: now + ASKING });
        Known::Ask
    }

    /// Remembers the answer of a question, which may be that there is no name; returns it.
    pub(super) fn answered(
        &self,
        issuer: &str,
        client_id: &str,
        name: Option<AgentName>,
        now: UnixTime,
    ) -> Option<AgentName> {
        let time = if name.is_some() { NAMED } else { NAMELESS };
        self.insert(issuer, client_id, name, now, time)
    }

    /// Notes that a question has failed; returns the name that was known before.
    pub(super) fn failed(&self, issuer: &str, client_id: &str, now: UnixTime) -> Option<AgentName> {
        let name = self.known(issuer, client_id);
        self.insert(issuer, client_id, name, now, AFTER_FAILURE)
    }

    fn insert(
        &self,
        issuer: &str,
        client_id: &str,
        name: Option<AgentName>,
        now: UnixTime,
        time: Duration,
    ) -> Option<AgentName> {
        let entry = Entry { name: name.clone(), asked_at: now, until: now + time };
        if let Some(entries) = &self.entries {
            entries.insert(self.key(issuer, client_id), entry);
        }
        name
    }

    fn key(&self, issuer: &str, client_id: &str) -> u128 {
        self.hash.of_parts([issuer.as_bytes(), client_id.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::NameSource;

    const ISSUER: &str = "https://idp.example.com";

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(1_800_000_000 + seconds)
    }

    fn name(text: &str) -> Option<AgentName> {
        AgentName::new(text, NameSource::Client)
    }

    #[test]
    fn a_name_is_asked_for_once_in_an_hour() {
        let cache = NameCache::new();
        assert_eq!(cache.look_up(ISSUER, "c", at(0)), Known::Ask);
        assert_eq!(cache.look_up(ISSUER, "c", at(1)), Known::Name(None), "somebody asks");
        cache.answered(ISSUER, "c", name("Agent"), at(2));
        assert_eq!(cache.look_up(ISSUER, "c", at(3601)), Known::Name(name("Agent")));
        assert_eq!(cache.look_up(ISSUER, "c", at(3602)), Known::Ask);
        assert_eq!(cache.look_up(ISSUER, "c", at(3603)), Known::Name(name("Agent")), "meanwhile");
        cache.answered(ISSUER, "c", None, at(3604));
        assert_eq!(cache.look_up(ISSUER, "c", at(3903)), Known::Name(None));
        assert_eq!(cache.look_up(ISSUER, "c", at(3904)), Known::Ask);
    }

    #[test]
    fn a_failure_keeps_the_name_and_is_repeated_after_a_minute() {
        let cache = NameCache::new();
        cache.answered(ISSUER, "c", name("Agent"), at(0));
        assert_eq!(cache.look_up(ISSUER, "c", at(3600)), Known::Ask);
        assert_eq!(cache.failed(ISSUER, "c", at(3600)), name("Agent"));
        assert_eq!(cache.look_up(ISSUER, "c", at(3659)), Known::Name(name("Agent")));
        assert_eq!(cache.look_up(ISSUER, "c", at(3660)), Known::Ask);
    }

    #[test]
    fn a_dropped_question_is_asked_again() {
        let cache = NameCache::new();
        assert_eq!(cache.look_up(ISSUER, "c", at(0)), Known::Ask);
        assert_eq!(cache.look_up(ISSUER, "c", at(19)), Known::Name(None));
        assert_eq!(cache.look_up(ISSUER, "c", at(20)), Known::Ask);
    }

    #[test]
    fn names_are_within_their_issuer() {
        let cache = NameCache::new();
        cache.answered(ISSUER, "c", name("Agent"), at(0));
        assert_eq!(cache.known(ISSUER, "c"), name("Agent"));
        assert_eq!(cache.known("https://other.example.com", "c"), None);
        assert_eq!(cache.look_up("https://other.example.com", "c", at(1)), Known::Ask);
    }

    #[test]
    fn questions_about_one_issuers_clients_are_bounded() {
        let cache = NameCache::new();
        let asked = |issuer: &str, seconds| {
            let asks = |n: &u32| {
                cache.look_up(issuer, &format!("{seconds} {n}"), at(seconds)) == Known::Ask
            };
            (0..1000).filter(asks).count()
        };
        assert_eq!(asked(ISSUER, 0), 32);
        assert_eq!(asked(ISSUER, 1), 1);
        assert_eq!(asked("https://other.example.com", 1), 32, "each issuer has its own");
        assert_eq!(asked(ISSUER, 11), 10);
    }

    #[test]
    fn memory_is_bounded() {
        let cache = NameCache::new();
        for n in 0..3 * MAX_CLIENTS {
            cache.answered(ISSUER, &n.to_string(), name("Agent"), at(0));
        }
        assert!(cache.entries.as_ref().unwrap().len() <= MAX_CLIENTS);
    }
}
