//! Events of decisions and fetches for the operator, and with the feature `metrics` counters and
//! gauges. Neither contains a token or a part of one.
//!
//! All events have the target `mcp_auth` and a stable field `event`; docs/operations.md lists them.
//! They go to the subscriber of `tracing`, and to `log` where none is installed. Accepted requests
//! write no event: with `metrics` they increment a counter, and otherwise they read one atomic.

mod audit;
mod keys;
#[cfg(feature = "metrics")]
mod measured_store;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(not(feature = "metrics"))]
#[path = "without_metrics.rs"]
mod metrics;
mod misconfiguration;
mod permissions;
mod revocations;
mod sampling;
mod start_up;
mod users;

use std::time::Instant;

use mcp_auth_core::{
    HeaderMistake, Rejection, Resource, TokenDescription,
    rejection::{TokenError, UnavailableReason},
};
use tracing::field::display;

pub(crate) use audit::{
    audit_log_starts, audit_record, audit_records, audit_records_dropped, audit_sink_failed,
};
pub(crate) use keys::{
    KeyObserver, jwks_uri_changed, metadata_fetch_failed, no_runtime, refresher_restarts,
    userinfo_endpoint_not_used,
};
#[cfg(feature = "metrics")]
pub(crate) use measured_store::measured;
use metrics::DecisionCounters;
#[cfg(not(feature = "metrics"))]
pub(crate) use metrics::measured;
pub(crate) use misconfiguration::{
    discovery_not_registered, no_identity_store, no_middleware, undeclared_permission,
    wrong_user_type,
};
pub(crate) use permissions::{grant_claim_unreadable, not_granted_by_scope};
pub(crate) use revocations::{LogObserver, revocation_thread_restarts};
pub use sampling::LogSampling;
use sampling::{Sampled, Sampler, Summary};
pub(crate) use start_up::{
    issuer_scopes_unlimited, issuers_share_subjects, keys_over_plain_http,
    offline_access_not_listed, outbound_proxy, public_url_doubtful, userinfo_endpoint_elsewhere,
};
pub(crate) use users::unknown_subject;

/// The target of every event.
const TARGET: &str = "mcp_auth";

/// Sees every decision about one resource's callers.
#[derive(Debug)]
pub(crate) struct Observer {
    resource: Box<str>,
    sampler: Sampler,
    counters: DecisionCounters,
}

impl Observer {
    pub(crate) fn new(resource: &str, sampling: LogSampling) -> Self {
        Self {
            resource: resource.into(),
            sampler: Sampler::new(sampling),
            counters: DecisionCounters::of(resource),
        }
    }

    /// An accepted request.
    #[inline]
    pub(crate) fn accepted(&self) {
        self.counters.accepted();
        self.log_due_summaries();
    }

    /// A request without credentials, where none are required.
    #[inline]
    pub(crate) fn anonymous(&self) {
        self.counters.anonymous();
        self.log_due_summaries();
    }

    /// A rejected request, to one of several resources where that is told. The token is described
    /// only if a line is written. Counts have the configured resource: anybody can name others.
    #[cold]
    pub(crate) fn refused<'a>(
        &self,
        rejection: &Rejection,
        resource: Option<&Resource>,
        describe: impl FnOnce() -> TokenDescription<'a>,
    ) {
        let reason = rejection.reason();
        self.counters.refused(reason);
        if let Rejection::Unavailable(UnavailableReason::KeyCoolDown { issuer }) = rejection {
            self.counters.key_cool_down(issuer);
        }
        if !is_heard(is_outage(reason)) {
            return;
        }
        let sample = self.sampler.sample(reason, Instant::now());
        self.log_summaries(&sample.ended);
        if let Sampled::Write { suppressed } = sample.outcome {
            self.write(rejection, resource, describe(), suppressed);
        }
    }

    fn write(
        &self,
        rejection: &Rejection,
        resource: Option<&Resource>,
        token: TokenDescription<'_>,
        suppressed: u64,
    ) {
        let (reason, status) = (rejection.reason(), rejection.status());
        let TokenDescription { issuer, key_id_hash, header_mistake, .. } = token;
        let detail = detail(rejection, header_mistake);
        let kid_hash = key_id_hash.map(display);
        let suppressed = Some(suppressed).filter(|&suppressed| suppressed > 0);
        let resource = resource.map_or(&*self.resource, Resource::as_str);
        match is_outage(reason) {
            true => tracing::warn!(
                name: "request_unavailable",
                target: TARGET,
                event = "request_unavailable",
                decision = "unavailable",
                reason,
                status,
                issuer,
                kid_hash,
                resource,
                detail = %detail,
                suppressed,
                "cannot decide"
            ),
            false => tracing::info!(
                name: "request_refused",
                target: TARGET,
                event = "request_refused",
                decision = "refused",
                reason,
                status,
                issuer,
                kid_hash,
                resource,
                detail = %detail,
                suppressed,
                "request refused"
            ),
        }
    }

    /// Logs what was suppressed in an interval that has ended, on the next request of any kind.
    #[inline]
    fn log_due_summaries(&self) {
        if self.sampler.owes_a_summary() {
            self.log_ended_intervals();
        }
    }

    #[cold]
    fn log_ended_intervals(&self) {
        self.log_summaries(&self.sampler.ended(Instant::now()));
    }

    fn log_summaries(&self, ended: &[Summary]) {
        let resource = &*self.resource;
        for &Summary { reason, suppressed, seconds } in ended {
            match is_outage(reason) {
                true => tracing::warn!(
                    name: "events_suppressed",
                    target: TARGET,
                    event = "events_suppressed",
                    decision = "unavailable",
                    reason,
                    resource,
                    suppressed,
                    seconds,
                    "more of the same was not written"
                ),
                false => tracing::info!(
                    name: "events_suppressed",
                    target: TARGET,
                    event = "events_suppressed",
                    decision = "refused",
                    reason,
                    resource,
                    suppressed,
                    seconds,
                    "more of the same was not written"
                ),
            }
        }
    }
}

/// Logs the counts of suppressed events that are still due.
impl Drop for Observer {
    fn drop(&mut self) {
        self.log_summaries(&self.sampler.rest(Instant::now()));
    }
}

/// The cause and the remedy. A usual mistake in the header is nearer than the reason that it leads to.
fn detail(rejection: &Rejection, mistake: Option<HeaderMistake>) -> String {
    match (rejection, mistake) {
        (
            Rejection::MissingCredentials | Rejection::InvalidToken(TokenError::Malformed),
            Some(mistake),
        ) => mistake.to_string(),
        _ => rejection.to_string(),
    }
}

fn is_outage(reason: &str) -> bool {
    Rejection::OUTAGES.contains(&reason)
}

/// Whether a subscriber of `tracing`, or a logger of `log`, takes lines of this level.
///
/// Without a subscriber `tracing::enabled!` is false, and the macros of `tracing` write to `log`
/// instead (its feature `log`): an application with `env_logger` alone reads them there.
fn is_heard(outage: bool) -> bool {
    match outage {
        true => {
            tracing::enabled!(target: TARGET, tracing::Level::WARN)
                || log::log_enabled!(target: TARGET, log::Level::Warn)
        }
        false => {
            tracing::enabled!(target: TARGET, tracing::Level::INFO)
                || log::log_enabled!(target: TARGET, log::Level::Info)
        }
    }
}
