//! An identity store without its type parameter, so that the types above it need none.

use std::{
    any::{Any, TypeId, type_name},
    sync::Arc,
};

use async_trait::async_trait;

use super::{
    lookup::Found,
    newcomer::ProvisioningContext,
    store::{IdentityStore, IssuerAwareness, StoreError},
    subject::Subject,
};
use crate::{
    config::ConfigError,
    identity::principal::{Principal, PrincipalKind},
};

/// A user of the store's type, and that type's name for error messages.
#[derive(Clone)]
pub(crate) struct ErasedUser {
    pub(crate) value: Arc<dyn Any + Send + Sync>,
    pub(crate) type_name: &'static str,
}

impl ErasedUser {
    pub(crate) fn new<U: Send + Sync + 'static>(user: Arc<U>) -> Self {
        Self { value: user, type_name: type_name::<U>() }
    }
}

/// What the store answers for a principal.
pub(crate) enum Resolved {
    User(ErasedUser),
    Nobody,
    Refused,
}

#[async_trait]
pub(crate) trait ErasedStore: Send + Sync {
    /// The type of its users, and its name.
    fn user_type(&self) -> (TypeId, &'static str);
    fn issuers(&self) -> IssuerAwareness;
    fn check_issuers(&self, issuers: &[&str]) -> Result<(), ConfigError>;
    fn claims(&self) -> &[&'static str];
    /// Drops a user from the store's cache.
    fn forget(&self, user: &Subject);
    /// Drops all users from the store's cache.
    fn forget_all(&self);
    /// The user, where the store has it at hand.
    fn resolve_cached(&self, principal: &Principal) -> Option<ErasedUser>;
    async fn resolve(
        &self,
        principal: &Arc<Principal>,
        context: ProvisioningContext<'_>,
    ) -> Result<Resolved, StoreError>;
}

#[async_trait]
impl<S: IdentityStore> ErasedStore for S {
    fn user_type(&self) -> (TypeId, &'static str) {
        (TypeId::of::<S::User>(), type_name::<S::User>())
    }

    fn issuers(&self) -> IssuerAwareness {
        IdentityStore::issuers(self)
    }

    fn check_issuers(&self, issuers: &[&str]) -> Result<(), ConfigError> {
        IdentityStore::check_issuers(self, issuers)
    }

    fn claims(&self) -> &[&'static str] {
        IdentityStore::claims(self)
    }

    fn forget(&self, user: &Subject) {
        IdentityStore::forget(self, user);
    }

    fn forget_all(&self) {
        IdentityStore::forget_all(self);
    }

    fn resolve_cached(&self, principal: &Principal) -> Option<ErasedUser> {
        match principal.kind().is_person() {
            true => self.find_cached(&principal.lookup()).map(ErasedUser::new),
            false => None,
        }
    }

    async fn resolve(
        &self,
        principal: &Arc<Principal>,
        context: ProvisioningContext<'_>,
    ) -> Result<Resolved, StoreError> {
        let found = match principal.kind() {
            PrincipalKind::Machine(client) => self.find_machine(client).await?,
            PrincipalKind::ApiKey(key) => self.find_api_key(key).await?,
            PrincipalKind::Impersonated(_) => self.find(&principal.lookup()).await?,
            PrincipalKind::User | PrincipalKind::Agent(_) => {
                match self.find(&principal.lookup()).await? {
                    Found::Nobody => self.provision(&context.newcomer(principal)).await?,
                    found => found,
                }
            }
        };
        Ok(match found {
            Found::User(user) => Resolved::User(ErasedUser::new(user)),
            Found::Nobody => Resolved::Nobody,
            Found::Refused => Resolved::Refused,
        })
    }
}
