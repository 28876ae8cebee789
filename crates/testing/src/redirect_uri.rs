//! Which redirect URIs a client may have, and which of them a request means.

use url::{Host, Url};

use crate::redirect_scheme;

/// https anywhere, http on loopback, or an application's own scheme; absolute and without
/// fragment (RFC 6749 §3.1.2, RFC 8252 §7).
pub(crate) fn validate(uri: &str) -> Result<(), &'static str> {
    if !uri.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("a redirect URI has printable ASCII characters only");
    }
    let url = Url::parse(uri).map_err(|_| "a redirect URI must be absolute")?;
    if url.fragment().is_some() {
        return Err("a redirect URI must not have a fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a redirect URI must not contain user information");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err("an http redirect URI must point to loopback; use https"),
        _ if redirect_scheme::is_private_use(&url) => Ok(()),
        _ => Err("a redirect URI must be https, http on loopback, or have a scheme of the \
             application's own, followed by a slash, such as com.example.app:/callback"),
    }
}

/// Byte for byte equal; on loopback the port alone may differ (RFC 8252 §7.3).
pub(crate) fn matches(registered: &str, requested: &str) -> bool {
    registered == requested || matches_on_loopback(registered, requested).unwrap_or(false)
}

/// `uri` with response parameters appended, the rest kept byte for byte.
pub(crate) fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let query =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = match uri.find('?') {
        None => "?",
        Some(at) if at + 1 == uri.len() || uri.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{separator}{query}")
}

/// Whether a URL's host is this machine, by address or as `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

fn matches_on_loopback(registered: &str, requested: &str) -> Option<bool> {
    validate(requested).ok()?;
    let mut registered = Url::parse(registered).ok()?;
    let mut requested = Url::parse(requested).ok()?;
    if registered.scheme() != "http" || !is_loopback(&registered) {
        return Some(false);
    }
    registered.set_port(None).ok()?;
    requested.set_port(None).ok()?;
    Some(registered == requested)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_uri_may_vary() {
        let registered = "http://127.0.0.1:3334/callback?a=1";
        assert!(matches(registered, registered));
        assert!(matches(registered, "http://127.0.0.1:51234/callback?a=1"));
        assert!(matches(registered, "http://127.0.0.1/callback?a=1"));
        for other in [
            "http://localhost:3334/callback?a=1",
            "http://127.0.0.1:3334/callback",
            "http://127.0.0.1:3334/callback/?a=1",
            "https://127.0.0.1:3334/callback?a=1",
            "http://127.0.0.1:3334@evil.example/callback?a=1",
            "http://user@127.0.0.1:3334/callback?a=1",
            "http://127.0.0.1:3334/callback?a=1#f",
        ] {
            assert!(!matches(registered, other), "{other}");
        }
        assert!(!matches("https://app.example.com/cb", "https://app.example.com:8443/cb"));
        assert!(!matches("https://app.example.com/cb", "https://APP.example.com/cb"));
    }

    #[test]
    fn redirect_uris_are_https_loopback_or_an_applications_scheme() {
        for good in [
            "https://app.example.com/cb",
            "http://127.0.0.1:1/cb",
            "http://[::1]:1/cb",
            "http://localhost/cb",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "com.example.app:/cb",
        ] {
            assert_eq!(validate(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "http://app.example.com/cb",
            "https://app.example.com/cb#f",
            "https://u:p@app.example.com/cb",
            "javascript:alert(1)",
            "JavaScript://%0aalert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "ms-msdt:/id",
            "intent://scan/",
            "wss://app.example.com/cb",
            "about:blank",
            "https://app.example.com/\r\nx",
        ] {
            assert!(validate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parameters_are_appended_and_escaped() {
        assert_eq!(
            with_parameters("https://h/cb", &[("code", "a b&c")]),
            "https://h/cb?code=a+b%26c"
        );
        assert_eq!(
            with_parameters("https://h/cb?x=1", &[("code", "c")]),
            "https://h/cb?x=1&code=c"
        );
        assert_eq!(with_parameters("https://h/cb?", &[("code", "c")]), "https://h/cb?code=c");
    }
}
