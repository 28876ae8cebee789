//! Comparing where two URLs point, as the HTTP client reads them: a URL that two parsers read
//! differently must not pass here as one host and be connected to as another.

use awc::http::Uri;

/// The host of a URL, as it stands there.
pub(super) fn host(url: &str) -> Option<String> {
    url.parse::<Uri>().ok()?.host().map(str::to_owned)
}

/// Whether two URLs have the same host, on whatever port.
pub(super) fn same_host(one: &str, other: &str) -> bool {
    match (host(one), host(other)) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(&other),
        _ => false,
    }
}

/// Whether two URLs have the same origin: scheme, host and port (RFC 6454 §4).
pub(crate) fn same_origin(one: &str, other: &str) -> bool {
    same_host(one, other)
        && match (scheme_and_port(one), scheme_and_port(other)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
}

fn scheme_and_port(url: &str) -> Option<(String, u16)> {
    let uri = url.parse::<Uri>().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let port = match (uri.port_u16(), &*scheme) {
        (Some(port), _) => port,
        (None, "https") => 443,
        (None, "http") => 80,
        (None, _) => return None,
    };
    Some((scheme, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r27_an_origin_is_scheme_host_and_port() {
        let issuer = "https://idp.example.com/realms/main";
        for own in [
            "https://idp.example.com/userinfo",
            "https://IDP.example.com:443/userinfo?x=1",
            "https://idp.example.com",
        ] {
            assert!(same_origin(issuer, own) && same_host(issuer, own), "{own}");
        }
        for other in ["https://idp.example.com:8443/userinfo", "http://idp.example.com/userinfo"] {
            assert!(!same_origin(issuer, other) && same_host(issuer, other), "{other}");
        }
        for other in [
            "",
            "/userinfo",
            "https://idp.example.com.evil.example/userinfo",
            "https://idp.example.com@evil.example/userinfo",
            "https://idp.example.com:443@evil.example/userinfo",
            "https://evil.example/idp.example.com",
            "https://idp.example.com\\@evil.example/",
            "https://idp.example.com./userinfo",
            "https://idp.example.com%2eevil.example/",
        ] {
            assert!(!same_origin(issuer, other) && !same_host(issuer, other), "{other}");
        }
    }
}
