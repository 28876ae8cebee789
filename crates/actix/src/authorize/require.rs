//! Permissions required around a route that is authenticated already.

use std::{
    any::type_name,
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    marker::PhantomData,
    rc::Rc,
};

use actix_service::{Service, Transform};
use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use futures_util::future::LocalBoxFuture;
use mcp_auth_core::{Authenticated, Rejection, Requirement};

use crate::{
    auth::McpAuth,
    extract,
    middleware::{Begun, Check, Finished, Gate, GatedBody},
    rejected::RejectedWithin,
};

/// Rejects callers who lack what `R` needs, for `wrap` on a resource or a scope within what the
/// [middleware](crate::McpAuth::middleware) is around. Made by
/// [`McpAuth::require`](crate::McpAuth::require).
pub struct RequirePermission<R>(RequirementCheck<R>);

/// The check that a caller holds what `R` needs.
pub struct RequirementCheck<R> {
    auth: McpAuth,
    requirement: PhantomData<fn() -> R>,
}

impl<R: Requirement> RequirePermission<R> {
    pub(crate) fn new(auth: McpAuth) -> Self {
        Self(RequirementCheck { auth, requirement: PhantomData })
    }
}

impl<S, B, R> Transform<S, ServiceRequest> for RequirePermission<R>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    R: Requirement,
{
    type Response = ServiceResponse<GatedBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = Gate<RequirementCheck<R>, S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let auth = self.0.auth.clone();
        ready(Ok(Gate::new(RequirementCheck { auth, requirement: PhantomData }, service)))
    }
}

impl<R: Requirement> Check for RequirementCheck<R> {
    type Passed = ();
    /// The caller is known already, so nothing is waited for.
    type Waiting = Infallible;

    fn begin(&self, request: &ServiceRequest) -> Begun<Self> {
        let mut extensions = request.extensions_mut();
        let Some(caller) = extensions.get_mut::<Authenticated>() else {
            return Begun::Answer(match extract::anonymous(&extensions).is_some() {
                true => self.reject(request, &Rejection::MissingCredentials),
                false => extract::no_middleware::<R>(request.path()).error_response(),
            });
        };
        match caller.require_and_keep(&[R::NEED]) {
            Ok(()) => Begun::Pass(()),
            Err(rejection) => Begun::Answer(self.reject(request, &rejection)),
        }
    }

    fn finish(
        self: Rc<Self>,
        _: ServiceRequest,
        waiting: Infallible,
    ) -> LocalBoxFuture<'static, Finished<Self>> {
        match waiting {}
    }
}

impl<R: Requirement> RequirementCheck<R> {
    fn reject(&self, request: &ServiceRequest, rejection: &Rejection) -> HttpResponse {
        let mut response = self.auth.reject_within(request, rejection, &[R::NEED]);
        response.extensions_mut().insert(RejectedWithin(rejection.into()));
        response
    }
}

impl<R> fmt::Debug for RequirePermission<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequirePermission").field(&type_name::<R>()).finish()
    }
}

impl<R> fmt::Debug for RequirementCheck<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequirementCheck").field(&type_name::<R>()).finish()
    }
}
