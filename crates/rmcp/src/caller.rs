//! Who is calling, as an argument of a tool or a prompt.

use std::{
    any::type_name,
    fmt,
    marker::PhantomData,
    ops::Deref,
    sync::{Arc, LazyLock},
    time::SystemTime,
};

use mcp_auth_core::{
    Authenticated, Principal, Rejection, Requirement, Resource, UnixTime, log_limit::OncePerSecond,
    permission::Grants,
};
use rmcp::{
    ErrorData, RoleServer,
    handler::server::common::{AsRequestContext, FromContextPart},
    service::RequestContext,
};

use crate::carried::{carried, mistake};

/// The application's own user who is calling, and what they may do. `U` is what the identity store
/// returns, or [`Principal`] without one.
///
/// ```
/// use mcp_auth_rmcp::Caller;
/// use rmcp::{tool, tool_router};
///
/// actix_mcp_auth::scopes! { BookmarksWrite = "bookmarks:write"; }
///
/// struct User { name: String }
/// struct Tools;
///
/// #[tool_router]
/// impl Tools {
///     /// Says what the signed-in person may do.
///     #[tool]
///     async fn rights(&self, me: Caller<User>) -> String {
///         match me.may::<BookmarksWrite>() {
///             true => format!("{} reads and writes", me.name),
///             false => format!("{} reads", me.name),
///         }
///     }
/// }
/// ```
///
/// `R` is what the caller must be allowed: a permission, a tuple of several or
/// [`Any`](mcp_auth_core::Any) of several, as of a handler's `Authorized`. The default requires nothing.
///
/// ```
/// # use mcp_auth_rmcp::Caller;
/// # actix_mcp_auth::scopes! { BookmarksWrite = "bookmarks:write"; }
/// # struct User { name: String }
/// async fn add_bookmark(me: Caller<User, BookmarksWrite>) -> String {
///     format!("kept for {}", me.name)
/// }
/// ```
///
/// [`tool_rules!`](crate::tool_rules) makes the rules of `auth.mcp()` out of these signatures: a caller
/// without the permission gets 403 with a challenge before the tool runs, and
/// [`tools_for`](crate::tools_for) does not show them the tool. Without such a rule the tool does not
/// run either, but the client gets an error of the protocol, by which none asks for a scope; the log
/// says so (`permission_without_rule`).
///
/// # Errors
/// An error of the protocol where nobody is signed in, or where the permission is missing. A tool that
/// needs a caller should not be among the
/// [`AnonymousMethods`](mcp_auth_core::mcp::AnonymousMethods), so that the client gets its challenge
/// before. Where the caller was not [carried over](crate::carry), or where `U` is not the type that the
/// store returns, the program is wrong, and the log says how to correct it.
pub struct Caller<U = Principal, R = ()> {
    user: Arc<U>,
    authenticated: Authenticated,
    requirement: PhantomData<fn() -> R>,
}

/// The user who is calling, or nobody, where the endpoint lets some messages through without
/// credentials.
///
/// # Errors
/// As [`Caller`], but for nobody.
pub struct MaybeCaller<U = Principal>(Option<Caller<U>>);

impl<U: Send + Sync + 'static> Caller<U> {
    /// The caller, for a handler that gets a context and no arguments of its choice.
    ///
    /// # Errors
    /// As for the argument.
    pub fn of(context: &RequestContext<RoleServer>) -> Result<Self, ErrorData> {
        let caller = MaybeCaller::of(context)?;
        caller.0.ok_or_else(|| ErrorData::invalid_request("Authentication is required", None))
    }
}

impl<U, R> Caller<U, R> {
    /// The user, to keep or to hand on.
    pub fn user(&self) -> &Arc<U> {
        &self.user
    }

    /// The caller, as the token proves it: subject, scopes, claims.
    pub fn principal(&self) -> &Arc<Principal> {
        self.authenticated.principal()
    }

    /// The resource that the caller was let in to: the configured one, or with `resources_below()`
    /// that of the request's path.
    pub fn resource(&self) -> &Resource {
        self.authenticated.resource()
    }

    /// All permissions that the caller holds.
    pub fn grants(&self) -> &Grants {
        self.authenticated.grants()
    }

    /// Whether the caller holds what `Q` needs.
    pub fn may<Q: Requirement>(&self) -> bool {
        self.grants().allow::<Q>()
    }

    /// The same caller as a type without a requirement.
    pub fn into_caller(self) -> Caller<U> {
        self.requiring()
    }

    fn requiring<Q>(self) -> Caller<U, Q> {
        let Self { user, authenticated, .. } = self;
        Caller { user, authenticated, requirement: PhantomData }
    }
}

impl<U: Send + Sync + 'static, R: Requirement> Caller<U, R> {
    fn authorized(context: &RequestContext<RoleServer>) -> Result<Self, ErrorData> {
        let caller = Caller::<U>::of(context)?;
        match caller.authenticated.require(&[R::NEED]) {
            Ok(()) => Ok(caller.requiring()),
            Err(rejection) => Err(without_rule::<R>(&rejection)),
        }
    }
}

impl<U: Send + Sync + 'static> MaybeCaller<U> {
    /// The caller, for a handler that gets a context and no arguments of its choice.
    ///
    /// # Errors
    /// As for the argument.
    pub fn of(context: &RequestContext<RoleServer>) -> Result<Self, ErrorData> {
        let Some(authenticated) = carried(context)? else {
            return Ok(Self(None));
        };
        match authenticated.user::<U>() {
            Some(user) => {
                let authenticated = authenticated.clone();
                Ok(Self(Some(Caller { user, authenticated, requirement: PhantomData })))
            }
            None => Err(wrong_type::<U>(authenticated)),
        }
    }
}

impl<U> MaybeCaller<U> {
    /// The caller, if somebody is signed in.
    pub fn caller(&self) -> Option<&Caller<U>> {
        self.0.as_ref()
    }

    /// The caller, to keep.
    pub fn into_caller(self) -> Option<Caller<U>> {
        self.0
    }
}

fn wrong_type<U>(caller: &Authenticated) -> ErrorData {
    let (asked, resolved) = (type_name::<U>(), caller.user_type_name());
    if !caller.is_from_store() {
        tracing::error!(
            name: "no_identity_store",
            target: "mcp_auth",
            event = "no_identity_store",
            asked,
            "a tool takes Caller<{asked}>, but no identity store is configured: add .users(…) with \
             the store of {asked} to the builder, or take Caller without a type"
        );
        return mistake();
    }
    tracing::error!(
        name: "wrong_user_type",
        target: "mcp_auth",
        event = "wrong_user_type",
        asked,
        resolved,
        "a tool asks for a user of another type than the identity store returns; write Caller<…> \
         with the type in resolved"
    );
    mistake()
}

/// Callers can repeat it with each call.
static WITHOUT_RULE_LINES: LazyLock<OncePerSecond> = LazyLock::new(OncePerSecond::default);

/// With a rule the middleware has refused before.
fn without_rule<R: Requirement>(rejection: &Rejection) -> ErrorData {
    let now = UnixTime::since_epoch(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default());
    if let Some(suppressed) = WITHOUT_RULE_LINES.pass(now) {
        tracing::error!(
            name: "permission_without_rule",
            target: "mcp_auth",
            event = "permission_without_rule",
            required = %R::NEED,
            suppressed,
            "a tool's signature requires a permission, and auth.mcp() has no such rule for the tool: \
             the caller gets an error within the answer and no HTTP 403, so that no client asks for \
             the scope; give mcp_auth_rmcp::tool_rules!(…) to auth.mcp().rules(…)"
        );
    }
    ErrorData::invalid_request(rejection.description(), None)
}

impl<C, U, R> FromContextPart<C> for Caller<U, R>
where
    C: AsRequestContext,
    U: Send + Sync + 'static,
    R: Requirement,
{
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        Self::authorized(context.as_request_context())
    }
}

impl<C: AsRequestContext, U: Send + Sync + 'static> FromContextPart<C> for MaybeCaller<U> {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        Self::of(context.as_request_context())
    }
}

impl<U, R> Deref for Caller<U, R> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.user
    }
}

impl<U, R> Clone for Caller<U, R> {
    fn clone(&self) -> Self {
        let (user, authenticated) = (self.user.clone(), self.authenticated.clone());
        Self { user, authenticated, requirement: PhantomData }
    }
}

impl<U: fmt::Debug, R> fmt::Debug for Caller<U, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(&self.user).finish()
    }
}

impl<U: fmt::Debug> fmt::Debug for MaybeCaller<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MaybeCaller").field(&self.0).finish()
    }
}
