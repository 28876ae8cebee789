//! Events and numbers of the audit log, and the records that go to `tracing`.

use mcp_auth_core::{
    agents::NameSource,
    audit::{AuditRecord, Credential, Decision, Outcome, TargetKind},
};

use super::{TARGET, metrics};

/// The target of audit records.
const AUDIT_TARGET: &str = "mcp_auth::audit";

/// Registers the series at zero.
pub(crate) fn audit_log_starts() {
    for outcome in ["written", "failed", "dropped"] {
        metrics::audit_records(0, outcome);
    }
}

/// So many records were written, failed or dropped.
pub(crate) fn audit_records(count: u64, outcome: &'static str) {
    metrics::audit_records(count, outcome);
}

/// Records were dropped. `dropped` counts all since the start.
pub(crate) fn audit_records_dropped(reason: &'static str, dropped: u64) {
    tracing::warn!(
        name: "audit_records_dropped",
        target: TARGET,
        event = "audit_records_dropped",
        reason,
        dropped,
        "audit records are lost, since the sink is too slow"
    );
}

/// The sink has failed with a record, or to flush.
pub(crate) fn audit_sink_failed(error: &str, suppressed: u64) {
    tracing::error!(
        name: "audit_sink_failed",
        target: TARGET,
        event = "audit_sink_failed",
        error = %mcp_auth_core::rejection::OneLine(error),
        suppressed,
        "the audit sink failed; the record is lost"
    );
}

/// A record, as an event.
pub(crate) fn audit_record(record: &AuditRecord) {
    let named = |kind: TargetKind| {
        record.targets.iter().find(|target| target.kind == kind).map(|target| &*target.name)
    };
    let tool = named(TargetKind::Tool);
    let (decision, reason) = match record.decision {
        Decision::Refused { reason } => ("refused", Some(reason)),
        Decision::Unavailable { reason } => ("unavailable", Some(reason)),
        _ => ("allowed", None),
    };
    let (outcome, code) = match record.outcome {
        Outcome::Ok => ("ok", None),
        Outcome::ToolError => ("tool_error", None),
        Outcome::JsonRpcError { code } => ("json_rpc_error", Some(code)),
        Outcome::HttpError => ("http_error", None),
        Outcome::Cut => ("cut", None),
        _ => ("unknown", None),
    };
    let credential = match record.principal.credential {
        Credential::Session => "session",
        Credential::StaticKey => "static_key",
        _ => "token",
    };
    let source = record.principal.client_name_source.map(|source| match source {
        NameSource::Application => "application",
        NameSource::Issuer => "issuer",
        NameSource::Client => "client",
        _ => "client_id",
    });
    let error = matches!(outcome, "tool_error" | "json_rpc_error" | "http_error" | "cut");
    let required = (!record.required.is_empty()).then(|| record.required.join(", "));
    let operation = (record.method.as_deref() == Some("tools/call")).then_some("execute_tool");
    let principal = &record.principal;
    let info = record.client_info.as_ref();
    tracing::info!(
        name: "audit_record",
        target: AUDIT_TARGET,
        event = "audit_record",
        audit.id = %record.id,
        audit.decision = decision,
        audit.reason = reason.or(record.unread),
        audit.required = required,
        audit.outcome = outcome,
        audit.duration_us = record.duration.as_micros() as u64,
        audit.resource = &*record.resource,
        audit.issuer = &*principal.issuer,
        user.id = &*principal.subject,
        audit.user_key = principal.user_key.as_deref(),
        audit.kind = principal.kind,
        audit.credential = credential,
        audit.actor = principal.actor.as_deref(),
        audit.organization = principal.organization.as_deref(),
        audit.client_id = principal.client_id.as_deref(),
        audit.client_name = principal.client_name.as_deref(),
        audit.client_name_source = source,
        audit.token_id = principal.token_id.as_deref(),
        audit.session_id = principal.session_id.as_deref(),
        audit.client_info = info.and_then(|info| info.name.as_deref()),
        mcp.method.name = record.method.as_deref(),
        gen_ai.operation.name = operation,
        gen_ai.tool.name = tool,
        gen_ai.prompt.name = named(TargetKind::Prompt),
        mcp.resource.uri = named(TargetKind::Resource).or(named(TargetKind::ResourceTemplate)),
        audit.target = named(TargetKind::Task).or(named(TargetKind::Path)),
        jsonrpc.request.id = record.request_id.as_deref(),
        rpc.response.status_code = code,
        http.response.status_code = record.status,
        error.type = error.then_some(outcome),
        client.address = record.peer.map(display),
        traceparent = record.traceparent.as_deref(),
    );
}
