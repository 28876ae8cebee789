//! `/user_management/authorize`: a person signs in to the application itself, with a browser.
//!
//! Nobody approves anything: choosing the person ends with the redirect.

use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpRequest, HttpResponse};
use url::Url;

use crate::client::Client;
use crate::clock::seconds;
use crate::endpoints::authorize::redirect_back;
use crate::endpoints::interaction::{open, own_form, stop};
use crate::endpoints::request::{Refusal, TRANSACTION_SECONDS, challenge, check_response_type};
use crate::grants::{Outcome, Transaction};
use crate::lock::lock;
use crate::oauth_error::OAuthError;
use crate::pages;
use crate::parameters::Parameters;
use crate::redirect_uri;
use crate::state::State;
use crate::workos::Sessions;

pub(super) async fn authorize(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let query = Parameters::parse(request.query_string().as_bytes());
    let transaction = match check(&state, &query) {
        Ok(transaction) => transaction,
        Err(Refusal::Page(why)) => return pages::error(&state.issuer, &why),
        Err(Refusal::Redirect { redirect_uri, state: client_state, error }) => {
            return refuse(&redirect_uri, client_state.as_deref(), &error);
        }
    };
    let auto_approve = lock(&state.changeable).auto_approve.clone();
    match auto_approve {
        Some(person) => approve(&state, &transaction, &person),
        None if query.get("prompt") == Some("none") => {
            let error = OAuthError::new("login_required", "Nobody is signed in.");
            refuse(&transaction.redirect_uri, transaction.state.as_deref(), &error)
        }
        None => {
            let now = state.clock.unix_seconds();
            let id = state.workos.sign_ins.open(transaction.clone(), now);
            pages::sign_in_to_application(&state, &id, &transaction)
        }
    }
}

/// Takes the person who was chosen on the page.
pub(super) async fn sign_in(
    state: Data<State>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Error> {
    let fields = own_form(&state, &request, &body)?;
    let (id, transaction) = open(&state, &state.workos.sign_ins, &fields)?;
    let Some(person) = fields.get("person").and_then(|id| state.person(id)) else {
        return Ok(pages::error(&state.issuer, "Nobody here has that name."));
    };
    if !state.workos.sign_ins.decide(id, Outcome::Approved) {
        return Err(stop(pages::done(&state, &transaction)));
    }
    Ok(approve(&state, &transaction, &person.id))
}

fn check(state: &State, query: &Parameters) -> Result<Transaction, Refusal> {
    let client = find_client(state, query).map_err(Refusal::Page)?;
    let redirect_uri = find_redirect_uri(state, query).map_err(Refusal::Page)?;
    check_the_rest(state, query, client, &redirect_uri).map_err(|error| Refusal::Redirect {
        redirect_uri,
        state: query.owned("state"),
        error,
    })
}

/// The environment is the only client.
fn find_client(state: &State, query: &Parameters) -> Result<Client, String> {
    let mut ids = query.all("client_id");
    match (ids.next(), ids.next()) {
        (None, _) => Err("The request names no client_id.".into()),
        (_, Some(_)) => Err("The request names more than one client_id.".into()),
        (Some(id), None) if id == state.settings.client_id => Ok(Client::public(id)),
        (Some(id), None) => Err(format!("“{id}” is not the client id of this environment.")),
    }
}

fn find_redirect_uri(state: &State, query: &Parameters) -> Result<String, String> {
    let mut asked = query.all("redirect_uri");
    let uri = asked.next().ok_or("The request names no redirect_uri.")?;
    if asked.next().is_some() {
        return Err("The request names more than one redirect_uri.".into());
    }
    // An application in a browser has no scheme of its own.
    if redirect_uri::validate(uri).is_err() || !uri.starts_with("http") {
        return Err(format!("The redirect_uri “{uri}” is not acceptable."));
    }
    let registered = &state.settings.redirect_uris;
    if !registered.is_empty() && !registered.iter().any(|known| redirect_uri::matches(known, uri)) {
        return Err(format!("The redirect_uri “{uri}” is not one of this environment."));
    }
    Ok(uri.to_owned())
}

fn check_the_rest(
    state: &State,
    query: &Parameters,
    client: Client,
    redirect_uri: &str,
) -> Result<Transaction, OAuthError> {
    check_response_type(query)?;
    let one_of = |name: &str, known: &[&str]| match query.get(name) {
        Some(value) if !known.contains(&value) => {
            let known = known.join(" or ");
            Err(OAuthError::invalid_request(format!("{name} must be {known}.")))
        }
        other => Ok(other),
    };
    if one_of("provider", &["authkit"])?.is_none() {
        return Err(OAuthError::invalid_request("provider is missing."));
    }
    one_of("screen_hint", &["sign-in", "sign-up"])?;
    if query.get("max_age").is_some_and(|age| age.parse::<u32>().is_err()) {
        return Err(OAuthError::invalid_request("max_age must be a number of seconds."));
    }
    let name = Url::parse(redirect_uri).map(|url| url.origin().ascii_serialization());
    Ok(Transaction {
        challenge: challenge(query)?,
        scope: Vec::new(),
        resources: Vec::new(),
        redirect_uri: redirect_uri.to_owned(),
        state: query.owned("state"),
        nonce: None,
        login_hint: query.owned("login_hint"),
        organization: query.owned("organization_id"),
        client: client.name(name.unwrap_or_default()),
        person: None,
        expires_at: state.clock.unix_seconds() + TRANSACTION_SECONDS,
        outcome: None,
    })
}

/// Redirects to the application with a code. Unlike AuthKit's OAuth endpoint, this one sends no
/// `iss`.
fn approve(state: &State, transaction: &Transaction, person: &str) -> HttpResponse {
    let client_state = transaction.state.as_deref();
    let known = state.person(person);
    if let Some(asked) = &transaction.organization
        && known.and_then(|known| known.membership(asked)).is_none()
    {
        let error = OAuthError::new("access_denied", "The person is not in the organization.");
        return refuse(&transaction.redirect_uri, client_state, &error);
    }
    let now = state.clock.unix_seconds();
    let expires_at = now.saturating_add(seconds(state.settings.code_lifetime));
    let session = Sessions::new_id(state.clock.now());
    let code = state.workos.sign_ins.issue_code(transaction, person, session, expires_at, now);
    redirect_back(&transaction.redirect_uri, vec![("code", &code)], client_state, None)
}

fn refuse(redirect_uri: &str, client_state: Option<&str>, error: &OAuthError) -> HttpResponse {
    redirect_back(redirect_uri, error.parameters(), client_state, None)
}
