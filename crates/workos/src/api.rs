//! Requests to WorkOS's API.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use actix_web::http::header::HttpDate;
use mcp_auth_core::{
    HttpClient, HttpError, HttpRequest, HttpResponse, Secret, UnixTime, http::HttpMethod,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

/// The largest answer that is read: a page of 100 events.
const MAX_ANSWER: usize = 4 << 20;
/// The most entries of one page that WorkOS gives.
pub(crate) const PAGE: usize = 100;

/// WorkOS's API with an API key.
#[derive(Clone)]
pub(crate) struct Api {
    http: Arc<dyn HttpClient>,
    url: Box<str>,
    key: Secret,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    #[serde(default)]
    list_metadata: ListMetadata,
}

#[derive(Debug, Default, Deserialize)]
struct ListMetadata {
    after: Option<String>,
}

impl<T> Page<T> {
    /// Where the next page begins; `None` at the end.
    pub(crate) fn after(&self) -> Option<&str> {
        self.list_metadata.after.as_deref()
    }
}

/// Why WorkOS's API gave no answer that could be used. It shows no key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiError {
    /// The API key is not accepted (401, 403).
    KeyRefused,
    /// Too many requests (429).
    TooManyRequests {
        /// How long WorkOS asks to wait.
        retry_after: Option<Duration>,
    },
    /// Another status.
    Status {
        /// The status.
        status: u16,
        /// WorkOS's own code of the error, if it gave one.
        code: Option<String>,
    },
    /// The answer is not the document that was expected.
    Unexpected {
        /// The path of the request.
        path: String,
    },
    /// No answer came.
    Http(HttpError),
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyRefused => f.write_str("WorkOS does not accept the API key"),
            Self::TooManyRequests { .. } => f.write_str("WorkOS asks to send fewer requests (429)"),
            Self::Status { status, code: Some(code) } => {
                write!(f, "WorkOS answered {status} ({})", code.escape_default())
            }
            Self::Status { status, code: None } => write!(f, "WorkOS answered {status}"),
            Self::Unexpected { path } => {
                write!(f, "WorkOS's answer to {path} is not the document that was expected")
            }
            Self::Http(error) => write!(f, "WorkOS's API does not answer: {error}"),
        }
    }
}

/// As `Display`: it is what a `main` that returns this error prints.
impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ApiError {}

impl Api {
    pub(crate) fn new(http: Arc<dyn HttpClient>, url: &str, key: Secret) -> Self {
        Self { http, url: url.into(), key }
    }

    /// One page of a list.
    pub(crate) async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Page<T>, ApiError> {
        self.send(HttpMethod::Get, path, parameters, None).await
    }

    /// All entries of a list, of which there are few.
    pub(crate) async fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, ApiError> {
        const MAX_PAGES: usize = 50;
        let (mut all, mut after) = (Vec::new(), None::<String>);
        let limit = PAGE.to_string();
        for _ in 0..MAX_PAGES {
            let mut parameters = vec![("limit", &*limit)];
            parameters.extend(after.as_deref().map(|after| ("after", after)));
            let page: Page<T> = self.page(path, &parameters).await?;
            after = page.after().map(str::to_owned);
            all.extend(page.data);
            if after.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// Creates something.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Value, ApiError> {
        self.send(HttpMethod::Post, path, &[], Some(body)).await
    }

    /// Deletes something, which may be gone already. The time of the answer is by WorkOS's clock;
    /// `None` where the answer tells none.
    pub(crate) async fn delete(&self, path: &str) -> Result<Deleted, ApiError> {
        let answer = self.exchange(HttpMethod::Delete, path, &[], None).await?;
        match answer.status() {
            200..300 | 404 => Ok(Deleted { at: date(&answer), was_there: answer.status() != 404 }),
            _ => Err(refused(&answer)),
        }
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: HttpMethod,
        path: &str,
        parameters: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<T, ApiError> {
        let answer = self.exchange(method, path, parameters, body).await?;
        match answer.status() {
            200..300 => serde_json::from_slice(answer.body())
                .map_err(|_| ApiError::Unexpected { path: path.to_owned() }),
            _ => Err(refused(&answer)),
        }
    }

    async fn exchange(
        &self,
        method: HttpMethod,
        path: &str,
        parameters: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<HttpResponse, ApiError> {
        let unexpected = || ApiError::Unexpected { path: path.to_owned() };
        let mut url = Url::parse(&format!("{}{path}", self.url)).map_err(|_| unexpected())?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        let mut request = HttpRequest::new(method, url.as_str())
            .bearer(&self.key)
            .header("accept", "application/json")
            .size_limit(MAX_ANSWER)
            .reading_error_bodies();
        if let Some(body) = body {
            request = request.body("application/json", body.to_string());
        }
        self.http.send(request).await.map_err(ApiError::Http)
    }
}

/// What became of a deletion.
#[derive(Debug)]
pub(crate) struct Deleted {
    /// When, by WorkOS's clock.
    pub(crate) at: Option<UnixTime>,
    /// Whether there was anything to delete.
    pub(crate) was_there: bool,
}

/// The `Date` of an answer (RFC 9110 §6.6.1).
fn date(answer: &HttpResponse) -> Option<UnixTime> {
    let text = std::str::from_utf8(answer.header("date")?).ok()?;
    let time = SystemTime::from(text.parse::<HttpDate>().ok()?);
    Some(UnixTime::since_epoch(time.duration_since(SystemTime::UNIX_EPOCH).ok()?))
}

fn refused(answer: &HttpResponse) -> ApiError {
    #[derive(Deserialize)]
    struct ErrorBody {
        code: Option<String>,
    }
    match answer.status() {
        401 | 403 => ApiError::KeyRefused,
        429 => {
            let seconds = answer
                .header("retry-after")
                .and_then(|text| std::str::from_utf8(text).ok()?.trim().parse::<u64>().ok());
            ApiError::TooManyRequests { retry_after: seconds.map(Duration::from_secs) }
        }
        status => {
            let body: Option<ErrorBody> = serde_json::from_slice(answer.body()).ok();
            ApiError::Status { status, code: body.and_then(|body| body.code) }
        }
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("url", &self.url).finish_non_exhaustive()
    }
}
