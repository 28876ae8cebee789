//! What a wrapper around a store must pass on to the store beneath: for the author of a wrapper.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use async_trait::async_trait;

use super::ISSUER;
use crate::{Found, IdentityStore, IssuerAwareness, Lookup, StoreError, Subject};

/// The one person that a [`CachingStore`] has.
const PERSON: &str = "user_1";

/// The store beneath the wrapper under test: it has one user, and caches whom it has found.
pub struct CachingStore<U> {
    user: Arc<U>,
    is_cached: Arc<AtomicBool>,
}

#[async_trait]
impl<U: Send + Sync + 'static> IdentityStore for CachingStore<U> {
    type User = U;

    fn issuers(&self) -> IssuerAwareness {
        IssuerAwareness::Distinguishes
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<U>, StoreError> {
        if (who.issuer(), who.id()) != (ISSUER, PERSON) {
            return Ok(Found::Nobody);
        }
        self.is_cached.store(true, SeqCst);
        Ok(Found::User(self.user.clone()))
    }

    fn find_cached(&self, who: &Lookup<'_>) -> Option<Arc<U>> {
        let is_person = (who.issuer(), who.id()) == (ISSUER, PERSON);
        (is_person && self.is_cached.load(SeqCst)).then(|| self.user.clone())
    }

    fn forget(&self, user: &Subject) {
        if (user.issuer(), user.id()) == (ISSUER, PERSON) {
            self.is_cached.store(false, SeqCst);
        }
    }

    fn forget_all(&self) {
        self.is_cached.store(false, SeqCst);
    }
}

/// A wrapper has at hand whom the store beneath has cached, and passes on who is to be
/// [forgotten](IdentityStore::forget): a user who was revoked or has changed would otherwise be
/// found until the cache's time is over. `user` is any user, and `wrap` makes the wrapper.
///
/// ```
/// # use mcp_auth_core as actix_mcp_auth;
/// use actix_mcp_auth::contract_tests::wrapping::forgets_what_it_is_told_to;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// forgets_what_it_is_told_to("Ada".to_owned(), |store| store).await;
/// # });
/// ```
///
/// # Panics
/// Where the rule is broken.
pub async fn forgets_what_it_is_told_to<U, W>(user: U, wrap: impl FnOnce(CachingStore<U>) -> W)
where
    U: Send + Sync + 'static,
    W: IdentityStore<User = U>,
{
    let is_cached = Arc::new(AtomicBool::new(false));
    let wrapper = wrap(CachingStore { user: Arc::new(user), is_cached: is_cached.clone() });
    let (person, other) = (Subject::new(ISSUER, PERSON), Subject::new(ISSUER, "user_2"));
    let who = Lookup::new(&person);
    let is_at_hand = || wrapper.find_cached(&who).is_some();
    assert!(!is_at_hand(), "nobody was found yet");
    for all in [false, true] {
        let found = wrapper.find(&who).await;
        assert!(matches!(found, Ok(Found::User(_))), "the person is not found");
        assert!(is_at_hand(), "find_cached does not have who was just found");
        wrapper.forget(&other);
        assert!(is_at_hand() && is_cached.load(SeqCst), "forget drops somebody else");
        match all {
            true => wrapper.forget_all(),
            false => wrapper.forget(&person),
        }
        let what = if all { "forget_all" } else { "forget" };
        assert!(!is_cached.load(SeqCst), "{what} does not reach the store beneath");
        assert!(!is_at_hand(), "{what} leaves the user in the wrapper's own cache");
    }
}
