//! The log as the rest of the process sees it: each call is a job for the log's thread.

use std::{fmt, time::Duration};

use mcp_auth_core::{
    async_trait,
    revocation::{LogBatch, LogEntry, LogError, LogFollower, RevocationLog},
};
use tokio::sync::{mpsc, oneshot};

/// How many calls may wait for the thread.
const MAX_WAITING: usize = 1_024;

/// Hands calls to the log's thread.
pub(super) struct LogProxy {
    name: String,
    jobs: mpsc::Sender<Job>,
}

/// A call, and where its result goes.
pub(super) enum Job {
    Append(Vec<LogEntry>, Reply<()>),
    Delete(Vec<LogEntry>, Reply<()>),
    Checkpoint(String, Reply<Option<String>>),
    SetCheckpoint(String, String, Reply<()>),
    Lease(String, String, Duration, Reply<bool>),
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, LogError>>;

impl LogProxy {
    pub(super) fn open(name: String) -> (Self, mpsc::Receiver<Job>) {
        let (jobs, waiting) = mpsc::channel(MAX_WAITING);
        (Self { name, jobs }, waiting)
    }

    async fn call<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, LogError> {
        let (reply, result) = oneshot::channel();
        self.jobs.try_send(job(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => LogError::new("too many calls are waiting"),
            mpsc::error::TrySendError::Closed(_) => stopped(),
        })?;
        result.await.unwrap_or_else(|_| Err(stopped()))
    }
}

fn stopped() -> LogError {
    LogError::new("the thread of the revocation log has ended")
}

#[async_trait]
impl RevocationLog for LogProxy {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn append(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        self.call(|reply| Job::Append(entries.to_vec(), reply)).await
    }

    async fn delete(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        self.call(|reply| Job::Delete(entries.to_vec(), reply)).await
    }

    /// The thread itself is the follower; nobody else may follow through it.
    fn follow(&self) -> Box<dyn LogFollower> {
        Box::new(FollowedElsewhere)
    }

    async fn checkpoint(&self, name: &str) -> Result<Option<String>, LogError> {
        self.call(|reply| Job::Checkpoint(name.to_owned(), reply)).await
    }

    async fn set_checkpoint(&self, name: &str, value: &str) -> Result<(), LogError> {
        self.call(|reply| Job::SetCheckpoint(name.to_owned(), value.to_owned(), reply)).await
    }

    async fn lease(&self, name: &str, holder: &str, time: Duration) -> Result<bool, LogError> {
        self.call(|reply| Job::Lease(name.to_owned(), holder.to_owned(), time, reply)).await
    }
}

struct FollowedElsewhere;

#[async_trait]
impl LogFollower for FollowedElsewhere {
    async fn next(&mut self) -> Result<LogBatch, LogError> {
        Err(LogError::new("this log is followed by its own thread"))
    }
}

impl fmt::Debug for LogProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogProxy").field(&self.name).finish()
    }
}
