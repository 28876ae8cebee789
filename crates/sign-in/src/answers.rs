//! Answers to a browser: pages, redirects and cookies.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use mcp_auth_core::session::ErrorPage;

/// The answer with a page. `link` is where to go on, unless the page says already.
pub(crate) fn page(
    page: ErrorPage,
    link: Option<String>,
    render: impl FnOnce(&ErrorPage) -> Option<String>,
) -> HttpResponse {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::BAD_REQUEST);
    let page = match link {
        Some(url) => page.link("Sign in", url),
        None => page,
    };
    let mut response = HttpResponse::build(status);
    for header in ErrorPage::HEADERS {
        response.insert_header(header);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((header::RETRY_AFTER, "60"));
    }
    response.body(render(&page).unwrap_or_else(|| page.to_html()))
}

/// 303, so that a form is not posted again, with cookies.
pub(crate) fn redirect(to: &str, cookies: impl IntoIterator<Item = String>) -> HttpResponse {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, in_ascii(to)));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response.insert_header((header::REFERRER_POLICY, "no-referrer"));
    with_cookies(response.finish(), cookies)
}

/// A reference as `Location` carries it (RFC 9110 §10.2.2), with other characters percent-encoded.
fn in_ascii(reference: &str) -> String {
    let mut ascii = String::with_capacity(reference.len());
    for byte in reference.bytes() {
        match byte.is_ascii() {
            true => ascii.push(char::from(byte)),
            false => ascii.push_str(&format!("%{byte:02X}")),
        }
    }
    ascii
}

/// Adds `Set-Cookie` headers.
pub(crate) fn with_cookies(
    mut response: HttpResponse,
    cookies: impl IntoIterator<Item = String>,
) -> HttpResponse {
    for cookie in cookies {
        if let Ok(mut value) = HeaderValue::from_str(&cookie) {
            value.set_sensitive(true);
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r38_a_redirect_is_in_ascii() {
        let answer = redirect("/caf\u{e9}?q=a%20b", []);
        assert_eq!(answer.headers().get(header::LOCATION).unwrap(), "/caf%C3%A9?q=a%20b");
    }
}
