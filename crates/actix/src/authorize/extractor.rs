//! The extractor of a user who holds the permissions that a handler needs.

use std::{
    fmt,
    future::{Ready, ready},
    marker::PhantomData,
    ops::Deref,
    sync::Arc,
};

use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, dev::Payload};
use mcp_auth_core::{Authenticated, Grants, Principal, Requirement, Resource};

use crate::extractor_error::ExtractorError;
use crate::{
    extract::{self, AuthedUser},
    observe,
};

/// The application's user who is calling, and who holds what the handler needs: an [`AuthedUser`]
/// with a requirement. `R` is a [`Permission`](mcp_auth_core::Permission), a tuple of
/// them, all of which are needed, or [`Any`](mcp_auth_core::Any).
///
/// ```
/// use actix_web::Responder;
/// use actix_mcp_auth::Authorized;
///
/// actix_mcp_auth::scopes! { pub BookmarksWrite = "bookmarks:write"; }
///
/// struct User { name: String }
///
/// async fn add(me: Authorized<BookmarksWrite, User>) -> impl Responder {
///     format!("Kept for {}", me.name)
/// }
/// ```
///
/// # Errors
/// If a permission is missing that a new token can grant: 403 `insufficient_scope`, with all that
/// is needed in one challenge (RFC 6750 §3.1). If no token can grant it: 403 without a challenge.
/// Without credentials: 401. If a permission was never
/// [declared](crate::McpAuthBuilder::permissions), and for the reasons of [`AuthedUser`]: 500, and
/// a log line with the remedy.
pub struct Authorized<R, U = Principal> {
    user: AuthedUser<U>,
    grants: Arc<Grants>,
    requirement: PhantomData<fn() -> R>,
}

impl<R: Requirement, U: Send + Sync + 'static> FromRequest for Authorized<R, U> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let extensions = request.extensions();
        if let Some(caller) = extensions.get::<Authenticated>() {
            return ready(Self::check(caller));
        }
        ready(Err(match extract::anonymous(&extensions) {
            Some(nobody) => extract::sign_in_first(&nobody, &[R::NEED]),
            None => extract::no_middleware::<U>(request.path()),
        }))
    }
}

impl<R: Requirement, U: Send + Sync + 'static> Authorized<R, U> {
    fn check(caller: &Authenticated) -> Result<Self, Error> {
        let user = AuthedUser::from_authenticated(caller).ok_or_else(extract::mistake)?;
        match caller.require(&[R::NEED]) {
            Ok(()) => Ok(Self { user, grants: caller.grants().clone(), requirement: PhantomData }),
            Err(rejection) => match caller.grants().undeclared(R::NEED) {
                Some(_) => {
                    observe::undeclared_permission(R::NEED);
                    Err(extract::mistake())
                }
                None => {
                    let challenge = caller.challenge(&rejection);
                    Err(ExtractorError::new(rejection, challenge).into())
                }
            },
        }
    }
}

impl<R, U> Authorized<R, U> {
    /// The caller, as the token proves it: subject, scopes, claims.
    pub fn principal(&self) -> &Principal {
        self.user.principal()
    }

    /// The resource that the caller was let in to: see [`AuthedUser::resource`].
    pub fn resource(&self) -> &Resource {
        self.user.resource()
    }

    /// All permissions that the caller holds, for the handler's own decisions.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The user without the requirement.
    pub fn into_user(self) -> AuthedUser<U> {
        self.user
    }
}

impl<R, U> Deref for Authorized<R, U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.user
    }
}

impl<R, U> Clone for Authorized<R, U> {
    fn clone(&self) -> Self {
        Self { user: self.user.clone(), grants: self.grants.clone(), requirement: PhantomData }
    }
}

impl<R, U: fmt::Debug> fmt::Debug for Authorized<R, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorized")
            .field("user", &self.user)
            .field("grants", &self.grants)
            .finish()
    }
}
