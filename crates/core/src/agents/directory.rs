//! [`AgentDirectory`]: a person's agents, and the end of one.

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;

use super::agent::Agent;
use crate::{identity::Subject, revocation::RevokeError};

/// The agents of the people of one issuer: for a page on which they see and disconnect them.
///
/// The person is the signed-in user of that page, as `me.subject()` names it, and never comes from
/// the request. An implementation answers for that person only.
#[async_trait]
pub trait AgentDirectory: Send + Sync + 'static {
    /// The agents of a person, in the order in which they are to be shown.
    ///
    /// # Errors
    /// [`AgentError::OtherIssuer`], [`AgentError::Unavailable`].
    async fn list(&self, person: &Subject) -> Result<Vec<Agent>, AgentError>;

    /// Ends what an agent may do for a person: the tokens that it has are refused from now on. An
    /// agent that is gone already is no error, so that it can be repeated.
    ///
    /// # Errors
    /// [`AgentError`]. After each of them it may be called again.
    async fn disconnect(&self, person: &Subject, client_id: &str) -> Result<(), AgentError>;

    /// Lets an agent in again that was disconnected, where a new consent alone does not do so.
    /// Default: does nothing.
    ///
    /// # Errors
    /// [`AgentError`].
    async fn reconnect(&self, person: &Subject, client_id: &str) -> Result<(), AgentError> {
        let _ = (person, client_id);
        Ok(())
    }
}

#[async_trait]
impl<D: AgentDirectory + ?Sized> AgentDirectory for Arc<D> {
    async fn list(&self, person: &Subject) -> Result<Vec<Agent>, AgentError> {
        (**self).list(person).await
    }

    async fn disconnect(&self, person: &Subject, client_id: &str) -> Result<(), AgentError> {
        (**self).disconnect(person, client_id).await
    }

    async fn reconnect(&self, person: &Subject, client_id: &str) -> Result<(), AgentError> {
        (**self).reconnect(person, client_id).await
    }
}

/// Why a person's agents cannot be listed, or an agent not be disconnected.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AgentError {
    /// The directory does not know this issuer's people. Nothing was changed.
    OtherIssuer {
        /// The issuer of the person.
        found: Box<str>,
    },
    /// The person has no such agent. Nothing was changed.
    UnknownAgent,
    /// The operator has revoked the agent, and the person cannot let it in again. Nothing was changed.
    RevokedByOperator,
    /// The issuer or the application's own function gives no answer that can be used, for now. The
    /// agent may go on.
    Unavailable {
        /// Why.
        cause: Arc<dyn Error + Send + Sync>,
        /// After which time to try again, where that is known.
        retry_after: Option<Duration>,
    },
    /// The revocation failed. With [`RevokeError::NotInLog`] it is in force in this process, and not
    /// in the others yet. What the issuer had to do is done.
    NotRevoked(RevokeError),
}

impl AgentError {
    /// No answer, for this reason.
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable { cause: Arc::from(cause.into()), retry_after: None }
    }
}

impl fmt::Display for AgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherIssuer { found } => {
                write!(f, "the agents of people of the issuer {found:?} are not known here")
            }
            Self::UnknownAgent => f.write_str("the person has no agent of this client id"),
            Self::RevokedByOperator => f.write_str("the operator has revoked the agent"),
            Self::Unavailable { cause, .. } => write!(f, "the agents cannot be asked for: {cause}"),
            Self::NotRevoked(error) => write!(f, "the agent's tokens are not all revoked: {error}"),
        }
    }
}

impl Error for AgentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable { cause, .. } => Some(&**cause),
            Self::NotRevoked(error) => Some(error),
            _ => None,
        }
    }
}

/// A function of the application that lists a person's agents, from its audit table for example.
/// [`list_agents`] makes one.
pub type ListAgents = Arc<
    dyn Fn(Subject) -> Pin<Box<dyn Future<Output = Result<Vec<Agent>, AgentError>> + Send>>
        + Send
        + Sync,
>;

/// The function as it is stored.
pub fn list_agents<F, E>(list: impl Fn(Subject) -> F + Send + Sync + 'static) -> ListAgents
where
    F: Future<Output = Result<Vec<Agent>, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    Arc::new(move |person| {
        let listed = list(person);
        Box::pin(async move { listed.await.map_err(AgentError::unavailable) })
    })
}
