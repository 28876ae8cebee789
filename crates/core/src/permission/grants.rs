//! What a caller holds, and whether it is enough.

use std::{any::Any, fmt, sync::Arc};

use super::{Need, Requirement, authority::Authority};
use crate::{
    identity::principal::Principal,
    rejection::{ForbiddenReason, Rejection},
    scope::Scope,
};

/// The permissions that a caller holds: granted by the token's scopes, by its claims, or by the
/// application ([`PermissionPolicy`](super::PermissionPolicy)), and whatever those imply.
///
/// They come from [`Authenticated::grants`](crate::Authenticated::grants), which looks them up when
/// they are first asked for.
pub struct Grants {
    /// Declared names only.
    held: Vec<&'static str>,
    authority: Arc<Authority>,
}

impl Grants {
    pub(crate) fn of(
        authority: &Arc<Authority>,
        principal: &Principal,
        user: &(dyn Any + Send + Sync),
    ) -> Self {
        let mut held: Vec<&'static str> = Vec::new();
        let mut grant = |name: &str| {
            if let Some(granted) = authority.catalogue.get(name) {
                let new = granted.all().iter().filter(|name| !held.contains(name));
                let new: Vec<_> = new.copied().collect();
                held.extend(new);
            }
        };
        let scopes = principal.scopes();
        scopes.iter().flat_map(|scope| authority.both_names(scope)).for_each(|name| grant(&name));
        authority.policy.for_each_grant(principal, user, grant);
        Self { held, authority: authority.clone() }
    }

    /// Those of somebody of whom nothing is known.
    pub(super) fn none(authority: Arc<Authority>) -> Self {
        Self { held: Vec::new(), authority }
    }

    /// Whether the caller holds what `R` needs.
    pub fn allow<R: Requirement>(&self) -> bool {
        self.meet(R::NEED)
    }

    /// Whether the caller holds what `need` needs.
    pub fn meet(&self, need: &Need) -> bool {
        match need {
            Need::Permission(permission) => self.contains(permission.name()),
            Need::All(parts) => parts.iter().all(|part| self.meet(part)),
            Need::Any(parts) => parts.iter().any(|part| self.meet(part)),
        }
    }

    /// Whether the caller holds what `need` needs, or would with a new token: all that is missing
    /// are scopes that their issuer grants.
    pub fn within_reach(&self, need: &Need) -> bool {
        let mut missing = Missing::default();
        self.note_missing(need, &mut missing);
        missing.elsewhere.is_empty()
    }

    /// Whether the caller holds the permission of this name. Those that were not declared nobody
    /// holds.
    pub fn contains(&self, name: &str) -> bool {
        self.held.contains(&name)
    }

    /// The names of the permissions that the caller holds, implied ones included, each once.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.held.iter().copied()
    }

    /// Refuses a caller who lacks something that `needs` need.
    ///
    /// # Errors
    /// Where a new token would cure it: [`Rejection::InsufficientScope`], naming all that is needed
    /// at once, what the resource demands of every request included. Where none would, since
    /// something is missing that the caller's issuer does not grant by scope: a plain 403,
    /// [`ForbiddenReason::MissingPermission`] (R15).
    pub fn require(&self, needs: &[&'static Need]) -> Result<(), Rejection> {
        let mut missing = Missing::default();
        for need in needs {
            self.note_missing(need, &mut missing);
        }
        if !missing.elsewhere.is_empty() {
            let missing = scopes(missing.elsewhere);
            return Err(ForbiddenReason::MissingPermission { missing }.into());
        }
        match missing.scopes.is_empty() {
            true => Ok(()),
            false => Err(Rejection::InsufficientScope { required: self.names(needs) }),
        }
    }

    /// The first permission in `need` that was not declared, which therefore nobody holds.
    pub fn undeclared(&self, need: &Need) -> Option<&'static str> {
        self.authority.undeclared(need)
    }

    /// What `need` lacks, by whether a new token can bring it.
    fn note_missing(&self, need: &Need, missing: &mut Missing) {
        match need {
            Need::Permission(permission) => {
                let name = permission.name();
                match self.authority.scope_that_grants(name) {
                    _ if self.contains(name) => {}
                    Some(scope) => missing.scopes.push(scope),
                    None => missing.elsewhere.push(name),
                }
            }
            Need::All(parts) => parts.iter().for_each(|part| self.note_missing(part, missing)),
            Need::Any(parts) => {
                if let Some(way) = self.best(parts) {
                    self.note_missing(way, missing);
                }
            }
        }
    }

    /// Of several ways the one that is open, or else the first that new scopes would open, or else
    /// the first.
    fn best<'n>(&self, ways: &[&'n Need]) -> Option<&'n Need> {
        let open = ways.iter().find(|way| self.meet(way));
        let near = || ways.iter().find(|way| self.within_reach(way));
        open.or_else(near).or(ways.first()).copied()
    }

    /// All scopes that an operation with these needs needs, granted ones included.
    pub(super) fn names(&self, needs: &[&Need]) -> Vec<Scope> {
        let mut names = Vec::new();
        for need in needs {
            need.for_each_chosen(&|ways| self.best(ways), &mut |name| {
                names.extend(self.authority.scope_that_grants(name));
            });
        }
        self.authority.with_required(scopes(names))
    }
}

#[derive(Default)]
struct Missing {
    /// Scopes that a new token can have.
    scopes: Vec<&'static str>,
    /// Permissions that no token of this issuer has.
    elsewhere: Vec<&'static str>,
}

/// Names of permissions are scopes: they were compiled as such.
fn scopes(names: Vec<&'static str>) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = Vec::new();
    for scope in names.into_iter().filter_map(|name| name.parse().ok()) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Grants").field(&self.held).finish()
    }
}
