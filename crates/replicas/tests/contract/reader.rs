//! A follower, and what it has read.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use mcp_auth_core::revocation::{LogBatch, LogEntry, LogError, LogFollower, RevocationLog};
use tokio::time::timeout;

/// Longer than anything in the tests takes.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct Reader {
    follower: Box<dyn LogFollower>,
    /// The latest entries, as a process merges them: what the log lost stays.
    pub(crate) known: BTreeMap<String, (u64, String)>,
    /// What the log itself has, as far as was read.
    pub(crate) in_log: BTreeMap<String, (u64, String)>,
    /// How often everything was read.
    pub(crate) everything: usize,
    pub(crate) errors: usize,
}

impl Reader {
    /// A follower that has read everything.
    pub(crate) async fn of(log: &impl RevocationLog) -> Self {
        let mut reader = Self {
            follower: log.follow(),
            known: BTreeMap::new(),
            in_log: BTreeMap::new(),
            everything: 0,
            errors: 0,
        };
        let first = reader.next().await.unwrap();
        assert!(first.is_everything, "the first batch");
        reader
    }

    pub(crate) async fn next(&mut self) -> Result<LogBatch, LogError> {
        let next = timeout(LIMIT, self.follower.next()).await.expect("a call without a limit");
        let batch = next.inspect_err(|_| self.errors += 1)?;
        if batch.is_everything {
            self.everything += 1;
            self.in_log.clear();
        }
        for LogEntry { slot, time, text, .. } in &batch.entries {
            for entries in [&mut self.known, &mut self.in_log] {
                let entry = entries.entry(slot.to_string()).or_default();
                if entry.1.is_empty() || entry.0 < *time {
                    *entry = (*time, text.to_string());
                }
            }
        }
        Ok(batch)
    }

    /// Reads until it is so, errors included, and returns for how long.
    pub(crate) async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) -> Duration {
        let start = Instant::now();
        while !is_so(self) {
            assert!(start.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
            if self.next().await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        start.elapsed()
    }

    /// Reads until an entry is known.
    pub(crate) async fn until_known(&mut self, slot: &str) -> Duration {
        self.until(slot, |reader| reader.known.contains_key(slot)).await
    }

    pub(crate) fn time(&self, slot: &str) -> Option<u64> {
        self.known.get(slot).map(|(time, _)| *time)
    }
}

pub(crate) fn entry(slot: &str, time: u64) -> LogEntry {
    LogEntry::new(slot, time, format!("{{\"of\": {time}}}"))
}
