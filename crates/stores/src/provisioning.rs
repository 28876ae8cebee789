//! Provisioning: makes users for newcomers.

use std::{fmt, future::Future};

use async_trait::async_trait;
use mcp_auth_core::{
    ApiKeyName, ClientId, ConfigError, IdentityStore, IssuerAwareness, Newcomer, StoreError,
    Subject,
};

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
    Fut: Future<Output = Result<Option<S::User>, StoreError>> + Send + 'static,
{
    type User = S::User;

    fn issuers(&self) -> IssuerAwareness {
        self.store.issuers()
    }

    fn check_issuers(&self, issuers: &[&str]) -> Result<(), ConfigError> {
        self.store.check_issuers(issuers)
    }

    async fn find(&self, user: &Subject) -> Result<Option<S::User>, StoreError> {
        self.store.find(user).await
    }

    async fn find_machine(&self, client: &ClientId) -> Result<Option<S::User>, StoreError> {
        self.store.find_machine(client).await
    }

    async fn find_api_key(&self, key: &ApiKeyName) -> Result<Option<S::User>, StoreError> {
        self.store.find_api_key(key).await
    }

    async fn provision(&self, newcomer: &Newcomer) -> Result<Option<S::User>, StoreError> {
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
