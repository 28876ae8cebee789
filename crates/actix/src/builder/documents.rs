//! What clients are told, and which scopes they need.

use mcp_auth_core::{ConfigError, Scope};

use super::McpAuthBuilder;

impl McpAuthBuilder {
    /// Demands scopes of every request: they stand in each challenge and in the metadata. Default:
    /// none. [`build`](Self::build) refuses `offline_access`, which is between a client and its
    /// authorization server: no resource needs it, and many issuers do not put it into tokens.
    pub fn require_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.required_scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Scopes to tell clients of in `scopes_supported`, besides those required. Default: none.
    /// `offline_access` is left out (MCP 2026-07-28, Refresh Tokens), and the log says so.
    pub fn scopes_supported<S: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.advertised_scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Makes each path below the resource's a resource of its own, as for an MCP server that has one
    /// endpoint for each tenant or project: with `https://app.example.com/mcp`, the request's path
    /// `/mcp/acme/shop` is the resource `https://app.example.com/mcp/acme/shop`. Its metadata, its
    /// challenges and its audit records name it (RFC 9728 §3.1, §3.3, §5.1), and tokens must have it
    /// in `aud`, byte for byte (RFC 8707 §2): a token for one is good at no other, nor one for `/mcp`
    /// at any of them, and neither is an MCP session. `Host` counts for nothing. Default: every path
    /// behind the middleware is the one resource.
    ///
    /// Up to 8 segments of up to 128 letters, digits, `-`, `.`, `_` and `~` are a resource; one slash
    /// at the end counts for nothing. Everything else, and every path outside the resource's own, is
    /// 404: percent-encoding, empty segments, dot segments, `;`. Whether a tenant of that name exists
    /// is up to the handlers, and so is whether the caller belongs to it:
    /// [`AuthedUser::resource`](crate::AuthedUser::resource) tells the resource.
    ///
    /// Issuers must put the resource that a client asks for into `aud`. What is good at the
    /// configured resource without naming it would be good at each one below: [`build`](Self::build)
    /// refuses further audiences, [`BoundByKeySet`](mcp_auth_core::AudiencePolicy::BoundByKeySet)
    /// and static keys, and sessions of pages are refused too.
    ///
    /// ```
    /// # use actix_mcp_auth::{AuthedUser, McpAuth};
    /// # use actix_web::{App, HttpResponse, web};
    /// # async fn shop(me: AuthedUser) -> String { me.resource().to_string() }
    /// let auth = McpAuth::builder("https://app.example.com/mcp")
    ///     .issuer("https://login.example.com")
    ///     .resources_below()
    ///     .build()?;
    ///
    /// App::new()
    ///     .service(
    ///         web::scope("/mcp")
    ///             .wrap(auth.mcp())
    ///             .route("/{organization}/{shop}", web::post().to(shop)),
    ///     )
    ///     .configure(auth.discovery());
    /// # Ok::<(), actix_mcp_auth::BuildError>(())
    /// ```
    pub fn resources_below(mut self) -> Self {
        self.resources_below = true;
        self
    }

    /// What people call the resource: `resource_name` in its metadata. Default: none.
    pub fn resource_name(mut self, name: impl Into<String>) -> Self {
        self.resource_name = Some(name.into());
        self
    }

    /// A page for developers: `resource_documentation` in its metadata. Default: none.
    pub fn resource_documentation(mut self, url: impl Into<String>) -> Self {
        self.resource_documentation = Some(url.into());
        self
    }

    /// A further member of the resource's metadata (RFC 9728 §2), such as `resource_tos_uri`,
    /// `resource_policy_uri`, a name in another language (`resource_name#de`), or one of your own.
    /// A member that is named again is replaced. Default: none.
    ///
    /// [`build`](Self::build) refuses the members that are made from other settings, and values
    /// that RFC 9728 §3.2 leaves out: `null`, empty texts, lists and objects. Nothing that stands
    /// here changes what is accepted.
    ///
    /// ```
    /// # use actix_mcp_auth::McpAuth;
    /// let auth = McpAuth::builder("https://app.example.com/mcp")
    ///     .issuer("https://login.example.com")
    ///     .resource_metadata("resource_tos_uri", "https://app.example.com/terms")
    ///     .build()?;
    /// # Ok::<(), actix_mcp_auth::BuildError>(())
    /// ```
    pub fn resource_metadata(
        mut self,
        member: impl Into<String>,
        value: impl Into<serde_json::Value>,
    ) -> Self {
        self.resource_metadata.insert(member.into(), value.into());
        self
    }

    /// Whether the first issuer's metadata is passed on at this origin, for clients of the MCP
    /// revision 2025-03-26, which look nowhere else. Default: for AuthKit only.
    pub fn authorization_server_metadata(mut self, pass_on: bool) -> Self {
        self.shim = Some(pass_on);
        self
    }

    /// Passes the same document on at `/.well-known/openid-configuration` as well. Default: no.
    pub fn openid_configuration(mut self) -> Self {
        self.shim = Some(true);
        self.openid_shim = true;
        self
    }
}

/// The scope by which a client asks for a refresh token (OpenID Connect Core §11).
pub(super) const OFFLINE_ACCESS: &str = "offline_access";

/// MCP 2026-07-28, Refresh Tokens: a resource names it nowhere.
pub(super) fn refuse_offline_access<'s>(
    setting: &str,
    mut scopes: impl Iterator<Item = &'s str>,
) -> Result<(), ConfigError> {
    match scopes.any(|scope| scope == OFFLINE_ACCESS) {
        false => Ok(()),
        true => Err(ConfigError::invalid(
            setting,
            OFFLINE_ACCESS,
            "must not have offline_access, by which a client asks its authorization server for a \
             refresh token: no resource needs it, and many issuers do not put it into tokens",
            "openid",
        )),
    }
}

pub(super) fn scopes(setting: &str, names: &[String]) -> Result<Vec<Scope>, ConfigError> {
    names.iter().map(|name| name.parse::<Scope>().map_err(|error| error.named(setting))).collect()
}
