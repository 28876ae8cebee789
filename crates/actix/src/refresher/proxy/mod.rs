//! The way out through an HTTP proxy: where it is, and which hosts are reached without it.
//!
//! | file | what |
//! |---|---|
//! | here | the configuration: a setting, or the usual environment variables |
//! | `exceptions` | hosts that are reached directly, `NO_PROXY` |
//! | `tunnel` | `CONNECT` (RFC 9110 §9.3.6) |
//!
//! Only `https` goes through it: what has `http` is on this machine, or in the own network.

mod exceptions;
mod tunnel;

use std::fmt;

use mcp_auth_core::{ConfigError, Secret};
use url::{Host, Url};

use exceptions::Exceptions;
pub(super) use tunnel::connect;

/// Where the variables are, the first that is set counts: lower case before upper case, as curl has it.
const PROXY_VARIABLES: [&str; 2] = ["https_proxy", "HTTPS_PROXY"];
const EXCEPTION_VARIABLES: [&str; 2] = ["no_proxy", "NO_PROXY"];
const EXAMPLE: &str = "http://proxy.example.com:3128";

/// What the application says of the way out.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProxySettings {
    pub(crate) choice: ProxyChoice,
    /// Hosts that are reached directly; `None`: what the environment says.
    pub(crate) exceptions: Option<Vec<String>>,
}

/// Which proxy is used.
#[derive(Debug, Clone, Default)]
pub(crate) enum ProxyChoice {
    /// The one that the environment names, if any.
    #[default]
    OfEnvironment,
    /// This one, whatever the environment says.
    Url(Secret),
    /// None, whatever the environment says.
    Direct,
}

/// A proxy, and what is reached without it.
pub(crate) struct Proxy {
    /// As it is looked up: IPv6 without brackets.
    host: Box<str>,
    port: u16,
    /// The value of `Proxy-Authorization` (RFC 9110 §11.7.1).
    authorization: Option<Secret>,
    exceptions: Exceptions,
    /// What named it: a setting, or a variable.
    source: &'static str,
}

impl ProxySettings {
    /// The proxy, if there is one. `var` reads the environment.
    ///
    /// # Errors
    /// Where what names it is no URL of an HTTP proxy, or an exception is none.
    pub(crate) fn proxy(
        &self,
        var: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Proxy>, ConfigError> {
        let first = |names: [&'static str; 2]| {
            let set = |name| Some((name, var(name).filter(|value| !value.trim().is_empty())?));
            names.into_iter().find_map(set)
        };
        let (source, url) = match &self.choice {
            ProxyChoice::Direct => return Ok(None),
            ProxyChoice::Url(url) => ("proxy", url.expose().to_owned()),
            ProxyChoice::OfEnvironment => match first(PROXY_VARIABLES) {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let exceptions = match &self.exceptions {
            Some(listed) => Exceptions::of_setting(listed)?,
            None => Exceptions::of_environment(
                &first(EXCEPTION_VARIABLES).map(|(_, list)| list).unwrap_or_default(),
            ),
        };
        Proxy::parse(source, url.trim(), exceptions).map(Some)
    }
}

impl Proxy {
    /// Reads `http://host:port`, with or without scheme, user name and password.
    fn parse(
        source: &'static str,
        text: &str,
        exceptions: Exceptions,
    ) -> Result<Self, ConfigError> {
        // What is shown has no password: whatever stands before the last `@` may be one.
        let shown = match text.rsplit_once('@') {
            Some((_, rest)) => format!("…@{rest}"),
            None => text.to_owned(),
        };
        let wrong = |expected: &str| ConfigError::invalid(source, &*shown, expected, EXAMPLE);
        let with_scheme = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let url =
            Url::parse(&with_scheme).map_err(|_| wrong("must be the URL of an HTTP proxy"))?;
        if url.scheme() != "http" {
            return Err(wrong(
                "must be a proxy that is spoken to by http, neither https nor SOCKS",
            ));
        }
        let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let (Some(host), Some(port), true) = (url.host(), url.port_or_known_default(), is_plain)
        else {
            return Err(wrong("must be a host and a port, without a path"));
        };
        let host = match host {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let has_user = !url.username().is_empty() || url.password().is_some();
        let authorization = has_user.then(|| basic(&url));
        Ok(Self { host: host.into(), port, authorization, exceptions, source })
    }

    /// Whether a host is reached through the proxy: not this machine, and no exception.
    pub(super) fn serves(&self, host: &str, port: u16) -> bool {
        let Ok(host) = Host::parse(host) else { return true };
        let is_loopback = match &host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => {
                address.is_loopback()
                    || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
            }
        };
        !is_loopback && !self.exceptions.contain(&host, port)
    }

    /// The host to look up, and the port.
    pub(super) fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// What named it.
    pub(crate) fn source(&self) -> &'static str {
        self.source
    }
}

/// The user name and password as `Proxy-Authorization` has them (RFC 7617 §2).
fn basic(url: &Url) -> Secret {
    let mut pair = decoded(url.username());
    pair.push(b':');
    pair.extend(decoded(url.password().unwrap_or_default()));
    Secret::new(format!("Basic {}", openssl::base64::encode_block(&pair)))
}

/// Percent-decoding (RFC 3986 §2.1).
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                rest = &rest[3..];
            }
            None => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Host and port, without credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests;
