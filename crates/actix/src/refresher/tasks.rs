//! The refresher's loops: one per document, with one fetch at a time each.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{join_all, select},
};
use mcp_auth_core::{Clock, UnixTime, refresh::Next};
use scopeguard::ScopeGuard;
use tokio::{
    runtime::Runtime,
    sync::{Notify, watch},
    task::LocalSet,
    time::timeout,
};

use super::{RefresherPlan, error::FetchError, fetch::Fetcher, network::SystemNetwork};
use crate::observe;

/// The longest the refresher sleeps without looking at the clock, which may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Creates the runtime that the loops run on. It fails if the operating system refuses the file
/// descriptors; a test replaces it by one that fails.
pub(super) type MakeRuntime = fn() -> io::Result<Runtime>;

pub(super) fn current_thread_runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Runs all loops until the refresher is dropped.
///
/// # Errors
/// Where they end before: a loop panicked, or the runtime could not be created.
pub(super) fn run_until_dropped(
    plan: &RefresherPlan,
    dropped: watch::Receiver<()>,
) -> Result<(), Interrupted> {
    catch_unwind(AssertUnwindSafe(|| run_loops(plan, dropped))).unwrap_or(Err(Interrupted))
}

/// The loops ended before the refresher was dropped.
pub(super) struct Interrupted;

fn run_loops(plan: &RefresherPlan, mut dropped: watch::Receiver<()>) -> Result<(), Interrupted> {
    let runtime = match (plan.runtime)() {
        // Does not wait for a name lookup that hangs in a blocking thread, after a panic either.
        Ok(runtime) => scopeguard::guard(runtime, Runtime::shutdown_background),
        Err(error) => {
            observe::no_runtime(&error);
            return Err(Interrupted);
        }
    };
    let fetcher = Fetcher::new(plan.signatures.clone(), Arc::new(plan.http_client.clone()));
    let http = plan.http_worker.run(Rc::new(SystemNetwork)).boxed_local();
    let clock = &plan.clock;
    let keys = plan.keys.iter().map(|job| keep_fresh(&**job, &fetcher, clock).boxed_local());
    let metadata =
        plan.metadata.iter().map(|job| keep_fresh(&**job, &fetcher, clock).boxed_local());
    let profiles = plan.profiles.run(&fetcher).boxed_local();
    let loops = join_all(keys.chain(metadata).chain([profiles, http]));
    LocalSet::new().block_on(&runtime, async {
        select(loops, pin!(dropped.changed())).await;
    });
    Ok(())
}

/// A document that is kept fresh.
pub(super) trait RefreshTask {
    /// What the policy says.
    fn next(&self, now: UnixTime) -> Next;

    /// Notified when a request needs the document before the policy's time.
    fn wake(&self) -> &Notify;

    /// Fetches the document, and reports a success to the policy.
    async fn fetch(&self, fetcher: &Fetcher, clock: &dyn Clock) -> Result<(), FetchError>;

    /// Reports a failure to the policy; `None` if the fetch was interrupted.
    fn failed(&self, now: UnixTime, error: Option<&FetchError>);
}

async fn keep_fresh(job: &impl RefreshTask, fetcher: &Fetcher, clock: &dyn Clock) {
    loop {
        // Read before the policy counts a fetch as begun: a clock that panics must not leave it so.
        let now = clock.now();
        match job.next(now) {
            Next::Wait(time) => pause(time, job.wake()).await,
            Next::Fetch => fetch_once(job, fetcher, clock, now).await,
        }
    }
}

/// One fetch. Its end is reported to the policy in any case.
async fn fetch_once(
    job: &impl RefreshTask,
    fetcher: &Fetcher,
    clock: &dyn Clock,
    started: UnixTime,
) {
    // A fetch that a panic or the end of the thread interrupts has failed as well: otherwise it
    // would count as under way, and requests would wait for it. The failure has the time of the
    // start, since the clock itself may have panicked.
    let failure = scopeguard::guard((), |()| job.failed(started, None));
    if let Err(error) = job.fetch(fetcher, clock).await {
        // A back-off starts at the end of the fetch, however long that took.
        let now = clock.now();
        ScopeGuard::into_inner(failure);
        job.failed(now, Some(&error));
    } else {
        ScopeGuard::into_inner(failure);
    }
}

/// Sleeps until it is time, or until a request needs the document.
async fn pause(time: Duration, wake: &Notify) {
    let _ = timeout(time.min(LONGEST_SLEEP), wake.notified()).await;
}

pub(super) fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    // The standard library's hasher is seeded at random: enough to spread fetches out.
    (RandomState::new().hash_one(0_u8) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests;
