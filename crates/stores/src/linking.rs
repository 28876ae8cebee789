//! Links newcomers to users who are known by their e-mail address.

use std::{fmt, future::Future, sync::Arc};

use async_trait::async_trait;
use mcp_auth_core::{
    ConfigError, Found, IdentityStore, IssuerNames, Lookup, Newcomer, Profile, StoreError,
};

/// A store that links newcomers to users by their verified e-mail address: see
/// [`link_by_verified_email`](crate::IdentityStoreExt::link_by_verified_email).
#[derive(Clone)]
pub struct LinkingIdentityStore<S, F, I, L> {
    store: S,
    /// Whose word about an address counts.
    issuers: IssuerNames,
    find: F,
    is_linked: I,
    link: L,
}

impl<S, F, I, L> LinkingIdentityStore<S, F, I, L> {
    pub(crate) fn new(store: S, issuers: IssuerNames, find: F, is_linked: I, link: L) -> Self {
        Self { store, issuers, find, is_linked, link }
    }
}

/// What becomes of a newcomer's address.
enum Outcome {
    /// Somebody has the address, and the newcomer may be linked to them now.
    Taken,
    /// No user has the address, or it does not count.
    Unknown,
}

impl<S, F, Users, I, L, Linked> LinkingIdentityStore<S, F, I, L>
where
    S: IdentityStore,
    F: Fn(Profile) -> Users + Send + Sync + 'static,
    Users: Future<Output = Result<Vec<S::User>, StoreError>> + Send + 'static,
    I: Fn(&S::User) -> bool + Send + Sync + 'static,
    L: Fn(S::User, Newcomer) -> Linked + Send + Sync + 'static,
    Linked: Future<Output = Result<Option<S::User>, StoreError>> + Send + 'static,
{
    async fn try_link(&self, newcomer: &Newcomer) -> Result<Outcome, StoreError> {
        // An issuer that was not named is not even asked.
        if !self.issuers.contains(newcomer.subject().issuer()) {
            return Ok(Outcome::Unknown);
        }
        let profile = newcomer.profile().await?;
        if profile.verified_email().is_none() {
            return Ok(Outcome::Unknown);
        }
        let mut found = (self.find)(profile).await?;
        let Some(only) = found.pop() else { return Ok(Outcome::Unknown) };
        // Of two users with one address it is unknown which one is meant. A user who is linked
        // stays whose they are, whoever else has the address now.
        if found.is_empty() && !(self.is_linked)(&only) {
            (self.link)(only, newcomer.clone()).await?;
        }
        Ok(Outcome::Taken)
    }
}

#[async_trait]
impl<S, F, Users, I, L, Linked> IdentityStore for LinkingIdentityStore<S, F, I, L>
where
    S: IdentityStore,
    F: Fn(Profile) -> Users + Send + Sync + 'static,
    Users: Future<Output = Result<Vec<S::User>, StoreError>> + Send + 'static,
    I: Fn(&S::User) -> bool + Send + Sync + 'static,
    L: Fn(S::User, Newcomer) -> Linked + Send + Sync + 'static,
    Linked: Future<Output = Result<Option<S::User>, StoreError>> + Send + 'static,
{
    type User = S::User;

    fn wrapped(&self) -> Option<&dyn IdentityStore<User = S::User>> {
        Some(&self.store)
    }

    fn check_issuers(&self, issuers: &[&str]) -> Result<(), ConfigError> {
        self.issuers.check("link_by_verified_email", issuers)?;
        self.store.check_issuers(issuers)
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<S::User>, StoreError> {
        self.store.find(who).await
    }

    fn find_cached(&self, who: &Lookup<'_>) -> Option<Arc<S::User>> {
        self.store.find_cached(who)
    }

    async fn provision(&self, newcomer: &Newcomer) -> Result<Found<S::User>, StoreError> {
        match self.try_link(newcomer).await? {
            // The store decides, since the user with the address may be refused: a deactivated user.
            // And another request of the same person may have linked them.
            Outcome::Taken => self.store.find(&newcomer.lookup()).await,
            Outcome::Unknown => self.store.provision(newcomer).await,
        }
    }
}

impl<S: fmt::Debug, F, I, L> fmt::Debug for LinkingIdentityStore<S, F, I, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkingIdentityStore")
            .field("store", &self.store)
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}
