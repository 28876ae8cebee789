//! Which permissions clients cannot ask for, told once at start-up, and claims that cannot grant.

use mcp_auth_core::{Authenticator, permission::ClaimPath};

use super::TARGET;

/// Names the declared permissions that no trusted issuer grants by scope: claims or the application
/// must grant them, and where nothing else grants, nobody can hold them.
pub(crate) fn not_granted_by_scope(resource: &str, authenticator: &Authenticator) {
    let permissions = authenticator.not_granted_by_scope().join(" ");
    if permissions.is_empty() {
        return;
    }
    let policy = &authenticator.policy().permissions;
    let source = match (policy.has_application_grants(), policy.has_claim_grants()) {
        (true, true) => Some(".grants(…) and .grants_from_claim(…) decide"),
        (true, false) => Some(".grants(…) decides"),
        (false, true) => Some(".grants_from_claim(…) decides"),
        (false, false) => None,
    };
    match source {
        Some(source) => tracing::info!(
            name: "permissions_not_in_scopes",
            target: TARGET,
            event = "permissions_not_in_scopes",
            permissions,
            resource,
            "no issuer grants these by scope, so clients are not told of them: {source} who holds \
             them, and nothing has to be done"
        ),
        None => tracing::warn!(
            name: "permissions_not_in_scopes",
            target: TARGET,
            event = "permissions_not_in_scopes",
            permissions,
            resource,
            "no issuer grants these by scope, and nothing else does: nobody can hold them; grant \
             them with .grants_from_claim(…) or .grants(…), or say with Issuer::scopes that the \
             issuer does, and with Issuer::scope_prefix what its names for scopes begin with where \
             its tokens leave it out"
        ),
    }
}

/// A claim that should grant is in a caller's token, and cannot be read.
pub(crate) fn grant_claim_unreadable(claim: &ClaimPath) {
    tracing::debug!(
        name: "grant_claim_unreadable",
        target: TARGET,
        event = "grant_claim_unreadable",
        claim = %claim,
        "the claim {claim} is in the token, but is neither text nor an object nor a list of texts: \
         it does not grant what it may mean"
    );
}
