//! A consent as WorkOS lists it, and the agents of several.

use std::{collections::BTreeMap, time::Duration};

use mcp_auth_core::{
    UnixTime,
    agents::{Agent, NameSource},
};
use serde::Deserialize;

/// A consent, as WorkOS lists it.
#[derive(Debug, Deserialize)]
pub(super) struct Consent {
    #[serde(default)]
    id: String,
    #[serde(default)]
    granted_scopes: Vec<String>,
    oauth_resource: Option<String>,
    pub(super) application: Application,
}

#[derive(Debug, Deserialize)]
pub(super) struct Application {
    pub(super) id: String,
    pub(super) client_id: String,
    name: Option<String>,
    was_dynamically_registered: Option<bool>,
}

/// The agents of these consents: WorkOS has one consent for each client and resource.
pub(super) fn agents(consents: Vec<Consent>) -> Vec<Agent> {
    let mut agents: Vec<Agent> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for consent in consents {
        let Consent { id, granted_scopes, oauth_resource, application } = consent;
        let place = *places.entry(application.client_id.clone()).or_insert_with(|| {
            agents.push(agent(&application));
            agents.len() - 1
        });
        let agent = &mut agents[place];
        let scopes = agent.scopes.iter().chain(granted_scopes.iter().map(String::as_str));
        let mut all: Vec<&str> = Vec::new();
        scopes.for_each(|scope| {
            if !all.contains(&scope) {
                all.push(scope);
            }
        });
        agent.scopes = all.into_iter().collect();
        agent.resources.extend(oauth_resource.map(String::into_boxed_str));
        agent.since = agent.since.into_iter().chain(time_of(&id)).min();
    }
    agents
}

fn agent(application: &Application) -> Agent {
    let Application { client_id, name, was_dynamically_registered, .. } = application;
    // Both kinds of client have named themselves, whoever passes the name on.
    let named_itself =
        was_dynamically_registered.unwrap_or_default() || client_id.starts_with("https://");
    let source = if named_itself { NameSource::Client } else { NameSource::Issuer };
    Agent::new(client_id.as_str()).named(name.as_deref().unwrap_or_default(), source)
}

/// When a consent was made. WorkOS tells it by the id alone, which ends in a ULID: 26 digits of
/// Crockford's Base32, of which ten are a time in milliseconds.
fn time_of(id: &str) -> Option<UnixTime> {
    let ulid = id.rsplit('_').next().filter(|ulid| ulid.len() == 26 && ulid.is_ascii())?;
    let digit = |c: char| "0123456789ABCDEFGHJKMNPQRSTVWXYZ".find(c.to_ascii_uppercase());
    let millis = ulid.chars().take(10).try_fold(0_u64, |sum, c| {
        let digit = u64::try_from(digit(c)?).ok()?;
        Some(sum * 32 + digit)
    })?;
    ulid.chars()
        .all(|c| digit(c).is_some())
        .then(|| UnixTime::since_epoch(Duration::from_millis(millis)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consents(json: serde_json::Value) -> Vec<Agent> {
        agents(serde_json::from_value(json).unwrap())
    }

    #[test]
    fn consents_of_one_client_are_one_agent() {
        let consent = |id: &str, client: &str, scopes: &[&str], resource: Option<&str>| {
            serde_json::json!({
                "id": id, "granted_scopes": scopes, "oauth_resource": resource, "unknown": {},
                "application": {
                    "id": "conn_app_1", "client_id": client, "name": "Agent\u{202e}",
                    "was_dynamically_registered": client == "client_2",
                },
            })
        };
        let (early, late) = ("app_consent_01HZZZZZZZ0000000000000000", "app_consent_x");
        let agents = consents(serde_json::json!([
            consent(late, "client_1", &["openid", "email"], Some("https://a.example/mcp")),
            consent(late, "client_2", &[], None),
            consent(early, "client_1", &["openid", "profile", "no scope"], Some("https://b/mcp")),
            consent(late, "https://c.example/c.json", &[], None),
        ]));
        let ids: Vec<&str> = agents.iter().map(|agent| &*agent.client_id).collect();
        assert_eq!(ids, ["client_1", "client_2", "https://c.example/c.json"]);
        let first = &agents[0];
        assert_eq!(first.scopes.iter().collect::<Vec<_>>(), ["openid", "email", "profile"]);
        assert_eq!(first.resources, ["https://a.example/mcp".into(), Box::from("https://b/mcp")]);
        assert!(first.since.is_some() && agents[1].since.is_none());
        let sources: Vec<_> = agents.iter().map(|agent| agent.name.source()).collect();
        assert_eq!(sources, [NameSource::Issuer, NameSource::Client, NameSource::Client]);
        assert!(agents.iter().all(|agent| agent.name.as_str() == "Agent"));
    }

    #[test]
    fn the_time_of_a_consent_is_in_its_id() {
        // The example of the ULID specification.
        let time = time_of("app_consent_01ARYZ6S41TSV4RRFFQ69G5FAV").unwrap();
        assert_eq!(time, UnixTime::since_epoch(Duration::from_millis(1_469_918_176_385)));
        assert_eq!(time_of("app_consent_01aryz6s41tsv4rrffq69g5fav"), Some(time));
        for other in [
            "",
            "app_consent_",
            "app_consent_01ARYZ6S41TSV4RRFFQ69G5FA",
            "x_01ARYZ6S41TSV4RRFFQ69G5FAU",
        ] {
            assert_eq!(time_of(other), None, "{other}");
        }
    }
}
