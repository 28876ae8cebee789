//! Errors in the form of RFC 6749 §5.2.

use std::borrow::Cow;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use openssl::error::ErrorStack;
use serde_json::json;

use crate::grants::Unusable;

/// An error response in JSON.
#[derive(Debug)]
pub(crate) struct OAuthError {
    pub(crate) code: &'static str,
    pub(crate) description: Cow<'static, str>,
    status: StatusCode,
    challenge: Option<&'static str>,
}

impl OAuthError {
    pub(crate) fn new(code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            description: description.into(),
            status: StatusCode::BAD_REQUEST,
            challenge: None,
        }
    }

    pub(crate) fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(crate) fn invalid_target(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_target", description)
    }

    pub(crate) fn invalid_client(description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            challenge: Some(r#"Basic realm="test authority""#),
            ..Self::new("invalid_client", description)
        }
    }

    /// The members of an error response, as parameters of a redirect (RFC 6749 §4.1.2.1).
    pub(crate) fn parameters(&self) -> Vec<(&str, &str)> {
        vec![("error", self.code), ("error_description", &self.description)]
    }

    /// The rejection of a bearer token (RFC 6750 §3).
    pub(crate) fn bearer(
        status: StatusCode,
        code: &'static str,
        challenge: &'static str,
        description: &'static str,
    ) -> Self {
        Self { status, challenge: Some(challenge), ..Self::new(code, description) }
    }
}

impl From<Unusable> for OAuthError {
    fn from(why: Unusable) -> Self {
        Self::new(
            "invalid_grant",
            match why {
                Unusable::Unknown => "Unknown code or refresh token.",
                Unusable::Expired => "The code or refresh token has expired.",
                Unusable::Reused { .. } => {
                    "The code or refresh token was used before; all that came from it is revoked."
                }
                Unusable::Revoked => "The refresh token was revoked.",
                Unusable::Foreign => "The code or refresh token was issued to another client.",
            },
        )
    }
}

impl From<ErrorStack> for OAuthError {
    fn from(error: ErrorStack) -> Self {
        tracing::error!(%error, "the test authority could not sign");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            ..Self::new("server_error", "Signing failed.")
        }
    }
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.description)
    }
}

impl ResponseError for OAuthError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(challenge) = self.challenge {
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        response.json(json!({ "error": self.code, "error_description": self.description }))
    }
}
