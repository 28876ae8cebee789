//! A wrapper that declares that all issuers share one namespace of subjects.

use async_trait::async_trait;
use mcp_auth_core::{
    ApiKeyName, ClientId, ConfigError, IdentityStore, IssuerAwareness, Newcomer, StoreError,
    Subject,
};

/// A store over `sub` alone for several issuers: see
/// [`shared_subjects`](crate::IdentityStoreExt::shared_subjects).
#[derive(Debug, Clone)]
pub struct SharedSubjectsIdentityStore<S> {
    store: S,
}

impl<S> SharedSubjectsIdentityStore<S> {
    pub(crate) fn new(store: S) -> Self {
        Self { store }
    }
}

#[async_trait]
impl<S: IdentityStore> IdentityStore for SharedSubjectsIdentityStore<S> {
    type User = S::User;

    fn issuers(&self) -> IssuerAwareness {
        IssuerAwareness::Shared
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
        self.store.provision(newcomer).await
    }
}
