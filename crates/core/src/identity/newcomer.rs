//! A person whom the application does not know yet.

use std::{fmt, sync::Arc};

use super::{lookup::Lookup, subject::Subject};
use crate::{
    identity::principal::Principal,
    identity::profile::{FetchProfile, Profile, ProfileError, Secret},
    token::bearer::BearerToken,
};

/// A person who has signed in and has no user in the application yet.
#[derive(Clone)]
pub struct Newcomer {
    principal: Arc<Principal>,
    token: Secret,
    profiles: Arc<dyn FetchProfile>,
}

impl Newcomer {
    /// The caller.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The caller's issuer and `sub`.
    pub fn subject(&self) -> &Subject {
        self.principal.subject()
    }

    /// The look-up by which a store finds the person: to read a row back that was just written.
    pub fn lookup(&self) -> Lookup<'_> {
        self.principal.lookup()
    }

    /// The person's e-mail address and name, which no MCP token carries. The issuer is asked
    /// when this is called; its answer is cached for 10 s.
    ///
    /// With several issuers each can state any address: an address from one issuer is no reason to
    /// take the person for a user of another. Check the issuer of the [`subject`](Self::subject)
    /// first.
    ///
    /// # Errors
    /// [`ProfileError`]. Returned with `?`, it ends in the right answer: 503 where the issuer
    /// cannot be asked or is asked too often, 401 where it does not accept the token any more, and that of an unknown
    /// user where it has no profile.
    pub async fn profile(&self) -> Result<Profile, ProfileError> {
        self.profiles.fetch(self.subject(), &self.token).await
    }
}

impl fmt::Debug for Newcomer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Newcomer").field("principal", &self.principal).finish_non_exhaustive()
    }
}

/// What [`Newcomer`] is made of, besides the principal.
pub(crate) struct ProvisioningContext<'r> {
    pub(crate) token: BearerToken<'r>,
    pub(crate) profiles: &'r Arc<dyn FetchProfile>,
}

impl ProvisioningContext<'_> {
    pub(super) fn newcomer(&self, principal: &Arc<Principal>) -> Newcomer {
        Newcomer {
            principal: principal.clone(),
            token: Secret::new(self.token.expose()),
            profiles: self.profiles.clone(),
        }
    }
}
