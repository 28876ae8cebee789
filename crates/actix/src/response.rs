//! From a rejection to an HTTP answer.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use mcp_auth_core::{Challenge, Rejection};
use serde_json::json;

/// Status, challenge, and a small JSON body with the same words.
pub(crate) fn of_rejection(rejection: &Rejection, challenge: &Challenge) -> HttpResponse {
    let status =
        StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(value) = challenge.for_rejection(rejection) {
        response.insert_header((header::WWW_AUTHENTICATE, value));
    }
    if let Some(after) = rejection.retry_after() {
        response.insert_header((header::RETRY_AFTER, after.as_secs()));
    }
    let mut body = json!({ "error_description": rejection.description() });
    if let Some(code) = rejection.error_code() {
        body["error"] = code.into();
    }
    response.json(body)
}
