//! Newcomers who are users already, known by their e-mail address.

use std::{fmt, future::Future, sync::Arc};

use async_trait::async_trait;
use mcp_auth_core::{Found, IdentityStore, Lookup, Newcomer, Profile, StoreError};

/// A store that links newcomers to users by their verified e-mail address: see
/// [`link_by_verified_email`](crate::IdentityStoreExt::link_by_verified_email).
#[derive(Clone)]
pub struct LinkingIdentityStore<S, F, L> {
    store: S,
    find: F,
    link: L,
}

impl<S, F, L> LinkingIdentityStore<S, F, L> {
    pub(crate) fn new(store: S, find: F, link: L) -> Self {
        Self { store, find, link }
    }
}

#[async_trait]
impl<S, F, Users, L, Linked> IdentityStore for LinkingIdentityStore<S, F, L>
where
    S: IdentityStore,
    F: Fn(Profile) -> Users + Send + Sync + 'static,
    Users: Future<Output = Result<Vec<S::User>, StoreError>> + Send + 'static,
    L: Fn(S::User, Newcomer) -> Linked + Send + Sync + 'static,
    Linked: Future<Output = Result<Option<S::User>, StoreError>> + Send + 'static,
{
    type User = S::User;

    fn wrapped(&self) -> Option<&dyn IdentityStore<User = S::User>> {
        Some(&self.store)
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<S::User>, StoreError> {
        self.store.find(who).await
    }

    fn find_cached(&self, who: &Lookup<'_>) -> Option<Arc<S::User>> {
        self.store.find_cached(who)
    }

    async fn provision(&self, newcomer: &Newcomer) -> Result<Found<S::User>, StoreError> {
        let profile = newcomer.profile().await?;
        if profile.verified_email().is_some() {
            let mut found = (self.find)(profile).await?;
            match (found.pop(), found.is_empty()) {
                (Some(only), true) => {
                    return (self.link)(only, newcomer.clone()).await.map(Found::from);
                }
                // Which of them it is cannot be told, and a further one would not help.
                (Some(_), false) => return Ok(Found::Nobody),
                (None, _) => {}
            }
        }
        self.store.provision(newcomer).await
    }
}

impl<S: fmt::Debug, F, L> fmt::Debug for LinkingIdentityStore<S, F, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkingIdentityStore").field("store", &self.store).finish_non_exhaustive()
    }
}
