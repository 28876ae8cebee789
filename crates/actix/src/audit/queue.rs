//! The bounded queue between requests and the sink, and the thread that empties it.
//!
//! The thread sleeps for [`PAUSE`] after it has written all of the queue, so that under load no request has
//! to wake it: waking a thread costs more than a record.

use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc as std_mpsc,
    },
    thread,
    time::Duration,
};

use mcp_auth_core::{
    Clock,
    audit::{AuditRecord, AuditSink},
    log_limit::OncePerSecond,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};

use crate::{clock::SystemClock, observe};

/// The longest that the end of the queue is waited for.
pub(super) const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// The pause after the queue is empty.
const PAUSE: Duration = Duration::from_millis(10);
/// How many records are taken from the queue at once.
const BATCH: usize = 256;
/// The pause after a runtime could not be created.
const BACK_OFF: Duration = Duration::from_secs(1);

/// What became of the records of an [`AuditLog`](super::AuditLog) since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AuditCounts {
    /// The sink has written them.
    pub written: u64,
    /// The sink has failed or panicked with them. They are lost.
    pub failed: u64,
    /// The queue was full, or the sink did not take them within 5 s at the end. They are lost.
    pub dropped: u64,
}

/// The requests' end of the queue. When it is dropped, the queue is written to the sink, for
/// [`DRAIN_LIMIT`] at most.
pub(super) struct Queue {
    /// `None` only while this is dropped.
    sender: Option<mpsc::Sender<Entry>>,
    counters: Arc<Counters>,
    /// Disconnected when the thread has ended.
    ended: Mutex<std_mpsc::Receiver<()>>,
}

enum Entry {
    Record(Box<AuditRecord>),
    Flush(oneshot::Sender<()>),
}

#[derive(Default)]
struct Counters {
    queued: AtomicU64,
    written: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    /// What is still in the queue was counted as dropped.
    is_abandoned: AtomicBool,
    drop_lines: OncePerSecond,
    failure_lines: OncePerSecond,
}

impl Queue {
    pub(super) fn start(sink: impl AuditSink, capacity: usize) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        let (alive, ended) = std_mpsc::channel();
        let counters = Arc::new(Counters::default());
        let mut writer = Writer {
            sink: Box::new(sink),
            receiver,
            batch: VecDeque::new(),
            is_writing: false,
            counters: counters.clone(),
        };
        observe::audit_log_starts();
        thread::Builder::new().name("mcp-auth-audit".into()).spawn(move || {
            writer.run();
            drop(writer);
            drop(alive);
        })?;
        Ok(Self { sender: Some(sender), counters, ended: Mutex::new(ended) })
    }

    /// Adds a record. It never waits.
    pub(super) fn push(&self, record: Box<AuditRecord>) {
        if self.counters.is_abandoned.load(Relaxed) {
            return self.counters.drop_records(1, "shutdown");
        }
        // Counted first, so that `queued` is never less than what the thread has taken.
        self.counters.queued.fetch_add(1, Relaxed);
        let sender = self.sender.as_ref();
        if sender.is_none_or(|sender| sender.try_send(Entry::Record(record)).is_err()) {
            self.counters.queued.fetch_sub(1, Relaxed);
            self.counters.drop_records(1, "queue_full");
        }
    }

    /// Waits until all records before this call were written: whether they were within the limit.
    pub(super) async fn flush_within(&self, limit: Duration) -> bool {
        let Some(sender) = &self.sender else { return false };
        let flushed = async {
            let (reply, done) = oneshot::channel();
            sender.send(Entry::Flush(reply)).await.is_ok() && done.await.is_ok()
        };
        timeout(limit, flushed).await.unwrap_or(false)
    }

    /// Counts what is left as dropped, once. The thread stops at the record that it hangs in, and
    /// later records are dropped.
    pub(super) fn abandon(&self) {
        let Counters { queued, written, failed, is_abandoned, .. } = &*self.counters;
        if !is_abandoned.swap(true, Relaxed) {
            let done = written.load(Relaxed) + failed.load(Relaxed);
            let left = queued.load(Relaxed).saturating_sub(done);
            self.counters.drop_records(left, "shutdown");
        }
    }

    pub(super) fn counts(&self) -> AuditCounts {
        let Counters { written, failed, dropped, .. } = &*self.counters;
        AuditCounts {
            written: written.load(Relaxed),
            failed: failed.load(Relaxed),
            dropped: dropped.load(Relaxed),
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // The thread ends when it has written all of a closed queue.
        self.sender = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let is_abandoned = self.counters.is_abandoned.load(Relaxed);
        let limit = if is_abandoned { Duration::ZERO } else { DRAIN_LIMIT };
        let result = ended.recv_timeout(limit);
        if matches!(result, Err(std_mpsc::RecvTimeoutError::Timeout)) {
            self.abandon();
        }
    }
}

impl Counters {
    fn drop_records(&self, count: u64, reason: &'static str) {
        if count == 0 {
            return;
        }
        let dropped = self.dropped.fetch_add(count, Relaxed) + count;
        observe::audit_records(count, "dropped");
        // The last word is written whatever was written a moment ago.
        if self.drop_lines.pass(SystemClock.now()).is_some() || count > 1 {
            observe::audit_records_dropped(reason, dropped);
        }
    }

    fn fail(&self, error: &str) {
        self.failed.fetch_add(1, Relaxed);
        observe::audit_records(1, "failed");
        self.tell_failure(error);
    }

    fn tell_failure(&self, error: &str) {
        if let Some(suppressed) = self.failure_lines.pass(SystemClock.now()) {
            observe::audit_sink_failed(error, suppressed);
        }
    }
}

/// The thread's end of the queue.
struct Writer {
    sink: Box<dyn AuditSink>,
    receiver: mpsc::Receiver<Entry>,
    /// Taken from the queue, and not yet written.
    batch: VecDeque<Entry>,
    /// Whether the sink has a record that is not counted yet.
    is_writing: bool,
    counters: Arc<Counters>,
}

impl Writer {
    /// Runs until the queue is closed and empty. After a panic of the sink it goes on with the next
    /// record.
    fn run(&mut self) {
        while catch_unwind(AssertUnwindSafe(|| self.run_once())).is_err() {
            if std::mem::take(&mut self.is_writing) {
                self.counters.fail("the sink panicked");
            } else {
                self.counters.tell_failure("the sink panicked");
            }
        }
    }

    fn run_once(&mut self) {
        let runtime = loop {
            match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                // Does not wait for a blocking task of the sink that hangs.
                Ok(runtime) => {
                    break scopeguard::guard(runtime, tokio::runtime::Runtime::shutdown_background);
                }
                Err(error) => {
                    self.counters.tell_failure(&format!("no runtime: {error}"));
                    thread::sleep(BACK_OFF);
                }
            }
        };
        runtime.block_on(self.write_all());
    }

    async fn write_all(&mut self) {
        let mut taken = Vec::with_capacity(BATCH);
        loop {
            let written = self.write_batch().await;
            if self.counters.is_abandoned.load(Relaxed) {
                return;
            }
            if self.receiver.is_empty() {
                if written {
                    self.flush().await;
                }
                if !self.receiver.is_closed() {
                    sleep(PAUSE).await;
                }
            }
            if self.receiver.recv_many(&mut taken, BATCH).await == 0 {
                return;
            }
            self.batch.extend(taken.drain(..));
        }
    }

    /// Whether there was a record.
    async fn write_batch(&mut self) -> bool {
        let mut written = 0;
        while let Some(entry) = self.batch.pop_front() {
            match entry {
                Entry::Record(record) => {
                    self.is_writing = true;
                    let result = self.sink.write(*record).await;
                    self.is_writing = false;
                    if self.counters.is_abandoned.load(Relaxed) {
                        return false;
                    }
                    match result {
                        Ok(()) => {
                            self.counters.written.fetch_add(1, Relaxed);
                            written += 1;
                        }
                        Err(error) => self.counters.fail(&error.to_string()),
                    }
                }
                Entry::Flush(reply) => {
                    self.flush().await;
                    // Nobody may wait any longer.
                    let _ = reply.send(());
                }
            }
        }
        if written > 0 {
            observe::audit_records(written, "written");
        }
        written > 0
    }

    async fn flush(&mut self) {
        if let Err(error) = self.sink.flush().await {
            self.counters.tell_failure(&error.to_string());
        }
    }
}
