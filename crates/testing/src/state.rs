//! What the handle and the server's thread share.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::client::Clients;
use crate::clock::Clock;
use crate::fault::Faults;
use crate::grants::Grants;
use crate::keys::Keys;
use crate::lock::lock;
use crate::opaque::OpaqueTokens;
use crate::person::Person;
use crate::state_file::StateFile;
use crate::workos::{Consent, WorkOs, WorkOsEvent};

pub(crate) struct State {
    /// `http://127.0.0.1:PORT`, without a trailing slash.
    pub(crate) issuer: String,
    /// The address that it listens on.
    pub(crate) address: SocketAddr,
    pub(crate) settings: Settings,
    /// The secret of the environment's client id.
    pub(crate) client_secret: String,
    /// The people that the builder named.
    pub(crate) configured_people: Vec<Person>,
    /// What is kept beyond the process.
    pub(crate) file: Option<StateFile>,
    /// Locked while the file is written.
    pub(crate) saving: Mutex<()>,
    pub(crate) clock: Clock,
    /// Of Connect, machine and ID tokens.
    pub(crate) keys: Keys,
    /// Of session tokens.
    pub(crate) session_keys: Keys,
    pub(crate) clients: Clients,
    pub(crate) grants: Grants,
    pub(crate) opaque: OpaqueTokens,
    /// `client_id` and `jti` of the assertions by which clients have authenticated.
    pub(crate) used_assertions: Mutex<HashSet<String>>,
    pub(crate) workos: WorkOs,
    pub(crate) faults: Faults,
    pub(crate) changeable: Mutex<Changeable>,
    pub(crate) requests: Mutex<BTreeMap<String, u64>>,
}

/// Fixed when the authority starts.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The environment's client id: `aud` where no resource was asked for.
    pub(crate) client_id: String,
    pub(crate) session_issuer: String,
    pub(crate) session_token_lifetime: Duration,
    /// Where a sign-in with a browser may go back to; empty for any https URI and http on loopback.
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) resources: Resources,
    pub(crate) token_lifetime: Duration,
    pub(crate) code_lifetime: Duration,
    pub(crate) refresh_lifetime: Duration,
    pub(crate) always_refresh: bool,
    /// Whether clients get opaque access tokens.
    pub(crate) opaque_tokens: bool,
    pub(crate) document_timeout: Duration,
    /// Ports of this machine that metadata documents may be fetched from, beside the own one.
    pub(crate) document_ports: Vec<u16>,
}

/// Which resource indicators (RFC 8707) are known.
#[derive(Clone, Debug)]
pub(crate) enum Resources {
    Any,
    Only(Vec<String>),
    Ignored,
}

/// Changed at run time by the test.
pub(crate) struct Changeable {
    pub(crate) people: Vec<Person>,
    /// Who signs in without being asked, by id.
    pub(crate) auto_approve: Option<String>,
    /// The staff member by whom sign-ins with a browser are done.
    pub(crate) impersonator: Option<String>,
    pub(crate) jwks_max_age: Option<Duration>,
    /// Members of the metadata to replace; `null` leaves one out.
    pub(crate) metadata: Map<String, Value>,
}

impl State {
    pub(crate) fn people(&self) -> Vec<Person> {
        lock(&self.changeable).people.clone()
    }

    pub(crate) fn person(&self, id: &str) -> Option<Person> {
        let changeable = lock(&self.changeable);
        changeable.people.iter().find(|p| p.id == id).cloned()
    }

    /// Removes consents and ends the refresh tokens that come from them. Returns how many.
    pub(crate) fn withdraw_consents(&self, which: impl Fn(&Consent) -> bool) -> usize {
        let withdrawn = self.workos.consents.withdraw(which);
        self.grants.end_refreshing(|grant| withdrawn.iter().any(|gone| gone.id == grant.consent));
        withdrawn.len()
    }

    /// Ends a session of a browser: it cannot be refreshed, and `session.revoked` tells of it.
    /// `None` if there is none.
    pub(crate) fn end_session(&self, id: &str) -> Option<WorkOsEvent> {
        let ended = self.workos.sessions.end(|session| session.id == id).pop()?;
        self.workos.sign_ins.end_refreshing(|grant| grant.consent == id);
        Some(self.workos.events.store(ended.revoked(), self.clock.now()))
    }

    /// Ends the sessions and codes of a person who was deleted. No event tells of it.
    pub(crate) fn forget_sign_ins(&self, person: &str) {
        self.workos.sessions.end(|session| session.person == person);
        self.workos.sign_ins.end_refreshing(|grant| grant.person == person);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    pub(crate) fn count(&self, path: &str) {
        let mut requests = lock(&self.requests);
        // Bounded, since callers can invent paths.
        if requests.len() < 1000 || requests.contains_key(path) {
            *requests.entry(path.to_owned()).or_default() += 1;
        }
    }
}
