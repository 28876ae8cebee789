//! Callers with the session of a browser.

use std::sync::Arc;

use super::{
    Authenticator,
    step::{Next, Step, Waiting},
};
use crate::{
    identity::principal::Principal,
    permission::Need,
    rejection::{Rejection, TokenError},
    secret::Secret,
    session::{SessionCredential, SessionIdentity, SessionToken},
    time::UnixTime,
    token::audience::ResourceKind,
    token::bearer::BearerToken,
    token::rules,
};

impl Authenticator {
    /// As [`begin`](Self::begin), for what a session proves. [`finish`](Self::finish) goes on from
    /// it. An MCP resource takes no session (MCP 2026-07-28, Security Best Practices). `caller` is
    /// noted as by [`finish_and_note`](Self::finish_and_note).
    ///
    /// # Errors
    /// As for [`authenticate`](Self::authenticate).
    pub fn begin_session(
        &self,
        credential: SessionCredential,
        needs: &[&'static Need],
        now: UnixTime,
        caller: &mut Option<Arc<Principal>>,
    ) -> Result<Step, Rejection> {
        // A session names no resource, and would be good at each one below.
        if self.policy.kind == ResourceKind::Mcp || self.policy.resources_below {
            return Err(Rejection::MissingCredentials);
        }
        self.check_sign_in(credential.signed_in_at(), now)?;
        match credential {
            SessionCredential::Token(token) => self.begin_session_token(token, needs, now, caller),
            SessionCredential::Identity(identity) => {
                self.begin_identity(identity, needs, now, caller)
            }
        }
    }

    /// A session must not be older than revocations are kept, nor evade them by a time to come.
    fn check_sign_in(&self, signed_in_at: UnixTime, now: UnixTime) -> Result<(), TokenError> {
        if now.duration_since(signed_in_at) > self.policy.revocations.retention() {
            return Err(TokenError::SessionTooOld);
        }
        match signed_in_at.duration_since(now) > self.policy.leeway {
            true => Err(TokenError::IssuedInTheFuture),
            false => Ok(()),
        }
    }

    fn begin_session_token(
        &self,
        SessionToken { token, start }: SessionToken,
        needs: &[&'static Need],
        now: UnixTime,
        caller: &mut Option<Arc<Principal>>,
    ) -> Result<Step, Rejection> {
        if token.expose().len() > self.policy.max_token_len {
            return Err(TokenError::TooLong.into());
        }
        let cached = self.cached(BearerToken::of_secret(&token), Some(&start), None, now);
        let waiting = |next| Waiting { token, session: Some(start), resource: None, next };
        match cached {
            Ok((principal, issuer)) => {
                let known = self.known(principal, issuer, None, now)?;
                *caller = Some(known.principal.clone());
                self.go_on(known, needs, waiting)
            }
            Err(digest) => Ok(Step::Waiting(waiting(Next::Verify(digest)))),
        }
    }

    fn begin_identity(
        &self,
        identity: SessionIdentity,
        needs: &[&'static Need],
        now: UnixTime,
        caller: &mut Option<Arc<Principal>>,
    ) -> Result<Step, Rejection> {
        let issuer = self.issuer_named(&identity.issuer)?;
        if !rules::is_subject(&identity.subject) {
            return Err(TokenError::UnacceptableSubject.into());
        }
        let name = self.trusted[issuer].issuer.shared_name();
        let hash = self.policy.revocations.index().hash();
        let principal = Principal::of_identity(identity, name, hash);
        let known = self.known(Arc::new(principal), issuer, None, now)?;
        *caller = Some(known.principal.clone());
        // There is no token to ask the issuer about a newcomer with.
        self.go_on(known, needs, |next| Waiting {
            token: Secret::new(""),
            session: None,
            resource: None,
            next,
        })
    }
}
