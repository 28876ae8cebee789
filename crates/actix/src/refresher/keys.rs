//! One issuer's keys, and the means to wait for newer ones.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use mcp_auth_core::{
    AwaitRefresh, Clock, Issuer, IssuerKeys, JwksLocation, KeySet, UnixTime, keys::JwksError,
    refresh::Next,
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout},
};

use super::{
    error::FetchError,
    fetch::{FetchedKeys, Fetcher},
    tasks::{RefreshTask, jitter},
};
use crate::{health::IssuerHealth, observe::KeyObserver};

#[derive(Debug)]
pub(super) struct KeyWatch {
    issuer: Issuer,
    keys: Arc<IssuerKeys>,
    observer: KeyObserver,
    wake: Notify,
    generation: watch::Sender<u64>,
}

impl KeyWatch {
    pub(super) fn new(issuer: Issuer, keys: Arc<IssuerKeys>, observer: KeyObserver) -> Self {
        Self { issuer, keys, observer, wake: Notify::new(), generation: watch::Sender::new(0) }
    }

    pub(super) fn health(&self, now: UnixTime) -> IssuerHealth {
        let snapshot = self.keys.snapshot();
        IssuerHealth {
            issuer: self.issuer.name().to_owned(),
            ready: snapshot.usable(now).is_some_and(|keys| !keys.is_empty()),
            keys: snapshot.keys.as_ref().map_or(0, |keys| keys.len()),
            age: snapshot.fetched_at.map(|then| now.duration_since(then)),
            usable_for: snapshot.good_until().map(|until| until.duration_since(now)),
            last_fetch: snapshot.last_fetch,
            failures: self.keys.failures(),
            last_error: self.observer.last_error(),
        }
    }

    pub(super) fn keys(&self) -> &Arc<IssuerKeys> {
        &self.keys
    }

    pub(super) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Publishes a key set.
    pub(super) fn publish(&self, keys: KeySet, fresh: Option<Duration>, now: UnixTime) {
        self.observer.fetched(&keys);
        self.keys.fetched(keys, fresh, now, jitter());
        self.announce();
    }

    /// A key set that replaces the one in use cannot be used; that one stays.
    pub(super) fn not_published(&self, error: &JwksError) {
        self.observer.fetch_failed(error);
    }

    /// Tells those who wait that a fetch has ended.
    fn announce(&self) {
        let snapshot = self.keys.snapshot();
        self.observer.published(&snapshot);
        self.generation.send_replace(snapshot.generation);
    }
}

impl RefreshTask for KeyWatch {
    fn next(&self, now: UnixTime) -> Next {
        self.keys.next(now)
    }

    fn wake(&self) -> &Notify {
        &self.wake
    }

    async fn fetch(&self, fetcher: &Fetcher, clock: &dyn Clock) -> Result<(), FetchError> {
        if let JwksLocation::Memory(keys) = self.issuer.jwks_location() {
            // Nobody can replace the set before this one is published.
            return keys.with(|json| {
                let keys = fetcher.keys_in(&self.issuer, json)?;
                self.publish(keys, None, clock.now());
                Ok(())
            });
        }
        let (fetched, fresh) = fetcher.keys(&self.issuer).await?;
        let now = clock.now();
        match fetched {
            FetchedKeys::Set(keys) => {
                self.publish(keys, fresh, now);
                return Ok(());
            }
            FetchedKeys::Unchanged => {
                self.observer.unchanged();
                self.keys.fetched_nothing_new(fresh, now, jitter());
            }
            FetchedKeys::None(error) => {
                let believed = self.keys.fetched_no_keys(fresh, now, jitter());
                self.observer.no_keys(&error, believed);
            }
        }
        self.announce();
        Ok(())
    }

    fn failed(&self, now: UnixTime, error: Option<&FetchError>) {
        match error {
            Some(error) => self.observer.fetch_failed(error),
            None => self.observer.interrupted(),
        }
        self.keys.fetch_failed(now, jitter());
        self.announce();
    }
}

#[async_trait]
impl AwaitRefresh for KeyWatch {
    async fn refreshed(&self, seen: u64, limit: Duration) -> Duration {
        let deadline = Instant::now() + limit;
        let mut generation = self.generation.subscribe();
        self.wake.notify_one();
        let newer = generation.wait_for(|generation| *generation > seen);
        // Whether it came in time shows in the snapshot.
        let _ = timeout(limit, newer).await;
        deadline.saturating_duration_since(Instant::now())
    }
}
