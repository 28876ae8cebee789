//! Responses for a browser: the way to sign in, pages, cookies, and what caches may keep.

use actix_web::{
    HttpResponse,
    dev::ServiceRequest,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
};
use mcp_auth_core::{Rejection, rejection::TokenError, session::SetCookie};

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
    request: &ServiceRequest,
    rejection: &Rejection,
) -> Option<HttpResponse> {
    if !is_navigation(request.head()) {
        return None;
    }
    let sign_in = browser.sign_in_url(&return_to(request.head(), own_origin));
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
        401 => Some(page(
            StatusCode::UNAUTHORIZED,
            "Your session has ended",
            "This session cannot be used any more. You can sign in again, unless your access was \
             withdrawn.",
            sign_in.as_deref(),
        )),
        403 => Some(page(StatusCode::FORBIDDEN, "No access", rejection.description(), None)),
        _ => None,
    }
}

fn page(status: StatusCode, title: &str, text: &str, sign_in: Option<&str>) -> HttpResponse {
    let link = sign_in.map(|url| format!("<p><a href=\"{}\">Sign in</a></p>", escape(url)));
    let (title, text, link) = (escape(title), escape(text), link.unwrap_or_default());
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .body(format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>\
             <body><main><h1>{title}</h1><p>{text}</p>{link}</main></body></html>\n"
        ))
}

/// For text and attribute values.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
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
