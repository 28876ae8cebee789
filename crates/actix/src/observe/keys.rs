//! What is recorded of each fetch of an issuer's keys: an event, numbers, and the last error for
//! [`McpAuth::health`](crate::McpAuth::health). The back-off and the bucket bound how many there are.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use mcp_auth_core::{
    KeySet,
    issuer_keys::{KeySnapshot, LastFetch},
    jwk::UnusableKey,
    rejection::OneLine,
};

use super::{TARGET, metrics::KeyMetrics};

/// Is told of every fetch of one issuer's keys.
#[derive(Debug)]
pub(crate) struct KeyObserver {
    issuer: Box<str>,
    metrics: KeyMetrics,
    last_error: Mutex<Option<String>>,
}

impl KeyObserver {
    pub(crate) fn new(resource: &str, issuer: &str) -> Self {
        let metrics = KeyMetrics::of(resource, issuer);
        Self { issuer: issuer.into(), metrics, last_error: Mutex::new(None) }
    }

    /// Keys were fetched. Called before they are published, so that the events' order is that of
    /// what happened.
    pub(crate) fn fetched(&self, keys: &KeySet) {
        tracing::info!(
            name: "keys_fetched",
            target: TARGET,
            event = "keys_fetched",
            issuer = &*self.issuer,
            keys = keys.len(),
            skipped = %Skipped(keys.skipped()),
            "keys fetched"
        );
        self.set_last_error(None);
    }

    /// The issuer says that its keys are the same as before (304).
    pub(crate) fn unchanged(&self) {
        tracing::debug!(
            name: "keys_unchanged",
            target: TARGET,
            event = "keys_unchanged",
            issuer = &*self.issuer,
            "keys unchanged"
        );
        self.set_last_error(None);
    }

    /// The issuer publishes no usable key. Unless that is believed, known keys stay in use.
    pub(crate) fn no_keys(&self, why: &dyn fmt::Display, believed: bool) {
        let error = OneLine(&why.to_string()).to_string();
        tracing::warn!(
            name: "no_keys_published",
            target: TARGET,
            event = "no_keys_published",
            issuer = &*self.issuer,
            error,
            believed,
            "the issuer publishes no keys"
        );
        self.set_last_error((!believed).then_some(error));
    }

    /// The issuer could not be asked, or its answer is no usable key set.
    pub(crate) fn fetch_failed(&self, error: &dyn fmt::Display) {
        let error = OneLine(&error.to_string()).to_string();
        tracing::warn!(
            name: "keys_fetch_failed",
            target: TARGET,
            event = "keys_fetch_failed",
            issuer = &*self.issuer,
            error,
            "keys could not be fetched"
        );
        self.set_last_error(Some(error));
    }

    /// A fetch did not finish: the refresher was dropped, or a panic ended it.
    pub(crate) fn interrupted(&self) {
        self.set_last_error(Some("the fetch was cut short".into()));
    }

    /// The same in numbers, once the outcome is published.
    pub(crate) fn published(&self, snapshot: &KeySnapshot) {
        match snapshot.last_fetch {
            LastFetch::Succeeded => self.metrics.succeeded(snapshot),
            _ => self.metrics.failed(),
        }
    }

    /// Why the last fetch failed, in one line; `None` where it did not.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_last_error(&self, error: Option<String>) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

/// Each reason for which keys are not used, once, with the number of keys: a set may have hundreds.
struct Skipped<'a>(&'a [UnusableKey]);

impl fmt::Display for Skipped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told: Vec<(UnusableKey, usize)> = Vec::new();
        for &reason in self.0 {
            match told.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, count)) => *count += 1,
                None => told.push((reason, 1)),
            }
        }
        f.write_str("[")?;
        for (n, (reason, count)) in told.iter().enumerate() {
            let separator = if n == 0 { "" } else { ", " };
            write!(f, "{separator}{count} × {reason}")?;
        }
        f.write_str("]")
    }
}

/// The issuer's metadata names another place for its keys than before.
pub(crate) fn jwks_uri_changed(issuer: &str, old: &str, new: &str) {
    tracing::warn!(
        name: "jwks_uri_changed",
        target: TARGET,
        event = "jwks_uri_changed",
        issuer,
        old = %OneLine(old),
        new = %OneLine(new),
        "the issuer's jwks_uri changed"
    );
}

/// The issuer's metadata names a userinfo endpoint on another origin than the issuer's, and the
/// configuration does not.
pub(crate) fn userinfo_endpoint_not_used(issuer: &str, endpoint: &str) {
    tracing::info!(
        name: "userinfo_endpoint_not_used",
        target: TARGET,
        event = "userinfo_endpoint_not_used",
        issuer,
        endpoint = %OneLine(endpoint),
        "the discovered userinfo endpoint is on another origin than the issuer and is not used: \
         if it is right, name it in the configuration with Issuer::userinfo_endpoint(…)"
    );
}

/// The metadata that is passed on to older clients could not be fetched; the last one, or the
/// preset's, stays in use.
pub(crate) fn metadata_fetch_failed(issuer: &str, error: &dyn fmt::Display) {
    tracing::warn!(
        name: "metadata_fetch_failed",
        target: TARGET,
        event = "metadata_fetch_failed",
        issuer,
        error = %OneLine(&error.to_string()),
        "the authorization server's metadata could not be fetched"
    );
}

/// The refresher's loops ended before it was dropped.
pub(crate) fn refresher_restarts() {
    tracing::error!(
        name: "refresher_restarts",
        target: TARGET,
        event = "refresher_restarts",
        "the refresher of keys failed and starts again"
    );
}

/// The operating system gives the refresher no runtime.
pub(crate) fn no_runtime(error: &std::io::Error) {
    tracing::error!(
        name: "refresher_has_no_runtime",
        target: TARGET,
        event = "refresher_has_no_runtime",
        %error,
        "the refresher of keys has no runtime"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r25_each_reason_for_skipped_keys_is_told_once() {
        let mut skipped = vec![UnusableKey::TooManyCandidates; 256];
        skipped.insert(1, UnusableKey::WeakRsa);
        let told = Skipped(&skipped).to_string();
        assert!(told.starts_with("[256 × more than four keys of one kid"), "{told}");
        assert!(
            told.ends_with(", 1 × RSA key of unacceptable size, modulus or exponent]"),
            "{told}"
        );
        assert_eq!(Skipped(&[]).to_string(), "[]");
    }
}
