//! The identity store: from a verified subject to the application's own user.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{
    lookup::{Found, Lookup},
    newcomer::Newcomer,
    subject::ClientId,
    subject::Subject,
};
use crate::{config::ConfigError, identity::api_key::ApiKeyName, identity::profile::ProfileError};

/// How a store tells the subjects of several issuers apart. A `sub` is unique within its issuer
/// only: with two issuers, the second may have a `user_1` who is somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerAwareness {
    /// It looks at `sub` alone: right for one issuer, refused at start-up with several.
    Ignores,
    /// It looks at issuer and `sub`.
    Distinguishes,
    /// It looks at `sub` alone, and the application has declared that its issuers share one
    /// namespace of subjects: each of them can then sign in as every user.
    Shared,
}

/// Finds the application's own user for a verified subject: the `User::where('workos_id', $sub)`
/// of every application.
///
/// ```
/// # use mcp_auth_core as actix_mcp_auth;
/// use actix_mcp_auth::{Found, IdentityStore, Lookup, StoreError};
///
/// struct Staff;
///
/// #[async_trait::async_trait]
/// impl IdentityStore for Staff {
///     type User = String;
///
///     async fn find(&self, who: &Lookup<'_>) -> Result<Found<String>, StoreError> {
///         Ok((who.id() == "user_ada").then(|| "Ada Lovelace".to_owned()).into())
///     }
/// }
/// ```
///
/// # A store around another
///
/// A store that wraps another returns it from [`wrapped`](Self::wrapped). Then every method that it
/// does not write itself asks the wrapped store, except [`find`](Self::find) and
/// [`find_cached`](Self::find_cached): these two go together, and a wrapper that changes the answer
/// of one must change the other.
#[async_trait]
pub trait IdentityStore: Send + Sync + 'static {
    /// The application's own user type.
    type User: Send + Sync + 'static;

    /// The store that this one wraps. Default: none.
    fn wrapped(&self) -> Option<&dyn IdentityStore<User = Self::User>> {
        None
    }

    /// How the store tells the subjects of several issuers apart. Default: not at all, so that an
    /// application with two issuers and such a store is refused at start-up.
    fn issuers(&self) -> IssuerAwareness {
        self.wrapped().map_or(IssuerAwareness::Ignores, |store| store.issuers())
    }

    /// Whether the store can be used with these issuers: all that the resource trusts, by the names
    /// that they are configured with. Called once, at start-up. Default: yes.
    ///
    /// # Errors
    /// What is wrong with the configuration; the application does not start.
    fn check_issuers(&self, issuers: &[&str]) -> Result<(), ConfigError> {
        self.wrapped().map_or(Ok(()), |store| store.check_issuers(issuers))
    }

    /// The claims that [`find`](Self::find) needs besides the subject, such as `org_id` or `oid`.
    /// [`Lookup::claim`] returns them, and they are part of the key of every cache of users.
    /// Default: none.
    fn claims(&self) -> &[&'static str] {
        self.wrapped().map_or(&[], |store| store.claims())
    }

    /// The user for a subject.
    ///
    /// A row that is found must have this very `sub`, byte for byte: a case-insensitive column also
    /// matches other subjects.
    ///
    /// # Errors
    /// Where the store cannot tell now. The client gets 503, the log the error.
    async fn find(&self, who: &Lookup<'_>) -> Result<Found<Self::User>, StoreError>;

    /// The user for a subject, where the store has it in memory: then the request is decided
    /// without waiting. It must give the answer that [`find`](Self::find) would give. It must not
    /// block. Default: `None`.
    fn find_cached(&self, who: &Lookup<'_>) -> Option<Arc<Self::User>> {
        let _ = who;
        None
    }

    /// Drops a person's user from the store's cache, so that the next [`find`](Self::find) asks the
    /// database: called where the user has changed or was revoked. A look-up that is under way must
    /// not bring it back. It must not block. Default: there is no cache.
    fn forget(&self, user: &Subject) {
        if let Some(store) = self.wrapped() {
            store.forget(user);
        }
    }

    /// The same for all users.
    fn forget_all(&self) {
        if let Some(store) = self.wrapped() {
            store.forget_all();
        }
    }

    /// What a machine (client credentials) stands for. With several issuers look at
    /// [`ClientId::issuer`] too: each of them can name a client by any id. Default: nobody.
    ///
    /// # Errors
    /// As for [`find`](Self::find).
    async fn find_machine(&self, client: &ClientId) -> Result<Found<Self::User>, StoreError> {
        match self.wrapped() {
            Some(store) => store.find_machine(client).await,
            None => Ok(Found::Nobody),
        }
    }

    /// What the holder of a static key stands for. Default: nobody.
    ///
    /// # Errors
    /// As for [`find`](Self::find).
    async fn find_api_key(&self, key: &ApiKeyName) -> Result<Found<Self::User>, StoreError> {
        match self.wrapped() {
            Some(store) => store.find_api_key(key).await,
            None => Ok(Found::Nobody),
        }
    }

    /// Makes a user for a person who has none yet: called where [`find`](Self::find) answered
    /// [`Found::Nobody`]. Default: nobody is made.
    ///
    /// It is not called for machines, static keys and impersonated persons. Two first requests of
    /// one person may come at once: a unique index decides, and both are answered with the one
    /// user.
    ///
    /// # Errors
    /// As for [`find`](Self::find).
    async fn provision(&self, newcomer: &Newcomer) -> Result<Found<Self::User>, StoreError> {
        match self.wrapped() {
            Some(store) => store.provision(newcomer).await,
            None => Ok(Found::Nobody),
        }
    }
}

/// The store cannot tell now: the database is gone, the pool exhausted, the query failed.
///
/// Opaque to clients, who get 503; its text goes to the log.
#[derive(Debug)]
pub struct StoreError {
    cause: Box<dyn std::error::Error + Send + Sync>,
    kind: StoreErrorKind,
}

/// What an error means for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreErrorKind {
    /// The store cannot tell now.
    Unavailable,
    /// The issuer does not accept the token any more.
    TokenRefused,
    /// The issuer has no profile of the person, so that no user can be made.
    NoProfile,
    /// The issuer cannot be asked about the person now.
    ProfileUnavailable,
}

impl StoreError {
    /// From the error of the database or service that the store asks, or from a message.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: cause.into(), kind: StoreErrorKind::Unavailable }
    }

    pub(crate) fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

/// So that `newcomer.profile().await?` ends in the right answer: an outage in 503, a token that
/// the issuer refuses in 401, a person without a profile as a person without a user.
impl From<ProfileError> for StoreError {
    fn from(error: ProfileError) -> Self {
        let kind = match error {
            ProfileError::TokenRefused => StoreErrorKind::TokenRefused,
            ProfileError::NoProfile => StoreErrorKind::NoProfile,
            ProfileError::Unavailable(_) => StoreErrorKind::ProfileUnavailable,
        };
        Self { cause: error.into(), kind }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.cause)
    }
}
