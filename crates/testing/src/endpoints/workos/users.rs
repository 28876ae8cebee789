//! `/user_management/users/{id}`: the people who can sign in.

use actix_web::HttpResponse;
use actix_web::web::Path;
use serde_json::{Value, json};

use super::access::ApiCall;
use super::error::ApiError;
use crate::lock::lock;
use crate::person::Person;
use crate::state::State;
use crate::workos::{WorkOsEvent, iso8601};

pub(super) async fn get(call: ApiCall, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let person = find(&call, &id)?;
    Ok(HttpResponse::Ok().json(user(&call, &person)))
}

/// Deletes a person: they can no longer sign in, their clients and browsers can no longer refresh,
/// and `user.deleted` tells of it.
pub(super) async fn delete(call: ApiCall, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let person = find(&call, &id)?;
    lock(&call.changeable).people.retain(|other| other.id != person.id);
    call.withdraw_consents(|consent| consent.person == person.id);
    call.forget_sign_ins(&person.id);
    let event = WorkOsEvent::new("user.deleted", user(&call, &person));
    call.workos.events.store(event, call.clock.now());
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn find(state: &State, id: &str) -> Result<Person, ApiError> {
    state.person(id).ok_or_else(|| ApiError::not_found("User", id))
}

pub(super) fn user(state: &State, person: &Person) -> Value {
    let (first, last) = match person.name.split_once(' ') {
        Some((first, last)) => (first, Some(last)),
        None => (person.name.as_str(), None),
    };
    json!({
        "object": "user",
        "id": person.id,
        "email": person.email,
        "email_verified": person.email.is_some() && person.email_verified,
        "first_name": first,
        "last_name": last,
        "profile_picture_url": null,
        "external_id": null,
        "metadata": {},
        "last_sign_in_at": null,
        "locale": null,
        "created_at": iso8601(state.workos.started),
        "updated_at": iso8601(state.workos.started),
    })
}
