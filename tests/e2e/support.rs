//! A server under test, and a client that returns its answers.

use std::{net::SocketAddr, time::Duration};

use actix_mcp_auth::{
    AuthedUser, Issuer, McpAuth, McpAuthBuilder,
    testing::{TestAuthority, TokenBuilder},
};
use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    http::{Method, StatusCode, header::HeaderMap},
    web::{self, ServiceConfig},
};
use futures_util::{Stream, future::join_all};
use serde_json::Value;

/// The protected resource of all tests. No server listens on its port: the public URL comes from the
/// configuration alone.
pub(crate) const RESOURCE: &str = "http://127.0.0.1:8787/mcp";
pub(crate) const METADATA_URL: &str =
    "http://127.0.0.1:8787/.well-known/oauth-protected-resource/mcp";

/// A piece of an answer's body.
type Piece = Result<web::Bytes, awc::error::PayloadError>;

/// An authority with its demo people.
pub(crate) fn authority() -> TestAuthority {
    TestAuthority::start().unwrap()
}

/// A builder that trusts the authority.
pub(crate) fn builder(authority: &TestAuthority) -> McpAuthBuilder {
    McpAuth::builder(RESOURCE).authkit(authority.issuer())
}

/// The authority as the issuer of session tokens: by another name, as `https://api.workos.com` is
/// another than AuthKit's domain.
pub(crate) fn sessions_name(authority: &TestAuthority) -> String {
    authority.issuer().replace("127.0.0.1", "localhost")
}

pub(crate) fn sessions_issuer(authority: &TestAuthority) -> Issuer {
    Issuer::workos_sessions_at(sessions_name(authority), authority.client_id()).unwrap()
}

/// A token of a browser's session.
pub(crate) fn session_token(authority: &TestAuthority) -> TokenBuilder {
    authority.session_token().issuer(sessions_name(authority))
}

/// A good token of Ada's.
pub(crate) fn good_token(authority: &TestAuthority) -> String {
    authority.person_token("user_ada", RESOURCE)
}

/// An application on a free port; it stops when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    handle: ServerHandle,
}

impl Server {
    /// Serves whatever `configure` registers.
    pub(crate) fn start(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        let server = HttpServer::new(move || App::new().configure(configure.clone()));
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, handle }
    }

    /// The usual application: discovery, and `/mcp` with a POST handler that names the caller.
    pub(crate) fn of(auth: &McpAuth) -> Self {
        let auth = auth.clone();
        Self::start(move |config| {
            config.configure(auth.discovery()).service(
                web::resource("/mcp").wrap(auth.middleware()).route(web::post().to(whoami)),
            );
        })
    }

    /// Where it is.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        let url = format!("{}{path}", self.origin());
        let client = awc::Client::builder().disable_redirects().timeout(Duration::from_secs(10));
        Request(client.finish().request(method, url))
    }

    /// The same by an HTTP client of the caller's: making one for each of many requests takes long.
    pub(crate) fn request_by(&self, client: &awc::Client, method: Method, path: &str) -> Request {
        Request(client.request(method, format!("{}{path}", self.origin())))
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// Calls with all these tokens at once, by one HTTP client: making many takes long.
    pub(crate) async fn calls(&self, tokens: &[String]) -> Vec<Answer> {
        let client = awc::Client::builder().disable_redirects().timeout(Duration::from_secs(20));
        let (client, url) = (client.finish(), format!("{}/mcp", self.origin()));
        let call = |token: &String| Request(client.post(&url)).bearer(token).send();
        join_all(tokens.iter().map(call)).await
    }

    /// A call as an MCP client makes it.
    pub(crate) async fn call(&self, token: &str) -> Answer {
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

pub(crate) struct Request(awc::ClientRequest);

impl Request {
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.append_header((name, value)))
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) async fn send(self) -> Answer {
        Answer::of(self.0.send().await.unwrap()).await
    }

    pub(crate) async fn send_body(self, body: impl Into<web::Bytes>) -> Answer {
        Answer::of(self.0.send_body(body.into()).await.unwrap()).await
    }

    pub(crate) async fn send_form(self, form: &[(&str, &str)]) -> Answer {
        Answer::of(self.0.send_form(&form).await.unwrap()).await
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    async fn of(mut response: awc::ClientResponse<impl Stream<Item = Piece> + Unpin>) -> Self {
        let body = response.body().await.unwrap();
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The one challenge.
    pub(crate) fn challenge(&self) -> &str {
        let mut all = self.headers.get_all("www-authenticate");
        let challenge = all.next().expect("a challenge").to_str().unwrap();
        assert!(all.next().is_none(), "one challenge only");
        challenge
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// A bad token was refused as the standards ask: 401, `invalid_token`, and the way to a good
    /// one.
    #[track_caller]
    pub(crate) fn assert_invalid_token(&self, what: &str) {
        assert_eq!(self.status, 401, "{what}: {self:?}");
        let challenge = self.challenge();
        assert!(challenge.starts_with("Bearer error=\"invalid_token\", "), "{what}: {challenge}");
        assert!(
            challenge.contains(&format!("resource_metadata=\"{METADATA_URL}\"")),
            "{what}: {challenge}"
        );
    }
}

/// Waits for the issuer's keys, so that no call is 503 on a busy machine.
pub(crate) fn wait_for_keys(auth: &McpAuth) {
    let start = std::time::Instant::now();
    while !auth.health().issuers.iter().all(|issuer| issuer.ready) {
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", auth.health());
        std::thread::sleep(Duration::from_millis(10));
    }
}
