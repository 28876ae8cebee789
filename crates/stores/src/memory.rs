//! Users in memory.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use dashmap::DashMap;
use mcp_auth_core::{Found, IdentityStore, Lookup, StoreError};

/// Users by `sub`, in memory: for tests, demonstrations and small fixed lists.
///
/// Clones share the users, so one can be kept aside to add and remove users while the application
/// runs. A user is found without waiting.
///
/// ```
/// use actix_mcp_auth::stores::MemoryIdentityStore;
///
/// let staff = MemoryIdentityStore::new();
/// staff.insert("user_ada", "Ada Lovelace");
/// # assert_eq!(staff.remove("user_ada").as_deref(), Some(&"Ada Lovelace"));
/// ```
pub struct MemoryIdentityStore<U> {
    /// `None` for a subject that is refused.
    users: Arc<DashMap<String, Option<Arc<U>>>>,
}

impl<U> MemoryIdentityStore<U> {
    /// A store without users.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the user for a `sub`; the user that was there before is returned.
    pub fn insert(&self, sub: impl Into<String>, user: U) -> Option<Arc<U>> {
        self.users.insert(sub.into(), Some(Arc::new(user))).flatten()
    }

    /// Removes the user for a `sub`, who is unknown from then on:
    /// [`provision_with`](crate::IdentityStoreExt::provision_with) may make a new user.
    pub fn remove(&self, sub: &str) -> Option<Arc<U>> {
        self.users.remove(sub).and_then(|(_, user)| user)
    }

    /// Removes the user for a `sub`, who is [refused](Found::Refused) from then on, until a user is
    /// inserted for it again. The user that was there is returned.
    pub fn refuse(&self, sub: impl Into<String>) -> Option<Arc<U>> {
        self.users.insert(sub.into(), None).flatten()
    }
}

#[async_trait]
impl<U: Send + Sync + 'static> IdentityStore for MemoryIdentityStore<U> {
    type User = U;

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<U>, StoreError> {
        Ok(match self.users.get(who.id()).as_deref() {
            Some(Some(user)) => Found::User(user.clone()),
            Some(None) => Found::Refused,
            None => Found::Nobody,
        })
    }

    fn find_cached(&self, who: &Lookup<'_>) -> Option<Arc<U>> {
        self.users.get(who.id()).and_then(|user| user.clone())
    }
}

impl<U> Default for MemoryIdentityStore<U> {
    fn default() -> Self {
        Self { users: Arc::default() }
    }
}

impl<U> Clone for MemoryIdentityStore<U> {
    fn clone(&self) -> Self {
        Self { users: self.users.clone() }
    }
}

impl<S: Into<String>, U> FromIterator<(S, U)> for MemoryIdentityStore<U> {
    fn from_iter<I: IntoIterator<Item = (S, U)>>(users: I) -> Self {
        let users =
            users.into_iter().map(|(sub, user)| (sub.into(), Some(Arc::new(user)))).collect();
        Self { users: Arc::new(users) }
    }
}

impl<U> fmt::Debug for MemoryIdentityStore<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users = self.users.iter().filter(|user| user.is_some()).count();
        write!(f, "MemoryIdentityStore({users} users)")
    }
}
