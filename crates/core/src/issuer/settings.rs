//! What `act` means in an issuer's tokens, and where its keys are.

use std::path::PathBuf;

use crate::keys::LocalJwks;

/// What the claim `act` of an issuer's tokens means (RFC 8693 §4.1). Issuers differ, so it is a rule
/// of the issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ActorRule {
    /// `sub` is a person, and `act` the member of staff who impersonates the person, as in WorkOS
    /// session tokens. The default, and the strictest: an impersonated person is never
    /// provisioned.
    #[default]
    Staff,
    /// `sub` is a person, and `act` the agent on the person's behalf, as in Auth0's tokens.
    Agent,
    /// `act.sub` is the person, and `sub` the agent on the person's behalf, as in WorkOS agent
    /// blueprints (early access in November 2026). A token without `act` is the person's own.
    Person,
}

/// Where an issuer's keys are found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwksLocation {
    /// In the `jwks_uri` of the issuer's own metadata (RFC 8414 §2, OpenID Connect Discovery §3).
    Discovered,
    /// At this URL.
    Uri(String),
    /// In this file.
    File(PathBuf),
    /// In memory.
    Memory(LocalJwks),
}
