//! The name of the client that calls, for the records of its request.

use std::time::Duration;

use mcp_auth_core::{
    Principal,
    agents::AgentNames,
    audit::{AuditPrincipal, Privacy},
};
use tokio::time::timeout;

/// How long the look-up of a name may take.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(20);

/// A client whose name is to be in records. No request waits for it: a record has the name where it
/// is known when the outcome is.
pub(super) struct NamedClient {
    names: AgentNames,
    issuer: Box<str>,
    client_id: Box<str>,
}

impl NamedClient {
    /// The client of a bearer token. A look-up begins where its name is not known.
    pub(super) fn of(names: &AgentNames, caller: &Principal) -> Option<Self> {
        let client_id = caller.client().filter(|_| caller.signed_in_at().is_none())?;
        if let Some(looking_up) = names.begin(caller) {
            actix_web::rt::spawn(timeout(LOOK_UP_LIMIT, looking_up));
        }
        Some(Self {
            names: names.clone(),
            issuer: caller.issuer().into(),
            client_id: client_id.into(),
        })
    }

    /// The caller with the name as it is known now.
    pub(super) fn add_name(&self, caller: AuditPrincipal, privacy: Privacy) -> AuditPrincipal {
        match self.names.known(&self.issuer, &self.client_id) {
            Some(name) => caller.with_client_name(&name, privacy),
            None => caller,
        }
    }
}
