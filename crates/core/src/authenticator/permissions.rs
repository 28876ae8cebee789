//! Checks and reports at start-up: permissions, and what each issuer can grant.

use std::any::TypeId;

use super::Authenticator;
use crate::{
    config::ConfigError, identity::IssuerAwareness, identity::principal::Principal, issuer::Issuer,
    metadata::challenge::Challenge, permission::Need, scope::Scope,
};

impl Authenticator {
    /// Checks what needs the whole configuration: every requirement can be granted, and no issuer
    /// grants more than the application allowed.
    ///
    /// # Errors
    /// Where no trusted issuer grants a scope that every request needs, so that clients would ask
    /// for it again and again; where a rule names a permission that was not declared; where the
    /// application grants permissions to users of another type than its identity store returns;
    /// where several issuers are trusted and a claim grants that is limited to none of them; where
    /// an issuer is named that is not configured; or where the identity store
    /// [refuses the issuers](crate::IdentityStore::check_issuers).
    pub fn check_permissions(&self) -> Result<(), ConfigError> {
        let user = match &self.store {
            Some(store) => store.user_type(),
            None => (TypeId::of::<Principal>(), std::any::type_name::<Principal>()),
        };
        let names: Vec<&str> = self.trusted.iter().map(|trusted| trusted.issuer.name()).collect();
        self.policy.permissions.check(user.0, user.1, &names)?;
        if let Some(store) = &self.store {
            store.check_issuers(&names)?;
        }
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

    /// Checks that some issuer grants each scope that clients are told to ask for.
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

    /// These scopes, each once, by the names that clients ask their issuers for
    /// ([`Issuer::scope_prefix`]).
    pub fn told_to_clients(&self, scopes: impl IntoIterator<Item = Scope>) -> Vec<Scope> {
        let mut told = Vec::new();
        for scope in scopes.into_iter().map(|scope| self.everybody.told(&scope)) {
            if !told.contains(&scope) {
                told.push(scope);
            }
        }
        told
    }

    /// The declared permissions that an issuer grants by scope: clients are told their names.
    pub fn granted_by_scope(&self) -> Vec<Scope> {
        let issuers = &self.everybody;
        let names = issuers.declared().filter(|name| issuers.issuer_grants(name));
        names.filter_map(|name| name.parse().ok()).collect()
    }

    /// The declared permissions that no issuer grants by scope. Claims or the application must grant
    /// them, and clients are never told their names.
    pub fn not_granted_by_scope(&self) -> Vec<&'static str> {
        let issuers = &self.everybody;
        issuers.declared().filter(|name| !issuers.issuer_grants(name)).collect()
    }

    /// Of several issuers, those whose tokens' scopes are not limited by
    /// [`Issuer::scopes`]: each of them can grant every declared permission. Empty where only one
    /// issuer is trusted.
    pub fn issuers_without_scope_limit(&self) -> Vec<&str> {
        let several = self.trusted.len() > 1;
        let issuers = self.trusted.iter().map(|trusted| &trusted.issuer).filter(|_| several);
        issuers.filter(|issuer| issuer.scope_limit().is_none()).map(Issuer::name).collect()
    }

    /// Several issuers that the application declared to share their subjects: each of them can
    /// sign in as every user. Empty otherwise.
    pub fn issuers_sharing_subjects(&self) -> Vec<&str> {
        let shared =
            self.store.as_ref().is_some_and(|store| store.issuers() == IssuerAwareness::Shared);
        match shared && self.trusted.len() > 1 {
            true => self.trusted.iter().map(|trusted| trusted.issuer.name()).collect(),
            false => Vec::new(),
        }
    }

    /// The first permission in `need` that was not declared: a rule with it would reject everybody.
    pub fn undeclared(&self, need: &Need) -> Option<&'static str> {
        self.everybody.undeclared(need)
    }

    /// Checks that every permission that rules need was declared. A rule with another one would
    /// reject everybody.
    ///
    /// # Errors
    /// The first undeclared permission, under the name of the setting.
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

    /// The challenge for a request without credentials, to an operation with these needs. It names
    /// what every request needs, what clients are told to ask for at sign-in, and what the operation
    /// needs (RFC 6750 §3).
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
