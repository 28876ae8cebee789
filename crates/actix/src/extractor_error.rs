//! The error of an extractor that rejects a request, behind the middleware.

use std::{cell::Cell, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use mcp_auth_core::Rejection;

use crate::response;

/// The error of an extractor that rejects a request. It becomes the whole response; the middleware
/// only logs it.
pub(crate) struct ExtractorError {
    rejection: Rejection,
    challenge: Option<String>,
    logged: Cell<bool>,
}

impl ExtractorError {
    pub(crate) fn new(rejection: Rejection, challenge: Option<String>) -> Self {
        Self { rejection, challenge, logged: Cell::new(false) }
    }

    /// The rejection.
    pub(crate) fn rejection(&self) -> &Rejection {
        &self.rejection
    }

    /// The rejection, at the first call only: of two middlewares around each other, one logs it.
    pub(crate) fn take_unlogged(&self) -> Option<&Rejection> {
        (!self.logged.replace(true)).then_some(&self.rejection)
    }
}

impl ResponseError for ExtractorError {
    fn status_code(&self) -> StatusCode {
        response::status(&self.rejection)
    }

    fn error_response(&self) -> HttpResponse {
        response::of_rejection(&self.rejection, self.challenge.as_deref())
    }
}

/// For an application's own log: the text that the client gets.
impl fmt::Display for ExtractorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rejection.description())
    }
}

impl fmt::Debug for ExtractorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExtractorError").field(&self.rejection).finish()
    }
}
