//! Who signs the tokens.

use mcp_auth_core::{ConfigError, Issuer};

use super::McpAuthBuilder;

impl McpAuthBuilder {
    /// Trusts WorkOS AuthKit, by its domain: see [`Issuer::authkit`].
    pub fn authkit(mut self, domain: impl AsRef<str>) -> Self {
        self.issuers.push(Issuer::authkit(domain));
        self
    }

    /// Trusts an issuer: its identifier, whose keys are then discovered, or an [`Issuer`] with
    /// settings of its own. May be called several times; the first is named first to clients.
    pub fn issuer<I>(mut self, issuer: I) -> Self
    where
        I: TryInto<Issuer>,
        I::Error: Into<ConfigError>,
    {
        self.issuers.push(issuer.try_into().map_err(Into::into));
        self
    }
}
