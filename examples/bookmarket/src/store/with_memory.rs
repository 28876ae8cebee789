//! People, bookmarks and activity in memory, lost when the program ends.

mod activity;

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use actix_mcp_auth::stores::MemoryIdentityStore;
use chrono::Utc;

pub use self::activity::Activity;
use crate::bookmark::{Bookmark, NewBookmark};

/// Whether another process sees none of it.
pub const IS_OF_THIS_PROCESS: bool = true;

/// Memory has no address; this one stands for it.
pub const DEFAULT_URL: &str = "memory:";

/// Rejects every address: a configured database must keep its data, which this build cannot do.
///
/// # Errors
/// What is expected instead, to complete the sentence "…, but it …".
pub fn accepts(url: &str) -> Result<(), &'static str> {
    match url {
        DEFAULT_URL => Ok(()),
        _ => Err("must not be set, since this build keeps everything in memory; build it with \
             `--features diesel` or `--features sea-orm` instead of `memory` for a database"),
    }
}

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Our own number for them.
    pub id: i64,
    /// What to call them, where we know.
    pub name: Option<String>,
}

/// What a query fails with: nothing.
pub type Error = Infallible;

/// A handle on the data; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Store {
    identities: MemoryIdentityStore<User>,
    kept: Arc<Mutex<Kept>>,
}

/// The data.
#[derive(Debug, Default)]
struct Kept {
    /// By the `sub` that AuthKit knows them by.
    accounts: HashMap<String, User>,
    /// Each with the number of its owner, by its own number.
    bookmarks: BTreeMap<i64, (i64, Bookmark)>,
    /// By their ids.
    activity: BTreeMap<String, Activity>,
    /// The number of the bookmark that was added last.
    last: i64,
}

impl Store {
    /// An empty store.
    ///
    /// # Errors
    /// Never.
    pub async fn open(_url: &str) -> Result<Self, Error> {
        Ok(Self::default())
    }

    /// The same: there is none in memory.
    ///
    /// # Errors
    /// Never.
    pub async fn open_existing(url: &str) -> Result<Self, Error> {
        Self::open(url).await
    }

    /// Finds the person for a verified token.
    pub fn identities(&self) -> MemoryIdentityStore<User> {
        self.identities.clone()
    }

    /// The account of `workos_id`, created if there is none. Of many first requests at once one
    /// creates it, and all find it.
    ///
    /// # Errors
    /// Never.
    pub async fn provision(&self, workos_id: &str) -> Result<Option<User>, Error> {
        let mut kept = self.kept();
        if let Some(user) = kept.accounts.get(workos_id) {
            return Ok(Some(user.clone()));
        }
        let user = User { id: kept.accounts.len() as i64 + 1, name: None };
        kept.accounts.insert(workos_id.to_owned(), user.clone());
        self.identities.insert(workos_id, user.clone());
        Ok(Some(user))
    }

    /// The account of `workos_id`, if there is one.
    ///
    /// # Errors
    /// Never.
    pub async fn find(&self, workos_id: &str) -> Result<Option<User>, Error> {
        Ok(self.kept().accounts.get(workos_id).cloned())
    }

    /// All bookmarks of `owner`, the newest first.
    ///
    /// # Errors
    /// Never.
    pub async fn bookmarks_of(&self, owner: &User) -> Result<Vec<Bookmark>, Error> {
        let kept = self.kept();
        let own = kept.bookmarks.values().rev().filter(|(of, _)| *of == owner.id);
        Ok(own.map(|(_, bookmark)| bookmark.clone()).collect())
    }

    /// How many bookmarks `owner` has.
    ///
    /// # Errors
    /// Never.
    pub async fn count_bookmarks_of(&self, owner: &User) -> Result<u64, Error> {
        Ok(self.kept().bookmarks.values().filter(|(of, _)| *of == owner.id).count() as u64)
    }

    /// Keeps a bookmark for `owner`.
    ///
    /// # Errors
    /// Never.
    pub async fn add_bookmark(&self, owner: &User, new: &NewBookmark) -> Result<Bookmark, Error> {
        let mut kept = self.kept();
        kept.last += 1;
        let bookmark = Bookmark {
            id: kept.last,
            url: new.url().to_owned(),
            title: new.title().to_owned(),
            tags: new.tags().to_vec(),
            created_at: Utc::now(),
        };
        kept.bookmarks.insert(bookmark.id, (owner.id, bookmark.clone()));
        Ok(bookmark)
    }

    /// Deletes a bookmark of `owner`; `false` if they have none with that number, even if another
    /// person has.
    ///
    /// # Errors
    /// Never.
    pub async fn delete_bookmark(&self, owner: &User, id: i64) -> Result<bool, Error> {
        let mut kept = self.kept();
        let own = kept.bookmarks.get(&id).is_some_and(|(of, _)| *of == owner.id);
        Ok(own && kept.bookmarks.remove(&id).is_some())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
