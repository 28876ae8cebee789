//! Who a token is about.

use std::sync::Arc;

/// The subject of a token: the issuer and its `sub`. A `sub` is unique within its issuer only
/// (RFC 7519 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    issuer: Arc<str>,
    id: Arc<str>,
}

impl Subject {
    /// A subject of an issuer.
    pub fn new(issuer: impl Into<Arc<str>>, id: impl Into<Arc<str>>) -> Self {
        Self { issuer: issuer.into(), id: id.into() }
    }

    /// The name of the issuer, as configured.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The token's `sub`: 1 to 255 characters, none of them control characters.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A program that calls on its own behalf (client credentials).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientId(Subject);

impl ClientId {
    pub(crate) fn new(subject: Subject) -> Self {
        Self(subject)
    }

    /// The name of the issuer, as configured.
    pub fn issuer(&self) -> &str {
        self.0.issuer()
    }

    /// The client's id.
    pub fn id(&self) -> &str {
        self.0.id()
    }
}
