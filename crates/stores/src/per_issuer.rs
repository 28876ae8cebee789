//! A store for each issuer.

use std::{collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;
use mcp_auth_core::{
    ApiKey, ApiKeyName, ClientId, ConfigError, Found, IdentityStore, IssuerAwareness, Lookup,
    Newcomer, StoreError, Subject,
};

/// A store for each issuer: staff from one table, customers from another, as long as both are one
/// type in the handlers. A subject of an issuer without a store has no user.
///
/// ```
/// use actix_mcp_auth::stores::IssuerStores;
/// # use actix_mcp_auth::IdentityStore;
/// # fn stores(staff: impl IdentityStore<User = String>, customers: impl IdentityStore<User = String>) {
/// let users = IssuerStores::new()
///     .with("https://staff.example.com", staff)
///     .with("https://customers.example.com", customers);
/// # }
/// ```
pub struct IssuerStores<U> {
    stores: HashMap<String, Box<dyn IdentityStore<User = U>>>,
    claims: Vec<&'static str>,
}

impl<U: Send + Sync + 'static> IssuerStores<U> {
    /// No store yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The store of an issuer, by the name that the issuer is configured with, byte for byte.
    #[must_use]
    pub fn with(mut self, issuer: impl Into<String>, store: impl IdentityStore<User = U>) -> Self {
        for &claim in store.claims() {
            if !self.claims.contains(&claim) {
                self.claims.push(claim);
            }
        }
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

    /// The claims that the stores have named, all together.
    fn claims(&self) -> &[&'static str] {
        &self.claims
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<U>, StoreError> {
        match self.stores.get(who.issuer()) {
            Some(store) => store.find(who).await,
            None => Ok(Found::Nobody),
        }
    }

    fn forget(&self, user: &Subject) {
        if let Some(store) = self.stores.get(user.issuer()) {
            store.forget(user);
        }
    }

    fn forget_all(&self) {
        self.stores.values().for_each(|store| store.forget_all());
    }

    fn find_cached(&self, who: &Lookup<'_>) -> Option<Arc<U>> {
        self.stores.get(who.issuer())?.find_cached(who)
    }

    async fn find_machine(&self, client: &ClientId) -> Result<Found<U>, StoreError> {
        match self.stores.get(client.issuer()) {
            Some(store) => store.find_machine(client).await,
            None => Ok(Found::Nobody),
        }
    }

    /// The store of [`ApiKey::ISSUER`], if there is one.
    async fn find_api_key(&self, key: &ApiKeyName) -> Result<Found<U>, StoreError> {
        match self.stores.get(ApiKey::ISSUER) {
            Some(store) => store.find_api_key(key).await,
            None => Ok(Found::Nobody),
        }
    }

    async fn provision(&self, newcomer: &Newcomer) -> Result<Found<U>, StoreError> {
        match self.stores.get(newcomer.subject().issuer()) {
            Some(store) => store.provision(newcomer).await,
            None => Ok(Found::Nobody),
        }
    }
}

impl<U> Default for IssuerStores<U> {
    fn default() -> Self {
        Self { stores: HashMap::new(), claims: Vec::new() }
    }
}

impl<U> fmt::Debug for IssuerStores<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.stores.keys()).finish()
    }
}
