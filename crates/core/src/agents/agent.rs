//! An agent of a person.

use url::Url;

use super::name::{AgentName, NameSource};
use crate::{scope::ScopeSet, time::UnixTime};

/// An OAuth client that acts for a person: what the person sees of it. What is not known is `None`
/// or empty.
///
/// ```
/// # mod actix_mcp_auth {
/// #     pub mod agents { pub use mcp_auth_core::agents::*; }
/// #     pub mod operation { pub use mcp_auth_core::UnixTime; }
/// # }
/// use actix_mcp_auth::{agents::{Agent, NameSource}, operation::UnixTime};
///
/// // From a row of the application's audit table.
/// let agent = Agent::new("https://agent.example.com/client.json")
///     .named("Example Agent", NameSource::Client)
///     .used(Some(UnixTime::from_secs(1_790_000_000)), Some(UnixTime::from_secs(1_800_000_000)));
/// assert_eq!(agent.name.as_str(), "Example Agent");
/// assert_eq!(agent.host().as_deref(), Some("agent.example.com"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agent {
    /// The `client_id` in its tokens. It can be any text.
    pub client_id: Box<str>,
    /// What it is called, and whose word that is.
    pub name: AgentName,
    /// Since when it may act for the person.
    pub since: Option<UnixTime>,
    /// The scopes that the person has granted.
    pub scopes: ScopeSet,
    /// The resources for which the person has granted them. It can be any text.
    pub resources: Vec<Box<str>>,
    /// When it called this application first, as far as the application remembers.
    pub first_used: Option<UnixTime>,
    /// When it called this application last.
    pub last_used: Option<UnixTime>,
    /// Whether it is disconnected, and stays so until the person reconnects it.
    pub is_disconnected: bool,
    /// Whether the operator has revoked it: the person cannot let it in again.
    pub is_revoked_by_operator: bool,
}

impl Agent {
    /// An agent of which only the `client_id` is known.
    pub fn new(client_id: impl Into<Box<str>>) -> Self {
        let client_id = client_id.into();
        Self {
            name: AgentName::of_client_id(&client_id),
            client_id,
            since: None,
            scopes: ScopeSet::default(),
            resources: Vec::new(),
            first_used: None,
            last_used: None,
            is_disconnected: false,
            is_revoked_by_operator: false,
        }
    }

    /// Sets the name, unless nothing of it is visible.
    pub fn named(self, name: &str, source: NameSource) -> Self {
        Self { name: AgentName::new(name, source).unwrap_or(self.name), ..self }
    }

    /// Sets since when it may act.
    pub fn since(self, time: UnixTime) -> Self {
        Self { since: Some(time), ..self }
    }

    /// Sets the scopes.
    pub fn scopes(self, scopes: ScopeSet) -> Self {
        Self { scopes, ..self }
    }

    /// Sets the first and the last use.
    pub fn used(self, first: Option<UnixTime>, last: Option<UnixTime>) -> Self {
        Self { first_used: first, last_used: last, ..self }
    }

    /// The host of a client id that is a URL (Client ID Metadata Documents), in ASCII. Nobody but
    /// its owner can use that client id, so it tells more than the name.
    pub fn host(&self) -> Option<String> {
        let url = Url::parse(&self.client_id).ok()?;
        url.host_str().filter(|_| url.scheme() == "https").map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_without_a_name_is_called_by_its_client_id() {
        let agent = Agent::new("client_01").named(" \u{200b}", NameSource::Client);
        assert_eq!((agent.name.as_str(), agent.name.source()), ("client_01", NameSource::ClientId));
    }

    #[test]
    fn only_https_client_ids_have_a_host() {
        let host = |id: &str| Agent::new(id).host();
        assert_eq!(host("https://Agent.example.com/c").as_deref(), Some("agent.example.com"));
        assert_eq!(host("https://аgent.example/c").as_deref(), Some("xn--gent-43d.example"));
        for other in ["client_01", "http://agent.example/", "urn:agent", "", "https://"] {
            assert_eq!(host(other), None, "{other}");
        }
    }
}
