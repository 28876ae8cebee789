//! The one object that an application builds and hands about.

use std::{fmt, sync::Arc, time::Duration};

use actix_web::{
    Error, HttpResponse,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap},
    web::ServiceConfig,
};
use mcp_auth_core::{
    Authenticator, Challenge, Clock, ConfigError, IncomingRequest, Rejection, Requirement,
    Resource, ResourceKind, Subject, TokenCacheUse, mcp::SessionBindings, permission::Need,
};

use crate::{
    authorize::{Refusal, RequirePermission},
    builder::McpAuthBuilder,
    clock::ChosenClock,
    cors::{Caller, OriginPolicy},
    discovery::{Discovery, Registration},
    health::IssuerHealth,
    host::HostPolicy,
    mcp::{McpMiddleware, RefusedMessages},
    middleware::McpAuthMiddleware,
    observe::{self, Observer},
    refresher::JwksRefresher,
    response,
};

/// The protection of one resource: build it once, clone it into each worker.
///
/// Cloning is cheap. When the last clone is dropped, its refresher of keys ends.
#[derive(Clone)]
pub struct McpAuth(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) authenticator: Authenticator,
    pub(crate) challenge: Challenge,
    pub(crate) hosts: HostPolicy,
    pub(crate) origins: OriginPolicy,
    pub(crate) discovery: Discovery,
    pub(crate) observer: Observer,
    pub(crate) refresher: JwksRefresher,
    pub(crate) sessions: Option<SessionBindings>,
    pub(crate) clock: ChosenClock,
    pub(crate) time_limit: Duration,
}

impl McpAuth {
    /// Starts the configuration of a resource by its public URL, which is what clients are told,
    /// what tokens must be for, and where discovery starts. It is used byte for byte.
    ///
    /// ```
    /// use mcp_auth_actix::McpAuth;
    ///
    /// let auth = McpAuth::builder("https://app.example.com/mcp")
    ///     .authkit("your-subdomain.authkit.app")
    ///     .build()
    ///     .unwrap();
    /// ```
    ///
    /// A URL that cannot be used is told by [`build`](McpAuthBuilder::build).
    pub fn builder<R>(resource: R) -> McpAuthBuilder
    where
        R: TryInto<Resource>,
        R::Error: Into<ConfigError>,
    {
        McpAuthBuilder::new(resource.try_into().map_err(Into::into), ResourceKind::Mcp)
    }

    /// The same for a resource that is no MCP server: any other API, or the routes of a web
    /// application. What MCP forbids may then be allowed: tokens without `aud`, whose key set
    /// belongs to one client ([`AudiencePolicy::BoundByKeySet`](mcp_auth_core::AudiencePolicy)).
    ///
    /// ```
    /// use mcp_auth_actix::McpAuth;
    /// use mcp_auth_core::Issuer;
    ///
    /// // The web application's own routes, for the people whom WorkOS signed in.
    /// let web = McpAuth::api("https://app.example.com/account")
    ///     .issuer(Issuer::workos_sessions("client_01ABC")?)
    ///     .build()?;
    /// # Ok::<(), mcp_auth_actix::BuildError>(())
    /// ```
    pub fn api<R>(resource: R) -> McpAuthBuilder
    where
        R: TryInto<Resource>,
        R::Error: Into<ConfigError>,
    {
        McpAuthBuilder::new(resource.try_into().map_err(Into::into), ResourceKind::Api)
    }

    /// Every well-known route of the resource, for [`App::configure`](actix_web::App::configure):
    /// the metadata document in its three places, and the authorization server's metadata for
    /// older clients. They are open to everybody.
    ///
    /// Configure it after what has a path of its own, since every request tries the routes in the
    /// order in which they were registered, and before what takes every path: a scope or static
    /// files at `/`. Behind a scope that is registered earlier it answers as well, where that scope
    /// has the [middleware](Self::middleware) around it, which knows these paths; a scope without
    /// it swallows every path below its own.
    ///
    /// Several resources in one application: [`discovery_of`](Self::discovery_of).
    pub fn discovery(&self) -> impl FnOnce(&mut ServiceConfig) + Clone + use<> {
        Self::discovery_of(&[self])
    }

    /// The same for several resources in one application, each with issuers and scopes of its own,
    /// on one host or on several.
    ///
    /// The root alias `/.well-known/oauth-protected-resource` can name one resource only, so with
    /// several on a host it is a 404, and clients find the way by the challenge or by the
    /// resource's own path. An authorization server's metadata stands at the root where all
    /// resources of the host pass on the same. Resources on several hosts are told apart by the
    /// request's `Host`, which a proxy in front must leave as it is.
    ///
    /// Register a scope within another's path first, or within that other scope only if both are
    /// to be passed: `/mcp/admin`, then `/mcp`.
    ///
    /// ```
    /// # use actix_web::{App, HttpResponse, web};
    /// # use mcp_auth_actix::McpAuth;
    /// # let build = |url: &str| McpAuth::builder(url).authkit("your-subdomain.authkit.app").build();
    /// let (mcp, admin) =
    ///     (build("https://app.example.com/mcp")?, build("https://app.example.com/mcp/admin")?);
    /// App::new()
    ///     .configure(McpAuth::discovery_of(&[&mcp, &admin]))
    ///     .service(
    ///         web::resource("/mcp/admin").wrap(admin.middleware()).to(HttpResponse::Ok),
    ///     )
    ///     .service(web::resource("/mcp").wrap(mcp.middleware()).to(HttpResponse::Ok));
    /// # Ok::<(), mcp_auth_actix::BuildError>(())
    /// ```
    pub fn discovery_of(resources: &[&Self]) -> impl FnOnce(&mut ServiceConfig) + Clone + use<> {
        let resources: Vec<Self> = resources.iter().copied().cloned().collect();
        move |config| Registration::of(&resources).register(config)
    }

    /// The middleware, for `wrap` on a resource, a scope or the whole application.
    pub fn middleware(&self) -> McpAuthMiddleware {
        McpAuthMiddleware::new(self.clone())
    }

    /// The middleware for an MCP endpoint: the same, and sessions that stay with whom they were
    /// given to. Rules for tools, and messages that need nobody signed in, are added to it: see
    /// [`McpMiddleware`].
    pub fn mcp(&self) -> McpMiddleware {
        McpMiddleware::new(self.clone())
    }

    /// A demand around a resource or a scope within what the [middleware](Self::middleware) is
    /// around: only those pass who hold what `R` needs, whatever the handlers ask for.
    ///
    /// ```
    /// # use actix_web::{App, HttpResponse, web};
    /// # use mcp_auth_actix::McpAuth;
    /// # mcp_auth_core::scopes! { Admin = "admin"; }
    /// # let auth = McpAuth::builder("https://app.example.com/mcp")
    /// #     .authkit("your-subdomain.authkit.app").permissions::<Admin>().build().unwrap();
    /// App::new().service(
    ///     web::scope("/api")
    ///         .wrap(auth.middleware())
    ///         .service(web::resource("/people").wrap(auth.require::<Admin>()).get(HttpResponse::Ok)),
    /// )
    /// # ;
    /// ```
    ///
    /// Where one scope has one demand, [`middleware().require`](McpAuthMiddleware::require) does it
    /// in one.
    pub fn require<R: Requirement>(&self) -> RequirePermission<R> {
        RequirePermission::new(self.clone())
    }

    /// The protected resource: its public URL, byte for byte as it was configured. For what must
    /// agree with it, such as the MCP service behind the middleware.
    pub fn resource(&self) -> &Resource {
        &self.0.authenticator.policy().resource
    }

    /// How each issuer's keys are, for readiness checks.
    pub fn health(&self) -> Vec<IssuerHealth> {
        self.0.refresher.health(self.0.clock.now())
    }

    /// Refuses from now on every token of `subject` that was issued until now, though its
    /// signature is good: what to do when the issuer tells that a session was revoked or a user
    /// deleted (the WorkOS webhooks `session.revoked` and `user.deleted`, for example). Who signs
    /// in again gets a token that was issued later, and is let in.
    ///
    /// It takes effect at once, for this `McpAuth` and its clones; other processes must be told as
    /// well. It is kept for 24 h, which is longer than access tokens live.
    ///
    /// ```
    /// # use mcp_auth_actix::McpAuth;
    /// use mcp_auth_core::Subject;
    ///
    /// # let auth = McpAuth::builder("https://app.example.com/mcp")
    /// #     .authkit("your-subdomain.authkit.app").build().unwrap();
    /// auth.revoke(&Subject::new("https://your-subdomain.authkit.app", "user_01ABC"));
    /// ```
    pub fn revoke(&self, subject: &Subject) {
        self.0.authenticator.revoke(subject, self.0.clock.now());
    }

    /// How full the cache of verified tokens is.
    pub fn token_cache_use(&self) -> TokenCacheUse {
        self.0.authenticator.token_cache_use()
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The answer to a request that is refused, and a line for the operator.
    pub(crate) fn refuse(&self, request: &ServiceRequest, rejection: &Rejection) -> HttpResponse {
        self.refuse_demand(request, rejection, &[])
    }

    /// The same where an operation with these needs was asked for. A need that was never declared
    /// is a mistake of the program's.
    pub(crate) fn refuse_demand(
        &self,
        request: &ServiceRequest,
        rejection: &Rejection,
        needs: &[&'static Need],
    ) -> HttpResponse {
        let mut response = self.refuse_demand_within(request, rejection, needs);
        let caller = Caller::of(request.head(), self.0.origins.has_others());
        self.decorate(&caller, response.headers_mut());
        response
    }

    /// The same within the middleware, which decorates every answer that passes it.
    pub(crate) fn refuse_demand_within(
        &self,
        request: &ServiceRequest,
        rejection: &Rejection,
        needs: &[&'static Need],
    ) -> HttpResponse {
        if rejection.status() == 403 && self.tell_undeclared(needs) {
            return HttpResponse::InternalServerError().finish();
        }
        self.tell_refused(request.headers(), rejection);
        response::of_rejection(rejection, self.challenge(needs, rejection).as_deref())
    }

    /// The same for messages.
    pub(crate) fn refuse_messages(
        &self,
        request: &ServiceRequest,
        refusal: &RefusedMessages,
    ) -> HttpResponse {
        let RefusedMessages { rejection, id, needs } = refusal;
        let answer = match rejection {
            Rejection::UnreadableMessage(error) => response::of_message_error(*error, id.as_ref()),
            Rejection::ForeignSession => response::of_foreign_session(rejection),
            rejection => return self.refuse_demand_within(request, rejection, needs),
        };
        self.tell_refused(request.headers(), rejection);
        answer
    }

    /// What a handler's argument answers in the handler's stead.
    pub(crate) fn refusal(&self, rejection: Rejection, needs: &[&'static Need]) -> Refusal {
        let challenge = self.challenge(needs, &rejection);
        Refusal::new(rejection, challenge)
    }

    /// A refusal within an answer that passes by is told to the operator.
    #[inline]
    pub(crate) fn tell_refusal_in<B>(&self, answer: &ServiceResponse<B>) {
        if let Some(error) = answer.response().error() {
            self.tell_refusal_of(error, answer.request().headers());
        }
    }

    /// An error that passes by will be an answer further out. The page that called can read that
    /// too, and a refusal is told to the operator, without the token: the request is gone.
    #[cold]
    pub(crate) fn see_off(&self, mut error: Error, caller: &Caller) -> Error {
        self.tell_refusal_of(&error, &HeaderMap::new());
        let (auth, caller) = (self.clone(), caller.clone());
        error.add_response_mapper(move |mut answer| {
            auth.decorate(&caller, answer.headers_mut());
            answer
        });
        error
    }

    fn tell_refusal_of(&self, error: &Error, headers: &HeaderMap) {
        if let Some(rejection) = error.as_error::<Refusal>().and_then(Refusal::untold) {
            self.tell_refused(headers, rejection);
        }
    }

    fn tell_refused(&self, headers: &HeaderMap, rejection: &Rejection) {
        let describe = || self.0.authenticator.describe(incoming(headers));
        self.0.observer.refused(rejection, describe);
    }

    fn tell_undeclared(&self, needs: &[&'static Need]) -> bool {
        let undeclared = |need: &&&'static Need| self.0.authenticator.undeclared(need).is_some();
        let Some(need) = needs.iter().find(undeclared) else { return false };
        observe::undeclared_permission(need);
        true
    }

    fn challenge(&self, needs: &[&'static Need], rejection: &Rejection) -> Option<String> {
        match needs.is_empty() {
            true => self.0.challenge.for_rejection(rejection),
            false => self.0.authenticator.challenge(needs).for_rejection(rejection),
        }
    }

    /// Lets the page that called read the answer (R16).
    #[inline]
    pub(crate) fn decorate(&self, caller: &Caller, response: &mut HeaderMap) {
        caller.decorate(&self.0.origins, response);
    }

    /// Whether it is a clone of the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

/// What of a request decides.
#[inline]
pub(crate) fn incoming(headers: &HeaderMap) -> IncomingRequest<'_> {
    let authorization = headers.get_all(&header::AUTHORIZATION);
    IncomingRequest::new(authorization.map(|value| value.as_bytes()))
}

impl fmt::Debug for McpAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("McpAuth").field(&self.0.authenticator).finish()
    }
}
