//! A server under test, and an HTTP client for it.

use std::{
    net::SocketAddr,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use actix_mcp_auth::{AuthedUser, Issuer, McpAuth, McpAuthBuilder, testing::TestAuthority};
use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    http::Method,
    web::{self, ServiceConfig},
};

use crate::{answer::Answer, wire::Wire};

/// The protected resource of all tests. No server listens on its port: the public URL comes from
/// the configuration alone (R5).
pub const RESOURCE: &str = "http://127.0.0.1:8787/mcp";
/// The URL of the resource's metadata, which every 401 must name.
pub const METADATA_URL: &str = "http://127.0.0.1:8787/.well-known/oauth-protected-resource/mcp";

/// A builder for this resource, whose signatures are checked by the library that `HOSTILE_BACKEND`
/// names: `josekit`, the default, or `aws-lc-rs`.
///
/// # Panics
/// Where that library is not built in.
pub fn builder_for(resource: &str) -> McpAuthBuilder {
    let builder = McpAuth::builder(resource);
    match std::env::var("HOSTILE_BACKEND").as_deref() {
        Err(_) | Ok("josekit") => builder,
        #[cfg(feature = "aws-lc-rs")]
        Ok("aws-lc-rs") => builder.signature_backend(actix_mcp_auth::keys::AwsLcRs),
        Ok(other) => panic!("HOSTILE_BACKEND={other} is not built in"),
    }
}

/// A builder that trusts the authority.
pub fn builder(authority: &TestAuthority) -> McpAuthBuilder {
    builder_for(RESOURCE).authkit(authority.issuer())
}

/// The same, with these scopes required of every caller. The authority grants them.
pub fn builder_with_scopes(authority: &TestAuthority, scopes: &[&str]) -> McpAuthBuilder {
    let issuer = Issuer::authkit(authority.issuer()).unwrap().scopes(scopes).unwrap();
    builder_for(RESOURCE).issuer(issuer).require_scopes(scopes.iter().copied())
}

/// Waits until every issuer's keys were fetched.
///
/// # Panics
/// If they were not after 30 s.
pub fn wait_until_ready(auth: &McpAuth) {
    let start = Instant::now();
    while !auth.health().issuers.iter().all(|issuer| issuer.ready) {
        assert!(start.elapsed() < Duration::from_secs(30), "no keys: {:?}", auth.health());
        thread::sleep(Duration::from_millis(5));
    }
}

/// An application on a free port; it stops when dropped.
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    client: awc::Client,
}

impl Server {
    /// Serves what `configure` registers, from threads of its own, so that a client may block.
    pub fn start(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        let (sender, started) = mpsc::channel();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || App::new().configure(configure.clone()));
                let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                sender.send((address, server.handle())).unwrap();
                server.await
            })
        });
        let (address, handle) = started.recv().unwrap();
        let client = awc::Client::builder().disable_redirects().timeout(Duration::from_secs(10));
        Self { address, handle, client: client.finish() }
    }

    /// The usual application: discovery, and `/mcp` with a POST handler that names the caller.
    pub fn of(auth: &McpAuth) -> Self {
        let auth = auth.clone();
        Self::start(move |config| {
            config.configure(auth.discovery()).service(
                web::resource("/mcp").wrap(auth.middleware()).route(web::post().to(whoami)),
            );
        })
    }

    /// The same, after every issuer's keys were fetched. Otherwise, on a busy machine, the first
    /// request could wait too long and correctly be answered with 503.
    pub fn when_ready(auth: &McpAuth) -> Self {
        wait_until_ready(auth);
        Self::of(auth)
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client that writes bytes.
    pub fn wire(&self) -> Wire {
        Wire::to(self.address)
    }

    /// A request to be sent.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let url = format!("http://{}{path}", self.address);
        Request { request: self.client.request(method, url), credentials: Vec::new() }
    }

    /// A call as an MCP client makes it.
    pub async fn call(&self, token: &str) -> Answer {
        self.request(Method::POST, "/mcp").bearer(token).send().await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn whoami(me: AuthedUser) -> String {
    me.subject().id().to_owned()
}

/// A request that awc can send; for others there is [`Wire`].
pub struct Request {
    request: awc::ClientRequest,
    credentials: Vec<u8>,
}

impl Request {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if name.eq_ignore_ascii_case("authorization") {
            self.credentials.extend(value.as_bytes());
            self.credentials.push(b'\n');
        }
        Self { request: self.request.append_header((name, value)), ..self }
    }

    /// Adds `Authorization: Bearer`.
    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// Sends it without a body.
    pub async fn send(self) -> Answer {
        self.send_body(String::new()).await
    }

    /// Sends it with a body.
    ///
    /// # Panics
    /// If no answer comes within 10 s.
    pub async fn send_body(self, body: String) -> Answer {
        let start = Instant::now();
        let mut response = self.request.send_body(body).await.unwrap();
        let body = response.body().await.unwrap();
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.as_str().to_ascii_lowercase(), value.as_bytes().to_vec()));
        let answer = Answer {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: String::from_utf8_lossy(&body).into_owned(),
            took: start.elapsed(),
        };
        answer.judged(&self.credentials)
    }
}
