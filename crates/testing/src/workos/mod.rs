//! The data behind WorkOS's API: events, resource indicators, webhook endpoints, consents and the
//! sessions of browsers.

mod api_resource;
mod consents;
mod event;
mod event_log;
mod event_presets;
mod sessions;
mod timestamp;
mod webhook;
mod webhook_endpoint;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

pub use event::WorkOsEvent;
pub use webhook::SignedWebhook;

pub(crate) use api_resource::ApiResource;
pub(crate) use consents::{Consent, Consents};
pub(crate) use event_log::EventLog;
pub(crate) use sessions::{Session, Sessions, impersonator};
pub(crate) use timestamp::{iso8601, parse_iso8601};
pub(crate) use webhook_endpoint::WebhookEndpoint;

use crate::grants::Grants;
use crate::lock::lock;

/// The state of the API beside that of the OAuth endpoints.
pub(crate) struct WorkOs {
    /// The API key that is accepted. Without one, the API's paths do not exist.
    pub(crate) api_key: Option<String>,
    /// Whether the token endpoint refuses resources that are not registered.
    pub(crate) registered_resources_only: bool,
    /// `created_at` of everything that exists from the start.
    pub(crate) started: SystemTime,
    pub(crate) events: EventLog,
    pub(crate) consents: Consents,
    /// Codes and refresh tokens of sign-ins with a browser, apart from those of OAuth clients.
    pub(crate) sign_ins: Grants,
    pub(crate) sessions: Sessions,
    /// How many codes and refresh tokens were answered.
    pub(crate) exchanges: Exchanges,
    pub(crate) resources: Mutex<Vec<ApiResource>>,
    pub(crate) webhook_endpoints: Mutex<Vec<WebhookEndpoint>>,
    /// How many of the next calls get 429.
    limited_calls: Mutex<u32>,
}

/// Counts of answered calls, accepted and refused ones.
#[derive(Default)]
pub(crate) struct Exchanges {
    pub(crate) codes: AtomicU64,
    pub(crate) refreshes: AtomicU64,
}

impl Exchanges {
    pub(crate) fn reset(&self) {
        self.codes.store(0, Ordering::SeqCst);
        self.refreshes.store(0, Ordering::SeqCst);
    }
}

impl WorkOs {
    pub(crate) fn new(api_key: Option<String>, registered_resources_only: bool) -> Self {
        Self {
            api_key,
            registered_resources_only,
            started: SystemTime::now(),
            events: EventLog::default(),
            consents: Consents::default(),
            sign_ins: Grants::default(),
            sessions: Sessions::default(),
            exchanges: Exchanges::default(),
            resources: Mutex::default(),
            webhook_endpoints: Mutex::default(),
            limited_calls: Mutex::default(),
        }
    }

    pub(crate) fn limit_calls(&self, calls: u32) {
        *lock(&self.limited_calls) = calls;
    }

    /// Whether this call gets 429; counts it.
    pub(crate) fn takes_limited_call(&self) -> bool {
        let mut left = lock(&self.limited_calls);
        let limited = *left > 0;
        *left = left.saturating_sub(1);
        limited
    }

    /// Whether the token endpoint accepts these resources: always, unless it checks them and at
    /// least one is registered.
    pub(crate) fn accepts(&self, resources: &[String]) -> bool {
        let registered = lock(&self.resources);
        !self.registered_resources_only
            || registered.is_empty()
            || resources.iter().all(|uri| registered.iter().any(|known| known.uri == *uri))
    }
}
