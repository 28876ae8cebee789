//! What an authenticator says of permissions at start-up.

use std::any::TypeId;

use super::Authenticator;
use crate::{
    challenge::Challenge, config::ConfigError, issuer::Issuer, permission::Need,
    principal::Principal, scope::Scope,
};

impl Authenticator {
    /// What can be told only when everything is configured: that what is demanded can be granted.
    ///
    /// # Errors
    /// Where no trusted issuer grants a scope that every request needs, so that clients would ask
    /// for it without end; where a rule names a permission that was not declared; or where the
    /// application grants permissions to users of another type than its identity store returns.
    pub fn check_permissions(&self) -> Result<(), ConfigError> {
        let user = match &self.store {
            Some(store) => store.user_type(),
            None => (TypeId::of::<Principal>(), std::any::type_name::<Principal>()),
        };
        self.policy.permissions.check(user.0, user.1)?;
        let issuers = &self.everybody;
        if let Some(scope) =
            self.policy.required_scopes.iter().find(|s| issuers.scope_for(s).is_none())
        {
            return Err(not_granted("require_scopes", scope.as_str()));
        }
        let asked = self.policy.ask_at_sign_in.iter();
        match asked.filter_map(|need| issuers.undeclared(need)).next() {
            Some(name) => Err(undeclared("ask_at_sign_in", name)),
            None => Ok(()),
        }
    }

    /// Refuses a scope that no issuer grants in a list of those that clients are told to ask for.
    ///
    /// # Errors
    /// Where there is such a scope.
    pub fn check_advertised(&self, setting: &str, scopes: &[Scope]) -> Result<(), ConfigError> {
        let issuers = &self.everybody;
        match scopes.iter().find(|scope| !issuers.issuer_grants(scope.as_str())) {
            Some(scope) => Err(not_granted(setting, scope.as_str())),
            None => Ok(()),
        }
    }

    /// The declared permissions that an issuer grants by scope: what clients are told of.
    pub fn granted_by_scope(&self) -> Vec<Scope> {
        let issuers = &self.everybody;
        let names = issuers.declared().filter(|name| issuers.issuer_grants(name));
        names.filter_map(|name| name.parse().ok()).collect()
    }

    /// The declared permissions that no issuer grants by scope: claims or the application must, and
    /// clients are never told of them.
    pub fn not_granted_by_scope(&self) -> Vec<&'static str> {
        let issuers = &self.everybody;
        issuers.declared().filter(|name| !issuers.issuer_grants(name)).collect()
    }

    /// The first permission in `need` that was not declared: a rule with it would let nobody
    /// through.
    pub fn undeclared(&self, need: &Need) -> Option<&'static str> {
        self.everybody.undeclared(need)
    }

    /// Looks for a rule that lets nobody through, since it needs what was not declared.
    ///
    /// # Errors
    /// Where there is such a rule, under the name of the setting.
    pub fn check_declared(
        &self,
        setting: &str,
        needs: impl IntoIterator<Item = &'static Need>,
    ) -> Result<(), ConfigError> {
        let issuers = &self.everybody;
        match needs.into_iter().find_map(|need| issuers.undeclared(need)) {
            Some(name) => Err(undeclared(setting, name)),
            None => Ok(()),
        }
    }

    /// The challenge for somebody who has not signed in, before an operation with these needs. It
    /// names what every request needs, what clients are to ask for at once, and what the operation
    /// needs (R14).
    pub fn challenge(&self, needs: &[&'static Need]) -> Challenge {
        let needs: Vec<&Need> = [&self.policy.ask_at_sign_in, needs].concat();
        Challenge::new(&self.policy.resource, &self.everybody.all_names(&needs))
    }
}

fn not_granted(setting: &str, scope: &str) -> ConfigError {
    let authkit = Issuer::AUTHKIT_SCOPES.join(", ");
    ConfigError::invalid(
        setting,
        scope,
        format!(
            "must be a scope that an issuer grants, or clients ask for it without end: AuthKit \
             grants {authkit} and no others. Declare it with .permissions::<…>(), grant it with \
             .grants_from_claim(…) or .grants(…), and demand it with .require::<…>(); or, if the \
             issuer does grant it, say so with Issuer::scopes"
        ),
        "openid",
    )
}

fn undeclared(setting: &str, name: &str) -> ConfigError {
    ConfigError::invalid(
        setting,
        name,
        "must be declared with .permissions::<…>()",
        ".permissions::<(BookmarksRead, BookmarksWrite)>()",
    )
}
