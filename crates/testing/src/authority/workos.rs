//! Control of WorkOS's API: events, registrations, rate limit.

use serde_json::Value;

use super::TestAuthority;
use crate::lock::lock;
use crate::workos::{ApiResource, WebhookEndpoint, WorkOsEvent};

/// # WorkOS's API
///
/// [`TestAuthorityBuilder::workos_api_key`](crate::TestAuthorityBuilder::workos_api_key) serves it
/// over HTTP. These methods work without it as well.
impl TestAuthority {
    /// Stores an event of this name (`user.deleted`) with this data, which happened now by the
    /// authority's clock, and returns it. `GET /events` lists it; no webhook is sent, since
    /// [`WorkOsEvent::webhook`] makes one to send.
    ///
    /// ```
    /// use mcp_auth_testing::TestAuthority;
    ///
    /// # fn main() -> Result<(), mcp_auth_testing::StartError> {
    /// let authority = TestAuthority::builder().workos_api_key("sk_test_1").start()?;
    /// let event = authority.emit("user.deleted", serde_json::json!({ "id": "user_ada" }));
    /// assert!(event.id().starts_with("event_"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit(&self, event: impl Into<String>, data: impl Into<Value>) -> WorkOsEvent {
        self.emit_event(WorkOsEvent::new(event, data))
    }

    /// Stores an event and returns it. Unless [`WorkOsEvent::at`] set a time, it happened now by
    /// the authority's clock, and gets an id of that time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mcp_auth_testing::{TestAuthority, WorkOsEvent};
    ///
    /// # fn main() -> Result<(), mcp_auth_testing::StartError> {
    /// let authority = TestAuthority::start()?;
    /// let earlier = authority.now() - Duration::from_secs(60);
    /// let event = WorkOsEvent::user_deleted("user_ada").at(earlier);
    /// assert!(authority.emit_event(event).created_at() <= earlier);
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit_event(&self, event: WorkOsEvent) -> WorkOsEvent {
        self.0.state.workos.events.store(event, self.now())
    }

    /// Every stored event, the oldest first.
    pub fn events(&self) -> Vec<WorkOsEvent> {
        self.0.state.workos.events.all()
    }

    /// Deletes all events, as WorkOS does after 90 days: a cursor (`after`) that names one of them
    /// is answered with 400.
    pub fn forget_events(&self) {
        self.0.state.workos.events.clear();
    }

    /// Registers a resource indicator, byte for byte, as the dashboard does. One that is registered
    /// is left alone.
    pub fn register_resource(&self, uri: impl Into<String>) {
        let uri = uri.into();
        let mut resources = lock(&self.0.state.workos.resources);
        if !resources.iter().any(|known| known.uri == uri) {
            resources.push(ApiResource::new(uri, false, self.now()));
        }
    }

    /// Registers a webhook endpoint for these events, as the dashboard does, and returns its
    /// secret. Nothing is sent to it.
    pub fn register_webhook_endpoint<S: Into<String>>(
        &self,
        url: impl Into<String>,
        events: impl IntoIterator<Item = S>,
    ) -> String {
        let events = events.into_iter().map(Into::into).collect();
        let endpoint = WebhookEndpoint::new(url, events, self.now());
        let secret = endpoint.secret.clone();
        lock(&self.0.state.workos.webhook_endpoints).push(endpoint);
        secret
    }

    /// Answers the next `calls` calls of WorkOS's API with 429 and `Retry-After: 1`. Calls with a
    /// wrong key get 401 and do not count. 0 ends it.
    pub fn limit_api(&self, calls: u32) {
        self.0.state.workos.limit_calls(calls);
    }
}
