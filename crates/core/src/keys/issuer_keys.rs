//! One issuer's keys as requests and the refresher share them: an immutable snapshot that is
//! replaced as a whole, and the policy that says when to fetch the next.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use async_trait::async_trait;

use crate::{
    keys::jwk::Jwk,
    keys::key_set::KeySet,
    keys::refresh::{Demand, Next, RefreshPolicy, RefreshSettings},
    time::UnixTime,
};

mod rechecks;

use rechecks::Rechecks;

/// One issuer's keys.
///
/// Requests read the snapshot without a lock. Only a request that needs newer keys, and the
/// refresher, take the lock, and neither keeps it while it waits for anything.
pub struct IssuerKeys {
    snapshot: ArcSwap<KeySnapshot>,
    state: Mutex<State>,
}

/// When to fetch. Snapshots are published under its lock, so that a generation and what the policy
/// says about fetches fit together.
struct State {
    policy: RefreshPolicy,
    rechecks: Rechecks,
}

/// What is known of an issuer's keys at one moment.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct KeySnapshot {
    /// The newest good set. It is the same object for as long as its keys are the same, however
    /// often it is fetched.
    pub keys: Option<Arc<KeySet>>,
    /// How many fetches have ended before this snapshot was made, whatever their outcome.
    pub generation: u64,
    /// How the last fetch ended.
    pub last_fetch: LastFetch,
    /// When the newest good set was fetched, or last confirmed by the issuer.
    pub fetched_at: Option<UnixTime>,
    good_until: Option<UnixTime>,
    /// The generation of the newest fetch that succeeded; 0 before there is one.
    good_generation: u64,
}

/// The snapshot of one moment, held without a lock. Drop it before waiting for anything.
pub struct CurrentKeys(arc_swap::Guard<Arc<KeySnapshot>>);

impl Deref for CurrentKeys {
    type Target = KeySnapshot;

    fn deref(&self) -> &KeySnapshot {
        &self.0
    }
}

impl fmt::Debug for CurrentKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// How the last fetch of an issuer's keys ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LastFetch {
    /// There was none yet.
    #[default]
    Never,
    /// With a usable set.
    Succeeded,
    /// Without one.
    Failed,
}

/// Waits for the refresher: the one thing that core cannot do without a runtime.
#[async_trait]
pub trait AwaitRefresh: Send + Sync + 'static {
    /// Starts the fetch that is due, and returns when the issuer's snapshot is of a generation
    /// after `seen`, or when `timeout` is at its end; with what is left of it.
    async fn refreshed(&self, seen: u64, timeout: Duration) -> Duration;
}

impl KeySnapshot {
    /// The newest set, unless it is too old to be trusted. It is empty where the issuer has
    /// withdrawn all its keys.
    pub fn usable(&self, now: UnixTime) -> Option<&KeySet> {
        let good = self.good_until.is_some_and(|until| now < until);
        self.keys.as_deref().filter(|_| good)
    }

    /// Whether the issuer still lists this key, in a set that is fresh enough to be trusted.
    pub(crate) fn lists(&self, key: &Arc<Jwk>, now: UnixTime) -> bool {
        self.usable(now).is_some_and(|keys| keys.lists(key))
    }

    /// Whether a fetch has succeeded that ended with this generation or a later one.
    pub(crate) fn succeeded_since(&self, generation: u64) -> bool {
        self.good_generation >= generation
    }

    /// Until when the newest good set may be used; `None` where there is none.
    pub fn good_until(&self) -> Option<UnixTime> {
        self.good_until
    }
}

impl IssuerKeys {
    /// No keys yet; the first fetch is due.
    pub fn new(settings: RefreshSettings, now: UnixTime) -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(KeySnapshot::default()),
            state: Mutex::new(State {
                policy: RefreshPolicy::new(settings, now),
                rechecks: Rechecks::default(),
            }),
        }
    }

    /// What is known now.
    pub fn snapshot(&self) -> CurrentKeys {
        CurrentKeys(self.snapshot.load())
    }

    /// A request needs a key that is not in the snapshot of generation `seen`. If there is a newer
    /// snapshot, returns [`Demand::Joined`] without spending a permit.
    pub fn demand(&self, now: UnixTime, seen: u64) -> Demand {
        let mut state = self.state();
        match self.snapshot().generation > seen {
            true => Demand::Joined,
            false => state.policy.demand(now),
        }
    }

    /// A signature did not verify with `key`, which the snapshot of generation `seen` lists under the
    /// `kid` that the token names. The issuer may have given that `kid` to another key, so a fetch is
    /// due; but anybody can send a bad signature, so there is at most one per key and minute, from the
    /// same bucket as those of [`demand`](Self::demand).
    pub fn demand_recheck(&self, now: UnixTime, seen: u64, key: &Arc<Jwk>) -> Demand {
        let mut state = self.state();
        let generation = self.snapshot().generation;
        if generation > seen {
            return Demand::Joined;
        }
        if let Some(ends_with) = state.rechecks.recent(key, now) {
            // The fetch for this key is not over, or it was the last that there may be.
            return if ends_with > generation { Demand::Joined } else { Demand::Exhausted };
        }
        let demand = state.policy.demand(now);
        if demand == Demand::Granted {
            state.rechecks.add(key.clone(), now, generation + 1);
        }
        demand
    }

    /// The generation of the first fetch that begins after this call: if it succeeds, it has all
    /// that the issuer published before. One that is under way now may have been answered earlier.
    pub fn next_fetch(&self) -> u64 {
        let state = self.state();
        self.snapshot().generation + 1 + u64::from(state.policy.is_in_flight())
    }

    /// How many fetches have failed since the last that did not.
    pub fn failures(&self) -> u32 {
        self.state().policy.failures()
    }

    /// For the refresher: what to do now.
    pub fn next(&self, now: UnixTime) -> Next {
        self.state().policy.next(now)
    }

    /// For the refresher: the fetch brought a key set.
    pub fn fetched(&self, keys: KeySet, max_age: Option<Duration>, now: UnixTime, jitter: f64) {
        let known = self.snapshot.load().keys.clone();
        let news = known.as_deref().is_none_or(|known| keys.has_keys_missing_in(known));
        // The same keys again: their verifiers stay in use, and so does what refers to them.
        let keys = match known.filter(|known| known.has_same_keys_as(&keys)) {
            Some(known) => known,
            None => Arc::new(keys),
        };
        // Published under the lock, so that no request demands what has just arrived.
        let policy = &mut self.state().policy;
        policy.succeeded(now, max_age, news, jitter);
        self.publish_good(keys, now, policy);
    }

    /// For the refresher: the issuer says that nothing has changed since the last good set (304,
    /// RFC 9110 §15.4.5). The keys are as fresh as if they had been sent again.
    pub fn fetched_nothing_new(&self, max_age: Option<Duration>, now: UnixTime, jitter: f64) {
        let known = self.snapshot.load().keys.clone();
        let policy = &mut self.state().policy;
        match known {
            Some(known) => {
                policy.succeeded(now, max_age, false, jitter);
                self.publish_good(known, now, policy);
            }
            // There is no set that could be unchanged.
            None => {
                policy.failed(now, jitter);
                self.publish_failure(policy);
            }
        }
    }

    /// For the refresher: the fetch brought a well-formed set without any key. Once, that is a
    /// failure; seen twice, a cool-down apart, it is the issuer's word, and replaces what there was.
    /// Says whether it did.
    pub fn fetched_no_keys(&self, max_age: Option<Duration>, now: UnixTime, jitter: f64) -> bool {
        let known = self.snapshot.load().keys.clone();
        let policy = &mut self.state().policy;
        let believed = policy.saw_empty_set(now, max_age, jitter);
        match believed {
            true => {
                let none = known.filter(|known| known.is_empty());
                let none = none.unwrap_or_else(|| Arc::new(KeySet::empty()));
                self.publish_good(none, now, policy);
            }
            false => self.publish_failure(policy),
        }
        believed
    }

    /// For the refresher: the fetch failed. Known keys go on.
    pub fn fetch_failed(&self, now: UnixTime, jitter: f64) {
        let policy = &mut self.state().policy;
        policy.failed(now, jitter);
        self.publish_failure(policy);
    }

    /// Publishes the keys that a fetch brought or confirmed.
    fn publish_good(&self, keys: Arc<KeySet>, now: UnixTime, policy: &RefreshPolicy) {
        self.publish(Some(keys), Some(now), LastFetch::Succeeded, policy);
    }

    /// Publishes that a fetch failed; the keys stay.
    fn publish_failure(&self, policy: &RefreshPolicy) {
        let old = self.snapshot.load();
        self.publish(old.keys.clone(), old.fetched_at, LastFetch::Failed, policy);
    }

    fn publish(
        &self,
        keys: Option<Arc<KeySet>>,
        fetched_at: Option<UnixTime>,
        last_fetch: LastFetch,
        policy: &RefreshPolicy,
    ) {
        let old = self.snapshot.load();
        let generation = old.generation + 1;
        let good_generation = match last_fetch {
            LastFetch::Succeeded => generation,
            _ => old.good_generation,
        };
        self.snapshot.store(Arc::new(KeySnapshot {
            keys,
            generation,
            good_generation,
            last_fetch,
            fetched_at,
            good_until: policy.good_until(),
        }));
    }

    /// Each step on the state is complete, so a panic elsewhere leaves nothing half done in it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IssuerKeys").field(&*self.snapshot()).finish()
    }
}

#[cfg(test)]
mod tests;
