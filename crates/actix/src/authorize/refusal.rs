//! A refusal by an extractor, behind the middleware.

use std::{cell::Cell, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use mcp_auth_core::Rejection;

use crate::response;

/// The error of an extractor that refuses. It is the whole answer by itself; the middleware only
/// tells the operator, on the way out.
pub(crate) struct Refusal {
    rejection: Rejection,
    challenge: Option<String>,
    logged: Cell<bool>,
}

impl Refusal {
    pub(crate) fn new(rejection: Rejection, challenge: Option<String>) -> Self {
        Self { rejection, challenge, logged: Cell::new(false) }
    }

    /// The rejection, for whoever asks first: of two middlewares around each other, one tells.
    pub(crate) fn take_unlogged(&self) -> Option<&Rejection> {
        (!self.logged.replace(true)).then_some(&self.rejection)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        response::status(&self.rejection)
    }

    fn error_response(&self) -> HttpResponse {
        response::of_rejection(&self.rejection, self.challenge.as_deref())
    }
}

/// For an application's own log: what a client is told, too.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rejection.description())
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refusal").field(&self.rejection).finish()
    }
}
