//! A cache around an identity store.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use mcp_auth_core::{
    ApiKeyName, ClientId, ConfigError, IdentityStore, IssuerAwareness, Newcomer, StoreError,
    Subject,
};
use moka::future::Cache;

/// A store that remembers the users that it found: see
/// [`cached`](crate::IdentityStoreExt::cached). Clones share what is remembered, so one can be
/// kept aside to [`invalidate`](Self::invalidate).
///
/// Many requests of one subject at once ask the store beneath once. Neither an error nor the
/// absence of a user is remembered: who has just been added is found at the next request.
///
/// # What a remembered user can be stale about
/// Everything that is in the row, for `ttl` at most: a changed name, a revoked role, a person who
/// was deleted. Call [`invalidate`](Self::invalidate) where that is not soon enough: after such a
/// change, or from a webhook. Other processes keep their own memory.
///
/// ```
/// use std::time::Duration;
/// use mcp_auth_stores::IdentityStoreExt;
/// # use mcp_auth_core::{IdentityStore, Subject};
/// # async fn cached(store: impl IdentityStore<User = String>) {
/// let users = store.cached(Duration::from_secs(30), 10_000);
/// let for_later = users.clone();
/// // … .users(users) …
/// for_later.invalidate(&Subject::new("https://login.example.com", "user_ada")).await;
/// # }
/// ```
pub struct CachedIdentityStore<S: IdentityStore> {
    store: Arc<S>,
    users: Cache<Subject, S::User>,
}

impl<S: IdentityStore<User: Clone>> CachedIdentityStore<S> {
    pub(crate) fn new(store: S, ttl: Duration, capacity: u64) -> Self {
        let users = Cache::builder().time_to_live(ttl).max_capacity(capacity).build();
        Self { store: Arc::new(store), users }
    }

    /// Forgets a user: the next request asks the store beneath.
    pub async fn invalidate(&self, user: &Subject) {
        self.users.invalidate(user).await;
    }

    /// Forgets everybody.
    pub fn invalidate_all(&self) {
        self.users.invalidate_all();
    }
}

/// An answer that is not cached.
enum Miss {
    Nobody,
    Failed(StoreError),
}

#[async_trait]
impl<S: IdentityStore<User: Clone>> IdentityStore for CachedIdentityStore<S> {
    type User = S::User;

    fn issuers(&self) -> IssuerAwareness {
        self.store.issuers()
    }

    fn check_issuers(&self, issuers: &[&str]) -> Result<(), ConfigError> {
        self.store.check_issuers(issuers)
    }

    async fn find(&self, user: &Subject) -> Result<Option<S::User>, StoreError> {
        if let Some(known) = self.users.get(user).await {
            return Ok(Some(known));
        }
        let ask = async {
            match self.store.find(user).await {
                Ok(Some(found)) => Ok(found),
                Ok(None) => Err(Miss::Nobody),
                Err(error) => Err(Miss::Failed(error)),
            }
        };
        // Concurrent look-ups of one subject share one answer, an error included.
        match self.users.try_get_with_by_ref(user, ask).await {
            Ok(found) => Ok(Some(found)),
            Err(miss) => match &*miss {
                Miss::Nobody => Ok(None),
                Miss::Failed(error) => Err(StoreError::new(error.to_string())),
            },
        }
    }

    async fn find_machine(&self, client: &ClientId) -> Result<Option<S::User>, StoreError> {
        self.store.find_machine(client).await
    }

    async fn find_api_key(&self, key: &ApiKeyName) -> Result<Option<S::User>, StoreError> {
        self.store.find_api_key(key).await
    }

    async fn provision(&self, newcomer: &Newcomer) -> Result<Option<S::User>, StoreError> {
        self.store.provision(newcomer).await
    }
}

impl<S: IdentityStore> Clone for CachedIdentityStore<S> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), users: self.users.clone() }
    }
}

impl<S: IdentityStore + fmt::Debug> fmt::Debug for CachedIdentityStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedIdentityStore")
            .field("store", &self.store)
            .field("remembered", &self.users.entry_count())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::atomic::{AtomicU32, Ordering::SeqCst},
    };

    use super::*;
    use crate::IdentityStoreExt;

    /// Finds everybody but `nobody`, fails for `broken`, hangs for `stuck`, and counts.
    #[derive(Default)]
    struct Counting(Arc<AtomicU32>);

    #[async_trait]
    impl IdentityStore for Counting {
        type User = String;

        async fn find(&self, user: &Subject) -> Result<Option<String>, StoreError> {
            let asked = self.0.fetch_add(1, SeqCst) + 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
            match user.id() {
                "nobody" => Ok(None),
                "broken" => Err(StoreError::new("the database is gone")),
                "stuck" => pending().await,
                id => Ok(Some(format!("{id}, asked {asked} times"))),
            }
        }
    }

    fn cached(ttl: Duration, capacity: u64) -> (CachedIdentityStore<Counting>, Arc<AtomicU32>) {
        let store = Counting::default();
        let asked = store.0.clone();
        (store.cached(ttl, capacity), asked)
    }

    fn subject(id: &str) -> Subject {
        Subject::new("https://i", id)
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_user_is_asked_for_once_until_the_time_is_over() {
        let (users, asked) = cached(Duration::from_millis(100), 10);
        for _ in 0..3 {
            users.find(&subject("ada")).await.unwrap().unwrap();
        }
        assert_eq!(asked.load(SeqCst), 1);
        tokio::time::sleep(Duration::from_millis(150)).await;
        users.find(&subject("ada")).await.unwrap().unwrap();
        assert_eq!(asked.load(SeqCst), 2);
    }

    #[tokio::test]
    async fn a_subject_of_another_issuer_is_somebody_else() {
        let (users, asked) = cached(MINUTE, 10);
        users.find(&subject("ada")).await.unwrap().unwrap();
        users.find(&Subject::new("https://j", "ada")).await.unwrap().unwrap();
        assert_eq!(asked.load(SeqCst), 2);
    }

    #[tokio::test]
    async fn many_at_once_ask_once() {
        let (users, asked) = cached(MINUTE, 10);
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let users = users.clone();
                tokio::spawn(async move { users.find(&subject("ada")).await.unwrap() })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap().is_some());
        }
        assert_eq!(asked.load(SeqCst), 1);
    }

    #[tokio::test]
    async fn neither_errors_nor_absence_are_remembered() {
        let (users, asked) = cached(MINUTE, 10);
        for _ in 0..2 {
            assert!(users.find(&subject("broken")).await.is_err());
            assert_eq!(users.find(&subject("nobody")).await.unwrap(), None);
        }
        assert_eq!(asked.load(SeqCst), 4);
    }

    #[tokio::test]
    async fn one_who_gives_up_leaves_nobody_hanging() {
        let (users, asked) = cached(MINUTE, 10);
        for _ in 0..2 {
            let user = subject("stuck");
            let stuck = users.find(&user);
            assert!(tokio::time::timeout(Duration::from_millis(30), stuck).await.is_err());
        }
        assert_eq!(asked.load(SeqCst), 2);
    }

    #[tokio::test]
    async fn an_invalidated_user_is_asked_for_again() {
        let (users, asked) = cached(MINUTE, 10);
        users.find(&subject("ada")).await.unwrap();
        users.invalidate(&subject("ada")).await;
        users.find(&subject("ada")).await.unwrap();
        assert_eq!(asked.load(SeqCst), 2);
    }

    #[tokio::test]
    async fn the_memory_is_bounded() {
        let (users, _) = cached(MINUTE, 10);
        for n in 0..40 {
            users.find(&subject(&format!("user_{n}"))).await.unwrap();
        }
        users.users.run_pending_tasks().await;
        assert!(users.users.entry_count() <= 10, "{}", users.users.entry_count());
    }
}
