//! From the HTTP request to rmcp's handlers.

use mcp_auth_core::Authenticated;
use rmcp::{ErrorData, RoleServer, model::Extensions, service::RequestContext};

/// Hands over who is calling, for [`Caller`](crate::Caller): from the extensions of the HTTP
/// request, where the middleware left it, to those that rmcp's handlers see. `None` says that
/// nobody is signed in. An [`endpoint`](crate::endpoint()) does this itself.
///
/// `extensions` are those of the hook of `rmcp-actix-web` (`on_request_fn`). Where rmcp's own
/// transport is used, they are the extensions of the [`http::Request`].
///
/// ```
/// use actix_web::HttpMessage;
/// use rmcp_actix_web::transport::StreamableHttpService;
/// # use std::sync::Arc;
/// # use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
/// # #[derive(Clone)] struct Tools;
/// # impl rmcp::ServerHandler for Tools {}
///
/// let service = StreamableHttpService::builder()
///     .service_factory(Arc::new(|| Ok(Tools)))
///     .session_manager(Arc::new(LocalSessionManager::default()))
///     .on_request_fn(|request, extensions| {
///         mcp_auth_rmcp::carry(request.extensions().get(), extensions);
///     })
///     .build();
/// # drop(service);
/// ```
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

/// An error that tells the client nothing: the mistake is in the server, and the log names it.
fn not_carried() -> ErrorData {
    tracing::error!(
        name: "caller_not_carried",
        target: "mcp_auth",
        event = "caller_not_carried",
        "a handler asks who is calling, and rmcp was not told; build the service with \
         mcp_auth_rmcp::endpoint, or add .on_request_fn(|request, extensions| \
         mcp_auth_rmcp::carry(request.extensions().get(), extensions))"
    );
    mistake()
}

pub(crate) fn mistake() -> ErrorData {
    ErrorData::internal_error("the server is not set up correctly", None)
}
