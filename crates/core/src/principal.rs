//! Who is calling.

use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;

use crate::{
    claims::{Actor, ClaimTypeError},
    identity::{ClientId, Subject},
    issuer::Issuer,
    permission::Authority,
    scope::ScopeSet,
    verified::VerifiedToken,
};

/// The caller, as the token proves it: a person, a program, or a person played by another.
pub struct Principal {
    token: VerifiedToken,
    subject: Subject,
    kind: PrincipalKind,
    authority: Arc<Authority>,
}

/// What sort of caller it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrincipalKind {
    /// A person who signed in.
    User,
    /// A program on its own behalf (client credentials). It is never looked up among the users.
    Machine(ClientId),
    /// Somebody else who acts as a person (`act`), such as a member of staff.
    Impersonated(Actor),
}

impl Principal {
    pub(crate) fn new(token: VerifiedToken, issuer: &Issuer, authority: &Arc<Authority>) -> Self {
        let subject = Subject::new(issuer.shared_name(), token.subject_name());
        let kind = if issuer.is_machine(&token) {
            PrincipalKind::Machine(ClientId::new(subject.clone()))
        } else if let Some(actor) = token.actor() {
            PrincipalKind::Impersonated(actor.clone())
        } else {
            PrincipalKind::User
        };
        Self { token, subject, kind, authority: authority.clone() }
    }

    /// The same caller, in memory of its own.
    pub(crate) fn copy(&self) -> Self {
        Self {
            token: self.token.copy(),
            subject: self.subject.clone(),
            kind: self.kind.clone(),
            authority: self.authority.clone(),
        }
    }

    /// What the caller's issuer can grant.
    pub(crate) fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// About how many bytes it keeps.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + self.token.weight() + self.subject.id().len()
    }

    /// Issuer and `sub`: what names the caller for good.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Person, program, or a person played by another.
    pub fn kind(&self) -> &PrincipalKind {
        &self.kind
    }

    /// The program through which the caller calls, where the token tells.
    pub fn client_id(&self) -> Option<&str> {
        self.token.client_id()
    }

    /// The scopes that the token grants.
    pub fn scopes(&self) -> &ScopeSet {
        self.token.scopes()
    }

    /// Any claim of the token by its name; see [`VerifiedToken::claim`].
    ///
    /// # Errors
    /// Where the claim is not of type `T`.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ClaimTypeError> {
        self.token.claim(name)
    }

    /// The token's proof.
    pub fn token(&self) -> &VerifiedToken {
        &self.token
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("token", &self.token)
            .field("subject", &self.subject)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
