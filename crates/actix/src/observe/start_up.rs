//! Events that are written once, at start-up.

use std::fmt;

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

/// `scopes_supported` names `offline_access`, which is left out.
pub(crate) fn offline_access_not_listed(resource: &str) {
    tracing::warn!(
        name: "offline_access_not_listed",
        target: TARGET,
        event = "offline_access_not_listed",
        resource,
        "offline_access is left out of the metadata's scopes_supported: it is between a client and \
         its authorization server (MCP 2026-07-28, Refresh Tokens). Clients that ask for no more \
         than that list get no refresh token: leave scopes_supported and require_scopes empty for \
         them, so that they ask for what the authorization server offers"
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

/// Requests to other servers go through a proxy.
pub(crate) fn outbound_proxy(resource: &str, proxy: &dyn fmt::Display, source: &str) {
    tracing::info!(
        name: "outbound_proxy",
        target: TARGET,
        event = "outbound_proxy",
        resource,
        %proxy,
        source,
        "keys, metadata and profiles are fetched through the proxy {proxy}, which looks up the hosts: \
         the addresses of those that an issuer's metadata names cannot be checked"
    );
}

/// The configuration allows an issuer's keys to come without TLS.
pub(crate) fn keys_over_plain_http(issuer: &str, host: &str) {
    tracing::warn!(
        name: "keys_over_plain_http",
        target: TARGET,
        event = "keys_over_plain_http",
        issuer,
        host,
        "the keys of this issuer may come from {host} over http, as the configuration says: whoever \
         controls the network between can replace them and sign tokens"
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
