//! What a person does with their bookmarks. The tools of agents and the pages of people both go
//! through these functions, so that the same rules apply.

use std::fmt;

use crate::{
    bookmark::{Bookmark, InvalidBookmark, MAX_BOOKMARKS, NewBookmark},
    store::{self, Store, User},
};

/// The longest query, in characters.
pub const MAX_QUERY: usize = 200;

/// All bookmarks of `owner`, the newest first.
///
/// # Errors
/// [`ActionError::Unavailable`].
pub async fn list(store: &Store, owner: &User) -> Result<Vec<Bookmark>, ActionError> {
    Ok(store.bookmarks_of(owner).await?)
}

/// How many bookmarks `owner` has.
///
/// # Errors
/// [`ActionError::Unavailable`].
pub async fn count(store: &Store, owner: &User) -> Result<u64, ActionError> {
    Ok(store.count_bookmarks_of(owner).await?)
}

/// Those of `owner`'s bookmarks that contain every word of `query`, in any case; the newest first.
///
/// # Errors
/// [`ActionError::Query`] where `query` is empty or too long; [`ActionError::Unavailable`].
pub async fn search(
    store: &Store,
    owner: &User,
    query: &str,
) -> Result<Vec<Bookmark>, ActionError> {
    let query = query.trim();
    if query.is_empty() || query.chars().count() > MAX_QUERY {
        return Err(ActionError::Query);
    }
    let mut found = store.bookmarks_of(owner).await?;
    found.retain(|bookmark| bookmark.matches(query));
    Ok(found)
}

/// Checks a bookmark and stores it for `owner`.
///
/// # Errors
/// [`ActionError::Invalid`], [`ActionError::Full`], [`ActionError::Unavailable`].
pub async fn add(
    store: &Store,
    owner: &User,
    url: &str,
    title: &str,
    tags: &[String],
) -> Result<Bookmark, ActionError> {
    let new = NewBookmark::parse(url, title, tags).map_err(ActionError::Invalid)?;
    if count(store, owner).await? >= MAX_BOOKMARKS {
        return Err(ActionError::Full);
    }
    Ok(store.add_bookmark(owner, &new).await?)
}

/// Deletes a bookmark of `owner` for good.
///
/// # Errors
/// [`ActionError::NoSuchBookmark`] where they have none with that id, even if another person has;
/// [`ActionError::Unavailable`].
pub async fn delete(store: &Store, owner: &User, id: i64) -> Result<(), ActionError> {
    match store.delete_bookmark(owner, id).await? {
        true => Ok(()),
        false => Err(ActionError::NoSuchBookmark(id)),
    }
}

/// Why something was not done. Tools and pages each have a text for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActionError {
    /// It cannot become a bookmark.
    Invalid(InvalidBookmark),
    /// The query is empty, or longer than [`MAX_QUERY`].
    Query,
    /// The person has [`MAX_BOOKMARKS`] already.
    Full,
    /// The person has no bookmark with this id.
    NoSuchBookmark(i64),
    /// The store failed; the reason is in the log.
    Unavailable,
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(reason) => reason.fmt(f),
            Self::Query => write!(f, "`query` must be 1 to {MAX_QUERY} characters."),
            Self::Full => write!(
                f,
                "There are {MAX_BOOKMARKS} bookmarks, the most that one person keeps; delete some \
                 first."
            ),
            Self::NoSuchBookmark(id) => {
                write!(f, "The signed-in person has no bookmark with the id {id}.")
            }
            Self::Unavailable => write!(f, "The bookmarks are out of reach now; try again soon."),
        }
    }
}

impl std::error::Error for ActionError {}

impl From<store::Error> for ActionError {
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, "the store failed");
        Self::Unavailable
    }
}
