//! `/webhook_endpoints`: where WorkOS would send webhooks, and for which events.

use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};
use url::Url;

use super::access::ApiCall;
use super::error::ApiError;
use super::list::{Item, Page};
use super::object;
use crate::lock::lock;
use crate::parameters::Parameters;
use crate::workos::WebhookEndpoint;

const KIND: &str = "Webhook Endpoint";

pub(super) async fn list(call: ApiCall, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let page = Page::from_query(&Parameters::parse(request.query_string().as_bytes()))?;
    let endpoints = lock(&call.workos.webhook_endpoints).clone();
    let item = |known: WebhookEndpoint| Item { json: known.to_json(), id: known.id };
    Ok(page.of(endpoints.into_iter().map(item).collect())?.response())
}

pub(super) async fn create(call: ApiCall, body: Bytes) -> Result<HttpResponse, ApiError> {
    let changes = Changes::read(&object(&body)?)?;
    let missing = |name: &str| ApiError::invalid(name, format!("{name} is required."));
    let url = changes.endpoint_url.clone().ok_or_else(|| missing("endpoint_url"))?;
    let events = changes.events.clone().ok_or_else(|| missing("events"))?;
    let mut endpoint = WebhookEndpoint::new(url, events, call.clock.now());
    changes.apply(&mut endpoint);
    let answer = HttpResponse::Created().json(endpoint.to_json());
    lock(&call.workos.webhook_endpoints).push(endpoint);
    Ok(answer)
}

pub(super) async fn update(
    call: ApiCall,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let changes = Changes::read(&object(&body)?)?;
    let mut endpoints = lock(&call.workos.webhook_endpoints);
    let endpoint = endpoints.iter_mut().find(|known| known.id == *id);
    let endpoint = endpoint.ok_or_else(|| ApiError::not_found(KIND, &id))?;
    changes.apply(endpoint);
    endpoint.updated_at = call.clock.now();
    Ok(HttpResponse::Ok().json(endpoint.to_json()))
}

pub(super) async fn delete(call: ApiCall, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let mut endpoints = lock(&call.workos.webhook_endpoints);
    let at = endpoints.iter().position(|known| known.id == *id);
    endpoints.remove(at.ok_or_else(|| ApiError::not_found(KIND, &id))?);
    Ok(HttpResponse::NoContent().finish())
}

/// What a body says about an endpoint.
struct Changes {
    endpoint_url: Option<String>,
    events: Option<Vec<String>>,
    enabled: Option<bool>,
}

impl Changes {
    fn read(body: &Map<String, Value>) -> Result<Self, ApiError> {
        Ok(Self {
            endpoint_url: read(body, "endpoint_url", "an http or https URL", |value| {
                let url = Url::parse(value.as_str()?).ok()?;
                matches!(url.scheme(), "http" | "https")
                    .then(|| value.as_str().map(str::to_owned))?
            })?,
            events: read(body, "events", "a list of event names", |value| {
                let names = value.as_array()?.iter();
                names.map(|name| name.as_str().map(str::to_owned)).collect()
            })?,
            enabled: read(body, "status", "enabled or disabled", |value| {
                match value.as_str()? {
                    "enabled" => Some(true),
                    "disabled" => Some(false),
                    _ => None,
                }
            })?,
        })
    }

    fn apply(self, endpoint: &mut WebhookEndpoint) {
        if let Some(url) = self.endpoint_url {
            endpoint.endpoint_url = url;
        }
        if let Some(events) = self.events {
            endpoint.events = events;
        }
        if let Some(enabled) = self.enabled {
            endpoint.enabled = enabled;
        }
    }
}

/// A member, if the body has it; `form` describes it in the error.
fn read<T>(
    body: &Map<String, Value>,
    name: &str,
    form: &str,
    value: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    let Some(found) = body.get(name) else {
        return Ok(None);
    };
    let invalid = || ApiError::invalid(name, format!("{name} must be {form}."));
    value(found).map(Some).ok_or_else(invalid)
}
