//! Navigations: requests for which a person sees the answer.

use actix_web::{
    dev::RequestHead,
    http::{
        Method,
        header::{self, HeaderName},
    },
};
use mcp_auth_core::session::is_own_path;

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Whether a person navigates: the browser says so, or asks for a page (Fetch Metadata §2.3).
pub(crate) fn is_navigation(request: &RequestHead) -> bool {
    match request.headers().get(SEC_FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => {
            let accept = request.headers().get(header::ACCEPT).and_then(|it| it.to_str().ok());
            request.method == Method::GET && accept.is_some_and(|it| it.contains("text/html"))
        }
    }
}

/// The path that a person comes back to after signing in: that of the request, or after an unsafe
/// method that of the page from which it came.
pub(crate) fn return_to(request: &RequestHead, own_origin: &str) -> String {
    if request.method.is_safe() {
        let path = request.uri.path_and_query().map(|path| path.as_str());
        return own_path_or_root(path);
    }
    let referer = request.headers().get(header::REFERER).and_then(|it| it.to_str().ok());
    own_path_or_root(referer.and_then(|referer| referer.strip_prefix(own_origin)))
}

fn own_path_or_root(path: Option<&str>) -> String {
    path.filter(|path| is_own_path(path)).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const OWN: &str = "https://app.example.com";

    #[test]
    fn the_path_to_come_back_to_stays_on_the_own_origin() {
        let back = |request: TestRequest| return_to(request.to_srv_request().head(), OWN);
        assert_eq!(back(TestRequest::get().uri("/a?b=c")), "/a?b=c");
        assert_eq!(back(TestRequest::get().uri("//evil.example/x")), "/");
        let posted = |referer: &'static str| {
            back(TestRequest::post().uri("/delete").insert_header(("referer", referer)))
        };
        assert_eq!(posted("https://app.example.com/list?page=2"), "/list?page=2");
        for other in ["https://evil.example/", "https://app.example.com.evil.example/x", ""] {
            assert_eq!(posted(other), "/", "{other}");
        }
        assert_eq!(back(TestRequest::post().uri("/delete")), "/");
    }

    #[test]
    fn a_navigation_is_told_by_fetch_metadata_or_by_accept() {
        let is = |request: TestRequest| is_navigation(request.to_srv_request().head());
        assert!(is(TestRequest::post().insert_header(("sec-fetch-mode", "navigate"))));
        assert!(is(TestRequest::get().insert_header(("accept", "text/html,*/*"))));
        assert!(!is(TestRequest::get().insert_header(("accept", "*/*"))));
        assert!(!is(TestRequest::post().insert_header(("accept", "text/html"))));
        let fetch = TestRequest::get().insert_header(("accept", "text/html"));
        assert!(!is(fetch.insert_header(("sec-fetch-mode", "cors"))));
    }
}
