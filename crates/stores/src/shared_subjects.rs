//! Issuers that are declared to share one namespace of subjects.

use std::sync::Arc;

use async_trait::async_trait;
use mcp_auth_core::{Found, IdentityStore, IssuerAwareness, Lookup, StoreError};

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

    fn wrapped(&self) -> Option<&dyn IdentityStore<User = S::User>> {
        Some(&self.store)
    }

    fn issuers(&self) -> IssuerAwareness {
        IssuerAwareness::Shared
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<S::User>, StoreError> {
        self.store.find(who).await
    }

    fn find_cached(&self, who: &Lookup<'_>) -> Option<Arc<S::User>> {
        self.store.find_cached(who)
    }
}
