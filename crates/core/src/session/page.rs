//! The page that a person sees in place of the one asked for.

use std::fmt::Write as _;

/// A page for an error, which an application can render in its own design
/// ([`SessionSource::error_page`](super::SessionSource::error_page)).
///
/// Its texts are fixed: they contain nothing from a request, so that nobody can put words on it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorPage {
    /// The answer's status.
    pub status: u16,
    /// The title, which is the heading as well.
    pub title: &'static str,
    /// What has happened, and what the person can do.
    pub text: &'static str,
    /// Where to go on, with the text of the link.
    pub link: Option<(&'static str, String)>,
}

impl ErrorPage {
    /// A page without a link.
    pub fn new(status: u16, title: &'static str, text: &'static str) -> Self {
        Self { status, title, text, link: None }
    }

    /// With a link: its text, and the URL.
    #[must_use]
    pub fn link(self, text: &'static str, url: impl Into<String>) -> Self {
        Self { link: Some((text, url.into())), ..self }
    }

    /// The headers of the answer beside its status: neither stored, nor framed, nor guessed at, and
    /// without anything that is loaded.
    pub const HEADERS: [(&'static str, &'static str); 5] = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
             base-uri 'none'; form-action 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ];

    /// The page in plain HTML, where the application has no design of its own.
    pub fn to_html(&self) -> String {
        let (title, text) = (escape(self.title), escape(self.text));
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title}</title><style>{STYLE}</style></head>\
             <body><main><h1>{title}</h1><p>{text}</p>"
        );
        if let Some((text, url)) = &self.link {
            // Writing to a String does not fail.
            let _ = write!(html, "<p><a href=\"{}\">{}</a></p>", escape(url), escape(text));
        }
        html.push_str("</main></body></html>\n");
        html
    }
}

const STYLE: &str = ":root{color-scheme:light dark}\
    body{font:1rem/1.5 system-ui,sans-serif;margin:0}\
    main{max-width:36rem;margin:0 auto;padding:2rem 1rem}";

/// For text and attribute values.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_urls_are_escaped() {
        let page = ErrorPage::new(403, "A < B", "C & D").link("E > F", "/login?a=\"&b=<");
        let html = page.to_html();
        assert!(html.contains("<h1>A &lt; B</h1><p>C &amp; D</p>"), "{html}");
        assert!(html.contains("<a href=\"/login?a=&quot;&amp;b=&lt;\">E &gt; F</a>"), "{html}");
    }
}
