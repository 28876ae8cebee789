//! The agents of people: who lists them, and what disconnecting one does.

use std::{fmt, ops::Deref, sync::Arc};

use actix_mcp_auth::{
    ConfigError, McpAuth, Subject,
    agents::{AgentDirectory, StandingAgents},
    workos::WorkOs,
};

use crate::{
    activity,
    demo::DemoAuthority,
    settings::{DISCONNECT, Grants, Settings},
    start::StartError,
    store::Store,
};

/// What disconnecting an agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disconnect {
    /// Deletes the person's consent in WorkOS, and ends the tokens that the agent has. A new consent
    /// lets it in again.
    #[default]
    Consent,
    /// Refuses all tokens of the person's agent until the person lets it in again: what is possible
    /// with every issuer.
    Standing,
}

impl Disconnect {
    /// Reads the setting.
    ///
    /// # Errors
    /// Where it is neither `consent` nor `standing`.
    pub fn parse(text: Option<String>) -> Result<Self, ConfigError> {
        match text.as_deref() {
            None | Some("consent") => Ok(Self::Consent),
            Some("standing") => Ok(Self::Standing),
            Some(other) => {
                let expected = "must be `consent` or `standing`";
                Err(ConfigError::invalid(DISCONNECT, other, expected, "standing"))
            }
        }
    }
}

/// The agents of people, as they are listed and disconnected here.
#[derive(Clone)]
pub struct Agents {
    directory: Arc<dyn AgentDirectory>,
    grants: Grants,
    lists_consents: bool,
}

impl Agents {
    /// The agents that have a consent in WorkOS, where that can be asked and is to be; else those
    /// that have called.
    ///
    /// # Errors
    /// A setting cannot be used.
    pub fn of(
        settings: &Settings,
        auth: &McpAuth,
        demo: Option<&DemoAuthority>,
        workos: Option<&WorkOs>,
        store: &Store,
    ) -> Result<Self, StartError> {
        let store = store.clone();
        let used = move |person: Subject| {
            let store = store.clone();
            async move { activity::agents_of(&store, &person).await }
        };
        let has_key = demo.is_some() || settings.workos.api_key.is_some();
        let by_consent = has_key && settings.workos.disconnect == Disconnect::Consent;
        let workos = workos.filter(|_| by_consent);
        let directory: Arc<dyn AgentDirectory> = match workos {
            Some(workos) => Arc::new(workos.agents()?.uses(used)),
            None => {
                let [issuer, sessions] = match demo {
                    Some(demo) => [demo.issuer(), demo.session_issuer()].map(str::to_owned),
                    None => settings.issuers()?,
                };
                Arc::new(StandingAgents::new(auth.handle(), &issuer, used)?.people_of(sessions))
            }
        };
        Ok(Self { directory, grants: settings.grants, lists_consents: workos.is_some() })
    }

    /// Whether the listed agents are all that may act for a person. Otherwise they are those that have
    /// called and whose activity is still kept.
    pub fn lists_consents(&self) -> bool {
        self.lists_consents
    }

    /// Who grants permissions to agents.
    pub fn grants(&self) -> Grants {
        self.grants
    }
}

impl Deref for Agents {
    type Target = dyn AgentDirectory;

    fn deref(&self) -> &Self::Target {
        &*self.directory
    }
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agents").field("grants", &self.grants).finish_non_exhaustive()
    }
}
