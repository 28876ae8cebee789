//! Looking up the application's user for a caller.

use std::sync::Arc;

use super::{Authenticator, UnknownUser};
use crate::{
    identity::{
        ErasedUser, ProvisioningContext, Resolved, StoreErrorKind,
        principal::{Principal, PrincipalKind},
    },
    rejection::{ForbiddenReason, Rejection, TokenError, UnavailableReason},
    token::bearer::BearerToken,
};

impl Authenticator {
    /// The application's user; `None` without a store.
    pub(super) async fn find_user(
        &self,
        principal: &Arc<Principal>,
        token: BearerToken<'_>,
    ) -> Result<Option<ErasedUser>, Rejection> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        let context = ProvisioningContext { token, profiles: &self.profiles };
        match store.resolve(principal, context).await {
            Ok(Resolved::User(user)) => Ok(Some(user)),
            Ok(Resolved::Nobody) => Err(match principal.kind() {
                // No program can sign in as somebody else: 401 would help nobody.
                PrincipalKind::Machine(_) => ForbiddenReason::UnknownMachine.into(),
                _ => self.unknown_user(),
            }),
            Ok(Resolved::Refused) => Err(ForbiddenReason::UserRefused.into()),
            Err(error) => Err(match error.kind() {
                StoreErrorKind::Unavailable => {
                    UnavailableReason::IdentityStore { error: error.to_string() }.into()
                }
                StoreErrorKind::ProfileUnavailable => {
                    UnavailableReason::Profile { error: error.to_string() }.into()
                }
                StoreErrorKind::TokenRefused => TokenError::RefusedByIssuer.into(),
                StoreErrorKind::NoProfile => self.unknown_user(),
            }),
        }
    }

    fn unknown_user(&self) -> Rejection {
        match self.policy.unknown_user {
            UnknownUser::Forbidden => ForbiddenReason::UnknownUser.into(),
            UnknownUser::Unauthorized => TokenError::UnknownUser.into(),
        }
    }
}
