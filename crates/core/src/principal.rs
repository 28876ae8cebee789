//! Who is calling.

use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;

use crate::{
    api_key::{ApiKey, ApiKeyName},
    claims::{Actor, ClaimTypeError},
    identity::{ClientId, Subject},
    issuer::Issuer,
    permission::Authority,
    scope::ScopeSet,
    token_cache::PER_ALLOCATION,
    verified::VerifiedToken,
};

/// The caller, as the token proves it: a person, a program, or an impersonated person; or the holder
/// of a static key.
pub struct Principal {
    proof: Proof,
    subject: Subject,
    kind: PrincipalKind,
    authority: Arc<Authority>,
}

/// What proved who it is. Not boxed, since it is a token in nearly every request.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)]
enum Proof {
    Token(VerifiedToken),
    /// A static key, with what holding it grants.
    ApiKey(ScopeSet),
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
    /// The holder of a static key, by the key's name. It is never looked up among the users, and
    /// never becomes one.
    ApiKey(ApiKeyName),
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
        // The limit applies here, once, so that nothing behind it sees what the issuer may not grant.
        let token = token.limited_to(issuer.scope_limit());
        Self { proof: Proof::Token(token), subject, kind, authority: authority.clone() }
    }

    /// The holder of a static key. `authority` says what can be granted to it: no scope, since it
    /// has no issuer.
    pub(crate) fn of_api_key(
        name: &ApiKeyName,
        scopes: ScopeSet,
        authority: &Arc<Authority>,
    ) -> Self {
        Self {
            proof: Proof::ApiKey(scopes),
            subject: Subject::new(ApiKey::ISSUER, name.shared()),
            kind: PrincipalKind::ApiKey(name.clone()),
            authority: authority.clone(),
        }
    }

    /// A copy with claims and scopes of its own.
    pub(crate) fn copy(&self) -> Self {
        let proof = match &self.proof {
            Proof::Token(token) => Proof::Token(token.copy()),
            Proof::ApiKey(scopes) => Proof::ApiKey(scopes.clone()),
        };
        Self {
            proof,
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
        let proof = self.token().map_or(0, VerifiedToken::weight);
        size_of::<Self>() + proof + self.subject.id().len() + 2 * PER_ALLOCATION
    }

    /// Issuer and `sub`, which identify the caller. For the holder of a static key that is
    /// [`ApiKey::ISSUER`] and the key's name.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The issuer, by the name that it is configured with, whichever of its spellings stands in the
    /// token. For the holder of a static key, [`ApiKey::ISSUER`].
    pub fn issuer(&self) -> &str {
        self.subject.issuer()
    }

    /// Person, program, impersonated person, or the holder of a static key.
    pub fn kind(&self) -> &PrincipalKind {
        &self.kind
    }

    /// The program through which the caller calls, where the token tells. It is the issuer's word,
    /// and unique within that [`issuer`](Self::issuer) only.
    pub fn client_id(&self) -> Option<&str> {
        self.token()?.client_id()
    }

    /// The scopes that the token grants, or the static key. See [`VerifiedToken::scopes`] for the
    /// limit that an issuer may have.
    pub fn scopes(&self) -> &ScopeSet {
        match &self.proof {
            Proof::Token(token) => token.scopes(),
            Proof::ApiKey(scopes) => scopes,
        }
    }

    /// Any claim of the token by its name; see [`VerifiedToken::claim`]. A static key has none.
    ///
    /// # Errors
    /// Where the claim is not of type `T`.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ClaimTypeError> {
        self.token().map_or(Ok(None), |token| token.claim(name))
    }

    /// The token's proof; `None` for a static key.
    pub fn token(&self) -> Option<&VerifiedToken> {
        match &self.proof {
            Proof::Token(token) => Some(token),
            Proof::ApiKey(_) => None,
        }
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("proof", &self.proof)
            .field("subject", &self.subject)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
