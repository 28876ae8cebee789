//! Identity stores: from a verified subject to the application's own user.

use std::{
    any::{Any, TypeId},
    fmt,
    sync::Arc,
};

use async_trait::async_trait;

use crate::{
    api_key::ApiKeyName,
    bearer::BearerToken,
    config::ConfigError,
    principal::{Principal, PrincipalKind},
    profile::{FetchProfile, Profile, ProfileError, Secret},
};

/// The subject of a token: the issuer and its `sub`. A `sub` is unique within its issuer only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    issuer: Arc<str>,
    id: Arc<str>,
}

impl Subject {
    /// A subject of an issuer.
    pub fn new(issuer: impl Into<Arc<str>>, id: impl Into<Arc<str>>) -> Self {
        Self { issuer: issuer.into(), id: id.into() }
    }

    /// The issuer that knows it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The token's `sub`: 1 to 255 characters, none of them control characters.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A program that calls on its own behalf.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientId(Subject);

impl ClientId {
    pub(crate) fn new(subject: Subject) -> Self {
        Self(subject)
    }

    /// The issuer that knows it.
    pub fn issuer(&self) -> &str {
        self.0.issuer()
    }

    /// The client's id.
    pub fn id(&self) -> &str {
        self.0.id()
    }
}

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
/// use mcp_auth_core::{IdentityStore, StoreError, Subject};
///
/// struct Staff;
///
/// #[async_trait::async_trait]
/// impl IdentityStore for Staff {
///     type User = String;
///
///     async fn find(&self, user: &Subject) -> Result<Option<String>, StoreError> {
///         Ok((user.id() == "user_ada").then(|| "Ada Lovelace".to_owned()))
///     }
/// }
/// ```
#[async_trait]
pub trait IdentityStore: Send + Sync + 'static {
    /// The application's own user type, whatever it is.
    type User: Send + Sync + 'static;

    /// How the store tells the subjects of several issuers apart. Default: not at all, so that an
    /// application with two issuers and such a store is refused at start-up.
    fn issuers(&self) -> IssuerAwareness {
        IssuerAwareness::Ignores
    }

    /// Whether the store can be used with these issuers: all that the resource trusts, by the names
    /// that they are configured with. Called once, at start-up. Default: yes.
    ///
    /// A store around another one passes the question on.
    ///
    /// # Errors
    /// A sentence for whoever configured it; the application does not start.
    fn check_issuers(&self, issuers: &[&str]) -> Result<(), ConfigError> {
        let _ = issuers;
        Ok(())
    }

    /// The user for a subject; `None` where there is none.
    ///
    /// A row that is found must have this very `sub`, byte for byte: a case-insensitive column
    /// finds what was not asked for.
    ///
    /// # Errors
    /// Where the store cannot tell now. The client gets 503, the log the error.
    async fn find(&self, user: &Subject) -> Result<Option<Self::User>, StoreError>;

    /// What a machine (client credentials) stands for; nobody, unless the application says
    /// otherwise. With several issuers look at [`ClientId::issuer`] too: each of them can name a
    /// client by any id.
    ///
    /// # Errors
    /// As for [`find`](Self::find).
    async fn find_machine(&self, client: &ClientId) -> Result<Option<Self::User>, StoreError> {
        let _ = client;
        Ok(None)
    }

    /// What the holder of a static key stands for; nobody, unless the application says otherwise.
    ///
    /// # Errors
    /// As for [`find`](Self::find).
    async fn find_api_key(&self, key: &ApiKeyName) -> Result<Option<Self::User>, StoreError> {
        let _ = key;
        Ok(None)
    }

    /// Makes a user for a person who has none yet; `None` (the default) leaves it at that.
    /// Machines, static keys and impersonated persons never get here. Two first requests of one person may
    /// come at once: a unique index decides, and both are answered with the one user.
    ///
    /// # Errors
    /// As for [`find`](Self::find).
    async fn provision(&self, newcomer: &Newcomer) -> Result<Option<Self::User>, StoreError> {
        let _ = newcomer;
        Ok(None)
    }
}

/// Somebody whom the application does not know yet.
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

    /// The person's profile from the issuer: e-mail address and name, which no MCP token carries.
    /// The issuer is asked when this is called; its answer is remembered for 10 s.
    ///
    /// With several issuers, each tells what it likes: an address that one of them tells is no
    /// reason to take the person for a user of another. Look at the [`subject`](Self::subject)'s
    /// issuer before you go by it.
    ///
    /// # Errors
    /// [`ProfileError`]. Handed on with `?`, it ends in the right answer: 503 where the issuer
    /// cannot be asked or is asked too often, 401 where it does not accept the token any more, and
    /// that of an unknown user where it has no profile.
    pub async fn profile(&self) -> Result<Profile, ProfileError> {
        self.profiles.fetch(self.subject(), &self.token).await
    }
}

impl fmt::Debug for Newcomer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Newcomer").field("principal", &self.principal).finish_non_exhaustive()
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
}

impl StoreError {
    /// From the error of whatever the store is made of, or from a message.
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
            ProfileError::Unavailable(_) => StoreErrorKind::Unavailable,
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

/// A type-erased user, with the name of its type for error messages.
#[derive(Clone)]
pub(crate) struct ErasedUser {
    pub(crate) value: Arc<dyn Any + Send + Sync>,
    pub(crate) type_name: &'static str,
}

impl ErasedUser {
    pub(crate) fn new<U: Send + Sync + 'static>(user: Arc<U>) -> Self {
        Self { value: user, type_name: std::any::type_name::<U>() }
    }
}

/// What a [`Newcomer`] is made of besides the principal.
pub(crate) struct Introduction<'r> {
    pub(crate) token: BearerToken<'r>,
    pub(crate) profiles: &'r Arc<dyn FetchProfile>,
}

impl Introduction<'_> {
    fn of(&self, principal: &Arc<Principal>) -> Newcomer {
        Newcomer {
            principal: principal.clone(),
            token: Secret::new(self.token.expose()),
            profiles: self.profiles.clone(),
        }
    }
}

/// A type-erased store, so that [`Authenticator`](crate::Authenticator) needs no type parameter.
#[async_trait]
pub(crate) trait ErasedStore: Send + Sync {
    /// The type of its users, and its name.
    fn user_type(&self) -> (TypeId, &'static str);
    fn issuers(&self) -> IssuerAwareness;
    fn check_issuers(&self, issuers: &[&str]) -> Result<(), ConfigError>;
    async fn resolve(
        &self,
        principal: &Arc<Principal>,
        introduction: Introduction<'_>,
    ) -> Result<Option<ErasedUser>, StoreError>;
}

#[async_trait]
impl<S: IdentityStore> ErasedStore for S {
    fn user_type(&self) -> (TypeId, &'static str) {
        (TypeId::of::<S::User>(), std::any::type_name::<S::User>())
    }

    fn issuers(&self) -> IssuerAwareness {
        IdentityStore::issuers(self)
    }

    fn check_issuers(&self, issuers: &[&str]) -> Result<(), ConfigError> {
        IdentityStore::check_issuers(self, issuers)
    }

    async fn resolve(
        &self,
        principal: &Arc<Principal>,
        introduction: Introduction<'_>,
    ) -> Result<Option<ErasedUser>, StoreError> {
        let user = match principal.kind() {
            PrincipalKind::Machine(client) => self.find_machine(client).await?,
            PrincipalKind::ApiKey(key) => self.find_api_key(key).await?,
            PrincipalKind::Impersonated(_) => self.find(principal.subject()).await?,
            PrincipalKind::User => match self.find(principal.subject()).await? {
                Some(user) => Some(user),
                None => self.provision(&introduction.of(principal)).await?,
            },
        };
        Ok(user.map(|user| ErasedUser::new(Arc::new(user))))
    }
}
