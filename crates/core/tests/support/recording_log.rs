//! A revocation log that keeps what is appended, and fails when told.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use mcp_auth_core::{
    async_trait,
    revocation::{
        LogBatch, LogEntry, LogError, LogFollower, Revocation, RevocationLog, RevocationSettings,
        Revocations,
    },
};

#[derive(Default)]
pub(crate) struct RecordingLog {
    appended: Mutex<Vec<LogEntry>>,
    /// Whether appending fails.
    pub(crate) is_away: AtomicBool,
}

impl RecordingLog {
    /// Revocations with such a log, which was not read yet.
    pub(crate) fn open(settings: RevocationSettings) -> (Arc<Self>, Revocations) {
        let log = Arc::new(Self::default());
        (log.clone(), Revocations::with_log(settings, log))
    }

    /// What was appended so far.
    pub(crate) fn entries(&self) -> Vec<LogEntry> {
        self.appended.lock().unwrap().clone()
    }
}

/// The record of an entry.
pub(crate) fn record(entry: &LogEntry) -> Revocation {
    serde_json::from_str(&entry.text).unwrap()
}

#[async_trait]
impl RevocationLog for RecordingLog {
    fn name(&self) -> String {
        "a test's log".into()
    }

    async fn append(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        if self.is_away.load(SeqCst) {
            return Err(LogError::timed_out(Duration::from_secs(5)));
        }
        self.appended.lock().unwrap().extend_from_slice(entries);
        Ok(())
    }

    async fn delete(&self, _: &[LogEntry]) -> Result<(), LogError> {
        Ok(())
    }

    fn follow(&self) -> Box<dyn LogFollower> {
        Box::new(Nothing)
    }

    async fn checkpoint(&self, _: &str) -> Result<Option<String>, LogError> {
        Ok(None)
    }

    async fn set_checkpoint(&self, _: &str, _: &str) -> Result<(), LogError> {
        Ok(())
    }

    async fn lease(&self, _: &str, _: &str, _: Duration) -> Result<bool, LogError> {
        Ok(true)
    }
}

struct Nothing;

#[async_trait]
impl LogFollower for Nothing {
    async fn next(&mut self) -> Result<LogBatch, LogError> {
        Ok(LogBatch::everything(Vec::new()))
    }
}
