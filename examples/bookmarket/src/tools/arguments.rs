//! What the tools are called with. Comments and bounds become the JSON schemas that agents see.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::actions::MAX_QUERY;

/// How many bookmarks a page shows at most.
const MAX_PAGE: u32 = 200;

/// Which part of a list to show.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageOf {
    pub(super) limit: usize,
    pub(super) offset: usize,
}

impl PageOf {
    fn new(limit: u32, offset: u32) -> Self {
        Self { limit: limit.clamp(1, MAX_PAGE) as usize, offset: offset as usize }
    }
}

fn default_limit() -> u32 {
    50
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListBookmarks {
    /// How many to show at most.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = MAX_PAGE))]
    limit: u32,
    /// How many to leave out first.
    #[serde(default)]
    offset: u32,
}

impl ListBookmarks {
    pub(super) fn page(&self) -> PageOf {
        PageOf::new(self.limit, self.offset)
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchBookmarks {
    /// Words that the address, the title and the tags together must contain.
    #[schemars(length(min = 1, max = MAX_QUERY))]
    pub(super) query: String,
    /// How many to show at most.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = MAX_PAGE))]
    limit: u32,
    /// How many to leave out first.
    #[serde(default)]
    offset: u32,
}

impl SearchBookmarks {
    pub(super) fn page(&self) -> PageOf {
        PageOf::new(self.limit, self.offset)
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddBookmark {
    /// Its address, beginning with https:// or http://.
    #[schemars(length(min = 1, max = crate::bookmark::MAX_URL), extend("format" = "uri"))]
    pub(super) url: String,
    /// What to call it, in one line.
    #[schemars(length(min = 1, max = crate::bookmark::MAX_TITLE))]
    pub(super) title: String,
    /// What it is about: words or short phrases without commas.
    #[serde(default)]
    #[schemars(
        length(max = crate::bookmark::MAX_TAGS),
        inner(length(min = 1, max = crate::bookmark::MAX_TAG))
    )]
    pub(super) tags: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteBookmark {
    /// Its id.
    pub(super) id: i64,
}
