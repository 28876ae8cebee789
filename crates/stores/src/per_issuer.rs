//! A store for each issuer.

use std::{collections::HashMap, fmt};

use async_trait::async_trait;
use mcp_auth_core::{
    ApiKey, ApiKeyName, ClientId, ConfigError, IdentityStore, IssuerAwareness, Newcomer,
    StoreError, Subject,
};

/// A store for each issuer: staff from one table, customers from another, as long as both are one
/// type in the handlers. A subject of an issuer without a store has no user.
///
/// ```
/// use mcp_auth_stores::IssuerStores;
/// # use mcp_auth_core::IdentityStore;
/// # fn stores(staff: impl IdentityStore<User = String>, customers: impl IdentityStore<User = String>) {
/// let users = IssuerStores::new()
///     .with("https://staff.example.com", staff)
///     .with("https://customers.example.com", customers);
/// # }
/// ```
pub struct IssuerStores<U> {
    stores: HashMap<String, Box<dyn IdentityStore<User = U>>>,
}

impl<U: Send + Sync + 'static> IssuerStores<U> {
    /// No store yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The store of an issuer, by the name that the issuer is configured with, byte for byte.
    #[must_use]
    pub fn with(mut self, issuer: impl Into<String>, store: impl IdentityStore<User = U>) -> Self {
        self.stores.insert(issuer.into(), Box::new(store));
        self
    }
}

#[async_trait]
impl<U: Send + Sync + 'static> IdentityStore for IssuerStores<U> {
    type User = U;

    fn issuers(&self) -> IssuerAwareness {
        IssuerAwareness::Distinguishes
    }

    fn check_issuers(&self, issuers: &[&str]) -> Result<(), ConfigError> {
        self.stores.values().try_for_each(|store| store.check_issuers(issuers))
    }

    async fn find(&self, user: &Subject) -> Result<Option<U>, StoreError> {
        match self.stores.get(user.issuer()) {
            Some(store) => store.find(user).await,
            None => Ok(None),
        }
    }

    async fn find_machine(&self, client: &ClientId) -> Result<Option<U>, StoreError> {
        match self.stores.get(client.issuer()) {
            Some(store) => store.find_machine(client).await,
            None => Ok(None),
        }
    }

    /// The store of [`ApiKey::ISSUER`], if there is one.
    async fn find_api_key(&self, key: &ApiKeyName) -> Result<Option<U>, StoreError> {
        match self.stores.get(ApiKey::ISSUER) {
            Some(store) => store.find_api_key(key).await,
            None => Ok(None),
        }
    }

    async fn provision(&self, newcomer: &Newcomer) -> Result<Option<U>, StoreError> {
        match self.stores.get(newcomer.subject().issuer()) {
            Some(store) => store.provision(newcomer).await,
            None => Ok(None),
        }
    }
}

impl<U> Default for IssuerStores<U> {
    fn default() -> Self {
        Self { stores: HashMap::new() }
    }
}

impl<U> fmt::Debug for IssuerStores<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.stores.keys()).finish()
    }
}
