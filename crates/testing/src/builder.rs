//! The builder: settings of an authority before it starts.

mod sign_in;
mod workos;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Map;

use crate::algorithm::Algorithm;
use crate::authority::TestAuthority;
use crate::client::{Client, Clients};
use crate::clock::Clock;
use crate::fault::Faults;
use crate::grants::Grants;
use crate::keys::Keys;
use crate::opaque::OpaqueTokens;
use crate::person::{Person, demo_people};
use crate::random;
use crate::server::Server;
use crate::start_error::StartError;
use crate::state::{Changeable, Resources, Settings, State};
use crate::workos::WorkOs;
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

    /// Starts the authority on a thread of its own, and returns when it accepts connections.
    ///
    /// It works with and without a runtime: in `main`, in a plain test, in `#[tokio::test]` and in
    /// `#[actix_web::test]`.
    ///
    /// # Errors
    /// [`StartError::NotLoopback`] for an address that is not loopback,
    /// [`StartError::UnknownPerson`] if [`auto_approve`](Self::auto_approve) names no person, and
    /// [`StartError::Io`] if the port is in use or the thread cannot be started.
    pub fn start(self) -> Result<TestAuthority, StartError> {
        if !self.address.is_loopback() {
            return Err(StartError::NotLoopback(self.address));
        }
        let people = if self.people.is_empty() { demo_people() } else { self.people };
        if let Some(id) = &self.auto_approve
            && !people.iter().any(|person| person.id == *id)
        {
            return Err(StartError::UnknownPerson(id.clone()));
        }

        let asked = SocketAddr::new(self.address, self.port);
        let listener = TcpListener::bind(asked).map_err(|e| StartError::Io(asked, e))?;
        let address = listener.local_addr().map_err(|e| StartError::Io(asked, e))?;

        let client_id = self.client_id.unwrap_or_else(|| format!("client_{}", random::ulid()));
        let client_secret = self.client_secret.unwrap_or_else(random::secret);
        let clients = Clients::default();
        clients.configure(Client::confidential(&client_id, &client_secret).name("The environment"));
        for client in self.clients {
            clients.configure(client);
        }
        let keys = Keys::new(self.algorithm);
        keys.try_current().map_err(|e| StartError::Io(address, e.into()))?;

        let state = Arc::new(State {
            issuer: format!("http://{address}"),
            address,
            settings: Settings {
                client_id,
                session_issuer: self.session_issuer.name(address.port()),
                session_token_lifetime: self.session_token_lifetime.unwrap_or(self.token_lifetime),
                redirect_uris: self.redirect_uris,
                scopes: self.scopes,
                resources: self.resources,
                token_lifetime: self.token_lifetime,
                code_lifetime: self.code_lifetime,
                refresh_lifetime: self.refresh_lifetime,
                always_refresh: self.always_refresh,
                opaque_tokens: self.opaque_tokens,
                document_timeout: self.document_timeout,
                document_ports: self.document_ports,
            },
            clock: Clock::default(),
            keys,
            session_keys: Keys::new(Algorithm::Rs256),
            clients,
            grants: Grants::default(),
            opaque: OpaqueTokens::default(),
            used_assertions: Mutex::default(),
            workos: WorkOs::new(self.workos_api_key, self.registered_resources_only),
            faults: Faults::default(),
            changeable: Mutex::new(Changeable {
                people,
                auto_approve: self.auto_approve,
                impersonator: None,
                jwks_max_age: self.jwks_max_age,
                metadata: Map::new(),
            }),
            requests: Mutex::new(BTreeMap::new()),
        });
        let server =
            Server::start(listener, Arc::clone(&state)).map_err(|e| StartError::Io(address, e))?;
        Ok(TestAuthority::new(state, server, address, client_secret))
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
