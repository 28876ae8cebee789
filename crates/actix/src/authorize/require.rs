//! A demand around a route that is authenticated already.

use std::{
    fmt,
    future::{Ready, ready},
    marker::PhantomData,
    task::{Context, Poll},
};

use actix_service::{Service, Transform};
use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
};
use futures_util::{
    TryFutureExt,
    future::{Either, MapOk},
};
use mcp_auth_core::{Authenticated, Rejection, Requirement};

use crate::{auth::McpAuth, extract};

/// Lets only those through who hold what `R` needs, for `wrap` on a resource or a scope within
/// what the [middleware](crate::McpAuth::middleware) is around. Made by
/// [`McpAuth::require`](crate::McpAuth::require).
pub struct RequirePermission<R> {
    auth: McpAuth,
    demanded: PhantomData<fn() -> R>,
}

/// What [`RequirePermission`] makes of the service that it wraps: one for each worker.
pub struct RequirePermissionService<S, R> {
    service: S,
    auth: McpAuth,
    demanded: PhantomData<fn() -> R>,
}

impl<R: Requirement> RequirePermission<R> {
    pub(crate) fn new(auth: McpAuth) -> Self {
        Self { auth, demanded: PhantomData }
    }
}

impl<S, B, R> Transform<S, ServiceRequest> for RequirePermission<R>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    R: Requirement,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = RequirePermissionService<S, R>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let auth = self.auth.clone();
        ready(Ok(RequirePermissionService { service, auth, demanded: PhantomData }))
    }
}

impl<S, B, R> Service<ServiceRequest> for RequirePermissionService<S, R>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    R: Requirement,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Either<
        Ready<Result<Self::Response, Error>>,
        MapOk<S::Future, fn(ServiceResponse<B>) -> Self::Response>,
    >;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match self.refusal(&request) {
            Some(answer) => {
                let answer = request.into_response(answer).map_into_right_body();
                Either::Left(ready(Ok(answer)))
            }
            None => Either::Right(
                self.service.call(request).map_ok(ServiceResponse::map_into_left_body),
            ),
        }
    }
}

impl<S, R: Requirement> RequirePermissionService<S, R> {
    /// The answer to a caller who lacks something.
    fn refusal(&self, request: &ServiceRequest) -> Option<HttpResponse> {
        let mut extensions = request.extensions_mut();
        let Some(caller) = extensions.get_mut::<Authenticated>() else {
            return Some(match extract::anonymous(&extensions).is_some() {
                true => self.refuse(request, &Rejection::MissingCredentials),
                false => extract::no_middleware::<R>(request.path()).error_response(),
            });
        };
        match caller.demand(&[R::NEED]) {
            Ok(()) => None,
            Err(rejection) => Some(self.refuse(request, &rejection)),
        }
    }

    fn refuse(&self, request: &ServiceRequest, rejection: &Rejection) -> HttpResponse {
        self.auth.refuse_demand_within(request, rejection, &[R::NEED])
    }
}

impl<R> fmt::Debug for RequirePermission<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequirePermission").field(&std::any::type_name::<R>()).finish()
    }
}

impl<S: fmt::Debug, R> fmt::Debug for RequirePermissionService<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequirePermissionService")
            .field("demanded", &std::any::type_name::<R>())
            .field("service", &self.service)
            .finish()
    }
}
