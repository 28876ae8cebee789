//! The check that a request with a session comes from the own origin (R39): a browser adds cookies
//! to requests that other sites cause.

use actix_web::{
    dev::RequestHead,
    http::header::{self, HeaderName},
};
use mcp_auth_core::{Rejection, rejection::ForbiddenReason, session::is_same_origin};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Rejects an unsafe method (RFC 9110 §9.2.1) or a WebSocket upgrade that another site has caused.
pub(crate) fn check_same_site(request: &RequestHead, own_origin: &str) -> Result<(), Rejection> {
    if request.method.is_safe() && !is_upgrade(request) {
        return Ok(());
    }
    let values = |name: HeaderName| request.headers().get_all(name).map(|value| value.as_bytes());
    let is_same_site = is_same_origin(values(SEC_FETCH_SITE), values(header::ORIGIN), own_origin);
    match is_same_site {
        true => Ok(()),
        false => Err(ForbiddenReason::CrossSite.into()),
    }
}

fn is_upgrade(request: &RequestHead) -> bool {
    request.headers().contains_key(header::UPGRADE)
}

#[cfg(test)]
mod tests {
    use actix_web::{http::Method, test::TestRequest};

    use super::*;

    const OWN: &str = "https://app.example.com";

    fn passes(method: Method, headers: &[(&str, &str)]) -> bool {
        let mut request = TestRequest::default().method(method);
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        check_same_site(request.to_srv_request().head(), OWN).is_ok()
    }

    #[test]
    fn r39_an_unsafe_method_needs_proof_of_the_own_origin() {
        for (headers, good) in [
            (&[][..], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "")], false),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
            // The newer header counts where it is there.
            (&[("sec-fetch-site", "cross-site"), ("origin", OWN)], false),
            (&[("origin", OWN)], true),
            (&[("origin", "https://app.example.com.evil.example")], false),
            (&[("origin", "http://app.example.com")], false),
            (&[("origin", "null")], false),
            (&[("origin", OWN), ("origin", "https://evil.example")], false),
        ] {
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                assert_eq!(passes(method.clone(), headers), good, "{method} {headers:?}");
            }
        }
        assert!(passes(Method::GET, &[]) && passes(Method::HEAD, &[]));
        assert!(!passes(Method::GET, &[("upgrade", "websocket")]));
        assert!(passes(Method::GET, &[("upgrade", "websocket"), ("origin", OWN)]));
    }
}
