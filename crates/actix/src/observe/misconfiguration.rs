//! Mistakes of the program's, which handlers meet: told at the level `error`, with both types and
//! the remedy. They are sampled as well, since a request that needs no token can bring them about.

use std::{sync::LazyLock, time::Instant};

use mcp_auth_core::{Resource, permission::Need, rejection::OneLine};

use super::{
    TARGET,
    sampling::{LogSampling, Sampled, Sampler, Summary},
};

/// They belong to the program, and to no resource.
static SAMPLER: LazyLock<Sampler> = LazyLock::new(|| Sampler::new(LogSampling::default()));

/// A handler's user type is not that of the identity store.
#[cold]
pub(crate) fn wrong_user_type(asked: &'static str, resolved: &'static str) {
    if let Sampled::Write { suppressed } = sample("wrong_user_type") {
        tracing::error!(
            name: "wrong_user_type",
            target: TARGET,
            event = "wrong_user_type",
            asked,
            resolved,
            suppressed = Some(suppressed).filter(|&suppressed| suppressed > 0),
            "a handler takes AuthedUser<{asked}>, but the identity store resolves {resolved}: \
             write AuthedUser<{resolved}>, or configure the store of {asked} with .users(…)"
        );
    }
}

/// A handler's user type is the application's, and no identity store is configured.
#[cold]
pub(crate) fn no_identity_store(asked: &'static str) {
    if let Sampled::Write { suppressed } = sample("no_identity_store") {
        tracing::error!(
            name: "no_identity_store",
            target: TARGET,
            event = "no_identity_store",
            asked,
            suppressed = Some(suppressed).filter(|&suppressed| suppressed > 0),
            "a handler takes AuthedUser<{asked}>, but no identity store is configured: add \
             .users(…) with the store of {asked} to the builder, or take AuthedUser without a type"
        );
    }
}

/// A handler asks for a user where nobody was asked for a token.
#[cold]
pub(crate) fn no_middleware(asked: &'static str, path: &str) {
    if let Sampled::Write { suppressed } = sample("no_middleware") {
        tracing::error!(
            name: "no_middleware",
            target: TARGET,
            event = "no_middleware",
            asked,
            path = %OneLine(path),
            suppressed = Some(suppressed).filter(|&suppressed| suppressed > 0),
            "a handler takes AuthedUser<{asked}>, but no authentication is around its route: \
             add .wrap(auth.middleware()) to the resource, the scope or the App"
        );
    }
}

/// Something is demanded that was never declared, so that nobody can hold it.
#[cold]
pub(crate) fn undeclared_permission(need: &Need) {
    if let Sampled::Write { suppressed } = sample("undeclared_permission") {
        tracing::error!(
            name: "undeclared_permission",
            target: TARGET,
            event = "undeclared_permission",
            asked = %need,
            suppressed = Some(suppressed).filter(|&suppressed| suppressed > 0),
            "a route demands {need}, but not all of it was declared, so nobody can hold it: add it \
             to .permissions::<…>()"
        );
    }
}

/// A challenge names a document that the application does not answer with. Told once for each
/// `McpAuth`.
#[cold]
pub(crate) fn discovery_not_registered(resource: &Resource) {
    let metadata = resource.metadata_url();
    tracing::warn!(
        name: "discovery_not_registered",
        target: TARGET,
        event = "discovery_not_registered",
        resource = resource.as_str(),
        metadata,
        "a client was sent to {metadata}, which this application does not serve: add \
         .configure(auth.discovery()) to the App itself, not to a scope within it, unless another \
         server answers there"
    );
}

fn sample(mistake: &'static str) -> Sampled {
    let sample = SAMPLER.sample(mistake, Instant::now());
    for Summary { reason, suppressed, seconds } in sample.ended {
        tracing::error!(
            name: "events_suppressed",
            target: TARGET,
            event = "events_suppressed",
            reason,
            suppressed,
            seconds,
            "more of the same was not written"
        );
    }
    sample.outcome
}
