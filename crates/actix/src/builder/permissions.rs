//! Permissions: declaring them, and what grants them.

use mcp_auth_core::{IssuerNames, Principal, Requirement, permission::ClaimPath};

use super::McpAuthBuilder;

impl McpAuthBuilder {
    /// Declares permissions: what handlers and routes may demand, and what clients are told of in
    /// `scopes_supported`, where an issuer grants it by scope. Those that no trusted issuer grants
    /// by scope, [`Issuer::scopes`](mcp_auth_core::Issuer::scopes), are never shown to a client;
    /// the log names them at start-up. Default: none.
    ///
    /// ```
    /// # use actix_mcp_auth::McpAuth;
    /// actix_mcp_auth::scopes! {
    ///     BookmarksRead = "bookmarks:read";
    ///     BookmarksWrite = "bookmarks:write" implies BookmarksRead;
    /// }
    ///
    /// let auth = McpAuth::builder("https://app.example.com/mcp")
    ///     .authkit("your-subdomain.authkit.app")
    ///     .permissions::<(BookmarksRead, BookmarksWrite)>()
    ///     .grants_from_claim("permissions")
    ///     .build();
    /// # auth.unwrap();
    /// ```
    pub fn permissions<R: Requirement>(mut self) -> Self {
        self.permissions.declare(R::NEED);
        self
    }

    /// What clients are told to ask for when they sign in: the `scope` of each 401, besides
    /// [required scopes](Self::require_scopes). Without it, and without required scopes, clients
    /// ask for all of `scopes_supported`. Default: nothing.
    pub fn ask_at_sign_in<R: Requirement>(mut self) -> Self {
        self.ask_at_sign_in.push(R::NEED);
        self
    }

    /// Grants the permissions that a claim of the token names: a list of names, one string of names
    /// with spaces between them, or an object whose members have these names, as with ZITADEL
    /// (`urn:zitadel:iam:org:project:roles`). May be called several times. Default: none; the
    /// token's scopes grant in any case, within
    /// [`Issuer::scopes`](mcp_auth_core::Issuer::scopes). A claim of another form grants nothing,
    /// and the log says so at the level `debug` (`grant_claim_unreadable`).
    ///
    /// WorkOS puts `role`, `roles` and `permissions` into tokens by a JWT template; a claim within
    /// another is named by its path, `["realm_access", "roles"]`.
    ///
    /// With several issuers [`build`](Self::build) refuses it, since each of them can write what it
    /// likes into a claim: name those that may grant by it,
    /// [`grants_from_claim_of`](Self::grants_from_claim_of).
    pub fn grants_from_claim(mut self, claim: impl Into<ClaimPath>) -> Self {
        self.permissions.grant_from_claim(claim);
        self
    }

    /// The same, in the tokens of these issuers only: their names as they are configured, byte for
    /// byte (`https://your-subdomain.authkit.app` for AuthKit). In tokens of others the claim grants
    /// nothing. [`build`](Self::build) refuses an empty list, and a name that no issuer here has.
    ///
    /// ```
    /// # use actix_mcp_auth::McpAuth;
    /// # actix_mcp_auth::scopes! { Admin = "admin"; }
    /// let auth = McpAuth::builder("https://app.example.com/mcp")
    ///     .issuer("https://staff.example.com")
    ///     .issuer("https://customers.example.com")
    ///     .permissions::<Admin>()
    ///     .grants_from_claim_of("https://staff.example.com", "roles")
    ///     .build();
    /// # auth.unwrap();
    /// ```
    pub fn grants_from_claim_of(
        mut self,
        issuers: impl Into<IssuerNames>,
        claim: impl Into<ClaimPath>,
    ) -> Self {
        self.permissions.grant_from_claim_of(issuers, claim);
        self
    }

    /// Grants the permissions that the application names for its user, whom its identity store has
    /// found. Asked at most once for each request, and only where something depends on it. The
    /// last call counts. Default: none.
    ///
    /// With several issuers, [`Principal::issuer`] tells which of them knows the caller. Claims,
    /// client ids and `sub` are that issuer's word.
    ///
    /// `U` is what the store returns, or [`Principal`] without a store; another type is refused by
    /// [`build`](Self::build). What has to be looked up for it is looked up by the
    /// store, as part of the user.
    ///
    /// ```
    /// # use actix_mcp_auth::McpAuth;
    /// # use actix_mcp_auth::{Principal, permission::Permission};
    /// # actix_mcp_auth::scopes! { Admin = "admin"; }
    /// # let builder = McpAuth::builder("https://app.example.com/mcp").authkit("x.authkit.app");
    /// let auth = builder
    ///     .permissions::<Admin>()
    ///     .grants(|_, person: &Principal| {
    ///         (person.subject().id() == "user_ada").then_some(Admin::NAME)
    ///     })
    ///     .build();
    /// # auth.unwrap();
    /// ```
    pub fn grants<U, G>(
        mut self,
        grants: impl Fn(&Principal, &U) -> G + Send + Sync + 'static,
    ) -> Self
    where
        U: Send + Sync + 'static,
        G: IntoIterator<Item: AsRef<str>>,
    {
        self.permissions.grant_from_application(grants);
        self
    }
}
