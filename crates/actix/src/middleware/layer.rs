//! The authentication middleware.

use std::future::{Ready, ready};

use actix_service::{Service, Transform};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use mcp_auth_core::{Requirement, permission::Need};

use super::{
    authentication::{Audited, Authentication},
    gate::{Gate, GatedBody},
};
use crate::{audit::AuditLog, auth::McpAuth};

/// Rejects requests without a valid token, whatever their method, before routing looks at the
/// method. Made by [`McpAuth::middleware`].
///
/// ```
/// # use actix_web::{App, HttpResponse, web};
/// # use actix_mcp_auth::McpAuth;
/// # let auth = McpAuth::builder("https://app.example.com/mcp")
/// #     .authkit("your-subdomain.authkit.app").build().unwrap();
/// App::new()
///     .service(web::resource("/mcp").wrap(auth.middleware()).route(web::post().to(HttpResponse::Ok)))
///     .configure(auth.discovery());
/// ```
///
/// # Responses that are being sent
/// When the caller is [revoked](McpAuth::revoke), event streams (`text/event-stream`) end, and other
/// streams, upgraded connections and sized bodies beyond 64 KiB are aborted with an error, so that
/// no part of a file looks like the whole. This process does so within half a second. Where the
/// client has stopped reading, the response stays as it is until the client reads on.
///
/// An event stream that answers a GET also ends with the token (`exp` and the leeway); other
/// responses go on to their end.
#[derive(Debug, Clone)]
pub struct McpAuthMiddleware {
    auth: McpAuth,
    optional: bool,
    needs: Vec<&'static Need>,
    audit: Option<AuditLog>,
}

impl McpAuthMiddleware {
    pub(crate) fn new(auth: McpAuth) -> Self {
        Self { auth, optional: false, needs: Vec::new(), audit: None }
    }

    /// Lets requests without credentials through, for handlers that take
    /// [`MaybeAuthed`](crate::MaybeAuthed). A bad token is still refused. Default: credentials are
    /// required.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Rejects callers who lack what `R` needs: a permission, a tuple of them, or
    /// [`Any`](mcp_auth_core::Any) of several. Called again, it requires both. A request without
    /// credentials is then rejected even where they are [optional](Self::optional). Default:
    /// nothing.
    ///
    /// One challenge names everything that is missing, and what every request needs.
    #[must_use]
    pub fn require<R: Requirement>(mut self) -> Self {
        self.needs.push(R::NEED);
        self
    }

    /// Writes one audit record for each request of a known caller, refused ones included, with its
    /// path in place of a tool. Requests of anonymous callers have none. For an MCP endpoint use
    /// [`McpMiddleware::audit`](crate::McpMiddleware::audit), which knows messages. Default: no
    /// records.
    #[must_use]
    pub fn audit(mut self, log: impl Into<AuditLog>) -> Self {
        self.audit = Some(log.into());
        self
    }
}

impl<S, B> Transform<S, ServiceRequest> for McpAuthMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<GatedBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = Gate<Authentication, S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let Self { auth, optional, needs, audit } = self.clone();
        let audit = audit.map(Audited::Requests);
        ready(Ok(Gate::new(Authentication { auth, optional, needs, audit }, service)))
    }
}
