//! Whose web pages may call, and by which name of this machine.

use std::net::Ipv6Addr;

use actix_web::http::header::HeaderName;
use mcp_auth_core::ConfigError;

use super::McpAuthBuilder;

impl McpAuthBuilder {
    /// Lets the pages of a web origin call, such as `https://chat.example.com`. Default: those of
    /// the resource's own origin; and where that is on a loopback address, every page of the same
    /// machine.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Lets every web page call. The token still protects the resource.
    pub fn allow_any_origin(mut self) -> Self {
        self.any_origin = true;
        self
    }

    /// Further request headers that web pages may send, such as `If-Match` or `X-Request-Id`. The
    /// middleware answers CORS preflights itself: a CORS middleware within it is not asked for them.
    /// Default: what MCP and tracing need: `Authorization`, `Content-Type`, `Accept`,
    /// `MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name`, `Mcp-Param-*`, `Mcp-Session-Id`,
    /// `Last-Event-ID`, `DPoP`, `traceparent`, `tracestate`, `baggage`.
    ///
    /// [`build`](Self::build) refuses what is no header name, and `*`.
    ///
    /// ```
    /// # use actix_mcp_auth::McpAuth;
    /// let auth = McpAuth::api("https://app.example.com/api")
    ///     .authkit("your-subdomain.authkit.app")
    ///     .allow_origin("https://chat.example.com")
    ///     .allow_headers(["If-Match", "Idempotency-Key"])
    ///     .build()?;
    /// # Ok::<(), actix_mcp_auth::BuildError>(())
    /// ```
    pub fn allow_headers<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.headers.extend(names.into_iter().map(Into::into));
        self
    }

    /// Another name by which clients call a resource on a loopback address, such as that of its
    /// container: `app`, `192.168.1.5`. Without a port, since ports are not compared.
    ///
    /// Such a resource is called by a loopback address or as `localhost`. A request with another
    /// `Host` comes from a web page whose name was pointed at this machine (DNS rebinding), and is
    /// refused with 403 whether or not it has an `Origin` (R29). One without a `Host` comes from no
    /// browser and passes. For a resource with a public URL `Host` is never looked at: that is for
    /// the proxy in front. Default: no further name.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }
}

pub(super) fn checked_header(name: String) -> Result<HeaderName, ConfigError> {
    match HeaderName::try_from(&*name) {
        Ok(header) if name != "*" => Ok(header),
        _ => Err(ConfigError::invalid(
            "allow_headers",
            name,
            "must be the name of a header",
            "If-Match",
        )),
    }
}

/// A name or an address as it stands in `Host`, in lower case and without a port.
pub(super) fn checked_host(host: String) -> Result<String, ConfigError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let sound = match literal {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(plain),
    };
    match sound {
        true => Ok(host.to_ascii_lowercase()),
        false => Err(ConfigError::invalid(
            "allow_host",
            host,
            "must be a host name or an address, without scheme, port and path",
            "app",
        )),
    }
}

/// `scheme://host:port` as browsers write it, those of applications and extensions included.
pub(super) fn checked_origin(origin: String) -> Result<String, ConfigError> {
    let rest = origin.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:[]".contains(c);
    match !rest.is_empty() && rest.chars().all(plain) && origin == origin.to_ascii_lowercase() {
        true => Ok(origin),
        false => Err(ConfigError::invalid(
            "allow_origin",
            origin,
            "must be an origin in lower case: scheme, host and perhaps a port, with nothing behind it",
            "https://chat.example.com",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_of_applications_can_be_allowed() {
        for origin in ["vscode-webview://abc", "chrome-extension://abc", "http://[::1]:6274"] {
            assert_eq!(checked_origin(origin.into()).unwrap(), origin);
        }
    }

    #[test]
    fn hosts_are_names_and_addresses_and_nothing_else() {
        for (host, kept) in
            [("App", "app"), ("192.168.1.5", "192.168.1.5"), ("[fe80::1]", "[fe80::1]")]
        {
            assert_eq!(checked_host(host.into()).unwrap(), kept);
        }
        for host in ["", "app:80", "fe80::1", "[app]", "[::1]:80", "app/", "http://app", "*", "a b"]
        {
            assert!(checked_host(host.into()).is_err(), "{host}");
        }
    }
}
