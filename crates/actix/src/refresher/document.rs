//! One request for an issuer's document.

use std::time::Duration;

use mcp_auth_core::{HttpClient, HttpError, HttpRequest, HttpResponse, Issuer, refresh::max_age};

use super::error::FetchError;

const OK: u16 = 200;
/// Makes a request conditional (RFC 9110 §13.1.2).
pub(super) const IF_NONE_MATCH: &str = "if-none-match";
pub(super) const NOT_MODIFIED: u16 = 304;

/// The longest `ETag` that is sent back, in bytes.
const TAG_LIMIT: usize = 256;

/// A server's answer.
pub(super) struct Answer {
    /// The document; `None` where the one that the request named is current (304).
    pub(super) body: Option<Vec<u8>>,
    /// How long it is fresh, where the server says so.
    pub(super) fresh: Option<Duration>,
    /// Its `ETag`, for the next conditional request (RFC 9110 §8.8.3).
    pub(super) tag: Option<Vec<u8>>,
}

impl Answer {
    /// The document: always there, unless the request was conditional.
    pub(super) fn document(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default()
    }

    fn of(response: &HttpResponse) -> Self {
        let fresh = response.header("cache-control");
        let fresh = fresh.and_then(|value| std::str::from_utf8(value).ok()).and_then(max_age);
        let tag = response.header("etag").filter(|tag| tag.len() <= TAG_LIMIT);
        let body = (response.status() == OK).then(|| response.body().to_vec());
        Self { body, fresh, tag: tag.map(<[u8]>::to_vec) }
    }
}

/// Fetches a document by `request`, whose URL the issuer may be asked at. Only 200 is an answer,
/// and 304 where the request is conditional.
pub(super) async fn fetch(
    http: &dyn HttpClient,
    issuer: &Issuer,
    request: HttpRequest,
) -> Result<Answer, FetchError> {
    let uri = request.url().to_owned();
    if !issuer.may_fetch(&uri) {
        return Err(FetchError::Insecure { uri });
    }
    let is_conditional = request.headers().iter().any(|header| header.name() == IF_NONE_MATCH);
    let request = request.header("accept", "application/json");
    let response = match http.send(request).await {
        Ok(response) => response,
        Err(error) => return Err(not_fetched(uri, error)),
    };
    let unchanged = is_conditional && response.status() == NOT_MODIFIED;
    if response.status() != OK && !unchanged {
        return Err(FetchError::Status { uri, status: response.status() });
    }
    Ok(Answer::of(&response))
}

fn not_fetched(uri: String, error: HttpError) -> FetchError {
    match error {
        HttpError::TimedOut(limit) => FetchError::TooSlow { uri, limit },
        HttpError::Body(error) => FetchError::Body { uri, error },
        HttpError::Unreachable(error) | HttpError::InvalidRequest(error) => {
            FetchError::Unreachable { uri, error }
        }
        error => FetchError::Unreachable { uri, error: error.to_string() },
    }
}
