//! `GET /events`: the events of the named kinds, the newest first unless asked otherwise.

use std::time::SystemTime;

use actix_web::{HttpRequest, HttpResponse};

use super::access::ApiCall;
use super::error::ApiError;
use super::list::{Item, Page};
use crate::parameters::Parameters;
use crate::workos::parse_iso8601;

pub(super) async fn list(call: ApiCall, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let query = Parameters::parse(request.query_string().as_bytes());
    let names: Vec<&str> = query.all("events").flat_map(|names| names.split(',')).collect();
    if names.is_empty() {
        return Err(ApiError::invalid("events", "events is required."));
    }
    let start = time(&query, "range_start")?;
    let end = time(&query, "range_end")?;
    let page = Page::from_query(&query)?;

    let all = call.workos.events.all();
    let wanted = all
        .iter()
        .filter(|event| {
            names.contains(&event.event())
                && start.is_none_or(|start| event.created_at() >= start)
                && end.is_none_or(|end| event.created_at() <= end)
        })
        .map(|event| Item { id: event.id().to_owned(), json: event.to_json() })
        .collect();
    // A cursor may name an event of another kind, but none that was deleted.
    let is_known = |id: &str| all.iter().any(|event| event.id() == id);
    Ok(page.of_filtered(wanted, is_known)?.response_without_before())
}

fn time(query: &Parameters, name: &str) -> Result<Option<SystemTime>, ApiError> {
    let Some(text) = query.get(name) else {
        return Ok(None);
    };
    let invalid = || ApiError::invalid(name, format!("{name} must be an ISO 8601 date."));
    parse_iso8601(text).map(Some).ok_or_else(invalid)
}
