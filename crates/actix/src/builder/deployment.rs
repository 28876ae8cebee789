//! Where it runs: behind which proxy, in which network.

use mcp_auth_core::ConfigError;

use super::McpAuthBuilder;
use crate::refresher::RootCertificates;

impl McpAuthBuilder {
    /// The path at which this application itself sees the resource, where a proxy in front changes
    /// the path: `/mcp` for the public `https://app.example.com/tools/mcp` behind a proxy that
    /// takes `/tools` away. Default: the resource's own path.
    ///
    /// It changes no byte of what clients are told. Discovery then answers under both paths,
    /// whichever of them the proxy sends on; docs/deployment.md has the lines for nginx.
    pub fn served_at(mut self, path: impl Into<String>) -> Self {
        self.served_at = Some(path.into());
        self
    }

    /// Trusts further certificate authorities when keys are fetched: those of a company's own
    /// network, as PEM, one or several. Those of the system stay trusted. Default: none.
    ///
    /// # Errors
    /// Text that is no certificate is told by [`build`](Self::build).
    pub fn trust_ca_pem(self, pem: impl AsRef<[u8]>) -> Self {
        self.trust_ca_pem_of("trust_ca_pem", pem.as_ref())
    }

    /// The same for what a setting of this name says.
    pub(crate) fn trust_ca_pem_of(mut self, setting: &str, pem: &[u8]) -> Self {
        let parsed = RootCertificates::parse(pem).map_err(|error| error.named(setting));
        self.roots = self.roots.and_then(|roots| Ok(roots.and(parsed?)));
        self
    }
}

/// A path as routes are registered: from the first slash on, in plain text.
pub(super) fn checked_path(path: String) -> Result<String, ConfigError> {
    let plain = |c: char| c.is_ascii_graphic() && !"?#%*{}\\".contains(c);
    match path.starts_with('/') && path.chars().all(plain) {
        true => Ok(path),
        false => Err(ConfigError::invalid(
            "served_at",
            path,
            "must be the path at which the application sees the resource, from its first slash on",
            "/mcp",
        )),
    }
}
