//! The consents that people gave to clients: WorkOS's authorized applications.

use std::sync::Mutex;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::timestamp::{iso8601, millis_of};
use crate::client::{Client, Origin};
use crate::lock::lock;
use crate::random;

/// The most consents; beyond it the oldest is evicted.
const MOST_CONSENTS: usize = 10_000;

/// What a person approved for a client and a resource.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Consent {
    /// `app_consent_…`, also `sid` of the tokens that come from it.
    pub(crate) id: String,
    pub(crate) person: String,
    pub(crate) client_id: String,
    /// The id of the application, beside its client id.
    pub(crate) application_id: String,
    pub(crate) resources: Vec<String>,
    scope: Vec<String>,
    name: String,
    is_registered: bool,
    created_at: SystemTime,
}

#[derive(Default)]
pub(crate) struct Consents(Mutex<Vec<Consent>>);

impl Consents {
    /// What a file has kept.
    pub(crate) fn restored(consents: Vec<Consent>) -> Self {
        Self(Mutex::new(consents))
    }

    /// All of them, the oldest first.
    pub(crate) fn all(&self) -> Vec<Consent> {
        lock(&self.0).clone()
    }

    /// Records an approval and returns the consent's id. Approving again widens the consent.
    pub(crate) fn give(
        &self,
        client: &Client,
        person: &str,
        scope: &[String],
        resources: &[String],
        now: SystemTime,
    ) -> String {
        let mut given = lock(&self.0);
        let known = given.iter_mut().find(|consent| {
            consent.person == person
                && consent.client_id == client.id
                && consent.resources == resources
        });
        if let Some(known) = known {
            for scope in scope {
                if !known.scope.contains(scope) {
                    known.scope.push(scope.clone());
                }
            }
            return known.id.clone();
        }
        let consent = Consent {
            id: format!("app_consent_{}", random::sorted_ulid(millis_of(now))),
            person: person.to_owned(),
            client_id: client.id.clone(),
            application_id: format!("conn_app_{}", random::ulid_from(client.id.as_bytes())),
            resources: resources.to_vec(),
            scope: scope.to_vec(),
            name: client.display_name().to_owned(),
            is_registered: client.origin == Origin::Registered,
            created_at: now,
        };
        let id = consent.id.clone();
        if given.len() >= MOST_CONSENTS {
            given.remove(0);
        }
        given.push(consent);
        id
    }

    /// The consents that `person` gave.
    pub(crate) fn of(&self, person: &str) -> Vec<Consent> {
        lock(&self.0).iter().filter(|consent| consent.person == person).cloned().collect()
    }

    /// Removes consents and returns them.
    pub(crate) fn withdraw(&self, which: impl Fn(&Consent) -> bool) -> Vec<Consent> {
        let mut given = lock(&self.0);
        let (withdrawn, left) = std::mem::take(&mut *given).into_iter().partition(which);
        *given = left;
        withdrawn
    }
}

impl Consent {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "object": "authorized_connect_application",
            "id": self.id,
            "granted_scopes": self.scope,
            "oauth_resource": self.resources.first(),
            "application": {
                "object": "connect_application",
                "id": self.application_id,
                "client_id": self.client_id,
                "name": self.name,
                "description": null,
                "application_type": "oauth",
                "is_first_party": false,
                "was_dynamically_registered": self.is_registered,
                "organization_id": null,
                "scopes": self.scope,
                "created_at": iso8601(self.created_at),
                "updated_at": iso8601(self.created_at),
            },
        })
    }
}
