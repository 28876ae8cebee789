//! The document at a client id that is a URL (Client ID Metadata Documents,
//! draft-ietf-oauth-client-id-metadata-document): what the client says its name is.
//!
//! The URL is the client's choice, so the request tells nothing and reaches little: https, public
//! addresses only whatever the issuer's own, no redirect, and few bytes for a short time.

use std::{fmt, time::Duration};

use serde::Deserialize;
use url::Url;

use crate::http::{AllowedAddresses, HttpClient, HttpError, HttpRequest};

/// The largest document.
const MAX_SIZE: usize = 64 * 1024;
/// The longest that fetching one may take.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The longest client id that is fetched, in bytes.
const MAX_URL: usize = 2048;

/// Why a client's metadata document gives no name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentError {
    /// It was not received: the address is not allowed, or there is no complete response in time
    /// and of at most 64 KiB.
    Http(HttpError),
    /// The response has another status than 200. Redirects are not followed.
    Status(u16),
    /// The response is not a JSON object of this kind.
    Malformed,
    /// The `client_id` in the document is not the URL that it was fetched from.
    OtherClient,
}

/// Whether a client id is the URL of a metadata document: https with a path, in normal form, and
/// without user name, password and fragment. A text that two parsers could read as different URLs
/// is none.
pub(super) fn is_document_url(client_id: &str) -> bool {
    client_id.len() <= MAX_URL
        && Url::parse(client_id).is_ok_and(|url| {
            url.as_str() == client_id
                && url.scheme() == "https"
                && url.host_str().is_some_and(|host| !host.is_empty())
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
                && url.path() != "/"
        })
}

/// The `client_name` in the document; `None` where it has none.
pub(super) async fn fetch_name(
    http: &dyn HttpClient,
    client_id: &str,
) -> Result<Option<String>, DocumentError> {
    let request = HttpRequest::get(client_id)
        .header("accept", "application/json")
        .addresses(AllowedAddresses::Public)
        .time_limit(TIME_LIMIT)
        .size_limit(MAX_SIZE);
    let response = http.send(request).await.map_err(DocumentError::Http)?;
    match response.status() {
        200 => read(response.body(), client_id),
        status => Err(DocumentError::Status(status)),
    }
}

fn read(body: &[u8], client_id: &str) -> Result<Option<String>, DocumentError> {
    #[derive(Deserialize)]
    struct Document {
        client_id: String,
        client_name: Option<String>,
    }
    let document: Document = serde_json::from_slice(body).map_err(|_| DocumentError::Malformed)?;
    match document.client_id == client_id {
        true => Ok(document.client_name),
        false => Err(DocumentError::OtherClient),
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::Status(status) => write!(f, "the answer is {status}, and not 200"),
            Self::Malformed => f.write_str("it is no client metadata document"),
            Self::OtherClient => f.write_str("it has the client_id of another client"),
        }
    }
}

impl std::error::Error for DocumentError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_urls_in_normal_form_are_fetched() {
        for url in [
            "https://agent.example.com/client.json",
            "https://agent.example.com:8443/oauth/client?v=1",
            "https://127.0.0.1/client.json",
        ] {
            assert!(is_document_url(url), "{url}");
        }
        let long = format!("https://agent.example.com/{}", "x".repeat(MAX_URL));
        for other in [
            "client_01",
            "",
            "http://agent.example.com/client.json",
            "file:///etc/passwd",
            "https://agent.example.com",
            "https://agent.example.com/",
            "https://ada@agent.example.com/client.json",
            "https://:s3cret@agent.example.com/client.json",
            "https://agent.example.com/client.json#x",
            "https://agent.example.com/a/../client.json",
            "https://agent.example.com\\client.json",
            "https://Agent.example.com/client.json",
            "https://agent.example.com:443/client.json",
            "https://0x7f.1/client.json",
            "https:/agent.example.com/client.json",
            " https://agent.example.com/client.json",
            &long,
        ] {
            assert!(!is_document_url(other), "{other}");
        }
    }

    #[test]
    fn the_document_must_name_the_url_that_it_is_at() {
        let url = "https://a.example/c";
        let name = |body: &str| read(body.as_bytes(), url);
        let named = r#"{"client_id":"https://a.example/c","client_name":"Agent","x":[{}]}"#;
        assert_eq!(name(named), Ok(Some("Agent".into())));
        assert_eq!(name(r#"{"client_id":"https://a.example/c"}"#), Ok(None));
        let other = r#"{"client_id":"https://a.example/c/","client_name":"Agent"}"#;
        assert_eq!(name(other), Err(DocumentError::OtherClient));
        for malformed in [
            "",
            "[]",
            "{}",
            "<html>",
            r#"{"client_id":7}"#,
            r#"{"client_id":"https://a.example/c","client_name":{}}"#,
            r#"{"client_id":"https://evil.example/","client_id":"https://a.example/c"}"#,
        ] {
            assert_eq!(name(malformed), Err(DocumentError::Malformed), "{malformed}");
        }
    }
}
