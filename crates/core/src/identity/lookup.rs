//! What an identity store is asked for, and what it answers.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::subject::Subject;
use crate::token::claims::ClaimTypeError;

/// The values of the claims that a store has [asked for](super::IdentityStore::claims), as JSON
/// texts. An absent claim has no entry.
pub(crate) type LookupClaims = [(&'static str, Box<str>)];

/// The person whom an identity store is asked for: the subject, and the claims that the store has
/// [named](super::IdentityStore::claims).
///
/// ```
/// # use mcp_auth_core as actix_mcp_auth;
/// use actix_mcp_auth::{Lookup, Subject};
///
/// let ada = Subject::new("https://login.example.com", "user_ada");
/// let who = Lookup::new(&ada);
/// assert_eq!((who.issuer(), who.id()), ("https://login.example.com", "user_ada"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lookup<'r> {
    subject: &'r Subject,
    claims: &'r LookupClaims,
}

impl<'r> Lookup<'r> {
    /// A look-up by the subject alone.
    pub fn new(subject: &'r Subject) -> Self {
        Self { subject, claims: &[] }
    }

    pub(crate) fn with_claims(subject: &'r Subject, claims: &'r LookupClaims) -> Self {
        Self { subject, claims }
    }

    /// The subject: issuer and `sub`.
    pub fn subject(&self) -> &'r Subject {
        self.subject
    }

    /// The name of the issuer, as configured.
    pub fn issuer(&self) -> &'r str {
        self.subject.issuer()
    }

    /// The token's `sub`.
    pub fn id(&self) -> &'r str {
        self.subject.id()
    }

    /// A claim that the store has [named](super::IdentityStore::claims); `None` where the token
    /// does not have it or has `null`, and for a claim that the store has not named.
    ///
    /// # Errors
    /// Where the claim is not of type `T`.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ClaimTypeError> {
        match self.claims.iter().find(|(known, _)| *known == name) {
            Some((_, json)) => serde_json::from_str(json).map_err(|_| ClaimTypeError::of(name)),
            None => Ok(None),
        }
    }

    /// The same look-up, owned: the key of a cache.
    pub fn to_key(&self) -> LookupKey {
        LookupKey { subject: self.subject.clone(), claims: self.claims.into() }
    }
}

/// A [`Lookup`] that owns its parts, for the key of a cache: two look-ups with the same subject and
/// the same claims have equal keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LookupKey {
    subject: Subject,
    claims: Box<LookupClaims>,
}

impl LookupKey {
    /// The subject: issuer and `sub`.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The look-up that this is the key of. It has the same hash as the key.
    pub fn as_lookup(&self) -> Lookup<'_> {
        Lookup { subject: &self.subject, claims: &self.claims }
    }

    /// About how many bytes the key owns besides itself.
    pub fn weight(&self) -> usize {
        let claims: usize =
            self.claims.iter().map(|claim| size_of_val(claim) + claim.1.len()).sum();
        self.subject.id().len() + claims
    }
}

/// What an identity store answers.
///
/// A store of your own mostly has an `Option`, which converts:
///
/// ```
/// # use mcp_auth_core as actix_mcp_auth;
/// use actix_mcp_auth::Found;
///
/// let found: Found<&str> = Some("Ada Lovelace").into();
/// assert!(matches!(found, Found::User(_)));
/// assert!(matches!(Found::<&str>::from(None::<&str>), Found::Nobody));
/// ```
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found<U> {
    /// The user.
    User(Arc<U>),
    /// The application does not know this subject. The request goes on to
    /// [`provision`](super::IdentityStore::provision), else it is answered as the application
    /// [says](crate::UnknownUser).
    Nobody,
    /// The application knows this subject and refuses it: a deactivated or deleted user. The
    /// answer is 403 with a reason of its own, and the user is never provisioned anew.
    Refused,
}

impl<U> Found<U> {
    /// The user, if there is one.
    pub fn user(self) -> Option<Arc<U>> {
        match self {
            Self::User(user) => Some(user),
            Self::Nobody | Self::Refused => None,
        }
    }

    /// Whether there is no user.
    pub fn is_nobody(&self) -> bool {
        matches!(self, Self::Nobody)
    }
}

impl<U> Clone for Found<U> {
    fn clone(&self) -> Self {
        match self {
            Self::User(user) => Self::User(user.clone()),
            Self::Nobody => Self::Nobody,
            Self::Refused => Self::Refused,
        }
    }
}

impl<U> From<Option<U>> for Found<U> {
    fn from(user: Option<U>) -> Self {
        user.map(Arc::new).into()
    }
}

impl<U> From<Option<Arc<U>>> for Found<U> {
    fn from(user: Option<Arc<U>>) -> Self {
        user.map_or(Self::Nobody, Self::User)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use super::*;

    #[test]
    fn a_key_hashes_like_its_look_up() {
        let ada = Subject::new("https://i", "user_ada");
        let claims: Box<LookupClaims> = Box::new([("org_id", "\"org_1\"".into())]);
        for who in [Lookup::new(&ada), Lookup::with_claims(&ada, &claims)] {
            let (key, hasher) = (who.to_key(), RandomState::new());
            assert_eq!(hasher.hash_one(&key), hasher.hash_one(who));
            assert_eq!(key.as_lookup(), who);
        }
        assert_ne!(Lookup::new(&ada), Lookup::with_claims(&ada, &claims));
    }

    #[test]
    fn a_claim_is_read_as_the_type_asked_for() {
        let ada = Subject::new("https://i", "user_ada");
        let claims: Box<LookupClaims> = Box::new([("org_id", "\"org_1\"".into())]);
        let who = Lookup::with_claims(&ada, &claims);
        assert_eq!(who.claim::<String>("org_id").unwrap().as_deref(), Some("org_1"));
        assert_eq!(who.claim::<String>("oid").unwrap(), None);
        assert!(who.claim::<u32>("org_id").is_err());
    }
}
