//! The sessions of people who signed in with a browser: listing, signing out, revoking.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use url::Url;

use super::access::ApiCall;
use super::error::ApiError;
use super::list::{Item, Page};
use super::{object, users};
use crate::endpoints::authorize::redirect;
use crate::pages;
use crate::parameters::Parameters;
use crate::state::State;
use crate::workos::Session;

/// `GET /user_management/users/{id}/sessions`: the active ones.
pub(super) async fn list(
    call: ApiCall,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let person = users::find(&call, &id)?;
    let page = Page::from_query(&Parameters::parse(request.query_string().as_bytes()))?;
    let item = |session: Session| Item { json: session.to_json(), id: session.id };
    let sessions = call.workos.sessions.of(&person.id, call.clock.now());
    Ok(page.of(sessions.into_iter().map(item).collect())?.response())
}

/// `POST /user_management/sessions/revoke`.
pub(super) async fn revoke(call: ApiCall, body: Bytes) -> Result<HttpResponse, ApiError> {
    let body = object(&body)?;
    let id = body.get("session_id").and_then(Value::as_str).unwrap_or_default();
    if id.is_empty() {
        return Err(ApiError::invalid("session_id", "session_id is required."));
    }
    call.end_session(id).ok_or_else(|| ApiError::not_found("Session", id))?;
    Ok(HttpResponse::Ok().json(json!({ "success": true })))
}

/// `GET /user_management/sessions/logout`, which the browser itself requests: whoever knows the
/// session's id can end it. One that has ended is no error.
pub(super) async fn log_out(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let query = Parameters::parse(request.query_string().as_bytes());
    let Some(id) = query.get("session_id") else {
        return pages::error(&state.issuer, "The request names no session_id.");
    };
    let return_to = query.get("return_to");
    if return_to.is_some_and(|url| !is_web_page(url)) {
        let why = "return_to is not an absolute http or https URL.";
        return pages::error(&state.issuer, why);
    }
    state.end_session(id);
    match return_to {
        Some(url) => redirect(url),
        None => pages::signed_out(&state.issuer),
    }
}

fn is_web_page(url: &str) -> bool {
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    plain && Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}
