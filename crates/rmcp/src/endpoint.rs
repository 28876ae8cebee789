//! The MCP endpoint: rmcp's Streamable HTTP transport, configured for a protected resource.
//!
//! Every default of `rmcp-actix-web` that does not fit a protected resource is set here: which
//! `Host` is accepted, whether sessions are kept, and who hands the caller over to the tools.

mod hosts;

use std::{fmt, sync::Arc};

use actix_web::{HttpMessage, Scope, web};
use mcp_auth_core::{ConfigError, Resource};
use rmcp::{ServerHandler, transport::streamable_http_server::session::local::LocalSessionManager};
use rmcp_actix_web::transport::StreamableHttpService;

use crate::carried::carry;

/// Starts the configuration of the MCP endpoint of `resource`, served by rmcp on Actix-web.
/// `server` makes the [`ServerHandler`]: once for each request, or once for each session where
/// there are [sessions](EndpointBuilder::sessions), so it should be cheap.
///
/// What comes out answers clients of all revisions from 2025-03-26 to 2026-07-28, and its tools take
/// a [`Caller`](crate::Caller):
///
/// ```
/// use actix_mcp_auth::McpAuth;
/// use actix_web::App;
/// use mcp_auth_rmcp::Caller;
/// use rmcp::{tool, tool_router};
///
/// struct Tools;
///
/// #[tool_router(server_handler)]
/// impl Tools {
///     /// Says who is signed in.
///     #[tool]
///     async fn whoami(&self, me: Caller) -> String {
///         format!("You are {}", me.subject().id())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let auth = McpAuth::builder("https://app.example.com/mcp")
///     .authkit("your-subdomain.authkit.app")
///     .build()?;
/// let tools = mcp_auth_rmcp::endpoint(auth.resource(), || Tools).build()?;
///
/// // In the closure of HttpServer::new:
/// App::new().service(tools.scope().wrap(auth.mcp())).configure(auth.discovery());
/// # Ok(())
/// # }
/// ```
///
/// For settings of `rmcp-actix-web` that are not offered here, such as a session store, build its
/// `StreamableHttpService` by hand, and hand over the caller with [`carry`].
pub fn endpoint<S>(
    resource: &Resource,
    server: impl Fn() -> S + Send + Sync + 'static,
) -> EndpointBuilder<S>
where
    S: ServerHandler + Send + 'static,
{
    EndpointBuilder {
        resource: resource.clone(),
        server: Arc::new(move || Ok(server())),
        served_at: None,
        further_hosts: Vec::new(),
        sessions: false,
        event_streams: false,
        max_message_bytes: None,
    }
}

type Factory<S> = Arc<dyn Fn() -> Result<S, std::io::Error> + Send + Sync>;

/// The configuration of an [`Endpoint`]; see [`endpoint`].
#[must_use = "an endpoint is made by build()"]
pub struct EndpointBuilder<S> {
    resource: Resource,
    server: Factory<S>,
    served_at: Option<String>,
    further_hosts: Vec<String>,
    sessions: bool,
    event_streams: bool,
    max_message_bytes: Option<usize>,
}

impl<S: ServerHandler + Send + 'static> EndpointBuilder<S> {
    /// Keeps sessions for clients of the revisions 2025-03-26 to 2025-11-25: `initialize` gives out
    /// an `Mcp-Session-Id`, a GET opens a stream for what the server sends unasked, and answers are
    /// event streams. For servers that send notifications or requests outside of an answer. The
    /// revision 2026-07-28 has no sessions, and is served without.
    ///
    /// A session is kept in the memory of this process until it is unused for 5 minutes: several
    /// processes behind one address need a proxy that sends a session to the process that knows it.
    /// `auth.mcp()` binds each session to its caller. Default: no sessions.
    pub fn sessions(mut self) -> Self {
        self.sessions = true;
        self
    }

    /// Answers every request with an event stream (`text/event-stream`). Default: with JSON, and
    /// with an event stream where the handler sends a notification or a request before its result,
    /// so that nothing is lost.
    pub fn event_streams(mut self) -> Self {
        self.event_streams = true;
        self
    }

    /// The largest message that is read, in bytes; a longer one is answered 413. Default: 4 MiB, as
    /// for `auth.mcp()`, which has a setting of the same name for endpoints with rules.
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = Some(bytes);
        self
    }

    /// Another name that is accepted in `Host`, such as that of a container (`app`) or of the
    /// upstream in a proxy that does not pass the client's `Host` on. Without a port, since ports
    /// are not compared.
    ///
    /// Default: the host of the resource, and every usual name of this machine where the resource
    /// is on a loopback address. rmcp answers any other with 403, against DNS rebinding. For a
    /// resource on a loopback address, `McpAuth` checks `Host` as well, and needs the same name in
    /// its own `allow_host`.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.further_hosts.push(host.into());
        self
    }

    /// The path at which this application sees the endpoint, where a proxy in front changes it: the
    /// same as in `served_at` of `McpAuth`. Default: the path of the resource.
    pub fn served_at(mut self, path: impl Into<String>) -> Self {
        self.served_at = Some(path.into());
        self
    }

    /// Checks the settings and makes the endpoint: build it once, and call
    /// [`scope`](Endpoint::scope) in each worker.
    ///
    /// # Errors
    /// A host or a path that cannot be used, in one sentence.
    pub fn build(self) -> Result<Endpoint<S>, ConfigError> {
        let path = match self.served_at {
            Some(path) => checked_path(path)?,
            None => self.resource.path().to_owned(),
        };
        let mut hosts = hosts::of(&self.resource);
        for host in self.further_hosts {
            hosts.push(hosts::checked(host)?);
        }
        // This session manager is idle where sessions are off. `NeverSessionManager` would make
        // every `initialize` a 500 as soon as they are on.
        let service = StreamableHttpService::builder()
            .service_factory(self.server)
            .session_manager(Arc::new(LocalSessionManager::default()))
            .stateful_mode(self.sessions)
            .json_response(!self.event_streams)
            .maybe_max_request_body_bytes(self.max_message_bytes)
            .allowed_hosts(hosts)
            // rmcp's handlers see no HTTP request: what the middleware found out is handed over.
            .on_request_fn(|request, extensions| carry(request.extensions().get(), extensions))
            .build();
        // A scope matches its path with and without a slash at the end.
        Ok(Endpoint { path: path.trim_end_matches('/').into(), service })
    }
}

impl<S> fmt::Debug for EndpointBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointBuilder")
            .field("resource", &self.resource)
            .field("served_at", &self.served_at)
            .field("further_hosts", &self.further_hosts)
            .field("sessions", &self.sessions)
            .field("event_streams", &self.event_streams)
            .field("max_message_bytes", &self.max_message_bytes)
            .finish_non_exhaustive()
    }
}

/// An MCP endpoint, to be mounted in each worker's application. Clones share their sessions.
pub struct Endpoint<S> {
    path: Arc<str>,
    service: StreamableHttpService<S>,
}

impl<S: ServerHandler + Send + 'static> Endpoint<S> {
    /// The service at the path of the resource, for [`App::service`](actix_web::App::service).
    ///
    /// **Nothing is protected until the middleware is around it**: `.scope().wrap(auth.mcp())`.
    /// Like every scope, it takes all paths below its own, so an endpoint at the root of its host is
    /// registered last.
    pub fn scope(&self) -> Scope {
        web::scope(&self.path).service(self.service.clone().scope())
    }
}

impl<S> Clone for Endpoint<S> {
    fn clone(&self) -> Self {
        Self { path: self.path.clone(), service: self.service.clone() }
    }
}

impl<S> fmt::Debug for Endpoint<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A path as routes are registered: plain text, from its first slash on. A resource at that path
/// has the same form, so its parser is the judge.
fn checked_path(path: String) -> Result<String, ConfigError> {
    let resource = Resource::parse(&format!("https://host.invalid{path}"));
    match resource.is_ok_and(|resource| path.starts_with('/') && resource.path() == path) {
        true => Ok(path),
        false => Err(ConfigError::invalid(
            "served_at",
            path,
            "must be the path at which the application sees the endpoint, from its first slash on",
            "/mcp",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Server;

    impl ServerHandler for Server {}

    fn built(
        change: impl FnOnce(EndpointBuilder<Server>) -> EndpointBuilder<Server>,
    ) -> Result<Endpoint<Server>, ConfigError> {
        let resource = Resource::parse("https://app.example.com/mcp").unwrap();
        change(endpoint(&resource, || Server)).build()
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_an_error_at_start_up() {
        for host in ["", "app:80", "http://app", "app/mcp", "u@app", "*", "a b", "[::1", "[::1]:80"]
        {
            let error = built(|it| it.allow_host(host)).unwrap_err().to_string();
            assert!(error.starts_with("allow_host") && error.contains("for example"), "{error}");
        }
        for path in ["", "mcp", "/mcp?x", "/mcp#x", "/{mcp}", "/m*", "/a b", ":80/mcp", "/a/../b"] {
            let error = built(|it| it.served_at(path)).unwrap_err().to_string();
            assert!(error.starts_with("served_at") && error.contains("for example"), "{error}");
        }
    }

    #[test]
    fn the_path_is_that_of_the_resource_or_the_configured_one() {
        assert_eq!(&*built(|it| it).unwrap().path, "/mcp");
        assert_eq!(&*built(|it| it.served_at("/")).unwrap().path, "");
        assert_eq!(&*built(|it| it.served_at("/tools/mcp/")).unwrap().path, "/tools/mcp");
    }
}
