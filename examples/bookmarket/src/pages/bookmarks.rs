//! `/bookmarks`: a person's bookmarks, with the forms that change them.

use actix_mcp_auth::Authorized;
use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web,
};
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::{
    BOOKMARKS_PATH, Pages,
    forms::{self, NotAdded},
    layout::Page,
    problem,
};
use crate::{
    actions::{self, ActionError},
    auth::{self, BookmarksRead, BookmarksWrite},
    bookmark::Bookmark,
    store::User,
};

/// How many bookmarks a page shows at most.
const PER_PAGE: usize = 50;
/// The largest form, in bytes: a bookmark of which every byte is escaped fits into it.
const MAX_FORM: usize = 32 * 1024;

/// The routes below `/bookmarks`.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::FormConfig::default().limit(MAX_FORM).error_handler(problem::unreadable))
        .app_data(web::QueryConfig::default().error_handler(problem::unreadable))
        .app_data(web::PathConfig::default().error_handler(problem::unreadable))
        .route("", web::get().to(list))
        .route("", web::post().to(add))
        .route("/{id}/delete", web::post().to(delete))
        .default_service(web::to(async || problem::not_found()));
}

type Reader = Authorized<BookmarksRead, User>;
type Writer = Authorized<BookmarksWrite, User>;

/// Which of them to show.
#[derive(Debug, Default, Deserialize)]
struct Shown {
    /// Words to search for.
    #[serde(default)]
    q: String,
    /// The page, counted from 1.
    page: Option<usize>,
    /// What was done before.
    done: Option<Done>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Done {
    Added,
    Deleted,
}

async fn list(pages: web::Data<Pages>, me: Reader, shown: web::Query<Shown>) -> HttpResponse {
    show(&pages, &me, &shown, None).await
}

async fn add(
    pages: web::Data<Pages>,
    me: Writer,
    web::Form(form): web::Form<forms::Add>,
) -> HttpResponse {
    let added = actions::add(&pages.store, &me, &form.url, &form.title, &form.tags()).await;
    match added {
        Ok(_) => see("added", ""),
        Err(ActionError::Unavailable) => problem::unavailable(),
        Err(reason) => show(&pages, &me, &Shown::default(), Some(NotAdded { form, reason })).await,
    }
}

async fn delete(
    pages: web::Data<Pages>,
    me: Writer,
    id: web::Path<i64>,
    form: web::Form<forms::Delete>,
) -> HttpResponse {
    match actions::delete(&pages.store, &me, *id).await {
        Ok(()) => see("deleted", &form.q),
        Err(ActionError::Unavailable) => problem::unavailable(),
        Err(_) => problem::not_found(),
    }
}

/// Redirects to the list, so that reloading it changes nothing.
fn see(done: &str, query: &str) -> HttpResponse {
    let mut parameters = Serializer::new(String::new());
    if !query.is_empty() {
        parameters.append_pair("q", query);
    }
    let parameters = parameters.append_pair("done", done).finish();
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, format!("{BOOKMARKS_PATH}?{parameters}")))
        .finish()
}

/// The list, with the form to add to it: as it was sent, where nothing was added.
async fn show<P>(
    pages: &Pages,
    me: &Authorized<P, User>,
    shown: &Shown,
    not_added: Option<NotAdded>,
) -> HttpResponse {
    let query = shown.q.trim();
    let found = match query {
        "" => actions::list(&pages.store, me).await,
        _ => actions::search(&pages.store, me, query).await,
    };
    let (all, query_problem) = match found {
        Ok(all) => (all, None),
        Err(ActionError::Unavailable) => return problem::unavailable(),
        Err(_) => (Vec::new(), Some(forms::query_problem())),
    };
    let may_write = me.grants().allow::<BookmarksWrite>();
    let title = match (&not_added, query) {
        (Some(_), _) => "Not added".to_owned(),
        (None, "") => "Your bookmarks".to_owned(),
        (None, query) => format!("Search for “{query}”"),
    };
    let rejected = not_added.is_some() || query_problem.is_some();
    let person = auth::name_of(&me.clone().into_user());
    let page = Page::new(&title).of(&person);
    let page = if rejected { page.status(StatusCode::UNPROCESSABLE_ENTITY) } else { page };
    page.show(html! {
        h1 { "Your bookmarks" }
        p.jump { a href="#add" { "Add a bookmark" } }
        @if let Some(done) = shown.done { p.notice role="status" { (notice(done)) } }
        div.columns {
            section.card.list aria-labelledby="list" {
                h2 #list { (heading(query, all.len())) }
                (forms::search(&shown.q, query_problem.as_deref()))
                (entries(&all, shown, may_write))
            }
            section.card.add aria-labelledby="add" {
                h2 #add { "Add a bookmark" }
                @if may_write { (forms::add(not_added.as_ref())) } @else {
                    p { "You may look at bookmarks here, and neither add nor delete any." }
                }
            }
            section.card.agent aria-labelledby="agent" {
                h2 #agent { "Connect an agent" }
                (forms::line_to_paste(&pages.resource))
            }
        }
    })
}

fn notice(done: Done) -> &'static str {
    match done {
        Done::Added => "The bookmark was added.",
        Done::Deleted => "The bookmark was deleted.",
    }
}

fn heading(query: &str, count: usize) -> String {
    match (query, count) {
        ("", 1) => "1 bookmark".to_owned(),
        ("", count) => format!("{count} bookmarks"),
        (_, 1) => "1 bookmark found".to_owned(),
        (_, count) => format!("{count} bookmarks found"),
    }
}

/// One page of the list.
fn entries(all: &[Bookmark], shown: &Shown, may_write: bool) -> Markup {
    let query = shown.q.trim();
    if all.is_empty() && query.is_empty() {
        return html! { p { "There is none yet. Add one, or let an agent do so." } };
    }
    if all.is_empty() {
        return html! {};
    }
    let last = all.len().div_ceil(PER_PAGE);
    let page = shown.page.unwrap_or(1).clamp(1, last);
    html! {
        ul.bookmarks role="list" {
            @for bookmark in all.iter().skip((page - 1) * PER_PAGE).take(PER_PAGE) {
                li { (entry(bookmark)) @if may_write { (forms::delete(bookmark, query)) } }
            }
        }
        @if last > 1 {
            nav.pages aria-label="Pages" {
                @if page > 1 { a href=(page_link(query, page - 1)) rel="prev" { "Newer" } }
                span { "Page " (page) " of " (last) }
                @if page < last { a href=(page_link(query, page + 1)) rel="next" { "Older" } }
            }
        }
    }
}

fn page_link(query: &str, page: usize) -> String {
    let mut parameters = Serializer::new(String::new());
    if !query.is_empty() {
        parameters.append_pair("q", query);
    }
    let parameters = parameters.append_pair("page", &page.to_string()).finish();
    format!("{BOOKMARKS_PATH}?{parameters}")
}

fn entry(bookmark: &Bookmark) -> Markup {
    let day = bookmark.created_at.format("%Y-%m-%d");
    html! {
        div {
            p.title dir="auto" {
                @match bookmark.link() {
                    Some(url) => a href=(url) rel="noopener noreferrer nofollow" { (bookmark.title) },
                    None => (bookmark.title),
                }
            }
            p.soft { (bookmark.url) }
            @if !bookmark.tags.is_empty() {
                ul.tags aria-label="Tags" { @for tag in &bookmark.tags { li dir="auto" { (tag) } } }
            }
            p.soft { "Added on " time datetime=(bookmark.created_at.to_rfc3339()) { (day) } }
        }
    }
}
