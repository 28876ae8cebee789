//! The builder: settings of an authority before it starts.

mod persist;
mod sign_in;
mod start;
mod workos;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::algorithm::Algorithm;
use crate::authority::TestAuthority;
use crate::client::Client;
use crate::person::Person;
use crate::start_error::StartError;
use crate::state::Resources;
use sign_in::SessionIssuer;

/// AuthKit's own scopes.
const SCOPES: [&str; 4] = ["email", "offline_access", "openid", "profile"];

/// Configures a [`TestAuthority`]; see [`TestAuthority::builder`].
///
/// ```
/// use std::time::Duration;
/// use mcp_auth_testing::{Person, TestAuthority};
///
/// # fn main() -> Result<(), mcp_auth_testing::StartError> {
/// let authority = TestAuthority::builder()
///     .person(Person::new("user_ada", "Ada Lovelace").email("ada@example.com"))
///     .auto_approve("user_ada") // no page, straight back to the client
///     .token_lifetime(Duration::from_secs(60))
///     .start()?;
/// # let _ = authority;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "the authority runs after `.start()`"]
pub struct TestAuthorityBuilder {
    address: IpAddr,
    port: u16,
    people: Vec<Person>,
    clients: Vec<Client>,
    auto_approve: Option<String>,
    algorithm: Algorithm,
    client_id: Option<String>,
    client_secret: Option<String>,
    session_issuer: SessionIssuer,
    scopes: Vec<String>,
    resources: Resources,
    token_lifetime: Duration,
    session_token_lifetime: Option<Duration>,
    redirect_uris: Vec<String>,
    code_lifetime: Duration,
    refresh_lifetime: Duration,
    always_refresh: bool,
    opaque_tokens: bool,
    document_timeout: Duration,
    document_ports: Vec<u16>,
    jwks_max_age: Option<Duration>,
    workos_api_key: Option<String>,
    registered_resources_only: bool,
    persist: Option<PathBuf>,
}

impl TestAuthority {
    /// Starts one on a free port, with the demo people and every default.
    ///
    /// # Errors
    /// As [`TestAuthorityBuilder::start`].
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// Configures an authority.
    pub fn builder() -> TestAuthorityBuilder {
        TestAuthorityBuilder::new()
    }
}

impl TestAuthorityBuilder {
    pub(crate) fn new() -> Self {
        Self {
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            people: Vec::new(),
            clients: Vec::new(),
            auto_approve: None,
            algorithm: Algorithm::default(),
            client_id: None,
            client_secret: None,
            session_issuer: SessionIssuer::Named("https://api.workos.com".into()),
            scopes: SCOPES.map(String::from).into(),
            resources: Resources::Any,
            token_lifetime: Duration::from_secs(300),
            session_token_lifetime: None,
            redirect_uris: Vec::new(),
            code_lifetime: Duration::from_secs(60),
            refresh_lifetime: Duration::from_secs(30 * 24 * 60 * 60),
            always_refresh: false,
            opaque_tokens: false,
            document_timeout: Duration::from_secs(5),
            document_ports: Vec::new(),
            jwks_max_age: None,
            workos_api_key: None,
            registered_resources_only: false,
            persist: None,
        }
    }

    /// Listens on this port. Default: 0, any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Listens on this address, which must be loopback. Default: `127.0.0.1`.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Adds a person who can sign in. The first call replaces the demo people (Ada Lovelace,
    /// Alan Turing, and Grace Hopper with an unverified address).
    pub fn person(mut self, person: Person) -> Self {
        self.people.push(person);
        self
    }

    /// Adds a client known from the start. Default: none; clients register themselves.
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// Shows no page: `/oauth2/authorize` answers at once, as if this person (by id) had signed
    /// in and approved. Default: ask.
    pub fn auto_approve(mut self, person_id: impl Into<String>) -> Self {
        self.auto_approve = Some(person_id.into());
        self
    }

    /// The algorithm of the first key. Default: RS256, as at WorkOS.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The environment's client id: `aud` of tokens for which no resource was requested, and the
    /// end of the session keys' path. Default: a random `client_01…`.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// The secret that goes with [`client_id`](Self::client_id), for introspection. Default: a
    /// random one.
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Grants one more scope than AuthKit's `email offline_access openid profile`. Scopes that
    /// nobody added are left out of what is granted.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Adds a known resource indicator. All others are rejected with `invalid_target`. Default:
    /// every resource is known.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        match &mut self.resources {
            Resources::Only(known) => known.push(resource.into()),
            _ => self.resources = Resources::Only(vec![resource.into()]),
        }
        self
    }

    /// Ignores `resource`, as a WorkOS environment without a configured resource indicator does:
    /// `aud` is then the environment's client id.
    pub fn ignore_resources(mut self) -> Self {
        self.resources = Resources::Ignored;
        self
    }

    /// Lifetime of tokens. Default: 300 seconds, as in WorkOS' sample.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Lifetime of authorization codes. Default: 60 seconds.
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.code_lifetime = lifetime;
        self
    }

    /// Lifetime of refresh tokens, counted from each rotation. Default: 30 days.
    pub fn refresh_lifetime(mut self, lifetime: Duration) -> Self {
        self.refresh_lifetime = lifetime;
        self
    }

    /// Issues a refresh token to every client. Default: only if the scope `offline_access` was
    /// granted, as at AuthKit.
    pub fn always_refresh(mut self) -> Self {
        self.always_refresh = true;
        self
    }

    /// Issues opaque access tokens, whose claims only introspection tells. Default: JWTs.
    pub fn opaque_tokens(mut self) -> Self {
        self.opaque_tokens = true;
        self
    }

    /// How long fetching a Client ID Metadata Document may take. Default: 5 seconds.
    pub fn document_timeout(mut self, timeout: Duration) -> Self {
        self.document_timeout = timeout;
        self
    }

    /// Fetches Client ID Metadata Documents from this port of this machine as well. Default: from
    /// the authority's own port only.
    ///
    /// For a client under development whose document is served on this machine. Name no port of a
    /// program that must not get requests from web pages: a page that opens the sign-in chooses the
    /// URL.
    pub fn metadata_document_port(mut self, port: u16) -> Self {
        self.document_ports.push(port);
        self
    }

    /// Serves key sets with `Cache-Control: max-age`. Default: without.
    pub fn jwks_max_age(mut self, max_age: Duration) -> Self {
        self.jwks_max_age = Some(max_age);
        self
    }
}

impl fmt::Debug for TestAuthorityBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestAuthorityBuilder")
            .field("address", &self.address)
            .field("port", &self.port)
            .field("people", &self.people)
            .field("clients", &self.clients)
            .field("auto_approve", &self.auto_approve)
            .finish_non_exhaustive()
    }
}
