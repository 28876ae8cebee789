//! The numbers, by the facade `metrics`: whichever recorder the application installs gets them.
//!
//! The recorder must be installed before `build()`: what is counted earlier is lost. The handles are
//! taken at the first decision and kept, so that an accepted request costs one addition; the series
//! are registered at zero from the start, so that a rate has something to begin with.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock},
};

use mcp_auth_core::{Rejection, UnixTime, issuer_keys::KeySnapshot, revocation::RevocationHealth};
use metrics::{Counter, Gauge, SharedString, Unit, counter, gauge};

use super::is_outage;

const DECISIONS: &str = "mcp_auth_decisions_total";
const COOL_DOWN: &str = "mcp_auth_key_cool_down_total";
const FETCHES: &str = "mcp_auth_key_fetches_total";
const KEYS: &str = "mcp_auth_keys";
const FETCHED_AT: &str = "mcp_auth_keys_fetched_timestamp_seconds";
const GOOD_UNTIL: &str = "mcp_auth_keys_good_until_timestamp_seconds";
const REVOCATIONS: &str = "mcp_auth_revocations";
const LOG_SILENCE: &str = "mcp_auth_revocation_log_silence_seconds";
const AUDIT_RECORDS: &str = "mcp_auth_audit_records_total";
const LOG_READ: &str = "mcp_auth_revocation_log_read";

/// Counts the decisions about one resource's callers, by reason.
pub(super) struct DecisionCounters {
    resource: SharedString,
    handles: OnceLock<Handles>,
}

struct Handles {
    accepted: Counter,
    anonymous: Counter,
    by_reason: HashMap<&'static str, Counter>,
}

impl DecisionCounters {
    pub(super) fn of(resource: &str) -> Self {
        describe();
        let counters = Self { resource: shared(resource), handles: OnceLock::new() };
        // Registers the series only. Handles from before the recorder is installed count nothing, so
        // these are not kept.
        drop(counters.register());
        counters
    }

    #[inline]
    pub(super) fn accepted(&self) {
        self.handles().accepted.increment(1);
    }

    #[inline]
    pub(super) fn anonymous(&self) {
        self.handles().anonymous.increment(1);
    }

    pub(super) fn refused(&self, reason: &'static str) {
        match self.handles().by_reason.get(reason) {
            Some(counter) => counter.increment(1),
            None => self.counter(decision(reason), reason).increment(1),
        }
    }

    /// A token of an unknown key was answered with 503, since its issuer was asked for newer keys a
    /// moment ago. The issuer is a configured one, so the number of series is bounded.
    pub(super) fn key_cool_down(&self, issuer: &str) {
        cool_down(self.resource.clone(), shared(issuer)).increment(1);
    }

    #[inline]
    fn handles(&self) -> &Handles {
        self.handles.get_or_init(|| self.register())
    }

    fn register(&self) -> Handles {
        let of = |&reason: &&'static str| (reason, self.counter(decision(reason), reason));
        Handles {
            accepted: self.counter("accepted", "none"),
            anonymous: self.counter("anonymous", "none"),
            by_reason: Rejection::REASONS.iter().map(of).collect(),
        }
    }

    fn counter(&self, decision: &'static str, reason: &'static str) -> Counter {
        let resource = self.resource.clone();
        counter!(DECISIONS, "resource" => resource, "decision" => decision, "reason" => reason)
    }
}

fn decision(reason: &str) -> &'static str {
    match is_outage(reason) {
        true => "unavailable",
        false => "refused",
    }
}

impl fmt::Debug for DecisionCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DecisionCounters").field(&self.resource).finish()
    }
}

/// Measures one issuer's keys, as one resource knows them. Fetches are rare: each looks its series
/// up again, so that a recorder which is installed late is found.
#[derive(Debug)]
pub(super) struct KeyMetrics {
    resource: SharedString,
    issuer: SharedString,
}

impl KeyMetrics {
    pub(super) fn of(resource: &str, issuer: &str) -> Self {
        let metrics = Self { resource: shared(resource), issuer: shared(issuer) };
        // At zero from the start.
        let _ = (metrics.fetches("succeeded"), metrics.fetches("failed"));
        let _ = cool_down(metrics.resource.clone(), metrics.issuer.clone());
        metrics.gauge(KEYS).set(0.0);
        metrics
    }

    pub(super) fn succeeded(&self, snapshot: &KeySnapshot) {
        self.fetches("succeeded").increment(1);
        let keys = snapshot.keys.as_ref().map_or(0, |keys| keys.len());
        self.gauge(KEYS).set(keys as f64);
        let set = |name, time: Option<UnixTime>| {
            if let Some(time) = time {
                self.gauge(name).set(time.as_secs_f64());
            }
        };
        set(FETCHED_AT, snapshot.fetched_at);
        set(GOOD_UNTIL, snapshot.good_until());
    }

    pub(super) fn failed(&self) {
        self.fetches("failed").increment(1);
    }

    fn fetches(&self, outcome: &'static str) -> Counter {
        let (resource, issuer) = (self.resource.clone(), self.issuer.clone());
        counter!(FETCHES, "resource" => resource, "issuer" => issuer, "outcome" => outcome)
    }

    fn gauge(&self, name: &'static str) -> Gauge {
        let (resource, issuer) = (self.resource.clone(), self.issuer.clone());
        gauge!(name, "resource" => resource, "issuer" => issuer)
    }
}

/// Measures one revocation log.
#[derive(Debug)]
pub(super) struct RevocationMetrics {
    log: SharedString,
}

impl RevocationMetrics {
    pub(super) fn of(log: &str) -> Self {
        describe();
        Self { log: shared(log) }
    }

    pub(super) fn observe(&self, health: &RevocationHealth) {
        let gauge = |name| gauge!(name, "log" => self.log.clone());
        gauge(REVOCATIONS).set(health.records as f64);
        gauge(LOG_READ).set(if health.ready { 1.0 } else { 0.0 });
        if let Some(silence) = health.silence {
            gauge(LOG_SILENCE).set(silence.as_secs_f64());
        }
    }
}

/// Counts audit records. They come in batches, so the series is looked up each time.
pub(super) fn audit_records(count: u64, outcome: &'static str) {
    if count == 0 {
        describe();
    }
    counter!(AUDIT_RECORDS, "outcome" => outcome).increment(count);
}

fn cool_down(resource: SharedString, issuer: SharedString) -> Counter {
    counter!(COOL_DOWN, "resource" => resource, "issuer" => issuer)
}

fn describe() {
    use metrics::{describe_counter, describe_gauge};
    describe_counter!(
        DECISIONS,
        Unit::Count,
        "Decisions about callers: accepted, anonymous, refused or unavailable, and why."
    );
    describe_counter!(
        COOL_DOWN,
        Unit::Count,
        "Tokens of unknown keys answered with 503, since no further fetch may begin yet."
    );
    describe_counter!(FETCHES, Unit::Count, "Fetches of an issuer's keys that have ended.");
    describe_counter!(
        AUDIT_RECORDS,
        Unit::Count,
        "Audit records that were written, that the sink failed with, and that were dropped."
    );
    describe_gauge!(KEYS, Unit::Count, "The issuer's keys that are known.");
    describe_gauge!(
        FETCHED_AT,
        Unit::Seconds,
        "When the newest keys were fetched, in seconds since 1970."
    );
    describe_gauge!(
        GOOD_UNTIL,
        Unit::Seconds,
        "Until when the newest keys may be used if no fetch succeeds, in seconds since 1970."
    );
    describe_gauge!(REVOCATIONS, Unit::Count, "The revocation records that this process knows.");
    describe_gauge!(
        LOG_READ,
        Unit::Count,
        "1 where the revocation log was read completely since the start, else 0."
    );
    describe_gauge!(
        LOG_SILENCE,
        Unit::Seconds,
        "How long ago the revocation log answered for the last time."
    );
}

/// A label that is cloned without copying it.
fn shared(text: &str) -> SharedString {
    SharedString::from_shared(Arc::from(text))
}
