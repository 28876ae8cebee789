//! Static keys beside tokens.

use mcp_auth_core::ApiKey;

use super::McpAuthBuilder;

impl McpAuthBuilder {
    /// Accepts a static key beside tokens, for the time of a migration: programs that have one go
    /// on with it, as `Authorization: Bearer <key>`, until they have learned to sign in. May be
    /// called several times, so that keys can be rotated. Default: none.
    ///
    /// Whoever sends it is a [`PrincipalKind::ApiKey`](mcp_auth_core::PrincipalKind) of that name,
    /// with no scopes, and no person: it is never looked up among the users, and what it stands
    /// for is [`IdentityStore::find_api_key`](mcp_auth_core::IdentityStore::find_api_key)'s to
    /// say. A key that is wrong is refused as a bad token is.
    ///
    /// [`build`](Self::build) refuses keys of fewer than 32 characters, keys that are not random,
    /// and two with one name.
    ///
    /// ```
    /// # use actix_mcp_auth::McpAuth;
    /// # let key = "a-key-that-32-random-bytes-make-in-base64";
    /// let auth = McpAuth::builder("https://app.example.com/mcp")
    ///     .authkit("your-subdomain.authkit.app")
    ///     .api_key("nightly-export", key)
    ///     .build()?;
    /// # Ok::<(), actix_mcp_auth::BuildError>(())
    /// ```
    pub fn api_key(mut self, name: impl AsRef<str>, key: impl AsRef<str>) -> Self {
        self.api_keys.push(ApiKey::new(name, key));
        self
    }

    /// The same for keys that grant scopes ([`ApiKey::scopes`]).
    pub fn api_keys(mut self, keys: impl IntoIterator<Item = ApiKey>) -> Self {
        self.api_keys.extend(keys.into_iter().map(Ok));
        self
    }
}
