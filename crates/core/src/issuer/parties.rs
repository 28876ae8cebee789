//! Who calls with an issuer's tokens: a person or a machine, and what `act` means.

use std::sync::Arc;

use super::{ActorRule, Issuer};
use crate::token::verified::VerifiedToken;

/// Which tokens stand for a program and not for a person, besides those whose subject is the
/// client.
pub(super) type MachineRule = Option<Arc<dyn Fn(&VerifiedToken) -> bool + Send + Sync>>;

impl Issuer {
    /// Says which of this issuer's tokens stand for a program and not for a person. Machines are
    /// never looked up among the users, and never become users. The rule sees the scopes as they
    /// stand in the token, before [`scopes`](Self::scopes) limits them.
    ///
    /// A token whose `sub` is its `client_id` or `azp` is a machine's in any case (RFC 9068 §2.2).
    /// Other issuers have signs of their own:
    ///
    /// ```
    /// # use mcp_auth_core::Issuer;
    /// let auth0 = Issuer::new("https://tenant.auth0.example/")?
    ///     .machine_if(|token| token.subject().ends_with("@clients"));
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn machine_if(
        mut self,
        rule: impl Fn(&VerifiedToken) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.machines = Some(Arc::new(rule));
        self
    }

    /// What `act` means in this issuer's tokens. Default: [`ActorRule::Staff`].
    ///
    /// ```
    /// # mod actix_mcp_auth { pub use mcp_auth_core::*; pub mod issuer { pub use mcp_auth_core::*; } }
    /// use actix_mcp_auth::{Issuer, issuer::ActorRule};
    ///
    /// let auth0 = Issuer::new("https://tenant.auth0.example/")?.act(ActorRule::Agent);
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn act(mut self, rule: ActorRule) -> Self {
        self.actor_rule = rule;
        self
    }

    /// What `act` means.
    pub(crate) fn actor_rule(&self) -> ActorRule {
        self.actor_rule
    }

    /// Whether a token stands for a program and not for a person.
    pub(crate) fn is_machine(&self, token: &VerifiedToken) -> bool {
        token.client_id() == Some(token.subject())
            || self.machines.as_ref().is_some_and(|rule| rule(token))
    }
}
