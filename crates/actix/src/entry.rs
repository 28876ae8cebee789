//! The public methods of [`McpAuth`].

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use mcp_auth_core::{
    AuthHandle, Clock, ConfigError, Requirement, Resource, ResourceKind, TokenCacheUse, UnixTime,
    revocation::{NewRevocation, Revocation, RevocationId, RevokeError},
};

use crate::{
    auth::McpAuth, authorize::RequirePermission, builder::McpAuthBuilder, health::Health,
    mcp::McpMiddleware, middleware::McpAuthMiddleware, well_known::Registration,
};

impl McpAuth {
    /// Starts the configuration of an MCP resource. `resource` is its public URL: the metadata has
    /// it, tokens must have it in `aud`, and the discovery paths derive from it. It is used
    /// byte for byte.
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
    /// [`build`](McpAuthBuilder::build) returns the error of a URL that cannot be used.
    pub fn builder<R>(resource: R) -> McpAuthBuilder
    where
        R: TryInto<Resource>,
        R::Error: Into<ConfigError>,
    {
        McpAuthBuilder::new(resource.try_into().map_err(Into::into), ResourceKind::Mcp)
    }

    /// The same for a resource that is not an MCP server: another API, or the routes of a web
    /// application. It may accept what MCP forbids: tokens without `aud`, whose key set belongs to one
    /// client ([`AudiencePolicy::BoundByKeySet`](mcp_auth_core::AudiencePolicy)).
    ///
    /// ```
    /// use actix_mcp_auth::McpAuth;
    /// use actix_mcp_auth::Issuer;
    ///
    /// // The web application's own routes, with the sessions of WorkOS.
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

    /// The well-known routes of the resource, for [`App::configure`](actix_web::App::configure): the
    /// protected resource metadata at its three paths, and the authorization server's metadata for
    /// older clients. They need no credentials.
    ///
    /// Configure it after the routes that have a path of their own, because actix-web tries routes in
    /// the order of their registration, and before routes that match every path, such as static files
    /// at `/`. A scope that is registered earlier and has the [middleware](Self::middleware) around it
    /// answers these paths too; a scope without the middleware captures every path below its own.
    ///
    /// Several resources in one application: [`discovery_of`](Self::discovery_of).
    pub fn discovery(&self) -> impl FnOnce(&mut ServiceConfig) + Clone + use<> {
        Self::discovery_of(&[self])
    }

    /// The same for several resources in one application, each with its own issuers and scopes, on
    /// one host or on several.
    ///
    /// The root alias `/.well-known/oauth-protected-resource` can name one resource only. With several
    /// on a host it is a 404, and clients use the challenge or the resource's own path. The
    /// authorization server's metadata is served at the root where all resources of the host have the
    /// same. Resources on several hosts are told apart by the request's `Host`, which a proxy must not
    /// change. Resources that are registered one by one with the same App are answered the same.
    ///
    /// Register a scope before the scope whose path contains it: `/mcp/admin`, then `/mcp`.
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

    /// The middleware for an MCP endpoint: the same, and MCP sessions are bound to their caller. It
    /// can have rules for tools and methods that need no credentials: see [`McpMiddleware`].
    pub fn mcp(&self) -> McpMiddleware {
        McpMiddleware::new(self.clone())
    }

    /// A middleware that rejects callers who lack what `R` needs, for a resource or a scope within
    /// the [middleware](Self::middleware) of this `McpAuth`.
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
    /// For a whole scope, [`middleware().require`](McpAuthMiddleware::require) does both in one.
    pub fn require<R: Requirement>(&self) -> RequirePermission<R> {
        RequirePermission::new(self.clone())
    }

    /// The protected resource: its public URL, byte for byte as it was configured. For what must
    /// agree with it, such as the MCP service behind the middleware.
    pub fn resource(&self) -> &Resource {
        &self.inner().authenticator.policy().resource
    }

    /// The state of each issuer's keys and of the revocations, for readiness checks. It does not
    /// wait.
    pub fn health(&self) -> Health {
        let now = self.inner().clock.now();
        Health {
            issuers: self.inner().refresher.health(now),
            revocations: self.inner().revocations.health(now),
        }
    }

    /// Ends access before tokens expire: of a person, an agent, a session, an organization and more,
    /// as the functions of [`Revoked`](mcp_auth_core::revocation::Revoked) make them. Every token of
    /// theirs that was issued until now is refused, with an allowance for clock skew (the leeway);
    /// a client that refreshes its token is accepted again, unless the revocation is
    /// [`standing`](NewRevocation::standing).
    ///
    /// It is in force in this process at once, cached tokens and cached users included; responses
    /// that are [being sent](McpAuthMiddleware#responses-that-are-being-sent) end within half a
    /// second. `Ok` means that the record is in the log of
    /// [`revocations`](crate::McpAuthBuilder::revocations): other processes follow within a second.
    ///
    /// ```
    /// # use actix_mcp_auth::McpAuth;
    /// use actix_mcp_auth::revocation::Revoked;
    ///
    /// # async fn revoke(auth: McpAuth) -> Result<(), actix_mcp_auth::revocation::RevokeError> {
    /// auth.revoke(Revoked::subject("user_01ABC").standing().because("left the company")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RevokeError::NotInLog`]: in force in this process; it is appended to the log when that
    /// answers again. Any other error, and nothing is revoked: the issuer is not named although
    /// several are configured, it is not configured here, or there are too many standing
    /// revocations.
    pub async fn revoke(
        &self,
        what: impl Into<NewRevocation>,
    ) -> Result<RevocationId, RevokeError> {
        let new = self.inner().authenticator.resolve_issuer(what.into())?;
        self.inner().revocations.revoke(new, self.inner().clock.now()).await
    }

    /// The same for tokens that were issued until `time` by the issuer's own clock, which an event
    /// of the issuer carries: no allowance for clock skew is made.
    ///
    /// # Errors
    /// As for [`revoke`](Self::revoke).
    pub async fn revoke_at(
        &self,
        what: impl Into<NewRevocation>,
        time: UnixTime,
    ) -> Result<RevocationId, RevokeError> {
        let new = self.inner().authenticator.resolve_issuer(what.into())?;
        self.inner().revocations.revoke_at(new, time, self.inner().clock.now()).await
    }

    /// Ends a standing revocation. It must name the very same: lifting the revocation of a person
    /// does not end the one of that person at a client. Tokens that were issued until now stay
    /// refused.
    ///
    /// # Errors
    /// As for [`revoke`](Self::revoke).
    pub async fn lift(&self, what: impl Into<NewRevocation>) -> Result<RevocationId, RevokeError> {
        let new = self.inner().authenticator.resolve_issuer(what.into())?;
        self.inner().revocations.lift(new, self.inner().clock.now()).await
    }

    /// The revocations in force, for operators: a snapshot, in no order.
    pub fn revocations(&self) -> impl Iterator<Item = Arc<Revocation>> + use<> {
        self.inner().revocations.in_force()
    }

    /// What the adapters for sign-in and for the issuer's API are built from: the decision about
    /// callers, the clock, and the HTTP client with this resource's certificate authorities and limits. It
    /// works while a clone of this `McpAuth` exists.
    pub fn handle(&self) -> AuthHandle {
        let inner = self.inner();
        let clock = Arc::new(inner.clock.clone());
        AuthHandle::new(inner.authenticator.clone(), inner.http.clone(), clock)
    }

    /// How full the cache of verified tokens is.
    pub fn token_cache_use(&self) -> TokenCacheUse {
        self.inner().authenticator.token_cache_use()
    }
}
