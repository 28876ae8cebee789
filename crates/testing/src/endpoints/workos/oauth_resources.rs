//! `/user_management/authkit_oauth_resources`: the registered MCP resource indicators.

use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use url::Url;

use super::access::ApiCall;
use super::error::ApiError;
use super::list::{Item, Page};
use super::object;
use crate::lock::lock;
use crate::parameters::Parameters;
use crate::workos::ApiResource;

pub(super) async fn list(call: ApiCall, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let page = Page::from_query(&Parameters::parse(request.query_string().as_bytes()))?;
    let resources = lock(&call.workos.resources).clone();
    let item = |known: ApiResource| Item { json: known.to_json(), id: known.id };
    Ok(page.of(resources.into_iter().map(item).collect())?.response())
}

pub(super) async fn create(call: ApiCall, body: Bytes) -> Result<HttpResponse, ApiError> {
    let body = object(&body)?;
    let uri = body.get("uri").and_then(Value::as_str).unwrap_or_default();
    if uri.contains(['#', '*']) || Url::parse(uri).is_err() {
        let message = "uri must be an absolute URI without fragment or wildcard.";
        return Err(ApiError::invalid("uri", message));
    }
    let is_default = match body.get("default") {
        None => false,
        Some(Value::Bool(is_default)) => *is_default,
        Some(_) => return Err(ApiError::invalid("default", "default must be a boolean.")),
    };
    let mut resources = lock(&call.workos.resources);
    if resources.iter().any(|known| known.uri == uri) {
        let message = format!("AuthKit OAuth resource '{uri}' already exists.");
        return Err(ApiError::invalid("uri", message));
    }
    if is_default {
        for other in resources.iter_mut() {
            other.is_default = false;
        }
    }
    let resource = ApiResource::new(uri, is_default, call.clock.now());
    let answer = HttpResponse::Created().json(resource.to_json());
    resources.push(resource);
    Ok(answer)
}

/// Deletes an indicator, and with it the consents that were given for it.
pub(super) async fn delete(call: ApiCall, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let deleted = {
        let mut resources = lock(&call.workos.resources);
        let at = resources.iter().position(|known| known.id == *id);
        let at = at.ok_or_else(|| ApiError::not_found("AuthKit OAuth resource", &id))?;
        resources.remove(at)
    };
    call.withdraw_consents(|consent| consent.resources.contains(&deleted.uri));
    Ok(HttpResponse::NoContent().finish())
}
