//! Browsers: which pages may call (R29), and what they need to be told (R16).

use actix_web::{
    HttpResponse,
    dev::RequestHead,
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};
use mcp_auth_core::{Rejection, Resource, rejection::ForbiddenReason};

/// Headers that a page may read from an answer.
const EXPOSED: &str = "WWW-Authenticate, Mcp-Session-Id, DPoP-Nonce, Retry-After";
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
/// Headers that a page may send, besides `Mcp-Param-*` and those of the configuration.
const ALLOWED: &str = "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, \
                       Mcp-Name, Mcp-Session-Id, Last-Event-ID, DPoP, traceparent, tracestate, \
                       baggage";
/// How long a browser may remember a preflight's answer, in seconds.
const MAX_AGE: u32 = 600;

/// Which web pages may call the resource. Programs send no `Origin` and are not concerned.
#[derive(Debug, Clone)]
pub(crate) struct OriginPolicy {
    allowed: Vec<String>,
    any: bool,
    /// A server in development: pages from the same machine may call it.
    loopback: bool,
    /// Further headers that a page may send.
    headers: Vec<HeaderName>,
}

impl OriginPolicy {
    /// Pages of the resource's own origin, and for a resource on a loopback address all pages of
    /// the same machine.
    pub(crate) fn of(resource: &Resource) -> Self {
        Self {
            allowed: vec![resource.origin().to_owned()],
            any: false,
            loopback: resource.is_loopback(),
            headers: Vec::new(),
        }
    }

    pub(crate) fn allow_header(&mut self, name: HeaderName) {
        self.headers.push(name);
    }

    pub(crate) fn allow(&mut self, origin: String) {
        self.allowed.push(origin);
    }

    pub(crate) fn allow_any(&mut self) {
        self.any = true;
    }

    pub(crate) fn allows(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        self.any
            || self.allowed.iter().any(|allowed| allowed == origin)
            || (self.loopback && is_loopback(origin))
    }

    /// The refusal of a page that may not call.
    pub(crate) fn rejection(headers: &HeaderMap) -> Rejection {
        let origins = headers.get_all(header::ORIGIN);
        let origins: Vec<_> =
            origins.map(|origin| String::from_utf8_lossy(origin.as_bytes())).collect();
        ForbiddenReason::OriginNotAllowed { origin: origins.join(", ") }.into()
    }

    pub(crate) fn answer_preflight(
        &self,
        origin: &HeaderValue,
        requested: Option<&HeaderValue>,
    ) -> HttpResponse {
        HttpResponse::NoContent()
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()))
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, self.allowed_headers(requested)))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE))
            .insert_header((
                header::VARY,
                "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
            ))
            .finish()
    }

    /// The usual headers, those of the configuration, and of those asked for the `Mcp-Param-*`, whose
    /// names are a tool's own.
    fn allowed_headers(&self, requested: Option<&HeaderValue>) -> String {
        let requested = requested.and_then(|names| names.to_str().ok()).unwrap_or_default();
        let parameters = requested.split(',').map(str::trim).filter(|name| {
            let prefix = name.get(..10).unwrap_or_default();
            prefix.eq_ignore_ascii_case("mcp-param-") && HeaderName::try_from(*name).is_ok()
        });
        let configured = self.headers.iter().map(HeaderName::as_str);
        let names: Vec<_> = std::iter::once(ALLOWED).chain(configured).chain(parameters).collect();
        names.join(", ")
    }

    /// Whether pages of other origins than the resource's own may call at all. Where none may, an
    /// answer without their headers is no worse from a cache: a page of the own origin can read it
    /// as it is, and any other page cannot read either.
    pub(crate) fn has_others(&self) -> bool {
        self.any || self.loopback || self.allowed.len() > 1
    }

    /// Lets a page that may call read the answer. Where a CORS middleware of the application's has
    /// spoken already, its word on who may read stands, and what it exposes stays exposed. Doing it
    /// twice changes nothing.
    fn add_cors_headers(&self, origin: &HeaderValue, response: &mut HeaderMap) {
        vary_by_origin(response);
        if !self.allows(origin) {
            return;
        }
        if !response.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
        expose(response);
    }
}

/// Tells caches that the answer depends on who asked.
fn vary_by_origin(response: &mut HeaderMap) {
    if !lists(response, &header::VARY, "Origin") {
        response.append(header::VARY, HeaderValue::from_static("Origin"));
    }
}

/// Lets pages read what clients need, besides what they may read already.
fn expose(response: &mut HeaderMap) {
    const NAME: HeaderName = header::ACCESS_CONTROL_EXPOSE_HEADERS;
    if !response.contains_key(NAME) {
        response.insert(NAME, HeaderValue::from_static(EXPOSED));
        return;
    }
    let missing = EXPOSED.split(", ").filter(|name| !lists(response, &NAME, name));
    let missing = missing.collect::<Vec<_>>().join(", ");
    if let Ok(missing) = HeaderValue::try_from(missing)
        && !missing.is_empty()
    {
        response.append(NAME, missing);
    }
}

/// Whether a header that is a list names this, or everything.
fn lists(headers: &HeaderMap, name: &HeaderName, member: &str) -> bool {
    let values = headers.get_all(name).filter_map(|value| value.to_str().ok());
    let mut members = values.flat_map(|value| value.split(',')).map(str::trim);
    members.any(|listed| listed == "*" || listed.eq_ignore_ascii_case(member))
}

/// Who sent a request, as far as its answer's headers depend on that.
#[derive(Debug, Clone, Default)]
pub enum RequestOrigin {
    /// No page, or one of the same origin.
    #[default]
    Program,
    /// The same, where others may call as well, and with a method whose answers are cached by
    /// default (RFC 9110 §9.2.3): what a cache keeps of this must not answer their pages.
    Cacheable,
    /// A page of this origin; boxed, since it is the rare one.
    Page(Box<HeaderValue>),
    /// Several origins at once: what no browser sends.
    Nobody,
}

impl RequestOrigin {
    /// `others_may_call`: [`OriginPolicy::has_others`].
    #[inline]
    pub(crate) fn of(request: &RequestHead, others_may_call: bool) -> Self {
        let mut origins = request.headers().get_all(&header::ORIGIN);
        match origins.next() {
            Some(_) if origins.next().is_some() => Self::Nobody,
            Some(origin) => Self::Page(Box::new(origin.clone())),
            None if others_may_call && request.method != Method::POST => Self::Cacheable,
            None => Self::Program,
        }
    }

    /// Whether a page called, or so it says.
    #[inline]
    pub(crate) fn is_page(&self) -> bool {
        matches!(self, Self::Page(_) | Self::Nobody)
    }

    /// Lets a page that called read the answer (R16).
    #[inline]
    pub(crate) fn add_cors_headers(&self, origins: &OriginPolicy, response: &mut HeaderMap) {
        match self {
            Self::Program => {}
            Self::Cacheable | Self::Nobody => vary_by_origin(response),
            Self::Page(origin) => origins.add_cors_headers(origin, response),
        }
    }
}

/// Whether a request from a page is a browser's question before the real one.
pub(crate) fn is_preflight(request: &RequestHead) -> bool {
    request.method == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn is_loopback(origin: &str) -> bool {
    Resource::parse(origin).is_ok_and(|url| url.path().is_empty() && url.is_loopback())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn policy(resource: &str) -> OriginPolicy {
        OriginPolicy::of(&Resource::parse(resource).unwrap())
    }

    fn allows(policy: &OriginPolicy, origin: &'static str) -> bool {
        policy.allows(&HeaderValue::from_static(origin))
    }

    #[test]
    fn r29_only_the_own_origin_and_those_configured_may_call() {
        let mut policy = policy("https://app.example.com/mcp");
        policy.allow("https://chat.example.com".into());
        for origin in ["https://app.example.com", "https://chat.example.com"] {
            assert!(allows(&policy, origin), "{origin}");
        }
        for origin in [
            "https://evil.example",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.example",
            "http://localhost:3000",
            "null",
            "",
        ] {
            assert!(!allows(&policy, origin), "{origin}");
        }
    }

    #[test]
    fn r29_a_local_server_may_be_called_by_local_pages_and_no_others() {
        let policy = policy("http://127.0.0.1:8787/mcp");
        for origin in ["http://localhost:6274", "http://127.0.0.1:1", "http://[::1]:1"] {
            assert!(allows(&policy, origin), "{origin}");
        }
        for origin in ["http://evil.example:8787", "http://localhost.evil.example", "null"] {
            assert!(!allows(&policy, origin), "{origin}");
        }
    }

    #[test]
    fn r16_what_a_cache_may_keep_varies_by_origin_where_others_than_the_own_may_call() {
        let public = || policy("https://app.example.com/mcp");
        let (mut several, mut any) = (public(), public());
        several.allow("https://chat.example.com".into());
        any.allow_any();
        let local = policy("http://127.0.0.1:8787/mcp");
        for (request, policy, varies) in [
            (TestRequest::get(), &public(), false),
            (TestRequest::get(), &several, true),
            (TestRequest::get(), &any, true),
            (TestRequest::get(), &local, true),
            (TestRequest::post(), &several, false),
            (TestRequest::post().insert_header((header::ORIGIN, "null")), &public(), true),
        ] {
            let request = request.to_srv_request();
            let mut headers = HeaderMap::new();
            let caller = RequestOrigin::of(request.head(), policy.has_others());
            caller.add_cors_headers(policy, &mut headers);
            assert_eq!(headers.contains_key(header::VARY), varies, "{policy:?}");
        }
    }

    #[test]
    fn r16_parameter_headers_are_reflected_and_others_are_not() {
        let requested = HeaderValue::from_static("Mcp-Param-City, X-Evil, mcp-param-a b");
        let mut policy = policy("https://app.example.com/mcp");
        let allowed = policy.allowed_headers(Some(&requested));
        assert!(allowed.ends_with("baggage, Mcp-Param-City"), "{allowed}");
        policy.allow_header(HeaderName::from_static("if-match"));
        let allowed = policy.allowed_headers(Some(&requested));
        assert!(allowed.ends_with("baggage, if-match, Mcp-Param-City"), "{allowed}");
    }
}
