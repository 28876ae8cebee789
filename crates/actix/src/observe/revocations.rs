//! Events and gauges of the revocation log.

use std::time::Duration;

use mcp_auth_core::revocation::RevocationHealth;

use super::{TARGET, metrics::RevocationMetrics};

/// How often a log that does not answer is reported again.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Reports changes of one log's state.
pub(crate) struct LogObserver {
    log: String,
    metrics: RevocationMetrics,
    /// The silence that was last reported; `None` while the log answers.
    reported: Option<Duration>,
    was_ready: bool,
    unread: usize,
    merged: usize,
}

impl LogObserver {
    pub(crate) fn new(log: String) -> Self {
        let metrics = RevocationMetrics::of(&log);
        Self { log, metrics, reported: None, was_ready: false, unread: 0, merged: 0 }
    }

    /// Called after each step of the follower.
    pub(crate) fn observe(&mut self, health: &RevocationHealth) {
        self.metrics.observe(health);
        self.observe_contact(health);
        let log = &*self.log;
        if health.ready && !self.was_ready {
            self.was_ready = true;
            tracing::info!(
                name: "revocation_log_read",
                target: TARGET,
                event = "revocation_log_read",
                log,
                records = health.records,
                "the revocation log was read completely"
            );
        }
        if health.unread > self.unread {
            tracing::error!(
                name: "revocation_records_unread",
                target: TARGET,
                event = "revocation_records_unread",
                log,
                unread = health.unread,
                "the revocation log has records that this version cannot read, and that are not \
                 in force here; update this process"
            );
        }
        if health.merged > self.merged {
            tracing::warn!(
                name: "revocations_merged",
                target: TARGET,
                event = "revocations_merged",
                log,
                merged = health.merged,
                "there are more revocations than max_cut_offs; the oldest were merged into one \
                 for their whole issuer, which refuses more tokens"
            );
        }
        (self.unread, self.merged) = (health.unread, health.merged);
    }

    fn observe_contact(&mut self, health: &RevocationHealth) {
        let log = &*self.log;
        let silence = health.silence.unwrap_or_default();
        match (&health.last_error, self.reported) {
            (Some(error), reported) => {
                if reported.is_some_and(|reported| silence < reported + REPORT_EVERY) {
                    return;
                }
                self.reported = Some(silence);
                tracing::error!(
                    name: "revocation_log_lost",
                    target: TARGET,
                    event = "revocation_log_lost",
                    log,
                    error = &**error,
                    silence_seconds = silence.as_secs(),
                    ready = health.ready,
                    "the revocation log does not answer; revocations of other processes are not \
                     in force here until it does"
                );
            }
            (None, Some(_)) => {
                self.reported = None;
                tracing::info!(
                    name: "revocation_log_found",
                    target: TARGET,
                    event = "revocation_log_found",
                    log,
                    "the revocation log answers again"
                );
            }
            (None, None) => {}
        }
    }

    /// The log lacked records that this process had.
    pub(crate) fn wrote_back(&self, records: usize) {
        tracing::warn!(
            name: "revocations_written_back",
            target: TARGET,
            event = "revocations_written_back",
            log = &*self.log,
            records,
            "the revocation log lacked records that this process knows; they are written back"
        );
    }
}

/// The thread of a revocation log failed, and starts again.
pub(crate) fn revocation_thread_restarts() {
    tracing::error!(
        name: "revocation_thread_restarts",
        target: TARGET,
        event = "revocation_thread_restarts",
        "the thread of the revocation log failed and starts again"
    );
}
