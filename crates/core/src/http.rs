//! HTTP requests to other servers, behind a trait: core decides what to ask and reads the answer,
//! crates/actix opens the connection.
//!
//! One client serves everything outbound, so that the limits of time and size, the rule for private
//! addresses, the certificate authorities and the `User-Agent` are the same everywhere.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use crate::secret::{Redacted, Secret};

/// Sends requests to other servers.
///
/// The client never follows a redirect: the response with status 3xx is returned. It identifies
/// itself with a `User-Agent` (RFC 9110 §10.1.5), and verifies the server's certificate where the
/// URL is `https`. Whether `http` is allowed for a URL is for the caller to check
/// ([`Issuer::may_fetch`](crate::Issuer::may_fetch)).
///
/// Dropping the future ends the request.
#[async_trait]
pub trait HttpClient: fmt::Debug + Send + Sync + 'static {
    /// Sends the request and reads the response, within the request's limits.
    ///
    /// # Errors
    /// [`HttpError`]: there is no response, or none that may be used. A response with an error
    /// status is no error here.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}

/// A request's method (RFC 9110 §9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpMethod {
    /// Reads a resource.
    Get,
    /// Sends a body to be processed.
    Post,
    /// Replaces a resource.
    Put,
    /// Removes a resource.
    Delete,
}

/// Which addresses a request may connect to. The client checks the addresses that it connects to,
/// so that a name which resolves differently the second time gains nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AllowedAddresses {
    /// Any address: for URLs that the configuration names, and those on an issuer's own host.
    #[default]
    Any,
    /// Public addresses only: for URLs that a document of this host names. Where the host itself
    /// has private addresses only, any address is allowed: the host and what it names are then in
    /// one private network.
    PublicUnlessPrivate {
        /// The host that named the URL.
        named_by: Box<str>,
    },
    /// Public addresses only, in whatever network this machine or an issuer is: for URLs that a
    /// client chose.
    Public,
}

/// A request to another server. `Debug` shows neither the values of headers, nor the query, nor
/// the body: they can be credentials.
#[derive(Clone)]
pub struct HttpRequest {
    method: HttpMethod,
    url: Box<str>,
    headers: Vec<HttpHeader>,
    body: Option<Vec<u8>>,
    addresses: AllowedAddresses,
    time_limit: Duration,
    size_limit: usize,
    reads_error_bodies: bool,
}

/// A header of a request.
#[derive(Clone)]
pub struct HttpHeader {
    name: &'static str,
    value: Vec<u8>,
    is_secret: bool,
}

/// What a server answered. `Debug` shows neither the values of headers nor the body.
#[derive(Clone)]
pub struct HttpResponse {
    status: u16,
    headers: Vec<(Box<str>, Vec<u8>)>,
    body: Vec<u8>,
}

/// Why a request has no usable response. The texts are for the log, and contain no credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// The URL or a header cannot be sent.
    InvalidRequest(String),
    /// No complete response came within the request's time limit.
    TimedOut(Duration),
    /// The server cannot be connected to, its certificate is not trusted, its address is not
    /// allowed, or it does not speak HTTP.
    Unreachable(String),
    /// The response's body broke off, or is larger than the request's size limit.
    Body(String),
    /// Too many requests are in flight.
    TooManyRequests,
    /// The client was shut down, or the request was interrupted.
    Closed,
}

impl HttpMethod {
    /// As it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

impl HttpRequest {
    /// The default time limit: connecting, sending, headers and body of the response.
    pub const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(5);
    /// The default size limit of a response's body, in bytes.
    pub const DEFAULT_SIZE_LIMIT: usize = 64 * 1024;

    /// A request without headers and body.
    pub fn new(method: HttpMethod, url: impl Into<Box<str>>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: None,
            addresses: AllowedAddresses::default(),
            time_limit: Self::DEFAULT_TIME_LIMIT,
            size_limit: Self::DEFAULT_SIZE_LIMIT,
            reads_error_bodies: false,
        }
    }

    /// A `GET` request.
    pub fn get(url: impl Into<Box<str>>) -> Self {
        Self::new(HttpMethod::Get, url)
    }

    /// A `POST` request.
    pub fn post(url: impl Into<Box<str>>) -> Self {
        Self::new(HttpMethod::Post, url)
    }

    /// Sets a header. `name` is in lower case; the last value of a name counts.
    pub fn header(self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.with_header(HttpHeader { name, value: value.into(), is_secret: false })
    }

    /// Sets a header whose value HTTP libraries neither log nor add to a table of headers
    /// (RFC 7541 §7.1.3).
    pub fn secret_header(self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.with_header(HttpHeader { name, value: value.into(), is_secret: true })
    }

    /// Sets `Authorization: Bearer …` (RFC 6750 §2.1).
    pub fn bearer(self, token: &Secret) -> Self {
        self.secret_header("authorization", format!("Bearer {}", token.expose()))
    }

    /// Sets the body and its `Content-Type`. Default: no body.
    pub fn body(self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(body.into()), ..self }.header("content-type", content_type)
    }

    /// Sets which addresses may be connected to. Default: any.
    pub fn addresses(self, addresses: AllowedAddresses) -> Self {
        Self { addresses, ..self }
    }

    /// Sets the time limit. Default: 5 s.
    pub fn time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// Sets the size limit of the response's body, in bytes. Default: 64 KiB.
    pub fn size_limit(self, size_limit: usize) -> Self {
        Self { size_limit, ..self }
    }

    /// Reads the body of a response whose status is not 2xx as well, as for OAuth errors
    /// (RFC 6749 §5.2). Default: it is not read, and the response's body is empty.
    pub fn reading_error_bodies(self) -> Self {
        Self { reads_error_bodies: true, ..self }
    }

    fn with_header(mut self, header: HttpHeader) -> Self {
        self.headers.retain(|known| known.name != header.name);
        self.headers.push(header);
        self
    }
}

/// For implementations of [`HttpClient`].
impl HttpRequest {
    /// The method.
    pub fn method(&self) -> HttpMethod {
        self.method
    }

    /// The absolute URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers, each name once.
    pub fn headers(&self) -> &[HttpHeader] {
        &self.headers
    }

    /// The body, taken out of the request.
    pub fn take_body(&mut self) -> Option<Vec<u8>> {
        self.body.take()
    }

    /// Which addresses may be connected to.
    pub fn allowed_addresses(&self) -> &AllowedAddresses {
        &self.addresses
    }

    /// The longest that the whole request may take.
    pub fn max_time(&self) -> Duration {
        self.time_limit
    }

    /// The largest body that may be read, in bytes.
    pub fn max_size(&self) -> usize {
        self.size_limit
    }

    /// Whether the body of a response with this status is read.
    pub fn reads_body_of(&self, status: u16) -> bool {
        self.reads_error_bodies || (200..300).contains(&status)
    }
}

impl HttpHeader {
    /// The name, in lower case.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The value.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Whether the value is a credential.
    pub fn is_secret(&self) -> bool {
        self.is_secret
    }
}

impl HttpResponse {
    /// A response with this status, without headers and body.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header. Names are compared without regard to case.
    pub fn with_header(mut self, name: impl Into<Box<str>>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    pub fn with_body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let named = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_slice())
    }

    /// The body, within the request's size limit. Empty where it was not read.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without_query = self.url.split(['?', '#']).next();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &without_query.unwrap_or_default())
            .field("headers", &self.headers)
            .field("body", &Redacted::of(&self.body))
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {Redacted:?}", self.name)
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &names)
            .field("body_length", &self.body.len())
            .finish()
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest(what) => write!(f, "the request cannot be sent: {what}"),
            Self::TimedOut(limit) => write!(f, "no complete response within {limit:?}"),
            Self::Unreachable(why) => write!(f, "the server cannot be reached: {why}"),
            Self::Body(why) => write!(f, "the response's body could not be read: {why}"),
            Self::TooManyRequests => f.write_str("too many requests are in flight"),
            Self::Closed => f.write_str("the HTTP client was shut down or interrupted"),
        }
    }
}

impl std::error::Error for HttpError {}

#[cfg(test)]
mod tests;
