//! The middleware: nobody passes whose token is not good.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_service::{Service, Transform};
use actix_web::{
    Error, HttpMessage,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
};
use mcp_auth_core::Rejection;

use crate::{auth::McpAuth, extract::Anonymous};

/// Authenticates every request, whatever its method (R8), before routing looks at the method
/// (R10). Made by [`McpAuth::middleware`].
///
/// ```
/// # use actix_web::{App, HttpResponse, web};
/// # use mcp_auth_actix::McpAuth;
/// # let auth = McpAuth::builder("https://app.example.com/mcp")
/// #     .authkit("your-subdomain.authkit.app").build().unwrap();
/// App::new().configure(auth.discovery()).service(
///     web::resource("/mcp")
///         .wrap(auth.middleware())
///         .route(web::post().to(HttpResponse::Ok)),
/// )
/// # ;
/// ```
#[derive(Debug, Clone)]
pub struct McpAuthMiddleware {
    auth: McpAuth,
    optional: bool,
}

impl McpAuthMiddleware {
    pub(crate) fn new(auth: McpAuth) -> Self {
        Self { auth, optional: false }
    }

    /// Lets requests without credentials through, for handlers that take
    /// [`MaybeAuthed`](crate::MaybeAuthed). A bad token is still refused. Default: credentials are
    /// required.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

impl<S, B> Transform<S, ServiceRequest> for McpAuthMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = McpAuthService<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let Self { auth, optional } = self.clone();
        ready(Ok(McpAuthService { service: Rc::new(service), auth, optional }))
    }
}

/// What [`McpAuthMiddleware`] makes of the service that it wraps.
#[derive(Debug)]
pub struct McpAuthService<S> {
    service: Rc<S>,
    auth: McpAuth,
    optional: bool,
}

impl<S, B> Service<ServiceRequest> for McpAuthService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, auth, optional) = (self.service.clone(), self.auth.clone(), self.optional);
        Box::pin(async move {
            if let Some(answer) = auth.answer_at_the_door(&request) {
                return Ok(request.into_response(answer).map_into_right_body());
            }
            match auth.authenticate(&request).await {
                Ok(caller) => {
                    request.extensions_mut().insert(caller);
                }
                Err(Rejection::MissingCredentials) if optional => {
                    request.extensions_mut().insert(Anonymous(auth.clone()));
                }
                Err(rejection) => {
                    let answer = auth.refuse(&request, &rejection);
                    return Ok(request.into_response(answer).map_into_right_body());
                }
            }
            let mut answered = service.call(request).await?.map_into_left_body();
            // The request and its answer cannot be borrowed together.
            let asked = answered.request().clone();
            auth.decorate(asked.head(), answered.headers_mut());
            Ok(answered)
        })
    }
}
