//! The loops of the log's thread: following, calls, and deletion of what has expired.

use std::{
    cell::RefCell,
    collections::HashMap,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    thread,
    time::Duration,
};

use futures_util::{
    future::{join3, select},
    stream::{FuturesUnordered, StreamExt},
};
use mcp_auth_core::{
    Clock,
    revocation::{LogEntry, LogError, RevocationLog, Revocations},
};
use tokio::{
    sync::{mpsc, watch},
    task::LocalSet,
    time::{sleep, timeout},
};

use super::proxy::{Job, Reply};
use crate::{
    clock::SystemClock,
    observe::{self, LogObserver},
};

/// The longest that a call of the log may take.
const CALL_LIMIT: Duration = Duration::from_secs(5);
/// The longest that a follower may take for a step. A complete read of a large log is one step.
const STEP_LIMIT: Duration = Duration::from_secs(60);
/// How many calls are under way at once.
const MAX_CALLS: usize = 16;
/// How many entries are written back in one call.
const CHUNK: usize = 500;
/// The pauses after failures: the first, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// How often expired records are deleted.
const DELETE_EVERY: Duration = Duration::from_secs(10 * 60);

/// What the thread works on.
pub(super) struct Follower {
    log: Arc<dyn RevocationLog>,
    revocations: Revocations,
    jobs: mpsc::Receiver<Job>,
    /// Entries that are in force here and of which nobody knows whether the log has them, by slot.
    unconfirmed: RefCell<HashMap<Box<str>, LogEntry>>,
}

impl Follower {
    pub(super) fn new(
        log: Arc<dyn RevocationLog>,
        revocations: Revocations,
        jobs: mpsc::Receiver<Job>,
    ) -> Self {
        Self { log, revocations, jobs, unconfirmed: RefCell::default() }
    }

    /// Runs until `dropped` is closed. After a panic it begins anew.
    pub(super) fn run_until(mut self, dropped: watch::Receiver<()>) {
        while catch_unwind(AssertUnwindSafe(|| self.run_once(dropped.clone()))).is_err() {
            observe::revocation_thread_restarts();
            thread::sleep(BACK_OFF.1);
            if dropped.has_changed().is_err() {
                break;
            }
        }
    }

    fn run_once(&mut self, mut dropped: watch::Receiver<()>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            // Does not wait for a name lookup that hangs in a blocking thread.
            Ok(runtime) => scopeguard::guard(runtime, tokio::runtime::Runtime::shutdown_background),
            Err(error) => {
                self.revocations.log_failed(&LogError::new(format_args!("no runtime: {error}")));
                std::panic::resume_unwind(Box::new("no runtime"));
            }
        };
        let Self { log, revocations, jobs, unconfirmed } = self;
        let shared = Shared { log: log.clone(), revocations, unconfirmed };
        let loops = async {
            join3(shared.follow(), shared.work_off(jobs), shared.delete_expired()).await;
        };
        LocalSet::new().block_on(&runtime, async {
            select(pin!(loops), pin!(dropped.changed())).await;
        });
    }
}

struct Shared<'f> {
    log: Arc<dyn RevocationLog>,
    revocations: &'f Revocations,
    unconfirmed: &'f RefCell<HashMap<Box<str>, LogEntry>>,
}

impl Shared<'_> {
    async fn follow(&self) {
        let mut follower = self.log.follow();
        let mut observer = LogObserver::new(self.log.name());
        let mut pause = BACK_OFF.0;
        loop {
            let step = timeout(STEP_LIMIT, follower.next()).await;
            match step.unwrap_or_else(|_| Err(LogError::timed_out(STEP_LIMIT))) {
                Ok(batch) => {
                    let lacking = self.revocations.take_in(batch, SystemClock.now());
                    let count = lacking.len();
                    self.note_unconfirmed(lacking);
                    if count > 0 {
                        observer.wrote_back(count);
                    }
                    self.append_unconfirmed().await;
                    pause = BACK_OFF.0;
                }
                Err(error) => {
                    self.revocations.log_failed(&error);
                    sleep(pause).await;
                    pause = (pause * 2).min(BACK_OFF.1);
                }
            }
            observer.observe(&self.revocations.health(SystemClock.now()));
        }
    }

    async fn work_off(&self, jobs: &mut mpsc::Receiver<Job>) {
        let mut running = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(job) = jobs.recv(), if running.len() < MAX_CALLS => {
                    running.push(self.work(job));
                }
                Some(()) = running.next() => {}
                else => return std::future::pending().await,
            }
        }
    }

    async fn work(&self, job: Job) {
        match job {
            Job::Append(entries, reply) => {
                let result = within_limit(self.log.append(&entries)).await;
                if result.is_err() {
                    self.note_unconfirmed(entries);
                }
                answer(reply, result);
            }
            Job::Delete(entries, reply) => {
                answer(reply, within_limit(self.log.delete(&entries)).await);
            }
            Job::Checkpoint(name, reply) => {
                answer(reply, within_limit(self.log.checkpoint(&name)).await);
            }
            Job::SetCheckpoint(name, value, reply) => {
                answer(reply, within_limit(self.log.set_checkpoint(&name, &value)).await);
            }
            Job::Lease(name, holder, time, reply) => {
                answer(reply, within_limit(self.log.lease(&name, &holder, time)).await);
            }
        }
    }

    fn note_unconfirmed(&self, entries: Vec<LogEntry>) {
        let mut unconfirmed = self.unconfirmed.borrow_mut();
        for entry in entries {
            let is_later = |known: &LogEntry| known.time < entry.time;
            if unconfirmed.get(&entry.slot).is_none_or(is_later) {
                unconfirmed.insert(entry.slot.clone(), entry);
            }
        }
    }

    /// Appends what may be missing in the log. What fails stays for the next time.
    async fn append_unconfirmed(&self) {
        let entries: Vec<_> = self.unconfirmed.borrow().values().cloned().collect();
        for chunk in entries.chunks(CHUNK) {
            if within_limit(self.log.append(chunk)).await.is_err() {
                return;
            }
            let mut unconfirmed = self.unconfirmed.borrow_mut();
            for entry in chunk {
                if unconfirmed.get(&entry.slot) == Some(entry) {
                    unconfirmed.remove(&entry.slot);
                }
            }
        }
    }

    async fn delete_expired(&self) {
        loop {
            sleep(DELETE_EVERY).await;
            let expired = self.revocations.remove_expired(SystemClock.now());
            for chunk in expired.chunks(CHUNK) {
                // What stays in the log is read at the next start, and removed then.
                if within_limit(self.log.delete(chunk)).await.is_err() {
                    break;
                }
            }
        }
    }
}

async fn within_limit<T>(call: impl Future<Output = Result<T, LogError>>) -> Result<T, LogError> {
    timeout(CALL_LIMIT, call).await.unwrap_or_else(|_| Err(LogError::timed_out(CALL_LIMIT)))
}

/// The caller may have gone away.
fn answer<T>(reply: Reply<T>, result: Result<T, LogError>) {
    let _ = reply.send(result);
}
