//! [`StandingAgents`]: disconnecting by standing revocations.

use std::{error::Error, fmt};

use async_trait::async_trait;

use super::{
    agent::Agent,
    directory::{AgentDirectory, AgentError, ListAgents, list_agents},
};
use crate::{
    config::ConfigError,
    handle::AuthHandle,
    identity::Subject,
    revocation::{NewRevocation, Revoked},
};

/// Agents of an issuer that cannot list and end consents: the application lists them, and a
/// standing revocation of the person at that client ends one, until the person reconnects it.
///
/// The issuer does not know of it: the agent can still refresh its tokens, and they are refused.
/// Other people's agents of the same client are not concerned. What the operator has revoked, the
/// person cannot let in again.
///
/// ```
/// # mod actix_mcp_auth {
/// #     pub use mcp_auth_core::{AuthHandle, ConfigError, Subject};
/// #     pub mod agents { pub use mcp_auth_core::agents::*; }
/// # }
/// use actix_mcp_auth::{AuthHandle, ConfigError, agents::{Agent, StandingAgents}};
///
/// fn agents(handle: AuthHandle) -> Result<StandingAgents, ConfigError> {
///     StandingAgents::new(handle, "https://login.example.com", |person| async move {
///         // SELECT client_id, min(time), max(time) FROM audit WHERE sub = … GROUP BY client_id
///         // The columns hold `exact_client_id()` and `exact_subject()` of the records.
///         let _ = person.id();
///         Ok::<_, std::io::Error>(vec![Agent::new("client_01")])
///     })
/// }
/// ```
pub struct StandingAgents {
    handle: AuthHandle,
    issuer: Box<str>,
    people_of: Vec<Box<str>>,
    list: ListAgents,
}

impl StandingAgents {
    /// The reason of its revocations.
    const REASON: &str = "disconnected by the person";

    /// The agents with tokens of this issuer, by any of its names. `handle` is that of the resource
    /// which they call. `list` names the agents of a person: those that have called in this
    /// person's name. Only these can be disconnected.
    ///
    /// # Errors
    /// Where the resource does not trust the issuer.
    pub fn new<F, E>(
        handle: AuthHandle,
        issuer: &str,
        list: impl Fn(Subject) -> F + Send + Sync + 'static,
    ) -> Result<Self, ConfigError>
    where
        F: Future<Output = Result<Vec<Agent>, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let resolved =
            handle.authenticator().resolve_issuer(Revoked::everything().of_issuer(issuer));
        let issuer = resolved.ok().and_then(|named| named.issuer).ok_or_else(|| {
            ConfigError::invalid(
                "issuer",
                issuer,
                "must be an issuer that the resource trusts",
                "https://login.example.com",
            )
        })?;
        Ok(Self { handle, issuer, people_of: Vec::new(), list: list_agents(list) })
    }

    /// Takes people by the name of another issuer too, where the same `sub` is the same person: an
    /// issuer of sessions for pages beside that of agents' tokens. Default: none.
    pub fn people_of(mut self, issuer: impl Into<Box<str>>) -> Self {
        self.people_of.push(issuer.into());
        self
    }

    fn check(&self, person: &Subject) -> Result<(), AgentError> {
        let found = person.issuer();
        match *self.issuer == *found || self.people_of.iter().any(|known| **known == *found) {
            true => Ok(()),
            false => Err(AgentError::OtherIssuer { found: found.into() }),
        }
    }

    /// Whether the operator has revoked the client, for this person or for everybody.
    fn is_by_operator(&self, person: &Subject, client_id: &str) -> bool {
        [Revoked::subject_at_client(person.id(), client_id), Revoked::client(client_id)]
            .into_iter()
            .any(|what| self.handle.revocations().stands(&what.of_issuer(&*self.issuer)))
    }

    fn revocation(&self, person: &Subject, client_id: &str) -> NewRevocation {
        Revoked::disconnected_agent(person.id(), client_id).of_issuer(&*self.issuer)
    }
}

#[async_trait]
impl AgentDirectory for StandingAgents {
    async fn list(&self, person: &Subject) -> Result<Vec<Agent>, AgentError> {
        self.check(person)?;
        let mut agents = (self.list)(person.clone()).await?;
        let revocations = self.handle.revocations();
        // The application may have forgotten an agent that has not called since.
        for client_id in revocations.disconnected_agents(&self.issuer, person.id()) {
            if !agents.iter().any(|agent| agent.client_id == client_id) {
                agents.push(Agent::new(client_id));
            }
        }
        for agent in &mut agents {
            agent.is_disconnected = revocations.stands(&self.revocation(person, &agent.client_id));
            agent.is_revoked_by_operator = self.is_by_operator(person, &agent.client_id);
        }
        Ok(agents)
    }

    async fn disconnect(&self, person: &Subject, client_id: &str) -> Result<(), AgentError> {
        // A person could otherwise fill the revocation log with client ids of their invention.
        let agents = self.list(person).await?;
        if !agents.iter().any(|agent| *agent.client_id == *client_id) {
            return Err(AgentError::UnknownAgent);
        }
        let new = self.revocation(person, client_id).standing().because(Self::REASON);
        let now = self.handle.clock().now();
        let revoked = self.handle.revocations().revoke(new, now).await;
        revoked.map(drop).map_err(AgentError::NotRevoked)
    }

    /// Lifts the person's own revocation. Tokens that were issued until now stay refused.
    ///
    /// # Errors
    /// Besides those of the trait [`AgentError::RevokedByOperator`]. The person's own revocation
    /// stays then, so that the agent does not come back when the operator's is lifted.
    async fn reconnect(&self, person: &Subject, client_id: &str) -> Result<(), AgentError> {
        self.check(person)?;
        let key = self.revocation(person, client_id);
        if self.is_by_operator(person, client_id) {
            return Err(AgentError::RevokedByOperator);
        }
        // Also one that was lifted: the lift may not have reached the log.
        if !self.handle.revocations().knows(&key) {
            return Ok(());
        }
        let now = self.handle.clock().now();
        let lifted = self.handle.revocations().lift(key, now).await;
        lifted.map(drop).map_err(AgentError::NotRevoked)
    }
}

impl fmt::Debug for StandingAgents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandingAgents").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
