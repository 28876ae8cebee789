//! What the tools answer: as structured data, and the same as text.

use std::fmt;

use rmcp::model::{ContentBlock, IntoContents};
use schemars::JsonSchema;
use serde::Serialize;

use super::arguments::PageOf;
use crate::{actions::ActionError, auth::Caller, bookmark::Bookmark};

/// The signed-in person.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WhoAmI {
    /// Who they are to the authorization server: the `sub` of their token.
    subject: String,
    /// The authorization server that says so.
    issuer: String,
    /// What to call them, where we know.
    name: Option<String>,
    /// How many bookmarks they have.
    bookmarks: u64,
}

impl WhoAmI {
    pub(super) fn new(caller: &Caller, bookmarks: u64) -> Self {
        let subject = caller.principal().subject();
        Self {
            subject: subject.id().to_owned(),
            issuer: subject.issuer().to_owned(),
            name: caller.name.clone(),
            bookmarks,
        }
    }
}

/// Some of the bookmarks asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Page {
    /// The bookmarks on this page, the newest first.
    bookmarks: Vec<Entry>,
    /// How many there are on all pages together.
    total: usize,
}

impl Page {
    pub(super) fn of(all: Vec<Bookmark>, page: PageOf) -> Self {
        let total = all.len();
        let shown = all.into_iter().skip(page.offset).take(page.limit);
        Self { bookmarks: shown.map(Entry::from).collect(), total }
    }
}

/// A bookmark as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Entry {
    /// Its id, for delete_bookmark.
    id: i64,
    /// Where it leads.
    url: String,
    /// What it is called.
    title: String,
    /// What it is about.
    tags: Vec<String>,
    /// When it was added (RFC 3339).
    created_at: String,
}

impl From<Bookmark> for Entry {
    fn from(bookmark: Bookmark) -> Self {
        let seconds = chrono::SecondsFormat::Secs;
        Self {
            id: bookmark.id,
            url: bookmark.url,
            title: bookmark.title,
            tags: bookmark.tags,
            created_at: bookmark.created_at.to_rfc3339_opts(seconds, true),
        }
    }
}

/// What is gone.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Deleted {
    /// The id of the deleted bookmark.
    deleted: i64,
}

impl Deleted {
    pub(super) fn new(id: i64) -> Self {
        Self { deleted: id }
    }
}

/// Why a tool failed, for the agent to read: an error in the tool's result, since clients do not
/// show errors of the protocol.
#[derive(Debug)]
pub(super) struct ToolError(ActionError);

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ActionError::Invalid(_) | ActionError::Full => {
                write!(f, "Nothing was added. {}", self.0)
            }
            ActionError::NoSuchBookmark(_) => {
                let reason = self.0.to_string();
                let reason = reason.trim_end_matches('.');
                write!(f, "Nothing was deleted. {reason}; list_bookmarks shows those they have.")
            }
            reason => reason.fmt(f),
        }
    }
}

impl IntoContents for ToolError {
    fn into_contents(self) -> Vec<ContentBlock> {
        vec![ContentBlock::text(self.to_string())]
    }
}

impl From<ActionError> for ToolError {
    fn from(reason: ActionError) -> Self {
        Self(reason)
    }
}
