//! The middleware for an MCP endpoint.

use std::{
    future::{Ready, ready},
    sync::Arc,
    time::Duration,
};

use actix_service::{Service, Transform};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use mcp_auth_core::{
    ConfigError,
    mcp::{AnonymousMethods, McpPolicy, ToolRules},
};

use super::{body::BodyLimits, check::McpCheck};
use crate::{
    audit::AuditLog,
    auth::McpAuth,
    middleware::{Audited, Authentication, Gate, GatedBody},
};

/// [`McpAuth::middleware`] for an MCP endpoint, with what messages need besides: rules for tools,
/// messages that need nobody signed in, and sessions that stay with whom they were given to. Made
/// by [`McpAuth::mcp`].
///
/// ```
/// # use actix_web::{App, HttpResponse, web};
/// # use actix_mcp_auth::McpAuth;
/// use actix_mcp_auth::{mcp::{AnonymousMethods, ToolRules}, scopes};
///
/// scopes! {
///     pub BookmarksWrite = "bookmarks:write";
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let builder = McpAuth::builder("https://app.example.com/mcp")
/// #     .authkit("your-subdomain.authkit.app");
/// let auth = builder.permissions::<BookmarksWrite>().build()?;
/// let mcp = auth
///     .mcp()
///     .rules(ToolRules::new().tool("delete_bookmark").requires::<BookmarksWrite>())?
///     .allow_anonymous(AnonymousMethods::discovery());
///
/// App::new()
///     .service(web::resource("/mcp").wrap(mcp).route(web::post().to(HttpResponse::Ok)))
///     .configure(auth.discovery());
/// # Ok(())
/// # }
/// ```
///
/// It belongs around the MCP endpoint alone, since with rules it takes every body for a message of
/// MCP. Streaming answers pass untouched, unless the caller is revoked meanwhile: see
/// [`McpAuthMiddleware`](crate::McpAuthMiddleware). The answer to `subscriptions/listen` ends with
/// the token where its body is read, which is where there are rules.
#[derive(Debug, Clone)]
pub struct McpMiddleware {
    auth: McpAuth,
    policy: McpPolicy,
    limits: BodyLimits,
    audit: Option<AuditLog>,
}

impl McpMiddleware {
    pub(crate) fn new(auth: McpAuth) -> Self {
        Self { auth, policy: McpPolicy::default(), limits: BodyLimits::default(), audit: None }
    }

    /// What is demanded of who calls a tool, reads a resource, gets a prompt, or sends another
    /// method. Default: nothing.
    ///
    /// The body is then read before the handler runs, and judged by what it says; what parsers read
    /// in different ways is refused with 400. A caller without a permission gets 403 with a
    /// challenge, as an HTTP status and not within a result.
    ///
    /// # Errors
    /// Where no message could ever meet a rule ([`ToolRules::check`]), and where a rule requires a
    /// permission that was not declared: nobody could ever hold it.
    pub fn rules(mut self, rules: impl Into<Arc<ToolRules>>) -> Result<Self, ConfigError> {
        self.policy.rules = rules.into();
        self.policy.rules.check()?;
        self.auth.inner().authenticator.check_declared("rules", self.policy.rules.needs())?;
        Ok(self)
    }

    /// Lets some messages through without credentials, for handlers that take
    /// [`MaybeAuthed`](crate::MaybeAuthed); see [`AnonymousMethods::discovery`]. Everything else
    /// gets the usual challenge, and a bad token is refused whatever the message. Default: every
    /// message needs credentials.
    #[must_use]
    pub fn allow_anonymous(mut self, methods: AnonymousMethods) -> Self {
        self.policy.anonymous = Some(methods);
        self
    }

    /// Writes one audit record for each message of a known caller, when its outcome is known;
    /// refused messages included. A request without a message (GET, DELETE), and one that is refused
    /// before its message is read, has one record. Requests of anonymous callers have none. Default:
    /// no records.
    ///
    /// The body of a request is then read before the handler runs, and that of a response while it
    /// passes. A body that cannot be read, is longer than
    /// [`max_message_bytes`](Self::max_message_bytes), or takes longer than
    /// [`message_time_limit`](Self::message_time_limit) is refused only where there are rules;
    /// otherwise it is passed on unchanged, and its record says why it was not read.
    #[must_use]
    pub fn audit(mut self, log: impl Into<AuditLog>) -> Self {
        self.audit = Some(log.into());
        self
    }

    /// The longest body that is read to be judged. Longer is 413. Default 4 MiB.
    #[must_use]
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// The longest that a body that is read to be judged may take to come. Longer is 408. Default
    /// 60 s.
    #[must_use]
    pub fn message_time_limit(mut self, limit: Duration) -> Self {
        self.limits.time = limit;
        self
    }
}

impl<S, B> Transform<S, ServiceRequest> for McpMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<GatedBody<GatedBody<B>>>;
    type Error = Error;
    type InitError = ();
    type Transform = Gate<Authentication, Gate<McpCheck, S>>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let Self { auth, policy, limits, audit } = self.clone();
        let optional = policy.anonymous.is_some();
        let rejections = audit.clone().map(Audited::Rejections);
        let messages = McpCheck { auth: auth.clone(), policy, limits, audit };
        let needs = Vec::new();
        let authentication = Authentication { auth, optional, needs, audit: rejections };
        ready(Ok(Gate::new(authentication, Gate::new(messages, service))))
    }
}
