//! An accepted caller, and the permissions that the caller holds.

use std::{
    any::{Any, type_name},
    fmt,
    sync::{Arc, OnceLock},
};

use crate::{
    identity::ErasedUser,
    identity::principal::Principal,
    metadata::resource::Resource,
    permission::{Authority, Grants, Need},
    rejection::Rejection,
};

/// An accepted caller: the principal, and the application's user for it.
#[derive(Clone)]
pub struct Authenticated {
    principal: Arc<Principal>,
    /// What the caller's issuer can grant.
    authority: Arc<Authority>,
    /// Where the request is for a resource below the configured one.
    resource: Option<Resource>,
    /// Without a store the principal is the user.
    user: Option<ErasedUser>,
    grants: OnceLock<Arc<Grants>>,
    /// What the checks of this request have required so far.
    required: Vec<&'static Need>,
}

impl Authenticated {
    pub(super) fn new(
        principal: Arc<Principal>,
        authority: Arc<Authority>,
        resource: Option<Resource>,
        user: Option<ErasedUser>,
    ) -> Self {
        Self { principal, authority, resource, user, grants: OnceLock::new(), required: Vec::new() }
    }

    /// Rejects a caller who lacks something that the operation needs.
    pub(super) fn require_all(mut self, needs: &[&'static Need]) -> Result<Self, Rejection> {
        if !needs.is_empty() {
            self.require_and_keep(needs)?;
        }
        Ok(self)
    }

    /// The caller, as the token proves it.
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// The application's user, if `U` is what its store returns. Without a store, `U` is
    /// [`Principal`].
    pub fn user<U: Send + Sync + 'static>(&self) -> Option<Arc<U>> {
        let user: Arc<dyn Any + Send + Sync> = match &self.user {
            Some(user) => user.value.clone(),
            None => self.principal.clone(),
        };
        user.downcast().ok()
    }

    /// The permissions that the caller holds: computed at the first call, and stored.
    pub fn grants(&self) -> &Arc<Grants> {
        self.grants.get_or_init(|| {
            let user: &(dyn Any + Send + Sync) = match &self.user {
                Some(user) => &*user.value,
                None => &*self.principal,
            };
            Arc::new(Grants::of(&self.authority, &self.principal, user))
        })
    }

    /// Rejects a caller who lacks something in `needs`.
    ///
    /// # Errors
    /// Those of [`Grants::require`]. The challenge also names what earlier checks
    /// [required](Self::require_and_keep), so that a client asks for all of it together.
    pub fn require(&self, needs: &[&'static Need]) -> Result<(), Rejection> {
        match self.required.is_empty() {
            true => self.grants().require(needs),
            false => self.grants().require(&[&self.required, needs].concat()),
        }
    }

    /// The same, and adds `needs` to the challenges of later checks.
    ///
    /// # Errors
    /// Those of [`require`](Self::require).
    pub fn require_and_keep(&mut self, needs: &[&'static Need]) -> Result<(), Rejection> {
        self.require(needs)?;
        self.required.extend_from_slice(needs);
        Ok(())
    }

    /// The challenge of a rejection of this caller; `None` if the rejection has none.
    pub fn challenge(&self, rejection: &Rejection) -> Option<String> {
        let challenge = self.authority.challenge();
        match &self.resource {
            None => challenge.for_rejection(rejection),
            Some(resource) => challenge.at(resource).for_rejection(rejection),
        }
    }

    /// The resource that the caller was let in to: the configured one, or one
    /// [below](super::ResourcePolicy::resources_below) it.
    pub fn resource(&self) -> &Resource {
        self.resource.as_ref().unwrap_or(self.authority.resource())
    }

    /// The same where there are several: those below the configured one, and itself.
    pub fn one_of_resources(&self) -> Option<&Resource> {
        self.resource.as_ref()
    }

    /// Whether an identity store has found the [`user`](Self::user). Otherwise none is configured, and
    /// the principal is the user.
    pub fn is_from_store(&self) -> bool {
        self.user.is_some()
    }

    /// The name of the type that [`user`](Self::user) returns.
    pub fn user_type_name(&self) -> &'static str {
        self.user.as_ref().map_or_else(type_name::<Principal>, |user| user.type_name)
    }
}

impl fmt::Debug for Authenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated")
            .field("principal", &self.principal)
            .field("user", &self.user_type_name())
            .finish()
    }
}
