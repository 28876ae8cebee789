//! What is wrapped around a resource, a scope or the whole application.

use std::future::{Ready, ready};

use actix_service::{Service, Transform};
use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
};
use mcp_auth_core::{Requirement, permission::Need};

use super::service::McpAuthService;
use crate::auth::McpAuth;

/// Authenticates every request, whatever its method (R8), before routing looks at the method
/// (R10). Made by [`McpAuth::middleware`].
///
/// ```
/// # use actix_web::{App, HttpResponse, web};
/// # use mcp_auth_actix::McpAuth;
/// # let auth = McpAuth::builder("https://app.example.com/mcp")
/// #     .authkit("your-subdomain.authkit.app").build().unwrap();
/// App::new()
///     .service(web::resource("/mcp").wrap(auth.middleware()).route(web::post().to(HttpResponse::Ok)))
///     .configure(auth.discovery());
/// ```
#[derive(Debug, Clone)]
pub struct McpAuthMiddleware {
    auth: McpAuth,
    optional: bool,
    needs: Vec<&'static Need>,
}

impl McpAuthMiddleware {
    pub(crate) fn new(auth: McpAuth) -> Self {
        Self { auth, optional: false, needs: Vec::new() }
    }

    /// Lets requests without credentials through, for handlers that take
    /// [`MaybeAuthed`](crate::MaybeAuthed). A bad token is still refused. Default: credentials are
    /// required.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Lets only those through who hold what `R` needs: a permission, a tuple of them, or
    /// [`Any`](mcp_auth_core::Any) of several. Called again, it demands both. Who has not signed in
    /// is refused then, even where that is [optional](Self::optional). Default: nothing.
    ///
    /// What is missing is told in one challenge, with what every request needs (R15).
    #[must_use]
    pub fn require<R: Requirement>(mut self) -> Self {
        self.needs.push(R::NEED);
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
        let Self { auth, optional, needs } = self.clone();
        ready(Ok(McpAuthService::new(service, auth, optional, needs)))
    }
}
