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
    jwk::Jwk,
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
        let known = self.snapshot.load().keys.clone();
        let news = known.as_deref().is_none_or(|known| keys.has_news_for(known));
        // The same keys again: their verifiers go on, and so does all that hangs on them.
        let keys = match known.filter(|known| known.has_same_keys_as(&keys)) {
            Some(known) => known,
            None => Arc::new(keys),
        };
        // Published before the policy can be asked again: nobody demands what has just arrived.
        let mut policy = self.policy();
        policy.succeeded(now, max_age, news, jitter);
        self.publish_good(keys, now, &policy);
    }

    /// For the refresher: the issuer says that nothing has changed since the last good set (304,
    /// RFC 9110 §15.4.5). The keys are as fresh as if they had been sent again.
    pub fn fetched_nothing_new(&self, max_age: Option<Duration>, now: UnixTime, jitter: f64) {
        let known = self.snapshot.load().keys.clone();
        let mut policy = self.policy();
        match known {
            Some(known) => {
                policy.succeeded(now, max_age, false, jitter);
                self.publish_good(known, now, &policy);
            }
            // Since what? Whoever asked so was mistaken.
            None => {
                policy.failed(now, jitter);
                self.publish_failure(&policy);
            }
        }
    }

    /// For the refresher: the fetch brought a well-formed set without any key. Once, that is a
    /// failure; seen twice, a cool-down apart, it is the issuer's word, and replaces what there was.
    /// Says whether it did.
    pub fn fetched_no_keys(&self, max_age: Option<Duration>, now: UnixTime, jitter: f64) -> bool {
        let known = self.snapshot.load().keys.clone();
        let mut policy = self.policy();
        let believed = policy.emptied(now, max_age, jitter);
        match believed {
            true => {
                let none = known.filter(|known| known.is_empty());
                let none = none.unwrap_or_else(|| Arc::new(KeySet::empty()));
                self.publish_good(none, now, &policy);
            }
            false => self.publish_failure(&policy),
        }
        believed
    }

    /// For the refresher: the fetch failed. Known keys go on.
    pub fn fetch_failed(&self, now: UnixTime, jitter: f64) {
        let mut policy = self.policy();
        policy.failed(now, jitter);
        self.publish_failure(&policy);
    }

    /// What is known now is what this fetch brought, or confirmed.
    fn publish_good(&self, keys: Arc<KeySet>, now: UnixTime, policy: &RefreshPolicy) {
        self.publish(Some(keys), Some(now), LastFetch::Succeeded, policy);
    }

    /// What was known stands.
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
        self.snapshot.store(Arc::new(KeySnapshot {
            keys,
            generation: self.snapshot.load().generation + 1,
            last_fetch,
            fetched_at,
            good_until: policy.good_until(),
        }));
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    #[test]
    fn r24_whoever_has_seen_older_keys_gets_the_newer_ones_for_nothing() {
        let keys = IssuerKeys::new(RefreshSettings::default(), NOW);
        assert_eq!(keys.next(NOW), Next::Fetch);
        keys.fetch_failed(NOW, 1.0);
        assert_eq!(keys.failures(), 1);
        assert_eq!(keys.demand(NOW, 0), Demand::Joined, "a fetch has ended since");
        for expected in [Demand::Granted, Demand::Joined] {
            assert_eq!(keys.demand(NOW, 1), expected);
        }
        assert_eq!(keys.snapshot().generation, 1);
    }

    #[test]
    fn failures_are_counted_since_the_last_success() {
        let keys = IssuerKeys::new(RefreshSettings::default(), NOW);
        for failures in [0, 1, 2] {
            assert_eq!(keys.failures(), failures);
            keys.fetch_failed(NOW, 1.0);
        }
        keys.fetched(KeySet::empty(), None, NOW, 0.5);
        assert_eq!(keys.failures(), 0);
    }

    #[test]
    fn r28_keys_are_good_until_the_moment_that_is_named_and_not_in_it() {
        let keys = IssuerKeys::new(RefreshSettings::default(), NOW);
        keys.fetched(KeySet::empty(), None, NOW, 0.5);
        let snapshot = keys.snapshot();
        let until = snapshot.good_until().unwrap();
        assert_eq!(until, NOW + Duration::from_secs(25 * 3600));
        assert!(snapshot.usable(until.saturating_sub(Duration::from_nanos(1))).is_some());
        assert!(snapshot.usable(until).is_none());
    }

    #[test]
    fn debug_tells_how_the_last_fetch_ended() {
        let keys = IssuerKeys::new(RefreshSettings::default(), NOW);
        let shown = format!("{keys:?} {:?}", keys.snapshot());
        assert_eq!(shown.matches("last_fetch: Never").count(), 2, "{shown}");
    }
}
