//! From a rejection to an HTTP answer.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use mcp_auth_core::{Rejection, mcp::MessageError};
use serde_json::{Value, json};

/// Status, challenge, and a small JSON body with the same words.
pub(crate) fn of_rejection(rejection: &Rejection, challenge: Option<&str>) -> HttpResponse {
    let mut response = HttpResponse::build(status(rejection));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(value) = challenge {
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

/// A JSON-RPC error (JSON-RPC 2.0 §5.1) with its HTTP status. The `id` is left out where it is not
/// known ("a JSON-RPC error response that has no `id`", MCP 2026-07-28, "Sending Messages").
pub(crate) fn of_message_error(error: MessageError, id: Option<&Value>) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    match error {
        // RFC 9110 §15.5.16: what would be taken instead.
        MessageError::Encoded => {
            response.insert_header((header::ACCEPT_ENCODING, "identity"));
        }
        // The rest of the body is not waited for.
        MessageError::TooLong | MessageError::TooSlow | MessageError::Incomplete => {
            response.force_close();
        }
        _ => {}
    }
    response.json(json_rpc_error(error.json_rpc_code(), error.description(), id))
}

/// What servers answer whose session it was and is no more.
pub(crate) fn of_foreign_session(rejection: &Rejection) -> HttpResponse {
    HttpResponse::NotFound()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(json_rpc_error(-32001, rejection.description(), None))
}

fn json_rpc_error(code: i32, message: &str, id: Option<&Value>) -> Value {
    let mut answer = json!({ "jsonrpc": "2.0", "error": { "code": code, "message": message } });
    if let Some(id) = id {
        answer["id"] = id.clone();
    }
    answer
}

pub(crate) fn status(rejection: &Rejection) -> StatusCode {
    StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
