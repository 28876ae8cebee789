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

/// Of several issuers, one whose tokens' scopes are not limited.
pub(crate) fn issuer_scopes_unlimited(resource: &str, issuer: &str) {
    tracing::warn!(
        name: "issuer_scopes_unlimited",
        target: TARGET,
        event = "issuer_scopes_unlimited",
        issuer,
        resource,
        "one of several issuers, and its tokens' scopes can grant every permission: limit it with \
         Issuer::scopes"
    );
}

/// Several issuers were declared to share their subjects.
pub(crate) fn issuers_share_subjects(resource: &str, issuers: &[&str]) {
    tracing::info!(
        name: "issuers_share_subjects",
        target: TARGET,
        event = "issuers_share_subjects",
        issuers = issuers.join(" "),
        resource,
        "by .shared_subjects(), each of these issuers can sign in as every user"
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
