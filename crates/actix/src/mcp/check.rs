//! The check of MCP sessions and messages.

use std::{fmt, rc::Rc};

use actix_web::{
    HttpMessage,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
};
use futures_util::future::{FutureExt, LocalBoxFuture};
use mcp_auth_core::{
    Authenticated, Clock, Rejection,
    mcp::{McpPolicy, MessageError, Messages, MirroredHeaders, SessionOwner},
};

use super::body::{self, BodyLimits};
use crate::{
    auth::McpAuth,
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
}

impl Check for McpCheck {
    type Passed = ();
    type Waiting = ();

    fn begin(&self, request: &ServiceRequest) -> Begun<Self> {
        if let Err(rejection) = self.check_session(request) {
            return Begun::Answer(self.auth.reject_messages(request, &rejection.into()));
        }
        match self.policy.must_read(request.extensions().get::<Authenticated>()) {
            true => Begun::Wait(()),
            false => Begun::Pass(()),
        }
    }

    fn finish(
        self: Rc<Self>,
        mut request: ServiceRequest,
        (): (),
    ) -> LocalBoxFuture<'static, Finished<Self>> {
        async move {
            match self.check_messages(&mut request).await {
                Ok(()) => Ok((request, ())),
                Err(rejected) => {
                    let answer = self.auth.reject_messages(&request, &rejected);
                    Err((request, answer))
                }
            }
        }
        .boxed_local()
    }

    fn on_response<B>(&self, (): &(), response: &mut ServiceResponse<B>) {
        self.bind_session(response);
    }
}

impl McpCheck {
    /// Reads the messages of a request and checks them against the rules. The caller stays in the
    /// request's extensions, so that the grants are computed once.
    async fn check_messages(&self, request: &mut ServiceRequest) -> Result<(), RejectedMessages> {
        let posted = request.method() == Method::POST;
        if !posted {
            let method = request.method().as_str();
            self.policy.check_http_method(method, request.extensions().get())?;
        }
        body::refuse_encoded(request.headers())?;
        self.policy.check_early(&mirrored(request.headers())?, request.extensions().get())?;
        let body = body::read(request, self.limits).await?;
        // A request for a stream, or for the end of a session, has no message.
        if body.is_empty() && !posted {
            return Ok(());
        }
        let messages = Messages::read(&body)?;
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
            .check(id.as_bytes(), owner(extensions.get()), now)
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
            sessions.bind(opened.as_bytes(), owner(extensions.get()), now);
        }
    }
}

pub(super) fn owner(caller: Option<&Authenticated>) -> SessionOwner<'_> {
    caller.map_or(SessionOwner::Nobody, |caller| SessionOwner::from(&**caller.principal()))
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
