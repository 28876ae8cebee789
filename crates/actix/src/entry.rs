//! The public methods of [`McpAuth`].

use actix_web::web::ServiceConfig;
use mcp_auth_core::{
    AuthHandle, Clock, ConfigError, Requirement, Resource, ResourceKind, Subject, TokenCacheUse,
};

use crate::{
    auth::McpAuth, authorize::RequirePermission, builder::McpAuthBuilder, health::IssuerHealth,
    mcp::McpMiddleware, middleware::McpAuthMiddleware, well_known::Registration,
};

impl McpAuth {
    /// Starts the configuration of a resource by its public URL, which is what clients are told,
    /// what tokens must be for, and where discovery starts. It is used byte for byte.
    ///
    /// ```
    /// use actix_mcp_auth::McpAuth;
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
    /// use actix_mcp_auth::McpAuth;
    /// use actix_mcp_auth::Issuer;
    ///
    /// // The web application's own routes, for the people whom WorkOS signed in.
    /// let web = McpAuth::api("https://app.example.com/account")
    ///     .issuer(Issuer::workos_sessions("client_01ABC")?)
    ///     .build()?;
    /// # Ok::<(), actix_mcp_auth::BuildError>(())
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
    /// # use actix_mcp_auth::McpAuth;
    /// # let build = |url: &str| McpAuth::builder(url).authkit("your-subdomain.authkit.app").build();
    /// let (mcp, admin) =
    ///     (build("https://app.example.com/mcp")?, build("https://app.example.com/mcp/admin")?);
    /// App::new()
    ///     .configure(McpAuth::discovery_of(&[&mcp, &admin]))
    ///     .service(
    ///         web::resource("/mcp/admin").wrap(admin.middleware()).to(HttpResponse::Ok),
    ///     )
    ///     .service(web::resource("/mcp").wrap(mcp.middleware()).to(HttpResponse::Ok));
    /// # Ok::<(), actix_mcp_auth::BuildError>(())
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
    /// # use actix_mcp_auth::McpAuth;
    /// # actix_mcp_auth::scopes! { Admin = "admin"; }
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
        &self.inner().authenticator.policy().resource
    }

    /// How each issuer's keys are, for readiness checks.
    pub fn health(&self) -> Vec<IssuerHealth> {
        self.inner().refresher.health(self.inner().clock.now())
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
    /// # use actix_mcp_auth::McpAuth;
    /// use actix_mcp_auth::Subject;
    ///
    /// # let auth = McpAuth::builder("https://app.example.com/mcp")
    /// #     .authkit("your-subdomain.authkit.app").build().unwrap();
    /// auth.revoke(&Subject::new("https://your-subdomain.authkit.app", "user_01ABC"));
    /// ```
    pub fn revoke(&self, subject: &Subject) {
        self.inner().authenticator.revoke(subject, self.inner().clock.now());
    }

    /// What the adapters for sign-in and for the issuer's API are built from: the decision about
    /// callers, and the HTTP client with this resource's certificate authorities and limits. It
    /// works while a clone of this `McpAuth` exists.
    pub fn handle(&self) -> AuthHandle {
        AuthHandle::new(self.inner().authenticator.clone(), self.inner().http.clone())
    }

    /// How full the cache of verified tokens is.
    pub fn token_cache_use(&self) -> TokenCacheUse {
        self.inner().authenticator.token_cache_use()
    }
}
