//! The authorization request (OAuth 2.1 §4.1.1), checked step by step.

use super::document;
use crate::client::Client;
use crate::grants::Transaction;
use crate::oauth_error::OAuthError;
use crate::parameters::Parameters;
use crate::redirect_uri;
use crate::state::{Resources, State};

/// The time in which a person must decide.
pub(super) const TRANSACTION_SECONDS: i64 = 600;
/// base64url of a SHA-256.
const S256_LENGTH: usize = 43;
const DEFAULT_SCOPE: [&str; 3] = ["openid", "profile", "email"];

/// Why an authorization request is rejected.
pub(super) enum Refusal {
    /// The redirect URI is not known to be the client's: show the person a page, never redirect.
    Page(String),
    /// Redirect to the client with an error.
    Redirect { redirect_uri: String, state: Option<String>, error: OAuthError },
}

pub(super) async fn check(state: &State, query: &Parameters) -> Result<Transaction, Refusal> {
    let client = find_client(state, query).await.map_err(Refusal::Page)?;
    let redirect_uri = choose_redirect_uri(&client, query).map_err(Refusal::Page)?;

    check_the_rest(state, query, client, &redirect_uri).map_err(|error| Refusal::Redirect {
        redirect_uri,
        state: query.owned("state"),
        error,
    })
}

async fn find_client(state: &State, query: &Parameters) -> Result<Client, String> {
    let mut ids = query.all("client_id");
    let id = ids.next().ok_or("The request names no client_id.")?;
    if ids.next().is_some() {
        return Err("The request names more than one client_id.".into());
    }
    if let Some(client) = state.clients.find(id) {
        return Ok(client);
    }
    match document::parse_id(id) {
        None => Err(format!(
            "No client is known by the id “{id}”. It may have registered before this authority \
             was restarted: let the client forget its registration and connect again."
        )),
        Some(Err(why)) => Err(format!("The client is not acceptable: {why}.")),
        Some(Ok(url)) => document::fetch(state, id, &url)
            .await
            .map_err(|why| format!("The client's metadata document {id} is no good: {why}.")),
    }
}

fn choose_redirect_uri(client: &Client, query: &Parameters) -> Result<String, String> {
    let mut asked = query.all("redirect_uri");
    match (asked.next(), asked.next(), client.redirect_uris.as_slice()) {
        (Some(_), Some(_), _) => Err("The request names more than one redirect_uri.".into()),
        (Some(uri), None, _) if redirect_uri::validate(uri).is_err() => {
            Err(format!("The redirect_uri “{uri}” is not acceptable."))
        }
        (Some(uri), None, _) if client.may_redirect_to(uri) => Ok(uri.to_owned()),
        (Some(uri), None, _) => {
            Err(format!("The redirect_uri “{uri}” is not one that this client registered."))
        }
        // Clients that were configured in code were not checked before.
        (None, _, [only]) if redirect_uri::validate(only).is_err() => {
            Err(format!("The client's redirect_uri “{only}” is not acceptable."))
        }
        (None, _, [only]) => Ok(only.clone()),
        (None, _, _) => Err("The request names no redirect_uri.".into()),
    }
}

fn check_the_rest(
    state: &State,
    query: &Parameters,
    client: Client,
    redirect_uri: &str,
) -> Result<Transaction, OAuthError> {
    if query.get("request").is_some() {
        return Err(OAuthError::new("request_not_supported", "Request objects are not supported."));
    }
    if query.get("request_uri").is_some() {
        return Err(OAuthError::new(
            "request_uri_not_supported",
            "Request objects are not supported.",
        ));
    }
    check_response_type(query)?;
    if query.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(OAuthError::invalid_request("Only response_mode=query is supported."));
    }
    Ok(Transaction {
        challenge: challenge(query)?,
        scope: scope(state, query.get("scope")),
        resources: resources(state, query)?,
        redirect_uri: redirect_uri.to_owned(),
        state: query.owned("state"),
        nonce: query.owned("nonce"),
        login_hint: query.owned("login_hint"),
        organization: None,
        client,
        person: None,
        expires_at: state.clock.unix_seconds() + TRANSACTION_SECONDS,
        outcome: None,
    })
}

/// Parameters appear once, and `response_type` is `code`.
pub(super) fn check_response_type(query: &Parameters) -> Result<(), OAuthError> {
    if let Some(name) = query.repeated() {
        return Err(OAuthError::invalid_request(format!(
            "The parameter {name:?} appears more than once."
        )));
    }
    match query.get("response_type") {
        Some("code") => Ok(()),
        None => Err(OAuthError::invalid_request("response_type is missing.")),
        Some(_) => Err(OAuthError::new(
            "unsupported_response_type",
            "Only response_type=code is supported.",
        )),
    }
}

/// PKCE is required, and S256 the only method (RFC 7636; OAuth 2.1 §7.6).
pub(super) fn challenge(query: &Parameters) -> Result<String, OAuthError> {
    let challenge = query.get("code_challenge").ok_or_else(|| {
        OAuthError::invalid_request("PKCE is required: code_challenge is missing.")
    })?;
    // Without the parameter the method is "plain".
    if query.get("code_challenge_method") != Some("S256") {
        return Err(OAuthError::invalid_request("code_challenge_method must be S256."));
    }
    let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if challenge.len() != S256_LENGTH || !challenge.bytes().all(base64url) {
        return Err(OAuthError::invalid_request(
            "code_challenge is not the base64url of a SHA-256.",
        ));
    }
    Ok(challenge.to_owned())
}

/// The granted scopes: unknown ones are left out (RFC 6749 §3.3). Without any requested scope, the
/// person's profile.
pub(super) fn scope(state: &State, asked: Option<&str>) -> Vec<String> {
    let Some(asked) = asked else {
        return DEFAULT_SCOPE.map(String::from).into();
    };
    let mut granted: Vec<String> = Vec::new();
    for scope in asked.split_ascii_whitespace() {
        let known = state.settings.scopes.iter().any(|s| s == scope);
        if known && !granted.iter().any(|s| s == scope) {
            granted.push(scope.to_owned());
        }
    }
    granted
}

/// Resource indicators: absolute URIs without fragment (RFC 8707 §2), kept byte for byte.
pub(super) fn resources(state: &State, query: &Parameters) -> Result<Vec<String>, OAuthError> {
    let mut resources: Vec<String> = Vec::new();
    for resource in query.all("resource") {
        if url::Url::parse(resource).is_err() || resource.contains('#') {
            return Err(OAuthError::invalid_target(
                "A resource must be an absolute URI without fragment.",
            ));
        }
        match &state.settings.resources {
            Resources::Ignored => continue,
            Resources::Only(known) if !known.iter().any(|k| k == resource) => {
                return Err(OAuthError::invalid_target("This resource is not known here."));
            }
            _ => {}
        }
        if !resources.iter().any(|r| r == resource) {
            resources.push(resource.to_owned());
        }
    }
    Ok(resources)
}
