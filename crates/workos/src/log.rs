//! Events for the operator's log, under the target `mcp_auth`. None contains a secret or a person's
//! data.

use std::fmt::Display;

use mcp_auth_core::{UnixTime, log_limit::OncePerSecond};

use crate::{check::Finding, event::Event};

const TARGET: &str = "mcp_auth";

pub(crate) fn webhook_refused(lines: &OncePerSecond, reason: &str, now: UnixTime) {
    if let Some(suppressed) = lines.pass(now) {
        tracing::warn!(
            name: "webhook_refused",
            target: TARGET,
            event = "webhook_refused",
            reason,
            suppressed,
            "a webhook was refused"
        );
    }
}

pub(crate) fn webhook_not_done(event: &str, error: &impl Display) {
    tracing::error!(
        name: "webhook_not_done",
        target: TARGET,
        event = "webhook_not_done",
        workos_event = event,
        %error,
        "a webhook was answered with 503, so that WorkOS sends it again"
    );
}

pub(crate) fn event_carried_out(event: &Event, source: &'static str) {
    tracing::info!(
        name: "workos_event",
        target: TARGET,
        event = "workos_event",
        workos_event = &*event.id,
        kind = event.name.escape_default().to_string(),
        source,
        "an event of WorkOS has taken effect"
    );
}

pub(crate) fn event_without_effect(why: &str) {
    tracing::warn!(
        name: "workos_event_without_effect",
        target: TARGET,
        event = "workos_event_without_effect",
        why,
        "an event of WorkOS names something that cannot be revoked"
    );
}

pub(crate) fn event_skipped(event: &Event, error: &impl Display) {
    tracing::error!(
        name: "workos_event_skipped",
        target: TARGET,
        event = "workos_event_skipped",
        workos_event = &*event.id,
        %error,
        "the application's hook has failed for an event too often; the events after it go on. Its \
         revocations are in force"
    );
}

pub(crate) fn events_not_read(error: &str) {
    tracing::warn!(
        name: "workos_events_not_read",
        target: TARGET,
        event = "workos_events_not_read",
        error,
        "the events of WorkOS cannot be read now; webhooks take effect all the same"
    );
}

pub(crate) fn events_from_look_back(seconds: u64, why: &'static str) {
    tracing::info!(
        name: "workos_events_from_look_back",
        target: TARGET,
        event = "workos_events_from_look_back",
        seconds,
        why,
        "the events of WorkOS are read from this long ago, since no position is known"
    );
}

pub(crate) fn no_api_key() {
    tracing::warn!(
        name: "workos_events_not_followed",
        target: TARGET,
        event = "workos_events_not_followed",
        "WORKOS_API_KEY is not set: a webhook that is lost, or that is repeated later than 180 s \
         after its first attempt, has no effect here, and the set-up is not checked"
    );
}

pub(crate) fn agent_disconnected(client_id: &str, was_there: bool) {
    tracing::info!(
        name: "agent_disconnected",
        target: TARGET,
        event = "agent_disconnected",
        client = client_id.escape_default().to_string(),
        was_there,
        "a person has disconnected an agent"
    );
}

pub(crate) fn agent_not_disconnected(client_id: &str, step: &'static str, error: &impl Display) {
    tracing::warn!(
        name: "agent_not_disconnected",
        target: TARGET,
        event = "agent_not_disconnected",
        client = client_id.escape_default().to_string(),
        step,
        %error,
        "a person's agent could not be disconnected"
    );
}

pub(crate) fn agents_uses_not_read(error: &impl Display) {
    tracing::warn!(
        name: "agents_uses_not_read",
        target: TARGET,
        event = "agents_uses_not_read",
        %error,
        "the application's function failed, so that a person's agents are listed without their use"
    );
}

pub(crate) fn finding(finding: &Finding) {
    match finding.is_good {
        true => tracing::info!(
            name: "workos_setup",
            target: TARGET,
            event = "workos_setup",
            detail = &*finding.text,
            "checked the set-up in WorkOS"
        ),
        false => tracing::warn!(
            name: "workos_setup_wrong",
            target: TARGET,
            event = "workos_setup_wrong",
            detail = &*finding.text,
            "the set-up in WorkOS is not complete"
        ),
    }
}
