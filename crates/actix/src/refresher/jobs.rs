//! The refresher's loops: one per document, each flying alone.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use futures_util::{
    FutureExt,
    future::{join_all, select},
};
use mcp_auth_core::{
    AuthorizationServerMetadata, AwaitRefresh, Clock, Issuer, IssuerKeys, UnixTime,
    refresh::{Next, RefreshPolicy},
};
use tokio::{
    runtime::Runtime,
    sync::{Notify, watch},
    task::LocalSet,
    time::{Instant, sleep, timeout},
};

use super::{RefresherPlan, fetch::Fetcher};
use crate::{
    health::IssuerHealth,
    observe::{self, KeyObserver},
};

/// The longest the refresher sleeps without looking at the clock, which may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Runs all loops until the refresher is dropped. `Err` where that could not be done to the end:
/// a loop panicked, or there is no runtime to be had.
pub(super) fn run_until_dropped(
    plan: &RefresherPlan,
    dropped: watch::Receiver<()>,
) -> Result<(), Interrupted> {
    catch_unwind(AssertUnwindSafe(|| run_loops(plan, dropped))).unwrap_or(Err(Interrupted))
}

/// The loops ended before the refresher was dropped.
pub(super) struct Interrupted;

fn run_loops(plan: &RefresherPlan, mut dropped: watch::Receiver<()>) -> Result<(), Interrupted> {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => Impatient(Some(runtime)),
        Err(error) => {
            observe::no_runtime(&error);
            return Err(Interrupted);
        }
    };
    let fetcher = Fetcher::new(plan.signatures.clone());
    let keys = plan.keys.iter().map(|job| job.run(&fetcher, &*plan.clock).boxed_local());
    let metadata = plan.metadata.iter().map(|job| job.run(&fetcher, &*plan.clock).boxed_local());
    let profiles = plan.office.run(&plan.issuers, &fetcher).boxed_local();
    let loops = join_all(keys.chain(metadata).chain([profiles]));
    if let Some(runtime) = &runtime.0 {
        LocalSet::new().block_on(runtime, async {
            select(loops, pin!(dropped.changed())).await;
        });
    }
    Ok(())
}

/// A runtime that ends without waiting for a look-up that hangs in a blocking thread, after a
/// panic as well.
struct Impatient(Option<Runtime>);

impl Drop for Impatient {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// One issuer's keys, and the means to wait for newer ones.
#[derive(Debug)]
pub(crate) struct KeyWatch {
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
            ready: snapshot.usable(now).is_some(),
            keys: snapshot.keys.as_ref().map_or(0, |keys| keys.len()),
            age: snapshot.fetched_at.map(|then| now.duration_since(then)),
            usable_for: snapshot.good_until().map(|until| until.duration_since(now)),
            last_fetch: snapshot.last_fetch,
            failures: self.keys.failures(),
            last_error: self.observer.last_error(),
        }
    }

    async fn run(&self, fetcher: &Fetcher, clock: &dyn Clock) {
        loop {
            match self.keys.next(clock.now()) {
                Next::Wait(time) => pause(time, &self.wake).await,
                Next::Fetch => self.fetch(fetcher, clock).await,
            }
        }
    }

    async fn fetch(&self, fetcher: &Fetcher, clock: &dyn Clock) {
        let started = clock.now();
        let crash = OnDrop::new(|| {
            self.observer.interrupted();
            self.failed(started);
        });
        match fetcher.keys(&self.issuer).await {
            Ok((keys, max_age)) => {
                self.observer.fetched(&keys);
                self.keys.fetched(keys, max_age, clock.now(), jitter());
                self.announce();
                crash.defuse();
            }
            Err(error) => {
                self.observer.fetch_failed(&error);
                crash.defuse();
                self.failed(clock.now());
            }
        }
    }

    fn failed(&self, now: UnixTime) {
        self.keys.fetch_failed(now, jitter());
        self.announce();
    }

    /// Tells those who wait that a fetch has ended.
    fn announce(&self) {
        let snapshot = self.keys.snapshot();
        self.observer.published(&snapshot);
        self.generation.send_replace(snapshot.generation);
    }
}

#[async_trait]
impl AwaitRefresh for KeyWatch {
    async fn refreshed(&self, seen: u64, patience: Duration) -> Duration {
        let deadline = Instant::now() + patience;
        let mut generation = self.generation.subscribe();
        self.wake.notify_one();
        let newer = generation.wait_for(|generation| *generation > seen);
        // Whether it came in time shows in the snapshot.
        let _ = timeout(patience, newer).await;
        deadline.saturating_duration_since(Instant::now())
    }
}

/// One issuer's metadata, to be passed on.
#[derive(Debug)]
pub(crate) struct MetadataWatch {
    issuer: Issuer,
    newest: ArcSwapOption<AuthorizationServerMetadata>,
    policy: Mutex<RefreshPolicy>,
}

impl MetadataWatch {
    pub(super) fn new(issuer: Issuer, policy: RefreshPolicy) -> Self {
        Self {
            newest: ArcSwapOption::new(issuer.preset_metadata().map(Arc::new)),
            policy: Mutex::new(policy),
            issuer,
        }
    }

    /// The newest document, or the preset's where none was fetched yet.
    pub(crate) fn newest(&self) -> Option<Arc<AuthorizationServerMetadata>> {
        self.newest.load_full()
    }

    async fn run(&self, fetcher: &Fetcher, clock: &dyn Clock) {
        loop {
            let next = self.with_policy(|policy| policy.next(clock.now()));
            match next {
                Next::Wait(time) => sleep(time.min(LONGEST_SLEEP)).await,
                Next::Fetch => self.fetch(fetcher, clock).await,
            }
        }
    }

    async fn fetch(&self, fetcher: &Fetcher, clock: &dyn Clock) {
        let started = clock.now();
        let crash = OnDrop::new(|| self.with_policy(|policy| policy.failed(started, jitter())));
        match fetcher.metadata(&self.issuer).await {
            Ok((metadata, max_age)) => {
                self.newest.store(Some(Arc::new(metadata)));
                self.with_policy(|p| p.succeeded(clock.now(), max_age, false, jitter()));
                crash.defuse();
            }
            Err(error) => {
                observe::metadata_fetch_failed(self.issuer.name(), &error);
            }
        }
    }

    fn with_policy<T>(&self, act: impl FnOnce(&mut RefreshPolicy) -> T) -> T {
        act(&mut self.policy.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Counts a fetch as failed unless it is defused: where it ends by a panic, or because the thread
/// is wanted no more, the policy is told and nobody waits for it any longer.
struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    fn new(act: F) -> Self {
        Self(Some(act))
    }

    fn defuse(mut self) {
        self.0 = None;
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

/// Sleeps until it is time, or until somebody asks.
async fn pause(time: Duration, wake: &Notify) {
    let _ = timeout(time.min(LONGEST_SLEEP), wake.notified()).await;
}

fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    // The standard library's hasher is seeded at random: enough to spread fetches out.
    (RandomState::new().hash_one(0_u8) >> 11) as f64 / (1_u64 << 53) as f64
}
