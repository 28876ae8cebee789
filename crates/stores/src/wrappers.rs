//! Wrappers that work around any store.

use std::{future::Future, time::Duration};

use mcp_auth_core::{Found, IdentityStore, IssuerNames, Newcomer, Profile, StoreError};

use crate::{
    cached::CachedIdentityStore, linking::LinkingIdentityStore,
    provisioning::ProvisioningIdentityStore, shared_subjects::SharedSubjectsIdentityStore,
};

/// Wrappers around any store; they can be nested.
pub trait IdentityStoreExt: IdentityStore + Sized {
    /// Makes users for persons who have none yet: `make` is called with the [`Newcomer`] and
    /// returns the new user, or [`Found::Nobody`] to make none. It is not called for machines, static
    /// keys, impersonated persons, and users whom the store [refuses](Found::Refused). A store that
    /// leaves deactivated users out, instead of refusing them, gets new users made for them.
    ///
    /// Two first requests of one person may come at the same time: insert with "on conflict do
    /// nothing" over a unique index, and read the row back.
    ///
    /// ```
    /// use actix_mcp_auth::stores::IdentityStoreExt;
    /// # use actix_mcp_auth::{Found, IdentityStore, Newcomer};
    /// # fn around(store: impl IdentityStore<User = String>) -> impl IdentityStore {
    /// store.provision_with(|newcomer: Newcomer| async move {
    ///     Ok(Some(format!("newcomer {}", newcomer.subject().id())).into())
    /// })
    /// # }
    /// ```
    fn provision_with<F, Fut>(self, make: F) -> ProvisioningIdentityStore<Self, F>
    where
        F: Fn(Newcomer) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Found<Self::User>, StoreError>> + Send + 'static,
    {
        ProvisioningIdentityStore::new(self, make)
    }

    /// Caches the users that were found, each for `ttl` and about `capacity` of them at most: see
    /// [`CachedIdentityStore`], also for how old a cached user can be.
    fn cached(self, ttl: Duration, capacity: u64) -> CachedIdentityStore<Self> {
        CachedIdentityStore::new(self, ttl, capacity)
    }

    /// Links newcomers of these `issuers` to users who are there already and have the same e-mail
    /// address.
    ///
    /// - `issuers`: whose word about an address counts, by the names that they are configured with.
    ///   A newcomer of another issuer is never linked, and that issuer is not asked for an address.
    ///   `build()` refuses an empty list, and a name that no configured issuer has.
    /// - `find`: all users with the profile's [`verified_email`](Profile::verified_email). It is
    ///   called only where the issuer calls the address verified. Where it returns two users, nobody
    ///   is linked. Compare addresses byte for byte, or in lower case: a collation that ignores
    ///   accents takes `adá@example.com` for `ada@example.com`.
    /// - `is_linked`: whether a user has a subject already, of whichever issuer. Such a user is never
    ///   linked again.
    /// - `link`: writes the newcomer's subject, and the issuer where the table has a column for it,
    ///   into the user who was found. Several newcomers may have one address and come at the same
    ///   time, so it must write in **one statement that changes nothing where a subject is there**
    ///   (`UPDATE … SET external_id = ? WHERE id = ? AND external_id IS NULL`) and return `None`
    ///   where no row was changed. Then the store is asked again, and its answer is the request's: a
    ///   deactivated user with this address is [refused](Found::Refused). Let `find` return
    ///   deactivated users too, or a new user may be made for them.
    ///
    /// A newcomer whose address belongs to somebody and who cannot be linked has no user: 403 by
    /// default. Where nobody has the address, the store beneath may
    /// [make a user](Self::provision_with).
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use actix_mcp_auth::stores::IdentityStoreExt;
    /// # use actix_mcp_auth::{Found, IdentityStore, Newcomer, stores::Profile};
    /// # #[derive(Clone)] struct User { email: String, external_id: Option<String> }
    /// # fn around(store: impl IdentityStore<User = User>, table: Arc<Mutex<Vec<User>>>) -> impl IdentityStore {
    /// let (look, write) = (table.clone(), table);
    /// store.link_by_verified_email(
    ///     "https://login.example.com",
    ///     move |profile: Profile| {
    ///         let rows = look.lock().unwrap();
    ///         let has_it = |user: &&User| Some(&*user.email) == profile.verified_email();
    ///         std::future::ready(Ok(rows.iter().filter(has_it).cloned().collect()))
    ///     },
    ///     |user: &User| user.external_id.is_some(),
    ///     move |user: User, newcomer: Newcomer| {
    ///         let mut rows = write.lock().unwrap();
    ///         let unlinked = |row: &&mut User| row.email == user.email && row.external_id.is_none();
    ///         let row = rows.iter_mut().find(unlinked).map(|row| {
    ///             row.external_id = Some(newcomer.subject().id().to_owned());
    ///             row.clone()
    ///         });
    ///         std::future::ready(Ok(row))
    ///     },
    /// )
    /// # }
    /// ```
    ///
    /// # The risk
    /// Whoever can make one of these issuers believe that an address is theirs becomes the user who
    /// has it here, unless that user is linked. Name only issuers that verify addresses themselves;
    /// use it for addresses that your application verified as well, and not where addresses are
    /// reassigned, as companies do.
    fn link_by_verified_email<F, Users, I, L, Linked>(
        self,
        issuers: impl Into<IssuerNames>,
        find: F,
        is_linked: I,
        link: L,
    ) -> LinkingIdentityStore<Self, F, I, L>
    where
        F: Fn(Profile) -> Users + Send + Sync + 'static,
        Users: Future<Output = Result<Vec<Self::User>, StoreError>> + Send + 'static,
        I: Fn(&Self::User) -> bool + Send + Sync + 'static,
        L: Fn(Self::User, Newcomer) -> Linked + Send + Sync + 'static,
        Linked: Future<Output = Result<Option<Self::User>, StoreError>> + Send + 'static,
    {
        LinkingIdentityStore::new(self, issuers.into(), find, is_linked, link)
    }

    /// Declares that all of the application's issuers share one namespace of subjects: `user_1` is
    /// the same person, or the same machine, whichever of them says so. True of the two families of
    /// WorkOS tokens, and of few others: where it is not, one issuer's users become another's, and
    /// an issuer that is added later can sign in as everybody. The log names the issuers at start-up
    /// (`issuers_share_subjects`).
    ///
    /// Where only some issuers share their subjects, give each of them the same store in
    /// [`IssuerStores`](crate::IssuerStores) instead, and the others a store of their own.
    fn shared_subjects(self) -> SharedSubjectsIdentityStore<Self> {
        SharedSubjectsIdentityStore::new(self)
    }
}

impl<S: IdentityStore> IdentityStoreExt for S {}
