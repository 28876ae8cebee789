//! Who is calling.

use serde::de::DeserializeOwned;

use crate::{
    claims::{Actor, ClaimTypeError},
    identity::{ClientId, Subject},
    issuer::Issuer,
    scope::ScopeSet,
    verified::VerifiedToken,
};

/// The caller, as the token proves it: a person, a program, or a person played by another.
#[derive(Debug)]
pub struct Principal {
    token: VerifiedToken,
    subject: Subject,
    kind: PrincipalKind,
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
    pub(crate) fn new(token: VerifiedToken, issuer: &Issuer) -> Self {
        let subject = Subject::new(issuer.shared_name(), token.subject_name());
        let kind = if issuer.is_machine(&token) {
            PrincipalKind::Machine(ClientId::new(subject.clone()))
        } else if let Some(actor) = token.actor() {
            PrincipalKind::Impersonated(actor.clone())
        } else {
            PrincipalKind::User
        };
        Self { token, subject, kind }
    }

    /// The same caller, in memory of its own.
    pub(crate) fn copy(&self) -> Self {
        Self { token: self.token.copy(), subject: self.subject.clone(), kind: self.kind.clone() }
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
