//! OAuth clients: configured ones, and those that register themselves.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::key::Key;
use crate::lock::lock;
use crate::redirect_uri;

/// The most registrations; beyond it the oldest is evicted.
const MOST_REGISTRATIONS: usize = 1000;

/// An OAuth client known to the authority from the start.
///
/// Most MCP clients need none: they register themselves (RFC 7591) or have a Client ID Metadata
/// Document.
///
/// ```
/// use mcp_auth_testing::{Client, TestAuthority};
///
/// # fn main() -> Result<(), mcp_auth_testing::StartError> {
/// let authority = TestAuthority::builder()
///     .client(
///         Client::public("client_editor")
///             .name("My Editor")
///             .redirect_uri("http://127.0.0.1/callback"),
///     )
///     .client(Client::machine("client_reports", "a-secret"))
///     .start()?;
/// # let _ = authority;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Client {
    /// The `client_id`.
    pub id: String,
    /// Shown on the pages; the id where there is none.
    pub name: Option<String>,
    /// Where answers may go. On loopback the port may vary (RFC 8252 §7.3).
    pub redirect_uris: Vec<String>,
    /// The organization that the tokens of a machine carry.
    pub org_id: Option<String>,
    pub(crate) secret: Option<String>,
    pub(crate) key: Option<Key>,
    pub(crate) authentication: Authentication,
    pub(crate) machine: bool,
    pub(crate) origin: Origin,
}

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Authentication {
    None,
    Basic,
    Post,
    /// Configured here, with a secret: either form will do.
    BasicOrPost,
    /// By an assertion that the client's key signs (RFC 7523 §2.2).
    PrivateKeyJwt,
}

/// How the authority knows a client; shown on the consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Configured,
    Registered,
    MetadataDocument,
}

impl Origin {
    fn registered() -> Self {
        Self::Registered
    }
}

/// A client that has registered itself, as a file keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredClient(#[serde(with = "Form")] pub(crate) Client);

/// The form of a registered [`Client`] in a file.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Client")]
struct Form {
    id: String,
    name: Option<String>,
    redirect_uris: Vec<String>,
    org_id: Option<String>,
    secret: Option<String>,
    #[serde(skip)]
    key: Option<Key>,
    authentication: Authentication,
    machine: bool,
    #[serde(skip, default = "Origin::registered")]
    origin: Origin,
}

impl Client {
    /// A public client without a secret, such as an agent on a person's computer. Only PKCE
    /// protects it.
    pub fn public(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            redirect_uris: Vec::new(),
            org_id: None,
            secret: None,
            key: None,
            authentication: Authentication::None,
            machine: false,
            origin: Origin::Configured,
        }
    }

    /// A client that signs people in and has a secret, sent as `client_secret_basic` or
    /// `client_secret_post`.
    pub fn confidential(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            secret: Some(secret.into()),
            authentication: Authentication::BasicOrPost,
            ..Self::public(id)
        }
    }

    /// A client that authenticates by assertions which this key signs (`private_key_jwt`), such as
    /// a resource that asks for introspection. [`Key::private_pem`] is what the client signs with.
    pub fn with_key(id: impl Into<String>, key: &Key) -> Self {
        Self {
            key: Some(key.clone()),
            authentication: Authentication::PrivateKeyJwt,
            ..Self::public(id)
        }
    }

    /// A client that acts on its own behalf, by the `client_credentials` grant.
    pub fn machine(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { machine: true, ..Self::confidential(id, secret) }
    }

    /// Sets the name that people see.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a redirect URI.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Sets the organization that a machine's tokens carry.
    #[must_use]
    pub fn org(mut self, org_id: impl Into<String>) -> Self {
        self.org_id = Some(org_id.into());
        self
    }

    pub(crate) fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    pub(crate) fn may_redirect_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| redirect_uri::matches(registered, uri))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("redirect_uris", &self.redirect_uris)
            .field("org_id", &self.org_id)
            .field("authentication", &self.authentication)
            .field("machine", &self.machine)
            .finish_non_exhaustive()
    }
}

/// The clients known by name: configured and registered ones.
#[derive(Default)]
pub(crate) struct Clients(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_id: HashMap<String, Client>,
    registered: std::collections::VecDeque<String>,
}

impl Clients {
    pub(crate) fn configure(&self, client: Client) {
        lock(&self.0).by_id.insert(client.id.clone(), client);
    }

    pub(crate) fn register(&self, client: Client) {
        let mut known = lock(&self.0);
        while known.registered.len() >= MOST_REGISTRATIONS {
            if let Some(oldest) = known.registered.pop_front() {
                known.by_id.remove(&oldest);
            }
        }
        known.registered.push_back(client.id.clone());
        known.by_id.insert(client.id.clone(), client);
    }

    /// The registered clients, the oldest first.
    pub(crate) fn stored(&self) -> Vec<StoredClient> {
        let known = lock(&self.0);
        let registered = known.registered.iter().filter_map(|id| known.by_id.get(id));
        // A client of the same id may have been configured since.
        let registered = registered.filter(|client| client.origin == Origin::Registered);
        registered.cloned().map(StoredClient).collect()
    }

    /// Takes in clients that had registered before a restart; configured ones stay.
    pub(crate) fn restore(&self, stored: Vec<StoredClient>) {
        for StoredClient(client) in stored {
            if self.find(&client.id).is_none() {
                self.register(client);
            }
        }
    }

    pub(crate) fn find(&self, id: &str) -> Option<Client> {
        lock(&self.0).by_id.get(id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", Client::machine("client_m", "hunter2"));
        assert!(shown.contains("client_m") && !shown.contains("hunter2"));
    }

    #[test]
    fn registrations_are_bounded_and_configured_clients_stay() {
        let clients = Clients::default();
        clients.configure(Client::public("client_mine"));
        for n in 0..=MOST_REGISTRATIONS {
            clients.register(Client::public(format!("client_{n}")));
        }
        assert!(clients.find("client_mine").is_some());
        assert!(clients.find("client_0").is_none());
        assert!(clients.find("client_1").is_some());
    }
}
