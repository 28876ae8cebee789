//! The records of one request that have no outcome yet.

use std::time::Instant;

use actix_web::{
    Error,
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
};
use mcp_auth_core::{
    Authenticated, Clock, Principal, Rejection,
    audit::{
        Answer, AuditPrincipal, AuditRecord, AuditTarget, AuditedMessage, Decision, Outcome,
        traceparent,
    },
    permission::Need,
};

use super::{log::AuditLog, named_client::NamedClient};
use crate::{auth::McpAuth, extractor_error::ExtractorError, rejected::RejectedWithin};

/// What of a request is recorded: its messages, or itself. Each message has one record, which is
/// written when its outcome is known. What has none when this is dropped was cut.
pub struct OpenCall {
    log: AuditLog,
    /// What all records of the request share.
    shared: AuditRecord,
    /// Whose name the records shall have.
    client: Option<NamedClient>,
    started: Instant,
    /// Those without an outcome. Empty as well while they are being read: a message that was not
    /// received completely is none.
    messages: Vec<AuditedMessage>,
}

impl OpenCall {
    /// A request of an accepted caller.
    pub(crate) fn begin(
        log: &AuditLog,
        auth: &McpAuth,
        request: &ServiceRequest,
        caller: &Authenticated,
    ) -> Box<Self> {
        let mut call = Self::of_principal(log, auth, request, caller.principal());
        if let Some(key) = log.user_key(caller) {
            let principal = call.shared.principal.clone();
            call.shared.principal = principal.with_user_key(&key);
        }
        call
    }

    /// A request of this caller.
    pub(crate) fn of_principal(
        log: &AuditLog,
        auth: &McpAuth,
        request: &ServiceRequest,
        principal: &Principal,
    ) -> Box<Self> {
        let now = auth.inner().clock.now();
        let caller = AuditPrincipal::of(principal, log.privacy());
        let resource = auth.resource_named(request.head());
        let mut shared = AuditRecord::new(log.ids().next(now), now, resource.as_str(), caller);
        shared.http_method = request.method().as_str().chars().take(32).collect();
        shared.peer = request.peer_addr().map(|peer| peer.ip());
        let header = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
        shared.traceparent = header.and_then(traceparent);
        let client = log.names().and_then(|names| NamedClient::of(names, principal));
        let (log, started) = (log.clone(), Instant::now());
        Box::new(Self { log, shared, client, started, messages: Vec::new() })
    }

    /// The request has these messages.
    pub(crate) fn set_messages(&mut self, mut messages: Vec<AuditedMessage>) {
        self.log.redact(&mut messages);
        self.messages = messages;
    }

    /// The request has no message, or one that was not read for this reason.
    pub(crate) fn set_unread(&mut self, reason: Option<&'static str>) {
        self.shared.unread = reason;
        self.messages = vec![AuditedMessage::default()];
    }

    /// The request is recorded by its path, as one that needs this.
    pub(crate) fn set_path(&mut self, path: &str, needs: &[&'static Need]) {
        let mut message = AuditedMessage::default();
        message.targets = vec![AuditTarget::path(path, self.log.privacy())];
        message.required = needs.iter().map(|need| need.to_string().into()).collect();
        self.messages = vec![message];
    }

    /// The request is rejected, before it is passed on.
    pub(crate) fn reject(&mut self, rejection: &Rejection) {
        if self.messages.is_empty() {
            self.set_unread(None);
        }
        self.shared.decision = Decision::from(rejection);
        self.shared.status = Some(rejection.status());
        self.end_all(Outcome::HttpError);
    }

    /// The response begins. What needs no answer has its outcome now.
    pub(crate) fn on_response<B>(&mut self, response: &ServiceResponse<B>) {
        let by_extractor = response.response().error().and_then(decision_of);
        let within = || response.response().extensions().get().map(|RejectedWithin(why)| *why);
        if let Some(decision) = by_extractor.or_else(within) {
            self.shared.decision = decision;
        }
        self.set_status(response.status());
    }

    /// The inner service has failed with this error, which becomes a response further out.
    pub(crate) fn on_error(&mut self, error: &Error) {
        if let Some(decision) = decision_of(error) {
            self.shared.decision = decision;
        }
        self.set_status(error.as_response_error().status_code());
        self.end();
    }

    fn set_status(&mut self, status: StatusCode) {
        self.shared.status = Some(status.as_u16());
        let outcome = match is_error(status.as_u16()) {
            true => Outcome::HttpError,
            false => Outcome::Ok,
        };
        let is_rejected = self.shared.decision != Decision::Allowed;
        self.end_those(outcome, |message| is_rejected || !message.is_request());
    }

    /// The response answers a message.
    pub(crate) fn on_answer(&mut self, (id, outcome): Answer) {
        let place = match &id {
            Some(_) => self.messages.iter().position(|message| message.id == id),
            // An error whose id could not be read answers the only request.
            None => (self.messages.len() == 1).then_some(0),
        };
        if let Some(place) = place {
            let message = self.messages.remove(place);
            self.record(message, outcome);
        }
    }

    /// The response has ended.
    pub(crate) fn end(&mut self) {
        let outcome = match self.shared.status {
            Some(status) if is_error(status) => Outcome::HttpError,
            _ => Outcome::Unknown,
        };
        self.end_all(outcome);
    }

    /// Whether every record is written.
    pub(crate) fn is_over(&self) -> bool {
        self.messages.is_empty()
    }

    fn end_all(&mut self, outcome: Outcome) {
        self.end_those(outcome, |_| true);
    }

    fn end_those(&mut self, outcome: Outcome, which: impl Fn(&AuditedMessage) -> bool) {
        let (ended, open) = std::mem::take(&mut self.messages).into_iter().partition(which);
        self.messages = open;
        let ended: Vec<AuditedMessage> = ended;
        ended.into_iter().for_each(|message| self.record(message, outcome));
    }

    fn record(&self, message: AuditedMessage, outcome: Outcome) {
        let mut record = self.shared.clone().about(message);
        record.id = self.log.ids().next(record.time);
        record.duration = self.started.elapsed();
        record.outcome = outcome;
        if let Some(client) = &self.client {
            record.principal = client.add_name(record.principal, self.log.privacy());
        }
        self.log.push(record.into());
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.end_all(Outcome::Cut);
    }
}

fn is_error(status: u16) -> bool {
    status >= 400
}

/// What an extractor has decided.
fn decision_of(error: &Error) -> Option<Decision> {
    error.as_error::<ExtractorError>().map(|error| Decision::from(error.rejection()))
}
