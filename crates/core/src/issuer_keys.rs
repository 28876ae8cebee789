//! One issuer's keys as requests and the refresher share them: an immutable snapshot that is
//! swapped whole, and beside it the policy that says when to fetch the next.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use async_trait::async_trait;

use crate::{
    keys::KeySet,
    refresh::{Demand, Next, RefreshPolicy, RefreshSettings},
    time::UnixTime,
};

/// One issuer's keys.
///
/// Requests read the snapshot without a lock. Only a request whose key is unknown, and the
/// refresher, take the policy's lock, and neither keeps it while it waits for anything.
pub struct IssuerKeys {
    snapshot: ArcSwap<KeySnapshot>,
    policy: Mutex<RefreshPolicy>,
}

/// What is known of an issuer's keys at one moment.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct KeySnapshot {
    /// The newest good set.
    pub keys: Option<Arc<KeySet>>,
    /// How many fetches have ended before this snapshot was made, whatever their outcome.
    pub generation: u64,
    /// How the last fetch ended.
    pub last_fetch: LastFetch,
    /// When the newest good set was fetched.
    pub fetched_at: Option<UnixTime>,
    good_until: Option<UnixTime>,
}

/// The snapshot of one moment, held without a lock. Let go of it before waiting for anything.
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
    /// after `seen`, or when `patience` is at its end; with what is left of it.
    async fn refreshed(&self, seen: u64, patience: Duration) -> Duration;
}

impl KeySnapshot {
    /// The keys, if there are any that are not too old to be trusted.
    pub fn usable(&self, now: UnixTime) -> Option<&KeySet> {
        let good = self.good_until.is_some_and(|until| now < until);
        self.keys.as_deref().filter(|_| good)
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
            policy: Mutex::new(RefreshPolicy::new(settings, now)),
        }
    }

    /// What is known now.
    pub fn snapshot(&self) -> CurrentKeys {
        CurrentKeys(self.snapshot.load())
    }

    /// A request needs a key that is not in the snapshot of generation `seen`. Where there is a
    /// newer one already, that is the answer, free of charge.
    pub fn demand(&self, now: UnixTime, seen: u64) -> Demand {
        let mut policy = self.policy();
        match self.snapshot().generation > seen {
            true => Demand::Joined,
            false => policy.demand(now),
        }
    }

    /// How many fetches have failed since the last that did not.
    pub fn failures(&self) -> u32 {
        self.policy().failures()
    }

    /// For the refresher: what to do now.
    pub fn next(&self, now: UnixTime) -> Next {
        self.policy().next(now)
    }

    /// For the refresher: the fetch brought a key set.
    pub fn fetched(&self, keys: KeySet, max_age: Option<Duration>, now: UnixTime, jitter: f64) {
        let old = self.snapshot.load_full();
        let news = old.keys.as_deref().is_none_or(|known| keys.has_news_for(known));
        // Published before the policy can be asked again: nobody demands what has just arrived.
        let mut policy = self.policy();
        policy.succeeded(now, max_age, news, jitter);
        let good_until = policy.good_until();
        self.publish(KeySnapshot {
            keys: Some(Arc::new(keys)),
            generation: old.generation + 1,
            last_fetch: LastFetch::Succeeded,
            fetched_at: Some(now),
            good_until,
        });
    }

    /// For the refresher: the fetch failed. Known keys go on.
    pub fn fetch_failed(&self, now: UnixTime, jitter: f64) {
        let old = self.snapshot.load_full();
        let mut policy = self.policy();
        policy.failed(now, jitter);
        self.publish(KeySnapshot {
            keys: old.keys.clone(),
            generation: old.generation + 1,
            last_fetch: LastFetch::Failed,
            fetched_at: old.fetched_at,
            good_until: policy.good_until(),
        });
    }

    fn publish(&self, snapshot: KeySnapshot) {
        self.snapshot.store(Arc::new(snapshot));
    }

    /// The policy is a handful of numbers, each step of which is complete: a panic elsewhere
    /// leaves nothing half done in it.
    fn policy(&self) -> MutexGuard<'_, RefreshPolicy> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IssuerKeys").field(&*self.snapshot()).finish()
    }
}
