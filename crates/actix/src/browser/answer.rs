//! Responses for a browser: the way to sign in, pages, cookies, and what caches may keep.

use actix_web::{
    HttpResponse,
    dev::RequestHead,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
};
use mcp_auth_core::{
    Rejection,
    rejection::TokenError,
    session::{ErrorPage, SetCookie},
};

use super::{
    navigation::{is_navigation, return_to},
    sessions::BrowserSessions,
};

/// The `Set-Cookie` headers that a session leaves for the answer.
pub(crate) type Cookies = Vec<SetCookie>;

/// The answer to a rejected navigation: the way to sign in, or a page. `None` where the request is
/// no navigation, or there is nowhere to sign in.
///
/// Only who has no session, or an expired one, is redirected. Another session that is rejected gets a
/// page with a link: the way to sign in may take the same session and lead straight back.
pub(crate) fn reject_page(
    browser: &BrowserSessions,
    own_origin: &str,
    request: &RequestHead,
    rejection: &Rejection,
) -> Option<HttpResponse> {
    if !is_navigation(request) {
        return None;
    }
    let sign_in = browser.sign_in_url(&return_to(request, own_origin));
    let has_ended = matches!(
        rejection,
        Rejection::MissingCredentials | Rejection::InvalidToken(TokenError::Expired { .. })
    );
    match rejection.status() {
        401 if has_ended => {
            let url = HeaderValue::try_from(sign_in?).ok()?;
            Some(
                HttpResponse::SeeOther()
                    .insert_header((header::LOCATION, url))
                    .insert_header((header::CACHE_CONTROL, "no-store"))
                    .finish(),
            )
        }
        401 => {
            let ended = ErrorPage::new(
                401,
                "Your session has ended",
                "This session cannot be used any more. You can sign in again, unless your access \
                 was withdrawn.",
            );
            Some(page(
                browser,
                match sign_in {
                    Some(url) => ended.link("Sign in", url),
                    None => ended,
                },
            ))
        }
        403 => Some(page(browser, ErrorPage::new(403, "No access", rejection.description()))),
        _ => None,
    }
}

fn page(browser: &BrowserSessions, page: ErrorPage) -> HttpResponse {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::FORBIDDEN);
    let mut response = HttpResponse::build(status);
    for header in ErrorPage::HEADERS {
        response.insert_header(header);
    }
    response.body(browser.error_page(&page).unwrap_or_else(|| page.to_html()))
}

/// Keeps answers to a session out of shared caches, unless the handler has decided itself, and adds
/// the session's cookies.
pub(crate) fn protect_from_caches(cookies: &Cookies, response: &mut HeaderMap) {
    if !response.contains_key(header::CACHE_CONTROL) {
        let private = HeaderValue::from_static("private, no-store");
        response.insert(header::CACHE_CONTROL, private);
    }
    for cookie in cookies {
        if let Ok(mut value) = HeaderValue::from_str(cookie.expose()) {
            value.set_sensitive(true);
            response.append(header::SET_COOKIE, value);
        }
    }
}
