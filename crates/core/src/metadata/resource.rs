//! The protected resource's own name (RFC 9728 §1.2, RFC 8707 §2).

use std::{fmt, net::IpAddr, sync::Arc};

use url::{Host, Url};

use crate::config::ConfigError;

mod below;
mod warnings;
mod well_known;

pub use well_known::{AUTHORIZATION_SERVER_ROOT, METADATA_ROOT, WellKnownPaths};

/// The resource identifier, kept byte for byte as it was configured.
///
/// The same bytes stand in the metadata document, in the challenge's URL and in the audience
/// check (R3): nothing ever adds a trailing slash, since clients compare to the letter.
///
/// ```
/// # use mcp_auth_core as actix_mcp_auth;
/// use actix_mcp_auth::Resource;
///
/// let resource = Resource::parse("https://app.example.com/mcp").unwrap();
/// assert_eq!(
///     resource.metadata_url(),
///     "https://app.example.com/.well-known/oauth-protected-resource/mcp"
/// );
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Resource {
    text: Arc<str>,
    origin_len: usize,
    loopback: bool,
}

const SETTING: &str = "resource";
const EXAMPLE: &str = "https://app.example.com/mcp";

impl Resource {
    /// Takes the resource's public URL.
    ///
    /// # Errors
    /// Where it is not absolute, not `https` (`http` is for loopback addresses alone), has a
    /// fragment, a query, credentials or white space, or is not in its normal form: another
    /// spelling of the same URL is another resource to clients.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let wrong = |expected: &str| ConfigError::invalid(SETTING, text, expected, EXAMPLE);
        if text.contains('#') {
            return Err(wrong("must not have a fragment (`#…`)"));
        }
        if text.contains('?') {
            return Err(wrong("must not have a query (`?…`)"));
        }
        if text.contains(['%', '*']) {
            return Err(wrong(
                "must not have `%` or `*` in it: routes are matched by their plain text",
            ));
        }
        let (url, loopback) = parse_web_url(text).map_err(|expected| wrong(&expected))?;
        let path_len = match url.path() {
            "/" if !text.ends_with('/') => 0,
            path => path.len(),
        };
        Ok(Self { text: text.into(), origin_len: text.len() - path_len, loopback })
    }

    /// The identifier, byte for byte.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port: `https://app.example.com`.
    pub fn origin(&self) -> &str {
        &self.text[..self.origin_len]
    }

    /// Host and port, as they stand in a request's `Host`: `app.example.com`, `127.0.0.1:8787`.
    pub fn authority(&self) -> &str {
        self.origin().split_once("://").map_or("", |(_, authority)| authority)
    }

    /// What follows the origin: `/mcp`, or nothing.
    pub fn path(&self) -> &str {
        &self.text[self.origin_len..]
    }

    /// Whether the host is the local machine (`127.0.0.0/8`, `[::1]`, `localhost`): a server in
    /// development, for which `http` will do.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl TryFrom<&str> for Resource {
    type Error = ConfigError;

    fn try_from(text: &str) -> Result<Self, ConfigError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Resource {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        Self::parse(&text)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource({})", self.text)
    }
}

/// Parses an absolute URL that is already in its normal form and secure enough to be trusted, and
/// tells whether it is on the local machine. The error completes "…, but it …".
pub(crate) fn parse_web_url(text: &str) -> Result<(Url, bool), String> {
    let Ok(url) = Url::parse(text) else {
        return Err("must be an absolute URL".into());
    };
    let Some(host) = url.host() else {
        return Err("must be an absolute URL with a host".into());
    };
    let loopback = is_loopback(&host);
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err("must use https (http is for loopback addresses alone)".into()),
        _ => return Err("must be an https URL".into()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not have a user name or password".into());
    }
    let normal = url.as_str();
    if text != normal && Some(text) != normal.strip_suffix('/') {
        return Err(format!("must be written in its normal form, {normal:?}"));
    }
    // Browsers' URLs have a few more, among them the quote, which no challenge could carry.
    if !text.bytes().all(is_uri_character) {
        return Err("must have no characters but those of RFC 3986".into());
    }
    Ok((url, loopback))
}

/// RFC 3986 §2: reserved, unreserved, and `%`.
fn is_uri_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::V4(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(text: &str) -> Resource {
        Resource::parse(text).unwrap()
    }

    #[test]
    fn r03_the_identifier_keeps_its_bytes() {
        for text in
            ["https://h", "https://h/", "https://h/mcp", "https://h/mcp/", "http://[::1]:1/a"]
        {
            assert_eq!(resource(text).as_str(), text);
            assert_eq!(resource(text).to_string(), text);
        }
    }

    #[test]
    fn r03_what_is_no_resource_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "absolute URL"),
            ("app.example.com/mcp", "absolute URL"),
            ("/mcp", "absolute URL"),
            ("http://app.example.com/mcp", "must use https"),
            ("ftp://app.example.com/mcp", "https URL"),
            ("https://h/mcp#x", "fragment"),
            ("https://h/mcp?x=1", "query"),
            ("https://u:p@h/mcp", "user name"),
            ("https://u@h/mcp", "user name"),
            ("https://:p@h/mcp", "user name"),
            ("https://H/mcp", "\"https://h/mcp\""),
            ("https://h:443/mcp", "\"https://h/mcp\""),
            ("https://h/a/../mcp", "\"https://h/mcp\""),
            ("https://h/mcp ", "normal form"),
            ("https://h/{mcp}", "normal form"),
            ("https://h/caf%C3%A9", "`%`"),
            ("https://h/mcp*", "`*`"),
            ("https://h\"/mcp", "RFC 3986"),
            ("https://h`/mcp", "RFC 3986"),
            ("https://h/a|b", "RFC 3986"),
        ] {
            let error = Resource::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }

    #[test]
    fn origin_and_path_split_without_changing_a_byte() {
        for (text, origin, path) in [
            ("https://h", "https://h", ""),
            ("https://h/", "https://h", "/"),
            ("http://127.0.0.1:8787/mcp", "http://127.0.0.1:8787", "/mcp"),
        ] {
            assert_eq!((resource(text).origin(), resource(text).path()), (origin, path));
            assert!(origin.ends_with(&format!("//{}", resource(text).authority())));
        }
    }

    #[test]
    fn loopback_is_recognised_by_address_and_not_by_likeness() {
        for text in ["http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]/", "http://localhost/"]
        {
            assert!(resource(text).is_loopback(), "{text}");
        }
        for text in
            ["http://localhost.example.com/", "http://127.0.0.1.nip.io/", "http://10.0.0.1/"]
        {
            assert!(Resource::parse(text).is_err(), "{text}");
        }
    }
}
