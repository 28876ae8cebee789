//! Users made for persons who have none yet.

use std::{fmt, future::Future, sync::Arc};

use async_trait::async_trait;
use mcp_auth_core::{Found, IdentityStore, Lookup, Newcomer, StoreError};

/// A store that makes users for newcomers: see
/// [`provision_with`](crate::IdentityStoreExt::provision_with).
#[derive(Clone)]
pub struct ProvisioningIdentityStore<S, F> {
    store: S,
    make: F,
}

impl<S, F> ProvisioningIdentityStore<S, F> {
    pub(crate) fn new(store: S, make: F) -> Self {
        Self { store, make }
    }
}

#[async_trait]
impl<S, F, Fut> IdentityStore for ProvisioningIdentityStore<S, F>
where
    S: IdentityStore,
    F: Fn(Newcomer) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Found<S::User>, StoreError>> + Send + 'static,
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
        (self.make)(newcomer.clone()).await
    }
}

impl<S: fmt::Debug, F> fmt::Debug for ProvisioningIdentityStore<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvisioningIdentityStore")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
