//! Where an issuer's documents may be fetched from: over TLS, on a loopback address, or on a host that
//! the configuration names one by one.

use std::fmt;

use url::Url;

use super::{EXAMPLE, Issuer, JwksLocation, check_issuer_url};
use crate::{config::ConfigError, metadata::resource::is_loopback};

/// A host with its port, as a URL has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostAndPort {
    host: Box<str>,
    port: u16,
}

impl HostAndPort {
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(&format!("http://{text}")).ok()?;
        let is_plain = url.path() == "/" && !text.contains(['/', '?', '#', '@', '*', '\\']);
        let host = url.host_str().filter(|host| is_plain && !host.is_empty())?;
        Some(Self { host: host.into(), port: url.port_or_known_default()? })
    }

    fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host_str()?.into(), port: url.port_or_known_default()? })
    }
}

impl fmt::Display for HostAndPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Issuer {
    /// An issuer in the same network as the application whose identifier has `http`, such as
    /// Keycloak in the next container. Nothing protects what comes from it: whoever controls the
    /// network between the two can replace its keys and sign tokens, and reads the access tokens
    /// that are sent to its userinfo endpoint. The log says so at each start
    /// (`keys_over_plain_http`).
    ///
    /// For an issuer with `https` whose keys are reached over `http`, see
    /// [`keys_over_plain_http`](Self::keys_over_plain_http).
    ///
    /// ```
    /// # use mcp_auth_core::Issuer;
    /// let keycloak = Issuer::over_plain_http("http://keycloak:8080/realms/main")?;
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// Where `name` is no absolute `http` URL, or has a query or a fragment.
    pub fn over_plain_http(name: impl Into<String>) -> Result<Self, ConfigError> {
        let name = name.into();
        let wrong = |expected: &str| {
            ConfigError::invalid("issuer", &*name, expected, "http://keycloak:8080/realms/main")
        };
        let Some(rest) = name.strip_prefix("http://") else {
            return Err(wrong("must be an absolute http URL; with https use Issuer::new"));
        };
        // By the same rules as with TLS.
        check_issuer_url("issuer", &format!("https://{rest}"), EXAMPLE).map_err(|_| {
            wrong("must be an absolute http URL in its normal form, without a query")
        })?;
        let url = Url::parse(&name).map_err(|_| wrong("must be an absolute http URL"))?;
        let host = HostAndPort::of(&url).ok_or_else(|| wrong("must have a host"))?;
        let loopback = url.host().is_some_and(|host| is_loopback(&host));
        let mut issuer = Self::of(name, loopback);
        issuer.named_over_http = true;
        issuer.plain_http.push(host);
        Ok(issuer)
    }

    /// Allows this issuer's keys and metadata to come over `http` from a host of the application's
    /// own network, by its name and port as they stand in the URL: `keycloak:8080`. Nothing
    /// protects them on the way: whoever controls the network can replace the keys and sign tokens.
    /// The log says so at each start (`keys_over_plain_http`). May be called several times. Default:
    /// `http` is for loopback addresses alone.
    ///
    /// It comes before [`jwks_uri`](Self::jwks_uri) with such a URL. A `jwks_uri` of the issuer's
    /// metadata on this host is fetched as well, whatever address it has. Tokens are sent to no
    /// userinfo endpoint over `http` because of it.
    ///
    /// ```
    /// # use mcp_auth_core::Issuer;
    /// let keycloak = Issuer::new("https://sso.example.com/realms/main")?
    ///     .keys_over_plain_http("keycloak.auth.svc:8080")?
    ///     .jwks_uri("http://keycloak.auth.svc:8080/realms/main/protocol/openid-connect/certs")?;
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// Where it is no host with or without a port: a URL, a path, or a pattern.
    pub fn keys_over_plain_http(mut self, host: impl AsRef<str>) -> Result<Self, ConfigError> {
        let host = host.as_ref();
        let Some(parsed) = HostAndPort::parse(host) else {
            return Err(ConfigError::invalid(
                "keys_over_plain_http",
                host,
                "must be one host with its port, as in the URL, without scheme and path",
                "keycloak:8080",
            ));
        };
        if !self.plain_http.contains(&parsed) {
            self.plain_http.push(parsed);
        }
        Ok(self)
    }

    /// Names the key set's URL instead of discovering it. A URL that is named here may be at a
    /// private address; a discovered one on another host than the issuer's may not, unless the
    /// issuer itself is at private addresses.
    ///
    /// # Errors
    /// Where it is no absolute `https` URL. `http` is for loopback addresses, and for hosts that
    /// [`keys_over_plain_http`](Self::keys_over_plain_http) named before.
    pub fn jwks_uri(mut self, uri: impl Into<String>) -> Result<Self, ConfigError> {
        let uri = uri.into();
        if uri.starts_with("file:") {
            let path = uri.strip_prefix("file://").unwrap_or(&uri).to_owned();
            let expected = "must be an absolute https URL; jwks_file(…) reads a file";
            return Err(ConfigError::invalid("JWKS URI", uri, expected, path));
        }
        if !is_web_url(&uri, |url| on_loopback(url) || self.may_be_plain(url)) {
            return Err(ConfigError::invalid(
                "JWKS URI",
                uri,
                "must be an absolute https URL (http is for loopback addresses, and for hosts that \
                 keys_over_plain_http names before)",
                "https://login.example.com/oauth2/jwks",
            ));
        }
        self.jwks = JwksLocation::Uri(uri);
        Ok(self)
    }

    /// Whether it is on the local machine, so that `http` will do.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether a document of this issuer may be fetched from `uri`: `https`, or `http` on a
    /// loopback address where the issuer itself is on one, at a URL that the configuration names, or
    /// on a host that [`keys_over_plain_http`](Self::keys_over_plain_http) names.
    pub fn may_fetch(&self, uri: &str) -> bool {
        is_web_url(uri, |url| {
            (self.loopback && on_loopback(url)) || self.names_url(uri) || self.may_be_plain(url)
        })
    }

    /// Whether the configuration names the host of `uri`, so that it may have any address.
    pub fn names_plain_http_host(&self, uri: &str) -> bool {
        Url::parse(uri).is_ok_and(|url| url.scheme() == "http" && self.may_be_plain(&url))
    }

    /// The hosts, with their ports, from which keys and metadata may come over `http`.
    pub fn plain_http_hosts(&self) -> impl Iterator<Item = String> {
        self.plain_http.iter().map(HostAndPort::to_string)
    }

    /// Whether tokens and credentials may be sent to `uri`, which the configuration names: `https`, or
    /// `http` on a loopback address where the issuer itself is on one.
    pub(super) fn may_get_tokens(&self, uri: &str) -> bool {
        is_web_url(uri, |url| (self.loopback && on_loopback(url)) || self.is_own_plain_host(url))
    }

    /// Whether clients would have to reach it without TLS, or tokens would be sent without TLS, and
    /// the application did not accept that.
    pub(crate) fn is_without_tls(&self) -> bool {
        let introspection = self.introspection.endpoint.as_ref().map(|endpoint| &*endpoint.url);
        let mut gets_tokens = self.userinfo.as_deref().into_iter().chain(introspection);
        (self.name.starts_with("http:") && !self.named_over_http)
            || gets_tokens.any(|uri| !is_web_url(uri, |url| self.is_own_plain_host(url)))
    }

    /// Whether it is the host of an identifier with `http`, which the application accepted.
    fn is_own_plain_host(&self, url: &Url) -> bool {
        self.named_over_http && self.plain_http.first() == HostAndPort::of(url).as_ref()
    }

    /// The same issuer for a resource that others can reach: no document is discovered without TLS
    /// then, even where the issuer is on this machine.
    #[must_use]
    pub fn over_tls_only(mut self) -> Self {
        self.loopback = false;
        self
    }

    fn may_be_plain(&self, url: &Url) -> bool {
        HostAndPort::of(url).is_some_and(|host| self.plain_http.contains(&host))
    }

    /// Whether the configuration has this URL; it was checked then.
    fn names_url(&self, uri: &str) -> bool {
        matches!(&self.jwks, JwksLocation::Uri(named) if named == uri)
            || self.userinfo.as_deref() == Some(uri)
    }
}

/// Whether it is an absolute `https` URL, or an `http` one that `may_be_http`.
fn is_web_url(uri: &str, may_be_http: impl Fn(&Url) -> bool) -> bool {
    match Url::parse(uri) {
        Ok(url) if url.scheme() == "https" => url.has_host(),
        Ok(url) if url.scheme() == "http" => url.has_host() && may_be_http(&url),
        _ => false,
    }
}

fn on_loopback(url: &Url) -> bool {
    url.host().is_some_and(|host| is_loopback(&host))
}

#[cfg(test)]
mod tests;
