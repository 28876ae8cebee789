//! Checks the messages and the session of each authenticated request to an MCP endpoint.

use std::{
    fmt,
    rc::Rc,
    task::{Context, Poll},
};

use actix_service::Service;
use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
};
use mcp_auth_core::{
    Authenticated, Clock, Rejection,
    mcp::{McpPolicy, MessageError, Messages, MirroredHeaders, SessionOwner},
    permission::Need,
};
use serde_json::Value;

use super::{
    body::{self, BodyLimits},
    future::McpFuture,
};
use crate::auth::McpAuth;

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// The service that [`McpMiddleware`](crate::McpMiddleware) puts between authentication and the
/// service that it wraps, once for each worker.
pub struct McpService<S>(Rc<Endpoint<S>>);

/// The service behind, and what is asked of messages to it.
pub(super) struct Endpoint<S> {
    pub(super) service: S,
    auth: McpAuth,
    policy: McpPolicy,
    limits: BodyLimits,
}

/// Why a request goes no further.
pub(crate) struct RefusedMessages {
    pub(crate) rejection: Rejection,
    /// The id of the message, where it could be read and is not in a batch.
    pub(crate) id: Option<Value>,
    /// What the messages need, for the challenge.
    pub(crate) needs: Vec<&'static Need>,
}

impl<S> McpService<S> {
    pub(super) fn new(service: S, auth: McpAuth, policy: McpPolicy, limits: BodyLimits) -> Self {
        Self(Rc::new(Endpoint { service, auth, policy, limits }))
    }
}

impl<S, B> Service<ServiceRequest> for McpService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = McpFuture<S, B>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let endpoint = &self.0;
        if let Err(rejection) = endpoint.check_session(&request) {
            let answer = endpoint.refuse(&request, &rejection.into());
            return McpFuture::answered(request, answer);
        }
        let must_read = endpoint.policy.must_read(request.extensions().get::<Authenticated>());
        match must_read {
            false => McpFuture::passed(endpoint, request),
            true => McpFuture::judging(endpoint, request),
        }
    }
}

impl<S> Endpoint<S> {
    /// Reads what the request asks for, and lets it go on or answers it.
    pub(super) async fn judge(
        self: Rc<Self>,
        mut request: ServiceRequest,
    ) -> Result<ServiceRequest, (ServiceRequest, HttpResponse)> {
        match self.check_messages(&mut request).await {
            Ok(()) => Ok(request),
            Err(refusal) => {
                let answer = self.refuse(&request, &refusal);
                Err((request, answer))
            }
        }
    }

    /// The caller is borrowed from the request's extensions and not cloned, so that their grants are
    /// computed once.
    async fn check_messages(&self, request: &mut ServiceRequest) -> Result<(), RefusedMessages> {
        let posted = request.method() == Method::POST;
        if !posted {
            let method = request.method().as_str();
            self.policy.judge_http_method(method, request.extensions().get())?;
        }
        body::refuse_encoded(request.headers())?;
        self.policy.judge_early(&mirrored(request.headers())?, request.extensions().get())?;
        let body = body::read(request, self.limits).await?;
        // A stream that is asked for, or a session that is ended, has no message.
        if body.is_empty() && !posted {
            return Ok(());
        }
        let messages = Messages::read(&body)?;
        let id = || messages.only().and_then(|only| only.id()).cloned();
        if let Err(error) = mirrored(request.headers())?.check(&messages) {
            return Err(RefusedMessages { id: id(), ..RefusedMessages::from(error) });
        }
        let judgement = self.policy.judge(&messages, request.extensions().get());
        judgement.map_err(|rejection| {
            let needs = self.policy.needs(&messages);
            RefusedMessages { rejection, id: id(), needs }
        })
    }

    /// A session may be used by the principal that opened it; an unknown one passes.
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
            .check(id.as_bytes(), owner(extensions.get()), now)
            .map_err(|_| Rejection::ForeignSession)
    }

    /// Binds the session that a successful answer names, and forgets one that was ended.
    pub(super) fn note_session<B>(&self, answer: &ServiceResponse<B>) {
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
            sessions.bind(opened.as_bytes(), owner(extensions.get()), now);
        }
    }

    fn refuse(&self, request: &ServiceRequest, refusal: &RefusedMessages) -> HttpResponse {
        self.auth.refuse_messages(request, refusal)
    }
}

pub(super) fn owner(caller: Option<&Authenticated>) -> SessionOwner<'_> {
    caller.map_or(SessionOwner::Nobody, |caller| SessionOwner::from(&**caller.principal()))
}

fn mirrored(headers: &HeaderMap) -> Result<MirroredHeaders<'_>, MessageError> {
    let all = |name: HeaderName| headers.get_all(name).map(HeaderValue::as_bytes);
    MirroredHeaders::read(all(VERSION), all(METHOD), all(NAME))
}

impl From<Rejection> for RefusedMessages {
    fn from(rejection: Rejection) -> Self {
        Self { rejection, id: None, needs: Vec::new() }
    }
}

impl From<MessageError> for RefusedMessages {
    fn from(error: MessageError) -> Self {
        Rejection::from(error).into()
    }
}

impl<S: fmt::Debug> fmt::Debug for McpService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpService")
            .field("service", &self.0.service)
            .field("policy", &self.0.policy)
            .field("limits", &self.0.limits)
            .finish()
    }
}
