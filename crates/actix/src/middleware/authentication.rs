//! The check of every request's credentials.

use std::{fmt, rc::Rc, sync::Arc};

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header,
};
use futures_util::future::{FutureExt, LocalBoxFuture};
use mcp_auth_core::{
    Authenticated, Clock, Principal, Rejection, Resource, Step, Waiting, permission::Need,
    rejection::UnavailableReason,
};
use tokio::time::timeout;

use super::{
    gate::{Begun, Check, Finished},
    guarded_body::Guard,
    open_response,
};
use crate::{
    audit::{AuditLog, OpenCall, ResponseTap},
    auth::{McpAuth, incoming},
    browser::{Cookies, protect_from_caches},
    cors::{OriginPolicy, RequestOrigin, is_preflight},
    extract::Anonymous,
    host::HostPolicy,
    observe, well_known,
};

/// Authenticates requests before an inner service.
pub struct Authentication {
    pub(crate) auth: McpAuth,
    pub(crate) optional: bool,
    pub(crate) needs: Vec<&'static Need>,
    pub(crate) audit: Option<Audited>,
}

/// What is written to the audit log.
#[derive(Debug)]
pub(crate) enum Audited {
    /// Every request of a known caller.
    Requests(AuditLog),
    /// Those that are rejected here. Within, messages are recorded.
    Rejections(AuditLog),
}

/// What is kept of an accepted request. The caller does not come from the request's extensions: the
/// handler can change those, and so can the middleware of another resource within this one.
pub struct Accepted {
    pub(super) origin: RequestOrigin,
    /// `None` for a request without credentials.
    pub(super) caller: Option<Arc<Principal>>,
    /// Where the request is for a resource below the configured one.
    resource: Option<Resource>,
    /// Where a session was looked for: the cookies for the answer.
    pub(super) cookies: Option<Cookies>,
    /// Where the request is recorded.
    call: Option<Box<OpenCall>>,
}

/// What is waited for.
pub enum Awaited {
    /// The decision about a bearer token or a static key.
    Decision(Waiting),
    /// The session, and the decision about it.
    Session,
}

impl Check for Authentication {
    type Passed = Accepted;
    type Waiting = (Awaited, RequestOrigin);

    fn begin(&self, request: &ServiceRequest) -> Begun<Self> {
        let inner = self.auth.inner();
        let origin = RequestOrigin::of(request.head(), inner.origins.has_others());
        if let Some(answer) = self.answer_without_credentials(request, &origin) {
            return Begun::Answer(answer);
        }
        let resource = match self.auth.resource_at(request.head()) {
            Ok(resource) => resource,
            Err(rejection) => return Begun::Answer(self.auth.reject(request, &rejection)),
        };
        let incoming = incoming(request.headers()).needing(&self.needs).at(resource.as_ref());
        match inner.authenticator.begin(incoming, inner.clock.now()) {
            Ok(Step::Waiting(waiting)) => Begun::Wait((Awaited::Decision(waiting), origin)),
            Ok(Step::Done(caller)) => {
                let call = self.open_call(request, &caller);
                let caller = Some(self.accept(request, caller));
                Begun::Pass(Accepted { origin, caller, resource, cookies: None, call })
            }
            // A bearer token goes first: sessions are for requests without one.
            Err(Rejection::MissingCredentials) if inner.browser.any() => {
                Begun::Wait((Awaited::Session, origin))
            }
            Err(rejection) => {
                if self.audit.is_some() {
                    let now = inner.clock.now();
                    let caller = inner.authenticator.caller_of_rejected(incoming, now);
                    self.audit_rejected(request, &rejection, caller.as_deref());
                }
                match self.reject(request, &rejection) {
                    None => Begun::Pass(Accepted::anonymous(origin, resource, None)),
                    Some(answer) => Begun::Answer(answer),
                }
            }
        }
    }

    fn finish(
        self: Rc<Self>,
        request: ServiceRequest,
        (awaited, origin): (Awaited, RequestOrigin),
    ) -> LocalBoxFuture<'static, Finished<Self>> {
        async move {
            let inner = self.auth.inner();
            let mut cookies = match awaited {
                Awaited::Decision(_) => None,
                Awaited::Session => Some(Cookies::new()),
            };
            let mut known = None;
            let decision = async {
                match awaited {
                    Awaited::Decision(waiting) => {
                        let now = inner.clock.now();
                        let authenticator = &inner.authenticator;
                        authenticator.finish_and_note(waiting, &self.needs, now, &mut known).await
                    }
                    Awaited::Session => self.load_session(&request, &mut cookies, &mut known).await,
                }
            };
            let limit = inner.time_limit;
            let late = |_| Err(UnavailableReason::TimeLimit { limit }.into());
            let decided = timeout(limit, decision).await.unwrap_or_else(late);
            match decided {
                Ok(caller) => {
                    let call = self.open_call(&request, &caller);
                    let resource = caller.one_of_resources().cloned();
                    let caller = Some(self.accept(&request, caller));
                    Ok((request, Accepted { origin, caller, resource, cookies, call }))
                }
                Err(rejection) => {
                    if let Some(principal) = &known {
                        observe::unknown_subject(principal, &rejection);
                    }
                    self.audit_rejected(&request, &rejection, known.as_deref());
                    let answer = match &cookies {
                        None => self.reject(&request, &rejection),
                        Some(cookies) => self.reject_session(&request, &rejection, cookies),
                    };
                    match answer {
                        // Where there are sessions, there is one resource only.
                        None => Ok((request, Accepted::anonymous(origin, None, cookies))),
                        Some(answer) => Err((request, answer)),
                    }
                }
            }
        }
        .boxed_local()
    }

    fn on_response<B>(&self, accepted: &Accepted, response: &mut ServiceResponse<B>) {
        self.auth.log_rejection_in(response);
        self.auth.add_cors_headers(&accepted.origin, response.headers_mut());
        if let Some(cookies) = &accepted.cookies {
            protect_from_caches(cookies, response.headers_mut());
        }
    }

    fn instead<B>(
        &self,
        accepted: &Accepted,
        response: &ServiceResponse<B>,
    ) -> Option<HttpResponse> {
        self.page_instead(accepted.cookies.as_ref()?, response)
    }

    fn guard<B: MessageBody>(&self, accepted: &Accepted, response: &ServiceResponse<B>) -> Guard {
        match &accepted.caller {
            Some(caller) => open_response::guard(&self.auth, caller, response),
            None => Guard::Unguarded,
        }
    }

    fn tap<B: MessageBody>(
        &self,
        accepted: &mut Accepted,
        response: &ServiceResponse<B>,
    ) -> Option<Box<ResponseTap>> {
        ResponseTap::new(accepted.call.take()?, response)
    }

    fn on_error(&self, accepted: &mut Accepted, error: Error) -> Error {
        if let Some(call) = &mut accepted.call {
            call.on_error(&error);
        }
        let mut error = self.auth.on_error(error, accepted.resource.as_ref(), &accepted.origin);
        // A refresh token works once: the cookie with the new one must not be lost.
        if let Some(cookies) = accepted.cookies.clone() {
            error.add_response_mapper(move |mut response| {
                protect_from_caches(&cookies, response.headers_mut());
                response
            });
        }
        error
    }
}

impl Accepted {
    fn anonymous(
        origin: RequestOrigin,
        resource: Option<Resource>,
        cookies: Option<Cookies>,
    ) -> Self {
        Self { origin, caller: None, resource, cookies, call: None }
    }
}

impl Authentication {
    /// Responses that need no credentials: discovery, CORS preflight, rejections by Host or Origin.
    fn answer_without_credentials(
        &self,
        request: &ServiceRequest,
        origin: &RequestOrigin,
    ) -> Option<HttpResponse> {
        if well_known::may_be_well_known(request.path())
            && let Some(document) = well_known::answer_within(&self.auth, request)
        {
            return Some(document);
        }
        if !self.auth.inner().hosts.allow(request.head()) {
            return Some(self.auth.reject(request, &HostPolicy::rejection(request.head())));
        }
        match origin.is_page() {
            true => self.answer_page(request, origin),
            false => None,
        }
    }

    fn answer_page(
        &self,
        request: &ServiceRequest,
        origin: &RequestOrigin,
    ) -> Option<HttpResponse> {
        let origins = &self.auth.inner().origins;
        let origin = match origin {
            RequestOrigin::Page(origin) if origins.allows(origin) => origin,
            _ => {
                let rejection = OriginPolicy::rejection(request.headers());
                return Some(self.auth.reject(request, &rejection));
            }
        };
        is_preflight(request.head()).then(|| {
            let headers = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS);
            origins.answer_preflight(origin, headers)
        })
    }

    pub(super) fn accept(&self, request: &ServiceRequest, caller: Authenticated) -> Arc<Principal> {
        self.auth.inner().observer.accepted();
        let principal = caller.principal().clone();
        request.extensions_mut().insert(caller);
        principal
    }

    /// Whether a request has no credentials and needs none.
    pub(super) fn is_anonymous(&self, rejection: &Rejection) -> bool {
        *rejection == Rejection::MissingCredentials && self.optional && self.needs.is_empty()
    }

    /// The response to a rejected request; `None` where it has no credentials and needs none.
    pub(super) fn reject(
        &self,
        request: &ServiceRequest,
        rejection: &Rejection,
    ) -> Option<HttpResponse> {
        if self.is_anonymous(rejection) {
            self.auth.inner().observer.anonymous();
            let resource = self.auth.resource_at(request.head()).ok().flatten();
            request.extensions_mut().insert(Anonymous { auth: self.auth.clone(), resource });
            return None;
        }
        Some(self.auth.reject_with_needs(request, rejection, &self.needs))
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication")
            .field("auth", &self.auth)
            .field("optional", &self.optional)
            .finish_non_exhaustive()
    }
}
