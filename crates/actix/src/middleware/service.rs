//! What a worker does with each request.

use std::{
    fmt,
    rc::Rc,
    task::{Context, Poll},
};

use actix_service::Service;
use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
};
use mcp_auth_core::permission::Need;

use super::{
    door::{Door, Verdict},
    future::McpAuthFuture,
};
use crate::auth::McpAuth;

/// What [`McpAuthMiddleware`](crate::McpAuthMiddleware) makes of the service that it wraps: one
/// for each worker.
pub struct McpAuthService<S>(Rc<Guarded<S>>);

/// A service, and the door to it.
pub(super) struct Guarded<S> {
    pub(super) door: Door,
    pub(super) service: S,
}

impl<S> McpAuthService<S> {
    pub(crate) fn new(
        service: S,
        auth: McpAuth,
        optional: bool,
        needs: Vec<&'static Need>,
    ) -> Self {
        Self(Rc::new(Guarded { door: Door::new(auth, optional, needs), service }))
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
        match self.0.door.decide_at_once(&request) {
            Verdict::Admitted(caller) => McpAuthFuture::passed(&self.0, request, caller),
            Verdict::Refused(answer) => McpAuthFuture::answered(request, answer),
            Verdict::Undecided(caller) => McpAuthFuture::deciding(&self.0, request, caller),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for McpAuthService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpAuthService")
            .field("service", &self.0.service)
            .field("auth", &self.0.door.auth)
            .field("optional", &self.0.door.optional)
            .finish()
    }
}
