//! What handlers ask for: the user who is calling.

use std::{
    any::type_name,
    fmt,
    future::{Ready, ready},
    ops::Deref,
    sync::Arc,
};

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest, HttpResponse,
    dev::{Extensions, Payload},
    error::InternalError,
};
use mcp_auth_core::{Authenticated, Principal, Rejection, Resource, permission::Need};

use crate::{auth::McpAuth, observe};

/// The application's own user who is calling: what the identity store found for the token's
/// subject. Without a store, `U` is [`Principal`], the default.
///
/// ```
/// use actix_web::Responder;
/// use actix_mcp_auth::AuthedUser;
///
/// struct User { name: String }
///
/// async fn hello(me: AuthedUser<User>) -> impl Responder {
///     format!("Hello, {}", me.name)
/// }
/// ```
///
/// # Errors
/// Where no [middleware](crate::McpAuth::middleware) is around the route, or where `U` is not what
/// the store returns: a mistake of the program's, answered with 500 and a log line that names both
/// types and the remedy. Where the middleware is
/// [optional](crate::McpAuthMiddleware::optional) and nobody is signed in: 401.
pub struct AuthedUser<U = Principal> {
    user: Arc<U>,
    principal: Arc<Principal>,
    resource: Resource,
}

impl<U: Send + Sync + 'static> AuthedUser<U> {
    /// The user behind what the middleware left in the request's extensions, for code that gets
    /// those and no request: the tools of an MCP library, say. `None` where the store's users are
    /// of another type, which is told in the log.
    pub fn from_authenticated(caller: &Authenticated) -> Option<Self> {
        match caller.user::<U>() {
            Some(user) => {
                let (principal, resource) = (caller.principal().clone(), caller.resource().clone());
                Some(Self { user, principal, resource })
            }
            None => {
                tell_wrong_type::<U>(caller);
                None
            }
        }
    }
}

impl<U> AuthedUser<U> {
    /// The caller, as the token proves it: subject, scopes, claims.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The resource that the caller was let in to: the configured one, or with
    /// [`resources_below`](crate::McpAuthBuilder::resources_below) that of the request's path.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// The user, to keep or to hand on.
    pub fn into_inner(self) -> Arc<U> {
        self.user
    }
}

impl<U> Deref for AuthedUser<U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.user
    }
}

impl<U> Clone for AuthedUser<U> {
    fn clone(&self) -> Self {
        Self {
            user: self.user.clone(),
            principal: self.principal.clone(),
            resource: self.resource.clone(),
        }
    }
}

impl<U: fmt::Debug> fmt::Debug for AuthedUser<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthedUser").field(&self.user).finish()
    }
}

impl<U: Send + Sync + 'static> FromRequest for AuthedUser<U> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match caller::<U>(request) {
            Ok(Caller::Known(user)) => Ok(user),
            Ok(Caller::Anonymous(nobody)) => Err(sign_in_first(&nobody, &[])),
            Err(error) => Err(error),
        })
    }
}

/// The user who is calling, or nobody: for routes behind
/// [`auth.middleware().optional()`](crate::McpAuthMiddleware::optional). The middleware has refused
/// a bad token before a handler runs.
///
/// ```
/// use actix_web::Responder;
/// use actix_mcp_auth::MaybeAuthed;
///
/// async fn hello(caller: MaybeAuthed) -> impl Responder {
///     match caller.user() {
///         Some(me) => format!("Hello, {}", me.subject().id()),
///         None => "Hello, stranger".to_owned(),
///     }
/// }
/// ```
pub struct MaybeAuthed<U = Principal>(Option<AuthedUser<U>>);

impl<U> MaybeAuthed<U> {
    /// The user, if somebody is signed in.
    pub fn user(&self) -> Option<&AuthedUser<U>> {
        self.0.as_ref()
    }

    /// The user, to keep.
    pub fn into_user(self) -> Option<AuthedUser<U>> {
        self.0
    }
}

impl<U: fmt::Debug> fmt::Debug for MaybeAuthed<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MaybeAuthed").field(&self.0).finish()
    }
}

impl<U: Send + Sync + 'static> FromRequest for MaybeAuthed<U> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller::<U>(request).map(|caller| match caller {
            Caller::Known(user) => Self(Some(user)),
            Caller::Anonymous(_) => Self(None),
        }))
    }
}

/// Left in the request by an optional middleware that let somebody pass without credentials.
#[derive(Clone)]
pub(crate) struct Anonymous {
    pub(crate) auth: McpAuth,
    /// Where the request is for a resource below the configured one.
    pub(crate) resource: Option<Resource>,
}

enum Caller<U> {
    Known(AuthedUser<U>),
    Anonymous(Anonymous),
}

fn caller<U: Send + Sync + 'static>(request: &HttpRequest) -> Result<Caller<U>, Error> {
    let extensions = request.extensions();
    if let Some(known) = extensions.get::<Authenticated>() {
        return AuthedUser::from_authenticated(known).map(Caller::Known).ok_or_else(mistake);
    }
    anonymous(&extensions).map(Caller::Anonymous).ok_or_else(|| no_middleware::<U>(request.path()))
}

/// What protects the route, where somebody was let pass without credentials.
pub(crate) fn anonymous(extensions: &Extensions) -> Option<Anonymous> {
    extensions.get::<Anonymous>().cloned()
}

pub(crate) fn sign_in_first(nobody: &Anonymous, needs: &[&'static Need]) -> Error {
    let Anonymous { auth, resource } = nobody;
    auth.refusal(Rejection::MissingCredentials, resource.as_ref(), needs).into()
}

fn tell_wrong_type<U>(caller: &Authenticated) {
    match caller.is_from_store() {
        true => observe::wrong_user_type(type_name::<U>(), caller.user_type_name()),
        false => observe::no_identity_store(type_name::<U>()),
    }
}

pub(crate) fn no_middleware<U>(path: &str) -> Error {
    observe::no_middleware(type_name::<U>(), path);
    mistake()
}

/// The client is told nothing: it is not the client's mistake.
pub(crate) fn mistake() -> Error {
    let answer = HttpResponse::InternalServerError().finish();
    InternalError::from_response("authentication is not set up for this route", answer).into()
}
