//! What the callers of one issuer can be granted, and by which rules.

use std::{borrow::Cow, fmt};

use super::{Need, PermissionPolicy, catalogue::Catalogue};
use crate::{
    issuer::{Issuer, ScopeNames},
    metadata::{challenge::Challenge, resource::Resource},
    scope::Scope,
};

/// What one issuer can be asked for.
struct IssuerScopes {
    names: ScopeNames,
    /// By the names that are compared; `None`: any scope.
    granted: Option<Vec<Scope>>,
}

/// The permissions of a resource, and which of them its issuer grants by scope. One for each
/// issuer, shared by all of its callers.
pub(crate) struct Authority {
    pub(super) policy: PermissionPolicy,
    pub(super) catalogue: Catalogue,
    /// What each issuer can be asked for, and by which names.
    issuers: Vec<IssuerScopes>,
    /// What every request needs.
    pub(super) required: Vec<Scope>,
    resource: Resource,
    challenge: Challenge,
    /// Whether no permission counts as undeclared.
    #[cfg(feature = "testing")]
    assumes_declared: bool,
}

impl Authority {
    /// What the callers of one issuer are granted.
    pub(crate) fn of_issuer(
        issuer: &Issuer,
        permissions: &PermissionPolicy,
        required: &[Scope],
        resource: &Resource,
    ) -> Self {
        let policy = permissions.for_issuer(Some(issuer.name()));
        // As they stand in the token.
        let required: Vec<Scope> =
            required.iter().map(|scope| issuer.scope_names().local_scope(scope)).collect();
        Self { policy, ..Self::of_all([issuer], permissions, &required, resource) }
    }

    /// What clients are told who have not said yet by which of these issuers they sign in; with no
    /// issuers, what the holders of static keys are granted. No claim that is limited to an issuer
    /// grants here.
    pub(crate) fn of_all<'i>(
        issuers: impl IntoIterator<Item = &'i Issuer>,
        permissions: &PermissionPolicy,
        required: &[Scope],
        resource: &Resource,
    ) -> Self {
        let issuers = issuers.into_iter().map(|issuer| IssuerScopes {
            names: issuer.scope_names().clone(),
            granted: issuer.granted_scopes().map(<[Scope]>::to_vec),
        });
        Self {
            catalogue: Catalogue::of(&permissions.declared),
            policy: permissions.for_issuer(None),
            issuers: issuers.collect(),
            required: required.to_vec(),
            challenge: Challenge::new(resource, &[]),
            resource: resource.clone(),
            #[cfg(feature = "testing")]
            assumes_declared: false,
        }
    }

    /// The same, where a permission that was not declared is one that the caller lacks, and no
    /// mistake: for a caller of a test, which has no configuration.
    #[cfg(feature = "testing")]
    pub(crate) fn assuming_declared(self) -> Self {
        Self { assumes_declared: true, ..self }
    }

    /// The scope by which this issuer grants a declared permission: its own, or that of a broader
    /// one.
    pub(crate) fn scope_that_grants(&self, name: &str) -> Option<&'static str> {
        self.catalogue.broader(name).map(|entry| entry.name).find(|name| self.issuer_grants(name))
    }

    /// Whether the issuer can be asked for a scope of this name.
    pub(crate) fn issuer_grants(&self, name: &str) -> bool {
        self.issuers.iter().any(|issuer| issuer.grants(name))
    }

    /// The name by which clients ask for a scope: that of the first issuer that grants it.
    pub(crate) fn told(&self, scope: &Scope) -> Scope {
        match self.issuers.iter().find(|issuer| issuer.grants(scope.as_str())) {
            Some(issuer) => issuer.names.told_scope(scope),
            None => scope.clone(),
        }
    }

    /// The names of a scope of the issuer's, in its tokens and when it is asked for, either of which
    /// a permission may have.
    pub(super) fn both_names<'n>(&self, scope: &'n str) -> impl Iterator<Item = Cow<'n, str>> {
        let own = self.issuers.first().filter(|issuer| !issuer.names.are_the_same());
        let local = own.map_or(scope, |issuer| issuer.names.local(scope));
        std::iter::once(Cow::Borrowed(local)).chain(own.map(|issuer| issuer.names.told(scope)))
    }

    /// What every request needs, and these besides, by the names that clients ask for.
    pub(super) fn with_required(&self, names: Vec<Scope>) -> Vec<Scope> {
        let mut all: Vec<Scope> =
            self.required.iter().filter_map(|scope| self.scope_for(scope)).collect();
        all.extend(names);
        let mut all: Vec<Scope> = all.iter().map(|scope| self.told(scope)).collect();
        let mut seen = Vec::new();
        all.retain(|scope| {
            let new = !seen.contains(scope);
            seen.push(scope.clone());
            new
        });
        all
    }

    /// The scope to ask for where every request needs `scope`.
    pub(crate) fn scope_for(&self, scope: &Scope) -> Option<Scope> {
        match self.issuer_grants(scope.as_str()) {
            true => Some(scope.clone()),
            false => self.scope_that_grants(scope.as_str())?.parse().ok(),
        }
    }

    /// The names of all declared permissions.
    pub(crate) fn declared(&self) -> impl Iterator<Item = &'static str> {
        self.catalogue.iter().map(|entry| entry.name)
    }

    /// The first permission in `need` that was not declared.
    pub(crate) fn undeclared(&self, need: &Need) -> Option<&'static str> {
        #[cfg(feature = "testing")]
        if self.assumes_declared {
            return None;
        }
        let mut names = need.permissions().map(|permission| permission.name());
        names.find(|name| self.catalogue.get(name).is_none())
    }

    /// The configured resource.
    pub(crate) fn resource(&self) -> &Resource {
        &self.resource
    }

    /// The challenge of a refusal, for a caller who is known.
    pub(crate) fn challenge(&self) -> &Challenge {
        &self.challenge
    }
}

impl IssuerScopes {
    fn grants(&self, name: &str) -> bool {
        let name = self.names.local(name);
        self.granted.as_ref().is_none_or(|scopes| scopes.iter().any(|scope| scope.as_str() == name))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("policy", &self.policy).finish_non_exhaustive()
    }
}
