//! Where it runs: behind which proxy, in which network.

use mcp_auth_core::{ConfigError, Secret};

use super::McpAuthBuilder;
use crate::refresher::{ProxyChoice, RootCertificates};

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

    /// Fetches keys, metadata and profiles through an HTTP proxy: `http://proxy.example.com:3128`,
    /// with `user:password@` before the host where it asks for them. Default: what the environment
    /// variables `HTTPS_PROXY` and `NO_PROXY` say (or `https_proxy` and `no_proxy`), and without
    /// them none.
    ///
    /// Everything that has `https` goes through it by `CONNECT`, so that the proxy sees the host and
    /// nothing else; this machine, and what has `http`, is reached directly. The proxy looks up the
    /// hosts, so that their addresses cannot be checked: a `jwks_uri` that an issuer's metadata
    /// names on another host may then be in the proxy's own network. The event `outbound_proxy` says
    /// so at start-up.
    ///
    /// # Errors
    /// [`build`](Self::build) rejects anything but the URL of an HTTP proxy, and does not show its
    /// password. Proxies over `https` and SOCKS proxies are rejected.
    pub fn proxy(mut self, url: impl AsRef<str>) -> Self {
        self.proxy.choice = ProxyChoice::Url(Secret::new(url.as_ref()));
        self
    }

    /// Hosts that are reached without the proxy: a domain with all that is below it
    /// (`company.internal`), with a port if need be, an address, or a network (`10.0.0.0/8`). They
    /// replace those of `NO_PROXY`.
    ///
    /// # Errors
    /// [`build`](Self::build) rejects anything else.
    pub fn proxy_exceptions<S: Into<String>>(mut self, hosts: impl IntoIterator<Item = S>) -> Self {
        self.proxy.exceptions = Some(hosts.into_iter().map(Into::into).collect());
        self
    }

    /// Uses no proxy, whatever `HTTPS_PROXY` says.
    pub fn without_proxy(mut self) -> Self {
        self.proxy.choice = ProxyChoice::Direct;
        self
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
