//! Events for the operator's log, under the target `mcp_auth`. None contains a token, a cookie, a
//! code or a person's data.

use std::fmt::Display;

use mcp_auth_core::{UnixTime, log_limit::OncePerSecond};

const TARGET: &str = "mcp_auth";

pub(crate) fn signed_in() {
    tracing::info!(
        name: "signed_in",
        target: TARGET,
        event = "signed_in",
        "a person has signed in in a browser"
    );
}

pub(crate) fn signed_out() {
    tracing::info!(
        name: "signed_out",
        target: TARGET,
        event = "signed_out",
        "a person has signed out in a browser"
    );
}

pub(crate) fn refreshed() {
    tracing::debug!(
        name: "session_refreshed",
        target: TARGET,
        event = "session_refreshed",
        "a session has new tokens"
    );
}

pub(crate) fn refresh_refused(code: &str) {
    let code: String = code.chars().take(60).collect();
    tracing::info!(
        name: "session_refresh_refused",
        target: TARGET,
        event = "session_refresh_refused",
        code = code.escape_default().to_string(),
        "the issuer does not renew a session; it ends with its access token"
    );
}

pub(crate) fn refresh_failed(error: &impl Display) {
    tracing::warn!(
        name: "session_refresh_failed",
        target: TARGET,
        event = "session_refresh_failed",
        %error,
        "a session could not be renewed now"
    );
}

pub(crate) fn refresh_lock_failed(error: &impl Display) {
    tracing::warn!(
        name: "refresh_lock_failed",
        target: TARGET,
        event = "refresh_lock_failed",
        %error,
        "the outcome of a refresh could not be given to other processes at once; it is tried for 20 s"
    );
}

pub(crate) fn session_not_stored(error: &impl Display) {
    tracing::error!(
        name: "session_not_stored",
        target: TARGET,
        event = "session_not_stored",
        %error,
        "a session's new tokens could not be kept; the person has to sign in again"
    );
}

pub(crate) fn session_not_deleted(error: &impl Display) {
    tracing::warn!(
        name: "session_not_deleted",
        target: TARGET,
        event = "session_not_deleted",
        %error,
        "a session that has ended could not be removed from its store"
    );
}

pub(crate) fn sign_out_failed(error: &impl Display) {
    tracing::error!(
        name: "sign_out_failed",
        target: TARGET,
        event = "sign_out_failed",
        %error,
        "a person could not be signed out"
    );
}

pub(crate) fn sign_in_unavailable(error: &impl Display) {
    tracing::error!(
        name: "sign_in_unavailable",
        target: TARGET,
        event = "sign_in_unavailable",
        %error,
        "a sign-in could not be completed now"
    );
}

/// Anybody can cause these: one line a second is written.
pub(crate) fn sign_in_refused(lines: &OncePerSecond, reason: &str, now: UnixTime) {
    if let Some(suppressed) = lines.pass(now) {
        let reason: String = reason.chars().take(60).collect();
        tracing::info!(
            name: "sign_in_refused",
            target: TARGET,
            event = "sign_in_refused",
            reason = reason.escape_default().to_string(),
            suppressed,
            "a sign-in was refused"
        );
    }
}
