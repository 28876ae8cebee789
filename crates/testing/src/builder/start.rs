//! Starting: the settings and what a file has kept become a running authority.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Map;

use super::TestAuthorityBuilder;
use crate::algorithm::Algorithm;
use crate::authority::TestAuthority;
use crate::client::{Client, Clients};
use crate::clock::Clock;
use crate::fault::Faults;
use crate::grants::Grants;
use crate::keys::{Keys, StoredKeys};
use crate::opaque::OpaqueTokens;
use crate::person::{Person, demo_people};
use crate::random;
use crate::server::Server;
use crate::start_error::StartError;
use crate::state::{Changeable, Settings, State};
use crate::state_file::StateFile;
use crate::stored::{self, Stored};
use crate::workos::{Consents, Sessions, WorkOs};

/// What an authority begins with, out of its file or anew.
struct Beginning {
    client_id: Option<String>,
    client_secret: Option<String>,
    keys: Keys,
    session_keys: Keys,
    clients: Clients,
    people: Vec<Person>,
    grants: Grants,
    workos: WorkOs,
}

impl TestAuthorityBuilder {
    /// Starts the authority on a thread of its own, and returns when it accepts connections.
    ///
    /// It works with and without a runtime: in `main`, in a plain test, in `#[tokio::test]` and in
    /// `#[actix_web::test]`.
    ///
    /// # Errors
    /// [`StartError::NotLoopback`] for an address that is not loopback,
    /// [`StartError::UnknownPerson`] if [`auto_approve`](Self::auto_approve) names no person,
    /// [`StartError::Io`] if the port is in use or the thread cannot be started, and
    /// [`StartError::StateUnreadable`], [`StartError::StateUnusable`] or
    /// [`StartError::StateUnwritable`] for the file of [`persist`](Self::persist).
    pub fn start(self) -> Result<TestAuthority, StartError> {
        if !self.address.is_loopback() {
            return Err(StartError::NotLoopback(self.address));
        }
        let (file, stored) = match &self.persist {
            Some(path) => {
                let (file, content) = StateFile::open(path)?;
                let stored = content.map(|content| Stored::parse(path, &content)).transpose()?;
                (Some(file), stored)
            }
            None => (None, None),
        };
        let port = match (self.port, &stored) {
            (0, Some(stored)) if stored.address.ip() == self.address => stored.address.port(),
            (port, _) => port,
        };
        let configured_people =
            if self.people.is_empty() { demo_people() } else { self.people.clone() };
        let beginning = match (stored, &self.persist) {
            (Some(stored), Some(path)) => self.restored(stored, &configured_people, path)?,
            _ => self.anew(&configured_people),
        };
        let people = beginning.people;
        if let Some(id) = &self.auto_approve
            && !people.iter().any(|person| person.id == *id)
        {
            return Err(StartError::UnknownPerson(id.clone()));
        }

        let asked = SocketAddr::new(self.address, port);
        let listener = TcpListener::bind(asked).map_err(|e| StartError::Io(asked, e))?;
        let address = listener.local_addr().map_err(|e| StartError::Io(asked, e))?;

        let client_id = self.client_id.or(beginning.client_id);
        let client_id = client_id.unwrap_or_else(|| format!("client_{}", random::ulid()));
        let client_secret = self.client_secret.or(beginning.client_secret);
        let client_secret = client_secret.unwrap_or_else(random::secret);
        let environment = Client::confidential(&client_id, &client_secret).name("The environment");
        beginning.clients.configure(environment);
        for client in self.clients {
            beginning.clients.configure(client);
        }
        beginning.keys.try_current().map_err(|e| StartError::Io(address, e.into()))?;

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
            client_secret,
            configured_people,
            file,
            saving: Mutex::default(),
            clock: Clock::default(),
            keys: beginning.keys,
            session_keys: beginning.session_keys,
            clients: beginning.clients,
            grants: beginning.grants,
            opaque: OpaqueTokens::default(),
            used_assertions: Mutex::default(),
            workos: beginning.workos,
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
        if let Some(file) = &state.file {
            file.remove_leftovers();
            stored::try_save(&state, file)
                .map_err(|error| StartError::StateUnwritable(file.path().to_owned(), error))?;
        }
        let server =
            Server::start(listener, Arc::clone(&state)).map_err(|e| StartError::Io(address, e))?;
        Ok(TestAuthority::new(state, server))
    }

    fn anew(&self, people: &[Person]) -> Beginning {
        Beginning {
            client_id: None,
            client_secret: None,
            keys: Keys::new(self.algorithm),
            session_keys: Keys::new(Algorithm::Rs256),
            clients: Clients::default(),
            people: people.to_vec(),
            grants: Grants::default(),
            workos: WorkOs::new(self.workos_api_key.clone(), self.registered_resources_only),
        }
    }

    fn restored(
        &self,
        stored: Stored,
        people: &[Person],
        path: &Path,
    ) -> Result<Beginning, StartError> {
        let keys = |algorithm, stored: StoredKeys| {
            let why = || StartError::StateUnusable(path.to_owned(), "a key cannot be read".into());
            Keys::restored(algorithm, stored).ok_or_else(why)
        };
        let clients = Clients::default();
        clients.restore(stored.clients);
        let mut workos = WorkOs::new(self.workos_api_key.clone(), self.registered_resources_only);
        workos.consents = Consents::restored(stored.consents);
        workos.sessions = Sessions::restored(stored.sessions);
        workos.sign_ins = Grants::restored(stored.sign_ins);
        Ok(Beginning {
            client_id: Some(stored.client_id),
            client_secret: Some(stored.client_secret),
            keys: keys(self.algorithm, stored.keys)?,
            session_keys: keys(Algorithm::Rs256, stored.session_keys)?,
            clients,
            people: stored.people.restored(people, &self.people),
            grants: Grants::restored(stored.grants),
            workos,
        })
    }
}
