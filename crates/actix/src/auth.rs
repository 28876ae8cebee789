//! [`McpAuth`], the one object that an application builds and clones into its workers.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use actix_web::{
    dev::RequestHead,
    http::header::{self, HeaderMap},
};
use mcp_auth_core::{
    Authenticator, Challenge, HttpClient, IncomingRequest, Rejection, Resource,
    mcp::SessionBindings,
};

use crate::{
    below::ResourcesBelow,
    browser::BrowserSessions,
    clock::ChosenClock,
    cors::OriginPolicy,
    discovery::Discovery,
    host::HostPolicy,
    observe::Observer,
    refresher::JwksRefresher,
    revocation::{Changes, SharedRevocations},
};

/// The protection of one resource: build it once, clone it into each worker.
///
/// Cloning is cheap. When the last clone is dropped, and the last `McpAuth` with
/// [its keys](crate::McpAuthBuilder::keys_of), its refresher of keys ends.
#[derive(Clone)]
pub struct McpAuth(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) challenge: Challenge,
    /// Where each path below the resource's is a resource of its own.
    pub(crate) below: Option<ResourcesBelow>,
    pub(crate) hosts: HostPolicy,
    pub(crate) origins: OriginPolicy,
    pub(crate) discovery: Discovery,
    /// Whether it was looked at whether the application answers for `discovery`.
    pub(crate) discovery_checked: AtomicBool,
    pub(crate) observer: Observer,
    pub(crate) refresher: Arc<JwksRefresher>,
    pub(crate) revocations: SharedRevocations,
    /// Wakes open streams where something is revoked.
    pub(crate) changes: Changes,
    /// The sessions of pages.
    pub(crate) browser: BrowserSessions,
    /// The sessions of MCP.
    pub(crate) sessions: Option<SessionBindings>,
    pub(crate) clock: ChosenClock,
    pub(crate) time_limit: Duration,
}

impl McpAuth {
    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Whether it is a clone of the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// The resource that a request is for: by its path, whatever its `Host`. `None` where there is
    /// one resource only.
    pub(crate) fn resource_at(&self, head: &RequestHead) -> Result<Option<Resource>, Rejection> {
        self.0.below.as_ref().map(|below| below.at(head.uri.path())).transpose()
    }

    /// The same for records: the configured resource where the path names none.
    pub(crate) fn resource_named(&self, head: &RequestHead) -> Resource {
        let named = self.resource_at(head).ok().flatten();
        named.unwrap_or_else(|| self.0.authenticator.policy().resource.clone())
    }
}

/// The part of a request that authentication looks at.
pub(crate) fn incoming(headers: &HeaderMap) -> IncomingRequest<'_> {
    let authorization = headers.get_all(&header::AUTHORIZATION);
    IncomingRequest::new(authorization.map(|value| value.as_bytes()))
}

impl fmt::Debug for McpAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("McpAuth").field(&self.0.authenticator).finish()
    }
}
