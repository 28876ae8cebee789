//! The pages of a sign-in: choose the person, approve, done.

use actix_web::error::InternalError;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpRequest, HttpResponse};

use super::authorize::{approve, redirect, refuse};
use super::form;
use crate::grants::{Grants, Outcome, Transaction};
use crate::oauth_error::OAuthError;
use crate::pages;
use crate::parameters::Parameters;
use crate::paths::{CONSENT, SIGN_IN};
use crate::person::Person;
use crate::state::State;

const GONE: &str = "This sign-in has expired, or there never was one. Go back to the application \
                    that sent you here and connect again.";

pub(super) async fn home(state: Data<State>) -> HttpResponse {
    pages::home(&state)
}

pub(super) async fn sign_in_page(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let query = Parameters::parse(request.query_string().as_bytes());
    let (id, transaction) = open(&state, &state.grants, &query)?;
    Ok(pages::sign_in(&state, id, &transaction))
}

pub(super) async fn sign_in(
    state: Data<State>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Error> {
    let fields = own_form(&state, &request, &body)?;
    let (id, _) = open(&state, &state.grants, &fields)?;
    let Some(person) = fields.get("person").and_then(|id| state.person(id)) else {
        return Ok(pages::error(&state.issuer, "Nobody here has that name."));
    };
    state.grants.sign_in(id, Some(person.id));
    Ok(redirect(&format!("{CONSENT}?transaction={id}")))
}

pub(super) async fn consent_page(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let query = Parameters::parse(request.query_string().as_bytes());
    let (id, transaction, person) = signed_in(&state, &query)?;
    Ok(pages::consent(&state, id, &transaction, &person))
}

pub(super) async fn decide(
    state: Data<State>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Error> {
    let fields = own_form(&state, &request, &body)?;
    let (id, transaction, person) = signed_in(&state, &fields)?;
    let outcome = match fields.get("decision") {
        Some("approve") => Outcome::Approved,
        Some("deny") => Outcome::Denied,
        _ => {
            let why = "The decision is neither approve nor deny.";
            return Ok(pages::error(&state.issuer, why));
        }
    };
    if !state.grants.decide(id, outcome) {
        return Ok(pages::done(&state, &transaction));
    }
    Ok(match outcome {
        Outcome::Approved => approve(&state, &transaction, &person.id),
        Outcome::Denied => refuse(
            &state,
            &transaction.redirect_uri,
            transaction.state.as_deref(),
            &OAuthError::new("access_denied", "The person denied the request."),
        ),
    })
}

/// The transaction that the fields name, still undecided.
pub(super) fn open<'a>(
    state: &State,
    grants: &Grants,
    fields: &'a Parameters,
) -> Result<(&'a str, Transaction), Error> {
    let now = state.clock.unix_seconds();
    let found = fields.get("transaction").and_then(|id| Some((id, grants.transaction(id, now)?)));
    match found {
        None => Err(stop(pages::error(&state.issuer, GONE))),
        Some((_, decided)) if decided.outcome.is_some() => Err(stop(pages::done(state, &decided))),
        Some(open) => Ok(open),
    }
}

fn signed_in<'a>(
    state: &State,
    fields: &'a Parameters,
) -> Result<(&'a str, Transaction, Person), Error> {
    let (id, transaction) = open(state, &state.grants, fields)?;
    let person = transaction.person.as_deref().and_then(|p| state.person(p));
    match person {
        Some(person) => Ok((id, transaction, person)),
        None => Err(stop(redirect(&format!("{SIGN_IN}?transaction={id}")))),
    }
}

/// A form of our own pages. Another site cannot guess or read the transaction's id, and `Origin`
/// says where a form comes from.
pub(super) fn own_form(
    state: &State,
    request: &HttpRequest,
    body: &[u8],
) -> Result<Parameters, Error> {
    let said = |name: &str| {
        let value = request.headers().get(name)?;
        value.to_str().ok()
    };
    let own_origin = said(header::ORIGIN.as_str()).is_none_or(|origin| {
        // The page may be open under another loopback name than the issuer's.
        let host = said(header::HOST.as_str()).unwrap_or_default();
        origin == state.issuer || origin.strip_prefix("http://") == Some(host)
    });
    let own_site =
        said("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    if !own_origin || !own_site {
        let why = "This form was sent by another site.";
        return Err(stop(pages::forbidden(&state.issuer, why)));
    }
    form(request, body).map_err(|error| stop(pages::error(&state.issuer, &error.description)))
}

/// Ends a handler early with this answer.
pub(super) fn stop(answer: HttpResponse) -> Error {
    InternalError::from_response("stopped", answer).into()
}
