//! [`RevocationLog`]: where the records of several processes meet.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use serde::Deserialize;

use super::record::{Effect, Revocation};

/// What several processes share: a durable set of records, of which the latest counts for each
/// slot, and a way to follow what is added.
///
/// An implementation stores [`LogEntry`] without looking into it, has no thread, and bounds each
/// call in time.
#[async_trait]
pub trait RevocationLog: Send + Sync + 'static {
    /// What kind of log it is, and where, for logs and health: no secrets.
    fn name(&self) -> String;

    /// Stores entries, each unless one as late is in its slot. `Ok` means that all are stored as
    /// durably as the server stores anything.
    ///
    /// # Errors
    /// Where that is not known. The entries may have been stored.
    async fn append(&self, entries: &[LogEntry]) -> Result<(), LogError>;

    /// Deletes entries that no decision needs any more, each unless a later one is in its slot.
    ///
    /// # Errors
    /// Where that is not known.
    async fn delete(&self, entries: &[LogEntry]) -> Result<(), LogError>;

    /// A new follower, which has read nothing yet.
    fn follow(&self) -> Box<dyn LogFollower>;

    /// The checkpoint of this name: the position of an event source.
    ///
    /// # Errors
    /// Where the log does not answer.
    async fn checkpoint(&self, name: &str) -> Result<Option<String>, LogError>;

    /// Sets a checkpoint.
    ///
    /// # Errors
    /// Where that is not known.
    async fn set_checkpoint(&self, name: &str, value: &str) -> Result<(), LogError>;

    /// Takes or renews the lease of this name for `holder`: `false` where another one holds it.
    ///
    /// # Errors
    /// Where the log does not answer.
    async fn lease(&self, name: &str, holder: &str, time: Duration) -> Result<bool, LogError>;
}

/// Reads a log from its beginning, then what is added.
#[async_trait]
pub trait LogFollower: Send {
    /// The next part. The first is everything. It is everything again where entries may have been
    /// missed, or may have been lost by the server. It returns after about a second without any
    /// entry, as a sign that the log answers.
    ///
    /// # Errors
    /// Where the log does not answer. The next call connects anew.
    async fn next(&mut self) -> Result<LogBatch, LogError>;
}

/// A part of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogBatch {
    /// Whether the entries are all that the log has.
    pub is_everything: bool,
    /// The entries, in any order; duplicates are harmless.
    pub entries: Vec<LogEntry>,
}

impl LogBatch {
    /// All that the log has.
    pub fn everything(entries: Vec<LogEntry>) -> Self {
        Self { is_everything: true, entries }
    }

    /// What was added.
    pub fn added(entries: Vec<LogEntry>) -> Self {
        Self { is_everything: false, entries }
    }
}

/// A record as a log stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogEntry {
    /// What the record supersedes: effect and key, as text. Only the latest entry of a slot counts.
    pub slot: Box<str>,
    /// The time that decides which is the latest, in milliseconds since 1970.
    pub time: u64,
    /// The record, as JSON.
    pub text: Box<str>,
}

/// Why an entry is not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is of a newer version.
    NewerVersion,
    /// It is no record.
    Malformed,
}

impl LogEntry {
    /// An entry as it was read from a log.
    pub fn new(slot: impl Into<Box<str>>, time: u64, text: impl Into<Box<str>>) -> Self {
        Self { slot: slot.into(), time, text: text.into() }
    }

    /// The entry of a record.
    pub(super) fn of(record: &Revocation) -> Self {
        let effect = match record.effect {
            Effect::IssuedBefore(_) => "before",
            Effect::IssuedBeforeByIssuer(_) => "before_by_issuer",
            Effect::Standing => "standing",
            Effect::Lifted => "lifted",
        };
        let key = (effect, &record.issuer, record.what.kind().1, record.what.values());
        // Strings, arrays and numbers always become JSON.
        let slot = serde_json::to_string(&key).unwrap_or_default();
        let text = serde_json::to_string(record).unwrap_or_default();
        Self::new(slot, record.time().as_millis(), text)
    }

    /// The record.
    pub(super) fn read(&self) -> Result<Revocation, Unread> {
        #[derive(Deserialize)]
        struct Version {
            version: u64,
        }
        match serde_json::from_str::<Version>(&self.text) {
            Ok(Version { version }) if version > Revocation::VERSION.into() => {
                Err(Unread::NewerVersion)
            }
            _ => serde_json::from_str(&self.text).map_err(|_| Unread::Malformed),
        }
    }
}

/// The log does not answer, or refuses.
#[derive(Clone)]
pub struct LogError(Box<str>);

impl LogError {
    /// From the error of the client, or from a message. It must not contain a password.
    pub fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string().into())
    }

    /// No answer within this time.
    pub fn timed_out(after: Duration) -> Self {
        Self::new(format_args!("no answer within {after:?}"))
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As `Display`: it is what a `main` that returns this error prints.
impl fmt::Debug for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for LogError {}

/// The log of one process: nothing besides the memory that every process has.
#[derive(Debug, Default)]
pub(super) struct MemoryLog {
    checkpoints: dashmap::DashMap<Box<str>, Box<str>>,
}

#[async_trait]
impl RevocationLog for MemoryLog {
    fn name(&self) -> String {
        "memory of this process".to_owned()
    }

    async fn append(&self, _: &[LogEntry]) -> Result<(), LogError> {
        Ok(())
    }

    async fn delete(&self, _: &[LogEntry]) -> Result<(), LogError> {
        Ok(())
    }

    fn follow(&self) -> Box<dyn LogFollower> {
        Box::new(NothingToFollow)
    }

    async fn checkpoint(&self, name: &str) -> Result<Option<String>, LogError> {
        Ok(self.checkpoints.get(name).map(|value| value.to_string()))
    }

    async fn set_checkpoint(&self, name: &str, value: &str) -> Result<(), LogError> {
        self.checkpoints.insert(name.into(), value.into());
        Ok(())
    }

    async fn lease(&self, _: &str, _: &str, _: Duration) -> Result<bool, LogError> {
        Ok(true)
    }
}

/// No other process writes to the memory of this one.
struct NothingToFollow;

#[async_trait]
impl LogFollower for NothingToFollow {
    async fn next(&mut self) -> Result<LogBatch, LogError> {
        Ok(LogBatch::everything(Vec::new()))
    }
}
