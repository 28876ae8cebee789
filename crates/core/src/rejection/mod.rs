//! Rejections: each reason with its status, its RFC 6750 code, a fixed description for the client,
//! and a line for the operator's log.
//!
//! | module | content |
//! |---|---|
//! | `reasons` | [`Rejection`] and the reasons, as types |
//! | `message_error` | [`MessageError`], the reasons to reject an MCP message |
//! | `table` | one row per reason: name, status, error code, texts for the client and the log |
//! | `names` | the names in the table, each once |
//! | `log_message` | the log texts that contain data, and how foreign text is escaped |

mod log_message;
mod message_error;
mod names;
mod reasons;
mod table;
#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

pub use log_message::OneLine;
pub use message_error::MessageError;
pub use reasons::{ForbiddenReason, Rejection, RequestError, TokenError, UnavailableReason};

impl Rejection {
    /// Every name that [`reason`](Self::reason) returns, each once.
    pub const REASONS: &'static [&'static str] = names::REASONS;

    /// Those among [`REASONS`](Self::REASONS) that are outages: 503, and not a bad token.
    pub const OUTAGES: &'static [&'static str] = names::OUTAGES;

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.row().status
    }

    /// The error code of RFC 6750 §3.1; `None` where a challenge must not or need not have one.
    pub fn error_code(&self) -> Option<&'static str> {
        self.row().error_code
    }

    /// The description that the client gets: fixed text, nothing from the request in it.
    pub fn description(&self) -> &'static str {
        self.row().description
    }

    /// After what time trying again makes sense: for outages only, in whole seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(_) => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// A stable name for logs and metrics, such as `foreign_audience`: one of
    /// [`REASONS`](Self::REASONS).
    pub fn reason(&self) -> &'static str {
        self.row().name
    }
}

impl MessageError {
    /// The HTTP status.
    pub fn status(self) -> u16 {
        Rejection::from(self).status()
    }

    /// The description that the client gets: fixed text, nothing from the request in it.
    pub fn description(self) -> &'static str {
        Rejection::from(self).description()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_log_text(f)
    }
}

impl std::error::Error for Rejection {}

impl std::error::Error for MessageError {}

/// For the operator's log, as [`Rejection`]'s.
impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Rejection::from(*self).fmt(f)
    }
}

/// For the operator's log, as [`Rejection`]'s.
impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Rejection::from(self.clone()).fmt(f)
    }
}

/// For the operator's log, as [`Rejection`]'s.
impl fmt::Display for ForbiddenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Rejection::from(self.clone()).fmt(f)
    }
}

/// For the operator's log, as [`Rejection`]'s.
impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Rejection::from(*self).fmt(f)
    }
}

/// For the operator's log, as [`Rejection`]'s.
impl fmt::Display for UnavailableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Rejection::from(self.clone()).fmt(f)
    }
}
