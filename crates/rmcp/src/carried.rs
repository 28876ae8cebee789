//! From the HTTP request to rmcp's handlers.

use mcp_auth_core::Authenticated;
use rmcp::{ErrorData, RoleServer, model::Extensions, service::RequestContext};

/// Hands over who is calling, for [`Caller`](crate::Caller): from the extensions of the HTTP
/// request, where the middleware left it, to those that rmcp's handlers see. `None` says that
/// nobody is signed in.
///
/// `extensions` are those of the hook of `rmcp-actix-web` (`on_request_fn`). Where rmcp's own
/// transport is used, they are the extensions of the [`http::Request`].
pub fn carry(caller: Option<&Authenticated>, extensions: &mut Extensions) {
    extensions.insert(Carried(caller.cloned()));
}

/// What the middleware found out.
#[derive(Clone)]
pub(crate) struct Carried(Option<Authenticated>);

/// Who is calling, or nobody.
pub(crate) fn carried(
    context: &RequestContext<RoleServer>,
) -> Result<Option<&Authenticated>, ErrorData> {
    match find(&context.extensions) {
        Some(Carried(caller)) => Ok(caller.as_ref()),
        None => Err(not_carried()),
    }
}

/// rmcp's transport puts the parts of the HTTP request into the extensions of the message, and
/// rmcp-actix-web those of its hook into the extensions of these parts.
fn find(extensions: &Extensions) -> Option<&Carried> {
    let parts = || extensions.get::<http::request::Parts>();
    let own = || extensions.get::<Carried>();
    let of_request = || parts()?.extensions.get::<Carried>();
    let of_hook = || parts()?.extensions.get::<Extensions>()?.get::<Carried>();
    own().or_else(of_hook).or_else(of_request)
}

/// The client is told nothing: it is not the client's mistake.
fn not_carried() -> ErrorData {
    tracing::error!(
        target: "mcp_auth",
        event = "caller_not_carried",
        "a handler asks who is calling, and nobody told rmcp; add .on_request_fn(|request, \
         extensions| mcp_auth_rmcp::carry(request.extensions().get(), extensions))"
    );
    mistake()
}

pub(crate) fn mistake() -> ErrorData {
    ErrorData::internal_error("the server is not set up correctly", None)
}
