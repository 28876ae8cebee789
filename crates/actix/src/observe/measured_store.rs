//! A wrapper that records the duration and outcome of identity store look-ups.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mcp_auth_core::{
    ApiKeyName, ClientId, ConfigError, IdentityStore, IssuerAwareness, Newcomer, StoreError,
    Subject,
};
use metrics::{SharedString, Unit, describe_histogram, histogram};

const LOOKUPS: &str = "mcp_auth_store_lookup_duration_seconds";

/// The store, measured for this resource.
pub(crate) fn measured(store: impl IdentityStore, resource: &str) -> impl IdentityStore {
    describe_histogram!(
        LOOKUPS,
        Unit::Seconds,
        "How long the identity store took to answer, and what it answered."
    );
    Measured { store, resource: SharedString::from_shared(Arc::from(resource)) }
}

struct Measured<S> {
    store: S,
    resource: SharedString,
}

#[mcp_auth_core::async_trait]
impl<S: IdentityStore> IdentityStore for Measured<S> {
    type User = S::User;

    fn issuers(&self) -> IssuerAwareness {
        self.store.issuers()
    }

    fn check_issuers(&self, issuers: &[&str]) -> Result<(), ConfigError> {
        self.store.check_issuers(issuers)
    }

    async fn find(&self, user: &Subject) -> Result<Option<S::User>, StoreError> {
        let measurement = self.measure("find");
        measurement.ends_with(self.store.find(user).await)
    }

    async fn find_machine(&self, client: &ClientId) -> Result<Option<S::User>, StoreError> {
        let measurement = self.measure("find_machine");
        measurement.ends_with(self.store.find_machine(client).await)
    }

    async fn find_api_key(&self, key: &ApiKeyName) -> Result<Option<S::User>, StoreError> {
        let measurement = self.measure("find_api_key");
        measurement.ends_with(self.store.find_api_key(key).await)
    }

    async fn provision(&self, newcomer: &Newcomer) -> Result<Option<S::User>, StoreError> {
        let measurement = self.measure("provision");
        measurement.ends_with(self.store.provision(newcomer).await)
    }
}

impl<S> Measured<S> {
    fn measure(&self, operation: &'static str) -> Measurement<'_> {
        Measurement {
            resource: &self.resource,
            operation,
            started: Instant::now(),
            outcome: "abandoned",
        }
    }
}

/// One look-up. Where the time limit or a closed connection ends it early, its outcome is
/// `abandoned`: those are the slowest ones.
struct Measurement<'m> {
    resource: &'m SharedString,
    operation: &'static str,
    started: Instant,
    outcome: &'static str,
}

impl Measurement<'_> {
    fn ends_with<U>(
        mut self,
        answer: Result<Option<U>, StoreError>,
    ) -> Result<Option<U>, StoreError> {
        self.outcome = match &answer {
            Ok(Some(_)) => "found",
            Ok(None) => "nobody",
            Err(_) => "failed",
        };
        answer
    }
}

impl Drop for Measurement<'_> {
    fn drop(&mut self) {
        let took: Duration = self.started.elapsed();
        let (resource, operation) = (self.resource.clone(), self.operation);
        let outcome = self.outcome;
        histogram!(LOOKUPS, "resource" => resource, "operation" => operation, "outcome" => outcome)
            .record(took);
    }
}
