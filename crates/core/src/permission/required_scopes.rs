//! The check of the scopes that every request needs.

use std::sync::Arc;

use super::{Need, authority::Authority, grants::Grants};
use crate::{
    rejection::{ForbiddenReason, Rejection},
    scope::{Scope, ScopeSet},
};

impl Authority {
    /// Refuses a token without the scopes that every request needs.
    #[inline]
    pub(crate) fn check_required_scopes(
        self: &Arc<Self>,
        granted: &ScopeSet,
        needs: &[&Need],
    ) -> Result<(), Rejection> {
        match self.required.iter().all(|scope| granted.contains(scope)) {
            true => Ok(()),
            false => self.check_broader_scopes(granted, needs),
        }
    }

    /// The slow path of [`check_required_scopes`](Self::check_required_scopes): a broader scope may have been granted.
    #[cold]
    fn check_broader_scopes(
        self: &Arc<Self>,
        granted: &ScopeSet,
        needs: &[&Need],
    ) -> Result<(), Rejection> {
        let is_granted = |name: &str| self.both_names(name).any(|name| granted.contains_str(&name));
        let covered = |scope: &&Scope| {
            granted.contains(scope)
                || self
                    .both_names(scope.as_str())
                    .any(|name| self.catalogue.broader(&name).any(|entry| is_granted(entry.name)))
        };
        let missing: Vec<&Scope> = self.required.iter().filter(|scope| !covered(scope)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let beyond = missing.into_iter().filter(|scope| self.scope_for(scope).is_none());
        let beyond: Vec<Scope> = beyond.cloned().collect();
        match beyond.is_empty() {
            true => Err(Rejection::InsufficientScope { required: self.all_names(needs) }),
            false => Err(ForbiddenReason::MissingPermission { missing: beyond }.into()),
        }
    }

    /// Every scope to ask for, before anything is known of the caller.
    pub(crate) fn all_names(self: &Arc<Self>, needs: &[&Need]) -> Vec<Scope> {
        Grants::none(self.clone()).names(needs)
    }
}
