//! Where a decision stands: made, or waiting for keys or for the user.

use std::{fmt, sync::Arc};

use super::authenticated::Authenticated;
use crate::{
    cache::TokenDigest,
    identity::{ErasedUser, principal::Principal, profile::Secret},
    metadata::resource::Resource,
    permission::{Authority, Need},
    rejection::{Rejection, TokenError},
    session::SessionStart,
    token::verified::VerifiedToken,
};

/// Where the decision about a request stands after
/// [`Authenticator::begin`](super::Authenticator::begin).
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// The request is accepted.
    Done(Authenticated),
    /// Something has to be waited for.
    /// [`Authenticator::finish`](super::Authenticator::finish) continues from here.
    Waiting(Waiting),
}

/// A decision that [`Authenticator::finish`](super::Authenticator::finish) continues. It owns what
/// it needs of the request.
pub struct Waiting {
    pub(super) token: Secret,
    /// Where the token is that of a session.
    pub(super) session: Option<SessionStart>,
    /// Where the request is for a resource below the configured one.
    pub(super) resource: Option<Resource>,
    pub(super) next: Next,
}

pub(super) enum Next {
    /// The token is not in the cache: signature and claims are checked next.
    Verify(Option<TokenDigest>),
    /// The token is verified, and its scopes suffice: the user is looked up next.
    FindUser(Known),
}

/// A caller with a verified token or a static key, and what the caller's issuer can grant.
pub(super) struct Known {
    pub(super) principal: Arc<Principal>,
    pub(super) authority: Arc<Authority>,
    /// Where the request is for a resource below the configured one.
    pub(super) resource: Option<Resource>,
}

impl Known {
    /// The checks of every request, whether its token was cached or not.
    pub(super) fn check(&self, needs: &[&Need]) -> Result<(), Rejection> {
        // No proof of possession is supported yet, so no binding can be confirmed (RFC 7800 §3).
        if self.principal.token().is_some_and(VerifiedToken::is_bound_to_a_key) {
            return Err(TokenError::UnconfirmedBinding.into());
        }
        self.authority.check_required_scopes(self.principal.scopes(), needs)
    }

    pub(super) fn with_user(self, user: Option<ErasedUser>) -> Authenticated {
        Authenticated::new(self.principal, self.authority, self.resource, user)
    }
}

/// Shows no token.
impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.next {
            Next::Verify(_) => "Waiting(for signature and claims)",
            Next::FindUser(_) => "Waiting(for the user)",
        })
    }
}
