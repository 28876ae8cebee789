//! The application's own check of verified tokens.

use std::{fmt, sync::Arc};

use super::Authenticator;
use crate::{
    identity::principal::Principal,
    rejection::{ForbiddenReason, Rejection},
    token::verified::VerifiedToken,
};

/// What the application asks of tokens beyond the standards: which clients may call, which tenants or
/// organizations.
#[derive(Clone)]
pub struct TokenCheck(Arc<Check>);

type Check = dyn Fn(&VerifiedToken) -> Result<(), String> + Send + Sync;

impl TokenCheck {
    /// A check that refuses with a reason for the log.
    pub fn new<E: Into<String>>(
        check: impl Fn(&VerifiedToken) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move |token| check(token).map_err(Into::into)))
    }
}

impl Authenticator {
    /// Asks every check of the application, on each request: what a check refers to can change while
    /// the token is cached. Callers without a token have nothing to be checked.
    pub(super) fn check_token(&self, principal: &Principal) -> Result<(), Rejection> {
        let Some(token) = principal.token() else { return Ok(()) };
        for TokenCheck(check) in &self.policy.checks {
            check(token).map_err(|reason| ForbiddenReason::RefusedByPolicy { reason })?;
        }
        Ok(())
    }
}

impl fmt::Debug for TokenCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenCheck")
    }
}
