//! The forms on the page of bookmarks.

use actix_mcp_auth::Resource;
use maud::{Markup, html};
use serde::Deserialize;

use super::BOOKMARKS_PATH;
use crate::{
    actions::{ActionError, MAX_QUERY},
    bookmark::{Bookmark, Field, InvalidBookmark, MAX_TITLE, MAX_URL},
};

/// What the form to add a bookmark sends.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Add {
    pub(super) url: String,
    pub(super) title: String,
    /// With commas between them.
    #[serde(default)]
    tags: String,
}

impl Add {
    pub(super) fn tags(&self) -> Vec<String> {
        let tags = self.tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        tags.map(str::to_owned).collect()
    }
}

/// What the form to delete a bookmark sends.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Delete {
    /// The query of the list, to come back to it.
    #[serde(default)]
    pub(super) q: String,
}

/// What was sent, and why it was not added.
#[derive(Debug)]
pub(super) struct NotAdded {
    pub(super) form: Add,
    pub(super) reason: ActionError,
}

impl NotAdded {
    fn field(&self) -> Option<Field> {
        match self.reason {
            ActionError::Invalid(reason) => Some(reason.field()),
            _ => None,
        }
    }

    fn text(&self) -> String {
        let ActionError::Invalid(reason) = self.reason else { return self.reason.to_string() };
        let part = match (reason, reason.field()) {
            (InvalidBookmark::Tag, _) => "Each tag",
            (_, Field::Url) => "The address",
            (_, Field::Title) => "The title",
            (_, Field::Tags) => "The number of tags",
        };
        format!("{part} {}", reason.rule())
    }
}

/// The form to add a bookmark; after a rejection with what was typed, and the reason.
pub(super) fn add(rejected: Option<&NotAdded>) -> Markup {
    let wrong = rejected.and_then(NotAdded::field);
    let typed = |field| rejected.map(|it| value(&it.form, field)).unwrap_or_default();
    let input = |field: Field, label: &str, kind: &str, hint: Option<&str>, most: Option<usize>| {
        let name = field.name();
        let is_wrong = wrong == Some(field);
        let hint_id = hint.map(|_| format!("{name}-hint"));
        let problem_id = is_wrong.then(|| "add-problem".to_owned());
        let described: Vec<String> = problem_id.into_iter().chain(hint_id.clone()).collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        html! {
            label for=(name) { (label) }
            @if let (Some(hint), Some(id)) = (hint, hint_id) { p.hint id=(id) { (hint) } }
            input type=(kind) id=(name) name=(name) value=(typed(field)) autocomplete="off"
                maxlength=[most] required[field != Field::Tags] autofocus[is_wrong]
                aria-invalid=[is_wrong.then_some("true")] aria-describedby=[described];
        }
    };
    let tags_hint = "Words or short phrases, with commas between them. You can leave this empty.";
    html! {
        @if let Some(rejected) = rejected {
            p.problem #add-problem role="alert" { "Nothing was added. " (rejected.text()) }
        }
        form method="post" action=(BOOKMARKS_PATH) {
            (input(Field::Url, "Address", "url", None, Some(MAX_URL)))
            (input(Field::Title, "Title", "text", None, Some(MAX_TITLE)))
            (input(Field::Tags, "Tags", "text", Some(tags_hint), None))
            button.primary { "Add" }
        }
    }
}

fn value(form: &Add, field: Field) -> &str {
    match field {
        Field::Url => &form.url,
        Field::Title => &form.title,
        Field::Tags => &form.tags,
    }
}

/// The form to search.
pub(super) fn search(query: &str, problem: Option<&str>) -> Markup {
    html! {
        @if let Some(problem) = problem { p.problem #q-problem role="alert" { (problem) } }
        form.search role="search" action=(BOOKMARKS_PATH) {
            label for="q" { "Search address, title and tags" }
            input type="search" id="q" name="q" value=(query) maxlength=(MAX_QUERY)
                aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| "q-problem")];
            div { button { "Search" } }
        }
        @if !query.trim().is_empty() { p { a href=(BOOKMARKS_PATH) { "Show all bookmarks" } } }
    }
}

/// Why a query was rejected.
pub(super) fn query_problem() -> String {
    format!("A search must be at most {MAX_QUERY} characters long.")
}

/// The button that deletes a bookmark, and comes back to the same search.
pub(super) fn delete(bookmark: &Bookmark, query: &str) -> Markup {
    html! {
        form method="post" action={ (BOOKMARKS_PATH) "/" (bookmark.id) "/delete" } {
            @if !query.is_empty() { input type="hidden" name="q" value=(query); }
            button { "Delete" span.hidden { " “" (bookmark.title) "”" } }
        }
    }
}

/// What a person pastes to connect an agent.
pub(super) fn line_to_paste(resource: &Resource) -> Markup {
    html! {
        label for="line" { "Line for Claude Code" }
        textarea #line readonly rows="4" { (super::line_to_paste(resource)) }
        p.soft {
            "Other MCP clients need the address: " code { (resource) }
            ". The agent opens a page where you sign in and approve it."
        }
    }
}
