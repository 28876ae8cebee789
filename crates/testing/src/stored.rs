//! What outlives the process where a file keeps it: the form of that file.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::client::StoredClient;
use crate::grants::StoredGrants;
use crate::keys::StoredKeys;
use crate::lock::lock;
use crate::person::{Person, StoredPerson};
use crate::start_error::StartError;
use crate::state::State;
use crate::state_file::StateFile;
use crate::workos::{Consent, Session};

/// Raised with each change of the form.
const VERSION: u32 = 1;

/// The content of the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stored {
    version: u32,
    about: String,
    pub(crate) address: SocketAddr,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) keys: StoredKeys,
    pub(crate) session_keys: StoredKeys,
    /// Those that registered themselves, the oldest first.
    pub(crate) clients: Vec<StoredClient>,
    pub(crate) people: StoredPeople,
    pub(crate) consents: Vec<Consent>,
    pub(crate) grants: StoredGrants,
    /// Of browsers.
    pub(crate) sessions: Vec<Session>,
    pub(crate) sign_ins: StoredGrants,
}

/// How the people differ from those that the builder names.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredPeople {
    added: Vec<StoredPerson>,
    deleted: Vec<String>,
}

impl Stored {
    /// Reads the content of `path`.
    pub(crate) fn parse(path: &Path, content: &[u8]) -> Result<Self, StartError> {
        // Not the error's own text, which can repeat what it found: the file holds secrets.
        let wrong = |why: String| StartError::StateUnusable(path.to_owned(), why);
        let at = |error: serde_json::Error| {
            wrong(format!("a mistake at line {}, column {}", error.line(), error.column()))
        };
        let value: serde_json::Value = serde_json::from_slice(content).map_err(at)?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            Some(version) => return Err(wrong(format!("it has the version {version}"))),
            None => return Err(wrong("it has no version".to_owned())),
        }
        serde_json::from_slice(content).map_err(at)
    }

    fn of(state: &State) -> Self {
        let now = state.clock.unix_seconds();
        let people = {
            let changeable = lock(&state.changeable);
            StoredPeople::of(&state.configured_people, &changeable.people)
        };
        Self {
            version: VERSION,
            about: "State of a TestAuthority, for development. It holds private keys.".to_owned(),
            address: state.address,
            client_id: state.settings.client_id.clone(),
            client_secret: state.client_secret.clone(),
            keys: state.keys.stored(),
            session_keys: state.session_keys.stored(),
            clients: state.clients.stored(),
            people,
            consents: state.workos.consents.all(),
            grants: state.grants.stored(now),
            sessions: state.workos.sessions.all(state.clock.now()),
            sign_ins: state.workos.sign_ins.stored(now),
        }
    }
}

impl StoredPeople {
    fn of(configured: &[Person], people: &[Person]) -> Self {
        let ids: HashSet<&str> = people.iter().map(|person| &*person.id).collect();
        let added = people.iter().filter(|person| !configured.contains(person));
        let deleted = configured.iter().filter(|person| !ids.contains(&*person.id));
        Self {
            added: added.cloned().map(StoredPerson).collect(),
            deleted: deleted.map(|person| person.id.clone()).collect(),
        }
    }

    /// The configured people with the changes of a former run. Those that the builder `names` are as
    /// it names them, unless they were deleted.
    pub(crate) fn restored(self, configured: &[Person], names: &[Person]) -> Vec<Person> {
        let has = |people: &[Person], id: &str| people.iter().any(|person| person.id == id);
        let added = self.added.into_iter().map(|StoredPerson(person)| person);
        let added: Vec<Person> = added.filter(|person| !has(names, &person.id)).collect();
        let mut people: Vec<Person> = configured.to_vec();
        people.retain(|person| !self.deleted.contains(&person.id) && !has(&added, &person.id));
        people.extend(added);
        people
    }
}

/// Writes what has changed, if there is a file. An authority that cannot write goes on: only a
/// restart would miss it.
pub(crate) fn save(state: &State) {
    let Some(file) = &state.file else { return };
    if let Err(error) = try_save(state, file) {
        tracing::error!(
            path = %file.path().display(),
            %error,
            "the TestAuthority cannot keep its state: a restart goes on from what the file has"
        );
    }
}

pub(crate) fn try_save(state: &State, file: &StateFile) -> std::io::Result<()> {
    // One at a time, so that no older state is written last.
    let _turn = lock(&state.saving);
    file.write(serde_json::to_vec_pretty(&Stored::of(state))?)
}
