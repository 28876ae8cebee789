//! What clients are told, and which scopes they need.

use mcp_auth_core::{ConfigError, Scope};

use super::McpAuthBuilder;

impl McpAuthBuilder {
    /// Demands scopes of every request: they stand in each challenge and in the metadata. Default:
    /// none.
    pub fn require_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.required_scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Scopes to tell clients of in `scopes_supported`, besides those required. Default: none.
    pub fn scopes_supported<S: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.advertised_scopes.extend(scopes.into_iter().map(Into::into));
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

pub(super) fn scopes(setting: &str, names: &[String]) -> Result<Vec<Scope>, ConfigError> {
    names.iter().map(|name| name.parse::<Scope>().map_err(|error| error.named(setting))).collect()
}
