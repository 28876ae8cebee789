//! [`WorkOsAgents`]: the agents that a person has authorized in WorkOS.
//!
//! Disconnecting has two steps, in this order: the consent is deleted in WorkOS, so that the agent
//! cannot refresh; then the tokens that it has are revoked here. They are revoked until the time of
//! WorkOS's answer by WorkOS's own clock, which is the clock of `iat`: what a new consent gives is
//! issued later, and is good at once.
//!
//! Where the first step fails, nothing is revoked. Where the second one fails, repeating both is
//! harmless: the consent is then gone, which counts as deleted.

mod consent;

use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use self::consent::{Consent, agents};
use crate::{
    api::{Api, ApiError, Deleted},
    log,
    settings::WorkOsSettings,
};
use mcp_auth_core::{
    AuthHandle, Subject, UnixTime,
    agents::{Agent, AgentDirectory, AgentError, ListAgents, list_agents},
    async_trait,
    revocation::Revoked,
    token_bucket::{Limit, TokenBucket},
};

/// How far WorkOS's clock may be from this one. A time farther away is not taken for WorkOS's: it
/// could refuse good tokens for as long.
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);

/// Disconnections of agents that the person has not authorized, of all people: a person could
/// otherwise fill the revocation log with client ids of their invention. In 31 days, for which cut-offs
/// are kept, they are fewer than the log's bound.
const OF_UNKNOWN: Limit = Limit { burst: 32, per_second: 1.0 / 60.0 };

/// The longest id that is put into a URL, in bytes.
const MAX_ID: usize = 2048;

/// The agents of people who sign in with AuthKit. Made by [`WorkOs::agents`](crate::WorkOs::agents).
///
/// - `list` gives each client once, with the scopes and resources of all its consents. WorkOS does
///   not tell who has used what; [`uses`](Self::uses) adds it.
/// - `disconnect` deletes the consents and revokes the tokens that the agent has. A new consent lets
///   it in again at once.
///
/// People are taken by AuthKit's name and by the name of the issuer of sessions, as
/// [`WorkOsSettings`] have them.
///
/// ```no_run
/// use actix_mcp_auth::{ConfigError, Subject, agents::{AgentDirectory, AgentError}, workos::WorkOs};
///
/// async fn disconnect_all(workos: &WorkOs, person: &Subject) -> Result<(), AgentError> {
///     let agents = workos.agents().map_err(AgentError::unavailable)?;
///     for agent in agents.list(person).await? {
///         agents.disconnect(person, &agent.client_id).await?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct WorkOsAgents {
    api: Api,
    settings: Arc<WorkOsSettings>,
    handle: AuthHandle,
    uses: Option<ListAgents>,
    of_unknown: Arc<Mutex<TokenBucket<UnixTime>>>,
}

impl WorkOsAgents {
    pub(crate) fn new(api: Api, settings: Arc<WorkOsSettings>, handle: AuthHandle) -> Self {
        let of_unknown = TokenBucket::new(OF_UNKNOWN, handle.clock().now());
        Self { api, settings, handle, uses: None, of_unknown: Arc::new(Mutex::new(of_unknown)) }
    }

    /// Adds when each agent has called the application first and last: `list` names the agents that
    /// have called in the person's name, from an audit table for example. Of these only the client
    /// id and the times count. Where it fails, the agents are listed without. Default: none.
    pub fn uses<F, E>(self, list: impl Fn(Subject) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Vec<Agent>, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self { uses: Some(list_agents(list)), ..self }
    }

    /// Where WorkOS lists the consents of a person.
    fn path(&self, person: &Subject) -> Result<String, AgentError> {
        let found = person.issuer();
        if ![&self.settings.authkit, &self.settings.sessions].iter().any(|name| ***name == *found) {
            return Err(AgentError::OtherIssuer { found: found.into() });
        }
        let user = segment(person.id()).ok_or(AgentError::UnknownAgent)?;
        Ok(format!("/user_management/users/{user}/authorized_applications"))
    }

    async fn consents(&self, path: &str) -> Result<Vec<Consent>, AgentError> {
        match self.api.all(path).await {
            // WorkOS does not know the person (any more).
            Err(ApiError::Status { status: 404, .. }) => Ok(Vec::new()),
            found => found.map_err(unavailable),
        }
    }

    async fn add_uses(&self, agents: &mut [Agent], person: &Subject) {
        let Some(uses) = &self.uses else { return };
        match uses(person.clone()).await {
            Ok(used) => {
                let by_id: BTreeMap<_, _> = used.iter().map(|it| (&*it.client_id, it)).collect();
                for agent in agents {
                    if let Some(used) = by_id.get(&*agent.client_id) {
                        (agent.first_used, agent.last_used) = (used.first_used, used.last_used);
                    }
                }
            }
            Err(error) => log::agents_uses_not_read(&error),
        }
    }

    /// Deletes the person's consents for a client. WorkOS takes an application's own id and its
    /// client id; the own id is always fit for a URL.
    async fn delete_consents(&self, path: &str, client_id: &str) -> Result<Deleted, AgentError> {
        let consents = self.consents(path).await?;
        let listed = consents.iter().find(|consent| consent.application.client_id == client_id);
        let id = listed.map_or(client_id, |consent| &consent.application.id);
        let id = segment(id).ok_or(AgentError::UnknownAgent)?;
        self.api.delete(&format!("{path}/{id}")).await.map_err(unavailable)
    }

    /// Revokes the tokens that an agent has.
    async fn revoke(
        &self,
        person: &Subject,
        client_id: &str,
        deleted: &Deleted,
    ) -> Result<(), AgentError> {
        let now = self.handle.clock().now();
        if !deleted.was_there {
            self.limit_unknown(now)?;
        }
        let new = Revoked::subject_at_client(person.id(), client_id)
            .of_issuer(&*self.settings.authkit)
            .because("disconnected by the person");
        let is_near =
            |at: &UnixTime| at.duration_since(now).max(now.duration_since(*at)) <= MAX_SKEW;
        let revocations = self.handle.revocations();
        let revoked = match deleted.at.filter(is_near) {
            Some(at) => revocations.revoke_at(new, at, now).await,
            None => revocations.revoke(new, now).await,
        };
        revoked.map(drop).map_err(AgentError::NotRevoked)
    }

    fn limit_unknown(&self, now: UnixTime) -> Result<(), AgentError> {
        let mut bucket = self.of_unknown.lock().unwrap_or_else(PoisonError::into_inner);
        if !bucket.has_permit(now) {
            return Err(AgentError::Unavailable {
                cause: Arc::from(Box::from("too many unknown agents are disconnected")),
                retry_after: Some(Duration::from_secs(60)),
            });
        }
        bucket.take();
        Ok(())
    }
}

#[async_trait]
impl AgentDirectory for WorkOsAgents {
    async fn list(&self, person: &Subject) -> Result<Vec<Agent>, AgentError> {
        let path = match self.path(person) {
            Err(AgentError::UnknownAgent) => return Ok(Vec::new()),
            path => path?,
        };
        let mut agents = agents(self.consents(&path).await?);
        self.add_uses(&mut agents, person).await;
        Ok(agents)
    }

    async fn disconnect(&self, person: &Subject, client_id: &str) -> Result<(), AgentError> {
        let path = self.path(person)?;
        let deleted = self.delete_consents(&path, client_id).await.inspect_err(|error| {
            log::agent_not_disconnected(client_id, "WorkOS", error);
        })?;
        self.revoke(person, client_id, &deleted).await.inspect_err(|error| {
            log::agent_not_disconnected(client_id, "revocation", error);
        })?;
        log::agent_disconnected(client_id, deleted.was_there);
        Ok(())
    }
}

/// An id as one segment of a path; `None` where it cannot be one. A `.` or `..` would name another
/// path, however it is escaped.
fn segment(id: &str) -> Option<String> {
    if id.is_empty() || id == "." || id == ".." || id.len() > MAX_ID {
        return None;
    }
    let mut segment = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                segment.push(char::from(byte));
            }
            byte => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    Some(segment)
}

fn unavailable(error: ApiError) -> AgentError {
    let retry_after = match &error {
        ApiError::TooManyRequests { retry_after } => *retry_after,
        _ => None,
    };
    AgentError::Unavailable { cause: Arc::new(error), retry_after }
}

impl fmt::Debug for WorkOsAgents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkOsAgents").field("api", &self.api).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_one_segment_of_a_path() {
        let url = "https%3A%2F%2Fa.example%2Fc.json%3Fx%231";
        assert_eq!(segment("https://a.example/c.json?x#1").as_deref(), Some(url));
        assert_eq!(segment("conn_app_01AB-.~").as_deref(), Some("conn_app_01AB-.~"));
        assert_eq!(segment("a/../b\\%2e").as_deref(), Some("a%2F..%2Fb%5C%252e"));
        for bad in ["", ".", "..", &"x".repeat(MAX_ID + 1)] {
            assert_eq!(segment(bad), None, "{bad}");
        }
    }
}
