//! The wrappers around identity stores.

use std::{future::Future, time::Duration};

use mcp_auth_core::{Found, IdentityStore, Newcomer, Profile, StoreError};

use crate::{
    cached::CachedIdentityStore, linking::LinkingIdentityStore,
    provisioning::ProvisioningIdentityStore, shared_subjects::SharedSubjectsIdentityStore,
};

/// The wrappers that every identity store has as methods, one around another.
pub trait IdentityStoreExt: IdentityStore + Sized {
    /// Makes users for persons who have none yet: `make` is called with the [`Newcomer`] and
    /// returns the new user, or `None` to refuse; a [`Found`] as well, such as that of a store which
    /// reads the row back. It is not called for machines, static keys and impersonated persons.
    ///
    /// Two first requests of one person may come at the same time: insert with "on conflict do
    /// nothing" over a unique index, and read the row back.
    ///
    /// ```
    /// use mcp_auth_stores::IdentityStoreExt;
    /// # use mcp_auth_core::{Found, IdentityStore, Newcomer};
    /// # fn around(store: impl IdentityStore<User = String>) -> impl IdentityStore {
    /// store.provision_with(|newcomer: Newcomer| async move {
    ///     Ok(Some(format!("newcomer {}", newcomer.subject().id())))
    /// })
    /// # }
    /// ```
    fn provision_with<F, Fut, Made>(self, make: F) -> ProvisioningIdentityStore<Self, F>
    where
        F: Fn(Newcomer) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Made, StoreError>> + Send + 'static,
        Made: Into<Found<Self::User>> + Send + 'static,
    {
        ProvisioningIdentityStore::new(self, make)
    }

    /// Caches the users that were found, each for `ttl` and about `capacity` of them at most: see
    /// [`CachedIdentityStore`], also for how old a cached user can be.
    fn cached(self, ttl: Duration, capacity: u64) -> CachedIdentityStore<Self> {
        CachedIdentityStore::new(self, ttl, capacity)
    }

    /// Links newcomers to users who are there already and have the same e-mail address: `find`
    /// looks for the users with the profile's [`verified_email`](Profile::verified_email), and
    /// `link` writes the newcomer's subject into the one that was found. Where the issuer does not
    /// call the address verified, or where two users have it, nobody is linked.
    ///
    /// # The risk
    /// Whoever can make the issuer believe that an address is theirs becomes the user who has it
    /// here. Use it only with an issuer that verifies addresses itself, for addresses that your
    /// application verified as well, and not where addresses are reassigned, as companies do.
    fn link_by_verified_email<F, Users, L, Linked>(
        self,
        find: F,
        link: L,
    ) -> LinkingIdentityStore<Self, F, L>
    where
        F: Fn(Profile) -> Users + Send + Sync + 'static,
        Users: Future<Output = Result<Vec<Self::User>, StoreError>> + Send + 'static,
        L: Fn(Self::User, Newcomer) -> Linked + Send + Sync + 'static,
        Linked: Future<Output = Result<Option<Self::User>, StoreError>> + Send + 'static,
    {
        LinkingIdentityStore::new(self, find, link)
    }

    /// Declares that the application's issuers share one namespace of subjects: `user_1` is the
    /// same person whichever of them says so. True of the two families of WorkOS tokens, and of
    /// few others: where it is not, one issuer's users become another's.
    fn shared_subjects(self) -> SharedSubjectsIdentityStore<Self> {
        SharedSubjectsIdentityStore::new(self)
    }
}

impl<S: IdentityStore> IdentityStoreExt for S {}
