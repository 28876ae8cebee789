//! Events that are written once, at start-up.

use super::TARGET;

/// The public URL may be right, and looks wrong.
pub(crate) fn public_url_doubtful(resource: &str, doubt: &str) {
    tracing::warn!(
        name: "public_url_doubtful",
        target: TARGET,
        event = "public_url_doubtful",
        resource,
        doubt,
        "the resource's public URL looks wrong: {doubt}"
    );
}

/// The configuration names a userinfo endpoint on another origin than the issuer's.
pub(crate) fn userinfo_endpoint_elsewhere(issuer: &str, endpoint: &str) {
    tracing::info!(
        name: "userinfo_endpoint_elsewhere",
        target: TARGET,
        event = "userinfo_endpoint_elsewhere",
        issuer,
        endpoint,
        "the access tokens of this issuer's newcomers are sent to the userinfo endpoint {endpoint}, \
         on another origin than the issuer, as the configuration says"
    );
}
