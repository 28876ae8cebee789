//! Which permissions clients cannot ask for, told once at start-up.

use mcp_auth_core::Authenticator;

use super::TARGET;

/// Names the declared permissions that no trusted issuer grants by scope: claims or the application
/// must grant them, and where nothing else grants, nobody can hold them.
pub(crate) fn not_granted_by_scope(resource: &str, authenticator: &Authenticator) {
    let permissions = authenticator.not_granted_by_scope().join(" ");
    if permissions.is_empty() {
        return;
    }
    match authenticator.policy().permissions.has_other_sources() {
        true => tracing::info!(
            name: "permissions_not_in_scopes",
            target: TARGET,
            event = "permissions_not_in_scopes",
            permissions,
            resource,
            "no issuer grants these by scope, so clients are not told of them: claims or the \
             application must grant them"
        ),
        false => tracing::warn!(
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
