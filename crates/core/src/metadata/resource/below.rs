//! The resources below a resource: one for each path.

use super::Resource;

impl Resource {
    /// The most path segments that a [resource below](Self::below) has.
    pub const MAX_SEGMENTS_BELOW: usize = 8;
    /// The most bytes that each of them has.
    pub const MAX_SEGMENT_BELOW: usize = 128;

    /// The resource whose path has `rest` behind this one's: this one where `rest` is empty. One
    /// slash at its end counts for nothing.
    ///
    /// `None` where `rest` is anything but plain segments: of unreserved characters (RFC 3986 §2.3)
    /// alone, none of them empty, a dot segment or `.well-known`, and few and short. A URL has many
    /// other spellings that one server takes for the same and another does not; no resource has one.
    ///
    /// ```
    /// # use mcp_auth_core as actix_mcp_auth;
    /// use actix_mcp_auth::Resource;
    ///
    /// let resource = Resource::parse("https://app.example.com/mcp")?;
    /// let below = resource.below("/acme/shop").unwrap();
    /// assert_eq!(below.as_str(), "https://app.example.com/mcp/acme/shop");
    /// assert_eq!(resource.below("/acme/%73hop"), None);
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    pub fn below(&self, rest: &str) -> Option<Self> {
        if rest.is_empty() || rest == "/" {
            return Some(self.clone());
        }
        let segments = rest.strip_suffix('/').unwrap_or(rest).strip_prefix('/')?;
        let few = segments.split('/').count() <= Self::MAX_SEGMENTS_BELOW;
        (few && segments.split('/').all(is_plain)).then(|| {
            let base = self.text.strip_suffix('/').unwrap_or(&self.text);
            Self { text: format!("{base}/{segments}").into(), ..self.clone() }
        })
    }
}

fn is_plain(segment: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (1..=Resource::MAX_SEGMENT_BELOW).contains(&segment.len())
        && segment.bytes().all(unreserved)
        && ![".", "..", ".well-known"].contains(&segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(resource: &str, rest: &str) -> Option<String> {
        Resource::parse(resource).unwrap().below(rest).map(|below| below.to_string())
    }

    #[test]
    fn r03_a_resource_below_has_its_path_behind_the_configured_one() {
        for (resource, rest, expected) in [
            ("https://h/mcp", "/acme/shop", "https://h/mcp/acme/shop"),
            ("https://h/mcp", "/acme/", "https://h/mcp/acme"),
            ("https://h/mcp", "", "https://h/mcp"),
            ("https://h/mcp", "/", "https://h/mcp"),
            ("https://h/mcp/", "/acme", "https://h/mcp/acme"),
            ("https://h/mcp/", "", "https://h/mcp/"),
            ("https://h", "/acme", "https://h/acme"),
            ("https://h/", "/acme", "https://h/acme"),
            ("https://h/mcp", "/A-z_0.9~/...", "https://h/mcp/A-z_0.9~/..."),
        ] {
            assert_eq!(below(resource, rest).as_deref(), Some(expected), "{resource} {rest}");
        }
        let resource = Resource::parse("https://h:8443/mcp").unwrap().below("/acme").unwrap();
        assert_eq!((resource.origin(), resource.path()), ("https://h:8443", "/mcp/acme"));
        assert_eq!(resource, Resource::parse("https://h:8443/mcp/acme").unwrap());
    }

    #[test]
    fn r03_another_spelling_of_a_path_is_no_resource() {
        let (long, many) = (format!("/{}", "a".repeat(129)), "/a".repeat(9));
        for rest in [
            "acme",
            "//",
            "//acme",
            "/acme//",
            "/acme//shop",
            "/.",
            "/..",
            "/acme/../other",
            "/acme/.",
            "/%61cme",
            "/acme%2Fshop",
            "/acme%2fshop",
            "/%2e%2e",
            "/%2E",
            "/acme;v=1",
            "/acme;",
            "/acme?x",
            "/acme#x",
            "/ac me",
            "/acme\\shop",
            "/acm\u{e9}",
            "/acme*",
            "/{a}",
            "/acme:1",
            "/a@b",
            "/a,b",
            "/a+b",
            "/a!",
            "/.well-known",
            "/acme/.well-known/x",
            "/a\0",
            &long,
            &many,
        ] {
            assert_eq!(below("https://h/mcp", rest), None, "{rest:?}");
        }
        assert!(below("https://h/mcp", &long[..129]).is_some());
        assert!(below("https://h/mcp", &many[..16]).is_some());
    }
}
