//! What all pages share.

use actix_mcp_auth::operation::UnixTime;
use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{ACTIVITY_PATH, AGENTS_PATH, BOOKMARKS_PATH, ICON_PATH, STYLE, STYLE_PATH};

/// A page without its contents.
pub(super) struct Page<'a> {
    /// No other page has it.
    title: &'a str,
    /// Who is signed in.
    person: Option<&'a str>,
    status: StatusCode,
}

impl<'a> Page<'a> {
    /// A page that nobody needs to sign in for, with status 200.
    pub(super) fn new(title: &'a str) -> Self {
        Self { title, person: None, status: StatusCode::OK }
    }

    /// Names the person who is signed in, beside the way to sign out.
    pub(super) fn of(mut self, person: &'a str) -> Self {
        self.person = Some(person);
        self
    }

    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The whole page.
    pub(super) fn show(self, contents: Markup) -> HttpResponse {
        let files = html! {
            link rel="icon" href=(ICON_PATH);
            link rel="stylesheet" href=(STYLE_PATH);
        };
        HttpResponse::build(self.status)
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CACHE_CONTROL, "private, no-store"))
            .body(self.render(files, contents))
    }

    /// The whole page as text, with its style in it: for answers that allow no files.
    pub(super) fn in_one_piece(self, contents: Markup) -> String {
        self.render(html! { style { (PreEscaped(STYLE)) } }, contents)
    }

    fn render(self, style: Markup, contents: Markup) -> String {
        let html = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · Bookmarket" }
                    (style)
                }
                body {
                    a.skip href="#main" { "Skip to the contents" }
                    header.bar {
                        a.brand href="/" { "Bookmarket" }
                        @if let Some(person) = self.person { (signed_in(person)) }
                    }
                    main #main { (contents) }
                }
            }
        };
        html.into_string()
    }
}

fn signed_in(person: &str) -> Markup {
    html! {
        a href=(BOOKMARKS_PATH) { "Your bookmarks" }
        a href=(AGENTS_PATH) { "Your agents" }
        a href=(ACTIVITY_PATH) { "Your activity" }
        span.person { "Signed in as " strong dir="auto" { (person) } }
        form method="post" action="/logout" { button { "Sign out" } }
    }
}

/// A time, to the minute. Scripts would be needed to know the reader's time zone.
pub(super) fn time(at: UnixTime) -> Markup {
    let since_epoch = at.duration_since(UnixTime::default());
    let millis = i64::try_from(since_epoch.as_millis()).unwrap_or_default();
    let at = DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default();
    html! { time datetime=(at.to_rfc3339()) { (at.format("%Y-%m-%d %H:%M")) " UTC" } }
}

/// The value of an attribute that a browser sends back as it is. Characters beyond ASCII are written
/// as references, since some of them are not seen or move others.
pub(super) fn attribute(text: &str) -> PreEscaped<String> {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' => html.push_str(&format!("&#{};", u32::from(c))),
            ' '..='~' => html.push(c),
            c => html.push_str(&format!("&#{};", u32::from(c))),
        }
    }
    PreEscaped(html)
}
