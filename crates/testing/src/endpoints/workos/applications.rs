//! `/user_management/users/{id}/authorized_applications`: the consents that a person gave.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use super::access::ApiCall;
use super::error::ApiError;
use super::list::{Item, Page};
use super::users::find;
use crate::parameters::Parameters;
use crate::workos::Consent;

pub(super) async fn list(
    call: ApiCall,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let person = find(&call, &id)?;
    let page = Page::from_query(&Parameters::parse(request.query_string().as_bytes()))?;
    let item = |consent: Consent| Item { json: consent.to_json(), id: consent.id };
    let consents = call.workos.consents.of(&person.id);
    Ok(page.of(consents.into_iter().map(item).collect())?.response())
}

/// Withdraws what a person approved for an application, named by its id or its client id: its
/// refresh tokens end. Access tokens stay valid until they expire, and no event tells of it.
pub(super) async fn delete(
    call: ApiCall,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, application) = path.into_inner();
    let person = find(&call, &id)?;
    let withdrawn = call.withdraw_consents(|consent| {
        consent.person == person.id
            && (consent.application_id == application || consent.client_id == application)
    });
    if withdrawn == 0 {
        return Err(ApiError::not_found("Authorized application", &application));
    }
    Ok(HttpResponse::NoContent().finish())
}
