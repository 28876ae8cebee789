//! What a worker does with each request.

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
};
use mcp_auth_core::{Authenticated, Rejection, TokenMemo, permission::Need};

use super::future::McpAuthFuture;
use crate::{auth::McpAuth, cors::Caller, extract::Anonymous};

/// What [`McpAuthMiddleware`](crate::McpAuthMiddleware) makes of the service that it wraps: one
/// for each worker.
pub struct McpAuthService<S>(Rc<Guarded<S>>);

/// The service behind the door, and who stands at it.
pub(super) struct Guarded<S> {
    pub(super) service: S,
    pub(super) auth: McpAuth,
    optional: bool,
    needs: Vec<&'static Need>,
    memo: TokenMemo,
}

impl<S> McpAuthService<S> {
    pub(crate) fn new(
        service: S,
        auth: McpAuth,
        optional: bool,
        needs: Vec<&'static Need>,
    ) -> Self {
        Self(Rc::new(Guarded { service, auth, optional, needs, memo: TokenMemo::new() }))
    }
}

impl<S, B> Service<ServiceRequest> for McpAuthService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = McpAuthFuture<S, B>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let guarded = &self.0;
        let caller = Caller::of(request.head());
        if let Some(answer) = guarded.auth.answer_at_the_door(&request, &caller) {
            return McpAuthFuture::answered(request, answer);
        }
        match guarded.auth.authenticate_at_once(&request, &guarded.needs, &guarded.memo) {
            Some(outcome) => match guarded.admit(&request, outcome) {
                Ok(()) => McpAuthFuture::passed(guarded, request, caller),
                Err(answer) => McpAuthFuture::answered(request, answer),
            },
            None => McpAuthFuture::deciding(guarded, request, caller),
        }
    }
}

impl<S> Guarded<S> {
    /// Waits for whatever the decision needs, and admits the request or answers it.
    pub(super) async fn decide(
        self: Rc<Self>,
        request: ServiceRequest,
    ) -> Result<ServiceRequest, (ServiceRequest, HttpResponse)> {
        let outcome = self.auth.authenticate(&request, &self.needs).await;
        match self.admit(&request, outcome) {
            Ok(()) => Ok(request),
            Err(answer) => Err((request, answer)),
        }
    }

    /// Tells the handlers who is calling, or answers in their stead.
    #[allow(clippy::result_large_err, reason = "both are moved once, and a box would cost more")]
    fn admit(
        &self,
        request: &ServiceRequest,
        outcome: Result<Authenticated, Rejection>,
    ) -> Result<(), HttpResponse> {
        match outcome {
            Ok(caller) => {
                self.auth.inner().observer.accepted();
                request.extensions_mut().insert(caller);
                Ok(())
            }
            Err(Rejection::MissingCredentials) if self.optional && self.needs.is_empty() => {
                self.auth.inner().observer.anonymous();
                request.extensions_mut().insert(Anonymous(self.auth.clone()));
                Ok(())
            }
            Err(rejection) => Err(self.auth.refuse_demand(request, &rejection, &self.needs)),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for McpAuthService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpAuthService")
            .field("service", &self.0.service)
            .field("auth", &self.0.auth)
            .field("optional", &self.0.optional)
            .finish()
    }
}
