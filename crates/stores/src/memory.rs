//! Users kept in memory.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use mcp_auth_core::{IdentityStore, StoreError, Subject};

/// Users by `sub`, kept in memory: for tests, demonstrations and small fixed lists.
///
/// Clones share the users, so one can be kept aside to add and remove users while the application
/// runs.
///
/// ```
/// use mcp_auth_stores::MemoryIdentityStore;
///
/// let staff = MemoryIdentityStore::new();
/// staff.insert("user_ada", "Ada Lovelace");
/// # assert_eq!(staff.remove("user_ada"), Some("Ada Lovelace"));
/// ```
pub struct MemoryIdentityStore<U> {
    users: Arc<RwLock<HashMap<String, U>>>,
}

impl<U> MemoryIdentityStore<U> {
    /// A store without users.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the user for a `sub`; the user that was there before is returned.
    pub fn insert(&self, sub: impl Into<String>, user: U) -> Option<U> {
        self.users.write().unwrap_or_else(PoisonError::into_inner).insert(sub.into(), user)
    }

    /// Removes the user for a `sub`.
    pub fn remove(&self, sub: &str) -> Option<U> {
        self.users.write().unwrap_or_else(PoisonError::into_inner).remove(sub)
    }
}

#[async_trait]
impl<U: Clone + Send + Sync + 'static> IdentityStore for MemoryIdentityStore<U> {
    type User = U;

    async fn find(&self, user: &Subject) -> Result<Option<U>, StoreError> {
        Ok(self.users.read().unwrap_or_else(PoisonError::into_inner).get(user.id()).cloned())
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
        let users = users.into_iter().map(|(sub, user)| (sub.into(), user)).collect();
        Self { users: Arc::new(RwLock::new(users)) }
    }
}

impl<U> fmt::Debug for MemoryIdentityStore<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "MemoryIdentityStore({} users)", users.len())
    }
}
