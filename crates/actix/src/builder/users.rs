//! Who is behind a token, for the application.

use mcp_auth_core::{Authenticator, ConfigError, IdentityStore, UnknownUser};

use super::McpAuthBuilder;
use crate::observe;

/// Puts a store of any user type into the authenticator, which has no type parameter.
pub(super) type UseStore = Box<dyn FnOnce(&mut Authenticator) -> Result<(), ConfigError> + Send>;

impl McpAuthBuilder {
    /// Resolves callers to the application's own users. Default: none, and
    /// [`AuthedUser`](crate::AuthedUser) holds the [`Principal`](mcp_auth_core::Principal). The
    /// last call counts.
    pub fn users(mut self, store: impl IdentityStore) -> Self {
        self.users = Some(Box::new(|authenticator| {
            let store = observe::measured(store, authenticator.policy().resource.as_str());
            authenticator.resolve_users_with(store)
        }));
        self
    }

    /// What becomes of a verified subject without a user. Default: a plain 403.
    pub fn unknown_user(mut self, answer: UnknownUser) -> Self {
        self.unknown_user = answer;
        self
    }
}
