//! The application's own origin: which paths stay on it, and which requests come from it.

/// Whether a browser stays on the own origin with this path. `//host` and `/\host` lead elsewhere,
/// and so may a control character, which browsers leave out (WHATWG URL §4.4).
///
/// ```
/// # mod actix_mcp_auth { pub use mcp_auth_core::session; }
/// use actix_mcp_auth::session::is_own_path;
///
/// assert!(is_own_path("/bookmarks?q=rust"));
/// assert!(!is_own_path("//evil.example"));
/// ```
pub fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// Whether a request comes from the own origin, by all values of its headers `Sec-Fetch-Site` and
/// `Origin`. Browsers say where a request comes from in `Sec-Fetch-Site` (Fetch Metadata §2.4);
/// those that do not, in `Origin`. Where both are absent it does not.
pub fn is_same_origin<'h>(
    sec_fetch_site: impl IntoIterator<Item = &'h [u8]>,
    origin: impl IntoIterator<Item = &'h [u8]>,
    own_origin: &str,
) -> bool {
    let mut sites = sec_fetch_site.into_iter().peekable();
    if sites.peek().is_some() {
        return sites.all(|site| site == b"same-origin" || site == b"none");
    }
    let mut origins = origin.into_iter().peekable();
    origins.peek().is_some() && origins.all(|origin| origin == own_origin.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r39_a_path_that_leads_to_another_origin_is_not_own() {
        for path in ["/", "/a/b?c=d&e", "/a//b", "/@evil.example", "/a#b"] {
            assert!(is_own_path(path), "{path}");
        }
        for path in [
            "",
            "a",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "/a\nb",
            "/\t/evil.example",
            "/\r/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/ /evil.example",
            "https://evil.example",
            "https:evil.example",
            "http:/evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "evil.example",
            "@evil.example",
            "?//evil",
            "#//evil.example",
            "///evil.example",
            "/\u{0}/evil.example",
            "/\u{85}/evil.example",
            "/\u{2028}/evil.example",
        ] {
            assert!(!is_own_path(path), "{path:?}");
        }
    }
}
