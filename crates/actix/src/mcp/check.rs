//! The check of MCP sessions and messages.

use std::{fmt, rc::Rc};

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{Extensions, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
};
use futures_util::future::{FutureExt, LocalBoxFuture};
use mcp_auth_core::{
    Authenticated, Clock, Rejection,
    audit::{AuditedMessage, read_messages},
    mcp::{McpPolicy, MessageError, Messages, MirroredHeaders, SessionOwner},
};

use super::{
    body::{self, BodyLimits},
    copy,
};
use crate::{
    audit::{AuditLog, OpenCall, ResponseTap},
    auth::McpAuth,
    extract::Anonymous,
    middleware::{Begun, Check, Finished, IsSubscription},
    rejected::RejectedMessages,
};

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// Checks sessions and messages, once the caller is known.
pub struct McpCheck {
    pub(super) auth: McpAuth,
    pub(super) policy: McpPolicy,
    pub(super) limits: BodyLimits,
    pub(super) audit: Option<AuditLog>,
}

/// What an accepted caller's request is recorded by, with an audit log.
type Call = Option<Box<OpenCall>>;

impl Check for McpCheck {
    type Passed = Call;
    type Waiting = Call;

    fn begin(&self, request: &ServiceRequest) -> Begun<Self> {
        let mut call = self.open_call(request);
        if let Err(rejection) = self.check_session(request) {
            if let Some(call) = &mut call {
                call.reject(&rejection);
            }
            return Begun::Answer(self.auth.reject_messages(request, &rejection.into()));
        }
        let is_judged = self.policy.must_read(request.extensions().get::<Authenticated>());
        match &mut call {
            _ if is_judged => Begun::Wait(call),
            Some(_) if request.method() == Method::POST => Begun::Wait(call),
            Some(open) => {
                open.set_unread(None);
                Begun::Pass(call)
            }
            None => Begun::Pass(None),
        }
    }

    fn finish(
        self: Rc<Self>,
        mut request: ServiceRequest,
        mut call: Call,
    ) -> LocalBoxFuture<'static, Finished<Self>> {
        async move {
            let is_judged = self.policy.must_read(request.extensions().get::<Authenticated>());
            let checked = match (is_judged, &mut call) {
                (false, Some(call)) => {
                    self.copy_messages(&mut request, call).await;
                    Ok(())
                }
                (_, call) => self.check_messages(&mut request, call).await,
            };
            match checked {
                Ok(()) => Ok((request, call)),
                Err(rejected) => {
                    if let Some(call) = &mut call {
                        call.reject(&rejected.rejection);
                    }
                    let answer = self.auth.reject_messages(&request, &rejected);
                    Err((request, answer))
                }
            }
        }
        .boxed_local()
    }

    fn on_response<B>(&self, _: &Call, response: &mut ServiceResponse<B>) {
        self.bind_session(response);
    }

    fn tap<B: MessageBody>(
        &self,
        call: &mut Call,
        response: &ServiceResponse<B>,
    ) -> Option<Box<ResponseTap>> {
        ResponseTap::new(call.take()?, response)
    }

    fn on_error(&self, call: &mut Call, error: Error) -> Error {
        if let Some(call) = call {
            call.on_error(&error);
        }
        error
    }
}

impl McpCheck {
    /// `None` without an audit log, and for a caller without credentials.
    fn open_call(&self, request: &ServiceRequest) -> Call {
        let log = self.audit.as_ref()?;
        let extensions = request.extensions();
        let caller = extensions.get::<Authenticated>()?;
        Some(OpenCall::begin(log, &self.auth, request, caller))
    }

    /// Reads the messages of a request for their records only: nothing is refused.
    async fn copy_messages(&self, request: &mut ServiceRequest, call: &mut OpenCall) {
        let copied = match body::refuse_encoded(request.headers()) {
            Ok(()) => copy::read(request, self.limits).await,
            Err(error) => Err(error),
        };
        let messages =
            copied.and_then(|body| Ok(self.read_for_records(&Messages::read(&body)?, &body)));
        match messages {
            Ok(messages) => call.set_messages(messages),
            Err(error) => call.set_unread(Some(Rejection::from(error).reason())),
        }
    }

    fn read_for_records(&self, messages: &Messages<'_>, body: &[u8]) -> Vec<AuditedMessage> {
        let privacy = self.audit.as_ref().map(AuditLog::privacy).unwrap_or_default();
        read_messages(messages, body, &self.policy.rules, privacy)
    }

    /// Reads the messages of a request and checks them against the rules. The caller stays in the
    /// request's extensions, so that the grants are computed once.
    async fn check_messages(
        &self,
        request: &mut ServiceRequest,
        call: &mut Call,
    ) -> Result<(), RejectedMessages> {
        let posted = request.method() == Method::POST;
        if !posted {
            let method = request.method().as_str();
            self.policy.check_http_method(method, request.extensions().get())?;
        }
        body::refuse_encoded(request.headers())?;
        self.check_headers(request, call)?;
        let body = body::read(request, self.limits).await?;
        // A request for a stream, or for the end of a session, has no message.
        if body.is_empty() && !posted {
            if let Some(call) = call {
                call.set_unread(None);
            }
            return Ok(());
        }
        let messages = Messages::read(&body)?;
        if let Some(call) = call {
            call.set_messages(self.read_for_records(&messages, &body));
        }
        let id = || messages.only().and_then(|only| only.id()).cloned();
        if let Err(error) = mirrored(request.headers())?.check(&messages) {
            return Err(RejectedMessages { id: id(), ..RejectedMessages::from(error) });
        }
        if messages.is_subscription() {
            request.extensions_mut().insert(IsSubscription);
        }
        self.policy.check(&messages, request.extensions().get()).map_err(|rejection| {
            let needs = self.policy.needs(&messages);
            RejectedMessages { rejection, id: id(), needs }
        })
    }

    /// What can be refused before the body is read.
    fn check_headers(&self, request: &ServiceRequest, call: &mut Call) -> Result<(), Rejection> {
        let headers = mirrored(request.headers())?;
        let checked = self.policy.check_early(&headers, request.extensions().get());
        if let (Err(_), Some(call), Some(claim)) = (&checked, call, headers.claim()) {
            let privacy = self.audit.as_ref().map(AuditLog::privacy).unwrap_or_default();
            let message = AuditedMessage::of_headers(claim, &self.policy.rules, privacy);
            call.set_messages(vec![message]);
        }
        checked
    }

    /// Rejects a session that is bound to another caller; an unknown session passes.
    fn check_session(&self, request: &ServiceRequest) -> Result<(), Rejection> {
        let Some(sessions) = &self.auth.inner().sessions else {
            return Ok(());
        };
        let mut ids = request.headers().get_all(SESSION);
        let Some(id) = ids.next() else {
            return Ok(());
        };
        if ids.next().is_some() {
            return Err(Rejection::UnreadableMessage(MessageError::DuplicateHeader));
        }
        let extensions = request.extensions();
        let now = self.auth.inner().clock.now();
        sessions
            .check(id.as_bytes(), owner(&extensions), now)
            .map_err(|_| Rejection::ForeignSession)
    }

    /// Binds a session that the response opens to the caller, and forgets one that it ends.
    fn bind_session<B>(&self, answer: &ServiceResponse<B>) {
        let Some(sessions) = &self.auth.inner().sessions else {
            return;
        };
        if !answer.status().is_success() {
            return;
        }
        let request = answer.request();
        if request.method() == Method::DELETE {
            if let Some(ended) = request.headers().get(SESSION) {
                sessions.end(ended.as_bytes());
            }
        } else if let Some(opened) = answer.headers().get(SESSION) {
            let extensions = request.extensions();
            let now = self.auth.inner().clock.now();
            sessions.bind(opened.as_bytes(), owner(&extensions), now);
        }
    }
}

/// Who sends a request, as the middleware has found out.
pub(super) fn owner(extensions: &Extensions) -> SessionOwner<'_> {
    match extensions.get::<Authenticated>() {
        Some(caller) => SessionOwner::from(caller),
        None => {
            let nobody = extensions.get::<Anonymous>();
            SessionOwner::NOBODY.at(nobody.and_then(|nobody| nobody.resource.as_ref()))
        }
    }
}

fn mirrored(headers: &HeaderMap) -> Result<MirroredHeaders<'_>, MessageError> {
    let all = |name: HeaderName| headers.get_all(name).map(HeaderValue::as_bytes);
    MirroredHeaders::read(all(VERSION), all(METHOD), all(NAME))
}

impl fmt::Debug for McpCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpCheck")
            .field("policy", &self.policy)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
