//! [`AuthHandle`], from which the other adapters are built.

use std::{fmt, sync::Arc};

use crate::{authenticator::Authenticator, http::HttpClient, revocation::Revocations, time::Clock};

/// What the adapters for sign-in and for the issuer's API need of a protected resource: the
/// decision about its callers, the clock, and the HTTP client. They depend on this crate only, not on the one
/// for the web framework, whose `McpAuth::handle` returns this.
///
/// Cloning is cheap. A handle does not keep the resource's background thread running: once the last
/// `McpAuth` is dropped, keys are not refreshed any more and requests by [`http`](Self::http) fail
/// with [`HttpError::Closed`](crate::http::HttpError::Closed).
#[derive(Clone)]
pub struct AuthHandle {
    authenticator: Arc<Authenticator>,
    http: Arc<dyn HttpClient>,
    clock: Arc<dyn Clock>,
}

impl AuthHandle {
    /// A handle of these parts.
    pub fn new(
        authenticator: Arc<Authenticator>,
        http: Arc<dyn HttpClient>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { authenticator, http, clock }
    }

    /// The same handle with another HTTP client: for tests.
    pub fn with_http(&self, http: Arc<dyn HttpClient>) -> Self {
        Self { http, ..self.clone() }
    }

    /// The decision about callers: the one that the resource's middleware uses.
    pub fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    /// The revocations, with their log: for event sources. They take issuers that this resource
    /// does not know, too.
    pub fn revocations(&self) -> &Revocations {
        self.authenticator.revocations()
    }

    /// The clock of the resource.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The HTTP client for requests to other servers.
    pub fn http(&self) -> &Arc<dyn HttpClient> {
        &self.http
    }
}

impl fmt::Debug for AuthHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthHandle").field(&self.authenticator).finish()
    }
}
