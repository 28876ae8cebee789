//! The layout of every page, and its security headers.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::sha::sha256;

use super::escape::escape;

const STYLE: &str = include_str!("style.css");

/// No scripts, no frames and no loaded resources; the one style sheet is allowed by its hash. There
/// is no `form-action`, because browsers also apply it to the redirect after a form, and that goes
/// to the client.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; frame-ancestors 'none'",
        STANDARD.encode(sha256(STYLE.as_bytes()))
    )
});

pub(super) struct Page<'a> {
    title: &'a str,
    issuer: &'a str,
    status: StatusCode,
}

impl<'a> Page<'a> {
    pub(super) fn new(title: &'a str, issuer: &'a str) -> Self {
        Self { title, issuer, status: StatusCode::OK }
    }

    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// `body` is HTML; its contents are escaped already.
    pub(super) fn show(&self, body: &str) -> HttpResponse {
        let html = format!(
            r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · actix-mcp-auth test authority</title>
<style>{STYLE}</style>
</head>
<body>
<header class="banner"><strong>Local development only.</strong> This is the test authorization server
of actix-mcp-auth. Nothing here is a real sign-in.</header>
<main>
<h1>{title}</h1>
{body}
</main>
<footer>actix-mcp-auth test authority at <code>{issuer}</code></footer>
</body>
</html>
"#,
            title = escape(self.title),
            issuer = escape(self.issuer),
        );
        HttpResponse::build(self.status)
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY.as_str()))
            .insert_header((header::X_FRAME_OPTIONS, "DENY"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            // Not `no-referrer`: forms would then say `Origin: null`, and be refused.
            .insert_header((header::REFERRER_POLICY, "same-origin"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("text/html; charset=utf-8")
            .body(html)
    }
}
