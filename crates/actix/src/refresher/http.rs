//! One request for a document, within limits: time, size, no redirects, no decompression.

use std::time::Duration;

use actix_web::http::{
    StatusCode,
    header::{self, HeaderValue},
};
use awc::{Client, ClientRequest, Connector};
use mcp_auth_core::{Issuer, Secret, refresh::max_age};
use openssl::ssl::SslConnector;
use tokio::time::timeout;

use super::{error::FetchError, network::Dialer};

/// The longest that a whole fetch may take: connecting, header and body.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long a connection is kept for the next request: long enough for metadata and then keys, and
/// for many newcomers at once.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// The client's name and version (RFC 9110 §10.1.5). Web application firewalls in front of issuers
/// reject requests without one.
const USER_AGENT: &str = concat!("actix-mcp-auth/", env!("CARGO_PKG_VERSION"));
/// The largest document that is read, in bytes.
pub(super) const SIZE_LIMIT: usize = 64 * 1024;
/// The longest `ETag` that is sent back, in bytes.
const TAG_LIMIT: usize = 256;

/// A server's answer.
pub(super) struct Answer {
    /// The document; `None` where the one that the request named is current (304).
    pub(super) body: Option<Vec<u8>>,
    /// How long it is fresh, where the server says so.
    pub(super) fresh: Option<Duration>,
    /// Its `ETag`, for the next conditional request (RFC 9110 §8.8.3).
    pub(super) tag: Option<HeaderValue>,
}

impl Answer {
    /// The document: always there, unless the request was conditional.
    pub(super) fn document(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default()
    }
}

/// A client that connects by `dialer`, and trusts the system's certificate authorities, or what
/// `tls` trusts.
///
/// A connection that was not used for `KEEP_ALIVE` is not used again. With HTTP/2 awc keeps
/// connections whatever becomes of the requests on them: one that has died without a sign would be
/// used again for each attempt, for over a minute. An attempt that hung took longer than this, so
/// that the next one opens a new connection.
///
/// awc's bound on connections is off: it is one for all hosts, so that a slow issuer's could keep
/// another issuer's requests waiting. The callers bound how many requests there are per issuer.
pub(super) fn client(tls: Option<&SslConnector>, dialer: Dialer) -> Client {
    let connector = Connector::new().connector(dialer).conn_keep_alive(KEEP_ALIVE).limit(0);
    let client = Client::builder().disable_redirects();
    match tls {
        None => client.connector(connector).finish(),
        Some(tls) => client.connector(connector.openssl(tls.clone())).finish(),
    }
}

/// A header that HTTP libraries do not log and do not put into the HPACK table (RFC 7541 §7.1.3).
pub(super) fn sensitive(bearer: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", bearer.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Sends a request, within the limits of time and size.
pub(super) async fn bounded(
    issuer: &Issuer,
    uri: &str,
    request: impl FnOnce() -> ClientRequest,
) -> Result<Answer, FetchError> {
    if !issuer.may_fetch(uri) {
        return Err(FetchError::Insecure { uri: uri.to_owned() });
    }
    let answer = ask(uri, request());
    timeout(TIME_LIMIT, answer).await.map_err(|_| FetchError::TooSlow { uri: uri.to_owned() })?
}

async fn ask(uri: &str, request: ClientRequest) -> Result<Answer, FetchError> {
    let at = || uri.to_owned();
    let asks_for_news = request.headers().contains_key(header::IF_NONE_MATCH);
    let mut answer = request
        .insert_header((header::ACCEPT, "application/json"))
        .insert_header((header::USER_AGENT, USER_AGENT))
        // Another crate of the application may have switched on awc's decompression, and a small
        // answer may decompress to any size.
        .insert_header((header::ACCEPT_ENCODING, "identity"))
        .no_decompress()
        .timeout(TIME_LIMIT)
        // `send` says `Content-Length: 0`, which a GET does not need (RFC 9110 §8.6).
        .send_body(actix_web::body::None::new())
        .await
        .map_err(|error| FetchError::Unreachable { uri: at(), error: error.to_string() })?;
    let unchanged = asks_for_news && answer.status() == StatusCode::NOT_MODIFIED;
    if answer.status() != StatusCode::OK && !unchanged {
        return Err(FetchError::Status { uri: at(), status: answer.status() });
    }
    let headers = answer.headers();
    let fresh =
        headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).and_then(max_age);
    let tag = headers.get(header::ETAG).filter(|tag| tag.len() <= TAG_LIMIT).cloned();
    let body = match unchanged {
        true => None,
        false => {
            let body = answer.body().limit(SIZE_LIMIT).await;
            let unread = |error| FetchError::Body { uri: at(), error };
            Some(body.map_err(|error| unread(error.to_string()))?.to_vec())
        }
    };
    Ok(Answer { body, fresh, tag })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r09_what_is_sent_to_an_issuer_shows_in_no_library_s_log() {
        let value = sensitive(&Secret::new("sk_live")).unwrap();
        assert!(value.is_sensitive());
        assert!(!format!("{value:?}").contains("sk_live"));
        assert!(sensitive(&Secret::new("a\nb")).is_none());
    }
}
