//! `/oauth2/authorize`: checks the request, then asks a person or approves at once.

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use super::form;
use super::request::{self, Refusal};
use crate::grants::Transaction;
use crate::lock::lock;
use crate::oauth_error::OAuthError;
use crate::pages;
use crate::parameters::Parameters;
use crate::redirect_uri::with_parameters;
use crate::state::State;

pub(super) async fn authorize(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let query = Parameters::parse(request.query_string().as_bytes());
    respond(&state, &query).await
}

pub(super) async fn authorize_by_form(
    state: Data<State>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    match form(&request, &body) {
        Ok(parameters) => respond(&state, &parameters).await,
        Err(error) => pages::error(&state.issuer, &error.description),
    }
}

async fn respond(state: &State, query: &Parameters) -> HttpResponse {
    let transaction = match request::check(state, query).await {
        Ok(transaction) => transaction,
        Err(Refusal::Page(why)) => return pages::error(&state.issuer, &why),
        Err(Refusal::Redirect { redirect_uri, state: client_state, error }) => {
            return refuse(state, &redirect_uri, client_state.as_deref(), &error);
        }
    };
    let auto_approve = lock(&state.changeable).auto_approve.clone();
    match auto_approve {
        Some(person) => approve(state, &transaction, &person),
        None if query.get("prompt") == Some("none") => refuse(
            state,
            &transaction.redirect_uri,
            transaction.state.as_deref(),
            &OAuthError::new("login_required", "Nobody is signed in."),
        ),
        None => {
            let now = state.clock.unix_seconds();
            let id = state.grants.open(transaction.clone(), now);
            pages::sign_in(state, &id, &transaction)
        }
    }
}

/// Redirects to the client with a code and `iss` (RFC 9207).
pub(super) fn approve(state: &State, transaction: &Transaction, person: &str) -> HttpResponse {
    let now = state.clock.unix_seconds();
    let lifetime = crate::clock::seconds(state.settings.code_lifetime);
    let consent = state.workos.consents.give(
        &transaction.client,
        person,
        &transaction.scope,
        &transaction.resources,
        state.clock.now(),
    );
    let expires_at = now.saturating_add(lifetime);
    let code = state.grants.issue_code(transaction, person, consent, expires_at, now);
    let answer = vec![("code", code.as_str())];
    let client_state = transaction.state.as_deref();
    redirect_back(&transaction.redirect_uri, answer, client_state, Some(&state.issuer))
}

/// Redirects to the client with an error and `iss`.
pub(super) fn refuse(
    state: &State,
    redirect_uri: &str,
    client_state: Option<&str>,
    error: &OAuthError,
) -> HttpResponse {
    redirect_back(redirect_uri, error.parameters(), client_state, Some(&state.issuer))
}

/// Redirects to the client with an answer, and with `state` and `iss` where there are any.
pub(super) fn redirect_back<'a>(
    redirect_uri: &str,
    mut answer: Vec<(&'a str, &'a str)>,
    client_state: Option<&'a str>,
    issuer: Option<&'a str>,
) -> HttpResponse {
    answer.extend(client_state.map(|state| ("state", state)));
    answer.extend(issuer.map(|issuer| ("iss", issuer)));
    redirect(&with_parameters(redirect_uri, &answer))
}

/// 303, so that the browser does not repeat a form's POST at the client (RFC 9700 §4.12).
pub(super) fn redirect(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .finish()
}
