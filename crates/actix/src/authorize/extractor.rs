//! A user who is allowed what the handler needs.

use std::{
    fmt,
    future::{Ready, ready},
    marker::PhantomData,
    ops::Deref,
    sync::Arc,
};

use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, dev::Payload};
use mcp_auth_core::{Authenticated, Grants, Principal, Requirement};

use super::Refusal;
use crate::{
    extract::{self, AuthedUser},
    observe,
};

/// The application's own user who is calling, and who is allowed what the handler needs: an
/// [`AuthedUser`] with a demand. `R` is a [`Permission`](mcp_auth_core::Permission), a tuple of
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
/// Where something is missing that a new token would bring: 403 `insufficient_scope`, with all
/// that is needed in one challenge; where no token would, a plain 403 (R15). Where nobody is signed
/// in: 401. Where a permission was never
/// [declared](crate::McpAuthBuilder::permissions), and for the reasons of [`AuthedUser`]: 500, and
/// a log line with the remedy.
pub struct Authorized<R, U = Principal> {
    user: AuthedUser<U>,
    grants: Arc<Grants>,
    demanded: PhantomData<fn() -> R>,
}

impl<R: Requirement, U: Send + Sync + 'static> FromRequest for Authorized<R, U> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let extensions = request.extensions();
        if let Some(caller) = extensions.get::<Authenticated>() {
            return ready(Self::demand(caller));
        }
        ready(Err(match extract::anonymous(&extensions) {
            Some(auth) => extract::sign_in_first(&auth, &[R::NEED]),
            None => extract::no_middleware::<U>(request.path()),
        }))
    }
}

impl<R: Requirement, U: Send + Sync + 'static> Authorized<R, U> {
    fn demand(caller: &Authenticated) -> Result<Self, Error> {
        let user = AuthedUser::from_authenticated(caller).ok_or_else(extract::mistake)?;
        match caller.require(&[R::NEED]) {
            Ok(()) => Ok(Self { user, grants: caller.grants().clone(), demanded: PhantomData }),
            Err(rejection) => match caller.grants().undeclared(R::NEED) {
                Some(_) => {
                    observe::undeclared_permission(R::NEED);
                    Err(extract::mistake())
                }
                None => {
                    let challenge = caller.challenge(&rejection);
                    Err(Refusal::new(rejection, challenge).into())
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

    /// All permissions that the caller holds, for what the handler decides by itself.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The user without the demand.
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
        Self { user: self.user.clone(), grants: self.grants.clone(), demanded: PhantomData }
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
