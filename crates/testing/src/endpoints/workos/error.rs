//! Errors in the form of WorkOS's API.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

/// An error response: `message`, and mostly `code`.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    body: Value,
}

impl ApiError {
    /// No API key, or another one. WorkOS sends no code.
    pub(super) fn unauthorized() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, body: json!({ "message": "Unauthorized" }) }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        let body = json!({ "message": message.into(), "code": "invalid_request" });
        Self { status: StatusCode::BAD_REQUEST, body }
    }

    /// There is no `kind` of this id.
    pub(super) fn not_found(kind: &str, id: &str) -> Self {
        let body = json!({
            "message": format!("{kind} not found: '{id}'."),
            "code": "entity_not_found",
            "entity_id": id,
        });
        Self { status: StatusCode::NOT_FOUND, body }
    }

    /// The member or parameter `field` is missing or unusable.
    pub(super) fn invalid(field: &str, message: impl Into<String>) -> Self {
        let body = json!({
            "message": message.into(),
            "code": "unprocessable_entity",
            "errors": [{ "field": field, "code": "invalid" }],
        });
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, body }
    }

    /// The organization that a session is asked for is none of the person's.
    pub(super) fn not_a_member() -> Self {
        let body = json!({
            "message": "The user is not an active member of the organization.",
            "code": "organization_membership_not_found",
        });
        Self { status: StatusCode::BAD_REQUEST, body }
    }

    pub(super) fn too_many_requests() -> Self {
        let body = json!({ "message": "Rate limit exceeded.", "code": "rate_limit_exceeded" });
        Self { status: StatusCode::TOO_MANY_REQUESTS, body }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.body)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.insert_header((header::RETRY_AFTER, "1"));
        }
        response.json(&self.body)
    }
}
