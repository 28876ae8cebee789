//! [`TestAuthority`], the handle of a running authority.

mod sign_in;
mod workos;

pub use sign_in::BrowserSession;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::client::Client;
use crate::fault::{Endpoint, Fault};
use crate::issued;
use crate::keys::Keys;
use crate::lock::lock;
use crate::paths::{JWKS, SESSION_JWKS};
use crate::person::Person;
use crate::server::Server;
use crate::start_error::StartError;
use crate::state::State;
use crate::stored;
use crate::token::TokenBuilder;

/// An OAuth 2.1 authorization server on loopback, in this process, that a test controls.
///
/// A cheap handle: clones share the authority, which stops when the last one is dropped. Every
/// method is synchronous and short, and may be called in asynchronous code.
///
/// ```
/// use mcp_auth_testing::TestAuthority;
///
/// # fn main() -> Result<(), mcp_auth_testing::StartError> {
/// let authority = TestAuthority::start()?;
/// assert!(authority.issuer().starts_with("http://127.0.0.1:"));
///
/// let token = authority.person_token("user_ada", "https://app.example.com/mcp");
/// // … send it as `Authorization: Bearer` …
/// # let _ = token;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TestAuthority(Arc<Inner>);

struct Inner {
    state: Arc<State>,
    server: Server,
}

/// Keeps what was changed by the handle.
impl Drop for Inner {
    fn drop(&mut self) {
        stored::save(&self.state);
    }
}

impl TestAuthority {
    pub(crate) fn new(state: Arc<State>, server: Server) -> Self {
        Self(Arc::new(Inner { state, server }))
    }

    /// The issuer, `http://127.0.0.1:PORT` without a trailing slash.
    pub fn issuer(&self) -> &str {
        &self.0.state.issuer
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.0.state.address
    }

    /// The URL of the keys for Connect, machine and ID tokens: `<issuer>/oauth2/jwks`.
    pub fn jwks_uri(&self) -> String {
        self.0.state.url(JWKS)
    }

    /// The URL of the keys for session tokens: `<issuer>/sso/jwks/<client id>`.
    pub fn session_jwks_uri(&self) -> String {
        self.0.state.url(&format!("{SESSION_JWKS}/{}", self.client_id()))
    }

    /// `iss` of session tokens, `https://api.workos.com` unless the builder says otherwise.
    pub fn session_issuer(&self) -> &str {
        &self.0.state.settings.session_issuer
    }

    /// The environment's client id: `aud` of tokens for which no resource was requested.
    pub fn client_id(&self) -> &str {
        &self.0.state.settings.client_id
    }

    /// The secret of [`client_id`](Self::client_id), for introspection.
    pub fn client_secret(&self) -> &str {
        &self.0.state.client_secret
    }

    /// Everybody who can sign in.
    pub fn people(&self) -> Vec<Person> {
        self.0.state.people()
    }

    /// Lets one more person sign in; one with the same id is replaced.
    pub fn add_person(&self, person: Person) {
        let mut changeable = lock(&self.0.state.changeable);
        changeable.people.retain(|other| other.id != person.id);
        changeable.people.push(person);
        drop(changeable);
        stored::save(&self.0.state);
    }

    /// Makes a client known; one with the same id is replaced.
    pub fn add_client(&self, client: Client) {
        self.0.state.clients.configure(client);
    }

    /// From now on `/oauth2/authorize` answers at once, as if this person (by id) had signed in
    /// and approved. The id may be unknown to the authority: then the application gets a token of
    /// an unknown user.
    pub fn auto_approve(&self, person_id: impl Into<String>) {
        lock(&self.0.state.changeable).auto_approve = Some(person_id.into());
    }

    /// From now on people choose and approve on the pages, which is the default.
    pub fn ask_for_approval(&self) {
        lock(&self.0.state.changeable).auto_approve = None;
    }
}

/// # Tokens
impl TestAuthority {
    /// A signed access token for a person (by id), as an MCP client would get it for this
    /// resource.
    pub fn person_token(&self, person_id: &str, resource: &str) -> String {
        let mut token = self.token().subject(person_id).audience(resource);
        let person = self.0.state.person(person_id);
        token = match person.and_then(|person| person.org_id) {
            Some(org) => token.claim("org_id", org),
            None => token.without("org_id"),
        };
        token.sign()
    }

    /// An access token as AuthKit issues it to MCP clients: `iss`, `aud`, `sub`, `client_id`,
    /// `org_id` where there is one, `scope`, `jti`, `sid` (`app_consent_…`), `exp`, `iat`; `alg`
    /// and `kid` in the header and no `typ`.
    ///
    /// By default it is for the first person, with the environment's client id as `aud`, as if no
    /// resource was requested.
    pub fn token(&self) -> TokenBuilder {
        TokenBuilder::connect(&self.0.state)
    }

    /// A session token, as a web sign-in yields it: signed by
    /// [`session_keys`](Self::session_keys), without `aud`; `sid` is a session, and members of an
    /// organization have `org_id`, `role`, `roles` and `permissions`.
    pub fn session_token(&self) -> TokenBuilder {
        TokenBuilder::session(&self.0.state)
    }

    /// A machine's token (client credentials): `sub` is its client id, and there is neither
    /// `sid` nor `client_id`.
    pub fn machine_token(&self, client_id: &str) -> TokenBuilder {
        TokenBuilder::machine(&self.0.state, client_id)
    }

    /// An ID token for this client, which tells the client who signed in. An API must not accept
    /// it.
    pub fn id_token(&self, client_id: &str) -> TokenBuilder {
        TokenBuilder::id(&self.0.state, client_id)
    }

    /// An opaque token with the claims of this one, which introspection tells
    /// (`/oauth2/introspection`, RFC 7662).
    pub fn opaque_token(&self, claims: TokenBuilder) -> String {
        self.0.state.opaque.issue(claims.claims().clone())
    }

    /// Revokes a token, by its `jti`: introspection and userinfo reject it from now on. A verifier
    /// that checks only the signature still accepts it, as with a real issuer.
    pub fn revoke(&self, token: &str) {
        if let Some(jti) = issued::jti(&self.0.state, token) {
            self.0.state.grants.revoke_token(&jti);
        }
    }

    /// The keys of Connect, machine and ID tokens: add, replace, withdraw.
    pub fn keys(&self) -> Keys {
        self.0.state.keys.clone()
    }

    /// The keys of session tokens.
    pub fn session_keys(&self) -> Keys {
        self.0.state.session_keys.clone()
    }
}

/// # Trouble
impl TestAuthority {
    /// Closes the listener and every connection, and returns when they are closed. New connections
    /// are refused. The state is kept.
    pub fn go_down(&self) {
        self.0.server.go_down();
    }

    /// Listens again, on the same port. Does nothing if it is listening.
    ///
    /// # Errors
    /// [`StartError::Io`] if another program took the port in between.
    pub fn come_up(&self) -> Result<(), StartError> {
        self.0.server.come_up().map_err(|error| StartError::Io(self.0.state.address, error))
    }

    /// Gives this wrong answer from now on. A narrower endpoint takes precedence over a wider one.
    /// A second fault for the same endpoint replaces the first.
    pub fn inject(&self, endpoint: Endpoint, fault: Fault) {
        self.0.state.faults.inject(endpoint, fault);
    }

    /// Waits this long before each answer, right or wrong.
    pub fn slow_down(&self, endpoint: Endpoint, delay: Duration) {
        self.0.state.faults.slow_down(endpoint, delay);
    }

    /// Removes all faults and delays.
    pub fn clear_faults(&self) {
        self.0.state.faults.clear();
    }

    /// Replaces a member of both metadata documents, or adds one; `null` leaves it out.
    ///
    /// ```
    /// # use mcp_auth_testing::TestAuthority;
    /// # fn main() -> Result<(), mcp_auth_testing::StartError> {
    /// let authority = TestAuthority::start()?;
    /// authority.set_metadata("issuer", format!("{}/", authority.issuer()));
    /// authority.set_metadata("registration_endpoint", ());
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_metadata(&self, name: impl Into<String>, value: impl Into<Value>) {
        lock(&self.0.state.changeable).metadata.insert(name.into(), value.into());
    }

    /// Serves key sets with `Cache-Control: max-age` from now on, or without.
    pub fn set_jwks_max_age(&self, max_age: Option<Duration>) {
        lock(&self.0.state.changeable).jwks_max_age = max_age;
    }

    /// Moves the authority's clock forward. Only the authority uses this clock: for the times in
    /// tokens, and for the expiry of codes and tokens.
    pub fn advance_clock(&self, by: Duration) {
        self.0.state.clock.advance(by);
    }

    /// Moves the authority's clock back.
    pub fn rewind_clock(&self, by: Duration) {
        self.0.state.clock.rewind(by);
    }

    /// The time by the authority's clock.
    pub fn now(&self) -> SystemTime {
        self.0.state.clock.now()
    }

    /// How many requests came for this path (`/oauth2/jwks`), faulty answers included. By path,
    /// without the query.
    pub fn requests(&self, path: &str) -> u64 {
        lock(&self.0.state.requests).get(path).copied().unwrap_or(0)
    }

    /// Counts from zero again: requests, code exchanges and refreshes.
    pub fn reset_requests(&self) {
        lock(&self.0.state.requests).clear();
        self.0.state.workos.exchanges.reset();
    }
}

impl fmt::Debug for TestAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestAuthority")
            .field("issuer", &self.issuer())
            .field("client_id", &self.client_id())
            .finish_non_exhaustive()
    }
}
