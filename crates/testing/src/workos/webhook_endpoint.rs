//! A registered webhook endpoint.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::timestamp::{iso8601, millis_of};
use crate::random;

#[derive(Clone)]
pub(crate) struct WebhookEndpoint {
    pub(crate) id: String,
    pub(crate) endpoint_url: String,
    pub(crate) secret: String,
    pub(crate) enabled: bool,
    pub(crate) events: Vec<String>,
    pub(crate) updated_at: SystemTime,
    created_at: SystemTime,
}

impl WebhookEndpoint {
    pub(crate) fn new(
        endpoint_url: impl Into<String>,
        events: Vec<String>,
        now: SystemTime,
    ) -> Self {
        Self {
            id: format!("we_{}", random::sorted_ulid(millis_of(now))),
            endpoint_url: endpoint_url.into(),
            secret: random::secret(),
            enabled: true,
            events,
            updated_at: now,
            created_at: now,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "object": "webhook_endpoint",
            "id": self.id,
            "endpoint_url": self.endpoint_url,
            "secret": self.secret,
            "status": if self.enabled { "enabled" } else { "disabled" },
            "events": self.events,
            "created_at": iso8601(self.created_at),
            "updated_at": iso8601(self.updated_at),
        })
    }
}
