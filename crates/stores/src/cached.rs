//! Users cached for a while.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use mcp_auth_core::{Found, IdentityStore, Lookup, LookupKey, StoreError, Subject};
use quick_cache::{Equivalent, sync::Cache};

/// Old invalidations are not looked for among fewer than these.
const MIN_CLEAN_UP: usize = 64;

/// A store that caches the users that it found: see [`cached`](crate::IdentityStoreExt::cached).
/// Clones share the cache, so one can be kept aside to [`invalidate`](Self::invalidate).
///
/// The key is the subject, with the [claims](IdentityStore::claims) that the store beneath has
/// named. A cached user is found without waiting ([`IdentityStore::find_cached`]). Concurrent
/// requests for one user ask the store beneath once. Errors, absent users and refused users are not
/// cached: a user who was just added is found by the next request.
///
/// # How old a cached user can be
/// Everything in the row can be out of date by `ttl`: a changed name, a revoked role, a deleted
/// user. Call [`invalidate`](Self::invalidate) where that is too long: after such a change, or from
/// a webhook. An `invalidate` during a look-up wins: the
/// answer of that look-up is used by nobody who asks later. Other
/// processes have caches of their own.
///
/// ```
/// use std::time::Duration;
/// use actix_mcp_auth::stores::IdentityStoreExt;
/// # use actix_mcp_auth::{IdentityStore, Subject};
/// # fn cached(store: impl IdentityStore<User = String>) {
/// let users = store.cached(Duration::from_secs(30), 10_000);
/// let for_later = users.clone();
/// // … .users(users) …
/// for_later.invalidate(&Subject::new("https://login.example.com", "user_ada"));
/// # }
/// ```
pub struct CachedIdentityStore<S: IdentityStore> {
    store: Arc<S>,
    ttl: Duration,
    answers: Arc<Cache<LookupKey, Answer<S::User>>>,
    invalidated: Arc<RwLock<Invalidated>>,
}

/// What the store beneath answered, and when it was asked.
struct Answer<U> {
    found: Result<Found<U>, Arc<str>>,
    asked_at: Instant,
}

impl<U> Clone for Answer<U> {
    fn clone(&self) -> Self {
        Self { found: self.found.clone(), asked_at: self.asked_at }
    }
}

/// When users were invalidated. An answer to an older question is out of date.
#[derive(Default)]
struct Invalidated {
    all: Option<Instant>,
    /// Entries older than the cache's `ttl` are deleted, since the answers have expired by then.
    subjects: HashMap<Subject, Instant>,
    /// How many entries there may be before the old ones are looked for. Doubling it keeps the cost
    /// of an invalidation constant, when many users are invalidated at once.
    clean_up_at: usize,
}

/// A look-up as the cache compares it with its keys, without a key of its own.
#[derive(Hash)]
struct Key<'r>(Lookup<'r>);

impl Equivalent<LookupKey> for Key<'_> {
    fn equivalent(&self, key: &LookupKey) -> bool {
        self.0 == key.as_lookup()
    }
}

impl<S: IdentityStore> CachedIdentityStore<S> {
    pub(crate) fn new(store: S, ttl: Duration, capacity: u64) -> Self {
        let capacity = usize::try_from(capacity).unwrap_or(usize::MAX);
        Self {
            store: Arc::new(store),
            ttl,
            answers: Arc::new(Cache::new(capacity)),
            invalidated: Arc::default(),
        }
    }

    /// Removes a user from the cache: the next request asks the store beneath.
    pub fn invalidate(&self, user: &Subject) {
        let now = Instant::now();
        let mut invalidated = self.invalidated.write().unwrap_or_else(PoisonError::into_inner);
        if invalidated.subjects.len() >= invalidated.clean_up_at {
            invalidated.subjects.retain(|_, at| now.duration_since(*at) < self.ttl);
            invalidated.clean_up_at = (invalidated.subjects.len() * 2).max(MIN_CLEAN_UP);
        }
        invalidated.subjects.insert(user.clone(), now);
    }

    /// Removes all users from the cache.
    pub fn invalidate_all(&self) {
        let mut invalidated = self.invalidated.write().unwrap_or_else(PoisonError::into_inner);
        *invalidated = Invalidated { all: Some(Instant::now()), ..Invalidated::default() };
        drop(invalidated);
        self.answers.clear();
    }

    /// Whether the question was asked after the user was last invalidated.
    fn is_current(&self, who: &Lookup<'_>, answer: &Answer<S::User>) -> bool {
        let invalidated = self.invalidated.read().unwrap_or_else(PoisonError::into_inner);
        let subject = match invalidated.subjects.is_empty() {
            true => None,
            false => invalidated.subjects.get(who.subject()).copied(),
        };
        invalidated.all.max(subject).is_none_or(|at| answer.asked_at > at)
    }

    /// The cached user, unless it has expired or was invalidated.
    fn fresh(&self, who: &Lookup<'_>, answer: Answer<S::User>) -> Option<Arc<S::User>> {
        let is_fresh = answer.asked_at.elapsed() < self.ttl && self.is_current(who, &answer);
        answer.found.ok().filter(|_| is_fresh)?.user()
    }

    /// Asks the store beneath.
    async fn ask(&self, who: &Lookup<'_>) -> Answer<S::User> {
        let asked_at = Instant::now();
        let found = self.store.find(who).await.map_err(|error| error.to_string().into());
        Answer { found, asked_at }
    }

    /// The answer to one question that all concurrent requests for this user share.
    async fn ask_once(&self, who: &Lookup<'_>) -> Answer<S::User> {
        match self.answers.get_value_or_guard_async(&who.to_key()).await {
            Ok(answer) => answer,
            Err(guard) => {
                let answer = self.ask(who).await;
                // Refused where the key was removed meanwhile: then nothing is cached.
                let _ = guard.insert(answer.clone());
                // Those who wait have the answer now; only users are kept.
                if !matches!(answer.found, Ok(Found::User(_))) {
                    self.answers.remove(&Key(*who));
                }
                answer
            }
        }
    }
}

#[async_trait]
impl<S: IdentityStore> IdentityStore for CachedIdentityStore<S> {
    type User = S::User;

    fn wrapped(&self) -> Option<&dyn IdentityStore<User = S::User>> {
        Some(&*self.store)
    }

    fn forget(&self, user: &Subject) {
        self.invalidate(user);
        self.store.forget(user);
    }

    fn forget_all(&self) {
        self.invalidate_all();
        self.store.forget_all();
    }

    fn find_cached(&self, who: &Lookup<'_>) -> Option<Arc<S::User>> {
        self.fresh(who, self.answers.get(&Key(*who))?)
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<S::User>, StoreError> {
        if let Some(answer) = self.answers.get(&Key(*who)) {
            match self.fresh(who, answer) {
                Some(user) => return Ok(Found::User(user)),
                None => drop(self.answers.remove(&Key(*who))),
            }
        }
        let mut answer = self.ask_once(who).await;
        // The question may have been under way when the user was invalidated.
        if !self.is_current(who, &answer) {
            self.answers.remove(&Key(*who));
            answer = self.ask(who).await;
        }
        answer.found.map_err(|error| StoreError::new(&*error))
    }
}

impl<S: IdentityStore> Clone for CachedIdentityStore<S> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            ttl: self.ttl,
            answers: self.answers.clone(),
            invalidated: self.invalidated.clone(),
        }
    }
}

impl<S: IdentityStore + fmt::Debug> fmt::Debug for CachedIdentityStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedIdentityStore")
            .field("store", &self.store)
            .field("users", &self.answers.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
