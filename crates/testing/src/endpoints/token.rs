//! `/oauth2/token`: codes, refresh tokens and client credentials become access tokens.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::sha::sha256;
use serde_json::{Map, Value, json};

use super::client_authentication::authenticate;
use super::{form, request};
use crate::client::Client;
use crate::clock::seconds;
use crate::grants::{Code, Grant};
use crate::issued;
use crate::oauth_error::OAuthError;
use crate::parameters::Parameters;
use crate::state::State;
use crate::token::TokenBuilder;

pub(super) async fn token(
    state: Data<State>,
    http: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, OAuthError> {
    let state = state.into_inner();
    let form = form(&http, &body)?;
    let client = authenticate(&state, &http, &form)?;
    let answer = match form.get("grant_type") {
        Some("authorization_code") => by_code(&state, &client, &form),
        Some("refresh_token") => by_refresh_token(&state, &client, &form),
        Some("client_credentials") => by_client_credentials(&state, &client, &form),
        None => Err(OAuthError::invalid_request("grant_type is missing.")),
        Some(_) => Err(OAuthError::new(
            "unsupported_grant_type",
            "The grant types are authorization_code, refresh_token and client_credentials.",
        )),
    }?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

fn by_code(
    state: &Arc<State>,
    client: &Client,
    form: &Parameters,
) -> Result<Map<String, Value>, OAuthError> {
    let code = form.get("code").ok_or_else(|| OAuthError::invalid_request("code is missing."))?;
    let wanted = request::resources(state, form)?;
    let now = state.clock.unix_seconds();
    let grant = state.grants.redeem_code(code, &client.id, now, |code| {
        check_redirect_uri(code, form)?;
        check_verifier(code, form)?;
        within(state, &wanted, &code.grant)
    })?;
    answer(state, &grant, &grant.scope, wanted)
}

/// OAuth 2.1 does not require it here; a client that sends it must send the same value.
fn check_redirect_uri(code: &Code, form: &Parameters) -> Result<(), OAuthError> {
    match form.get("redirect_uri") {
        Some(uri) if uri != code.redirect_uri => Err(OAuthError::new(
            "invalid_grant",
            "redirect_uri is not the one that the code was sent to.",
        )),
        _ => Ok(()),
    }
}

/// RFC 7636 §4.6.
pub(super) fn check_verifier(code: &Code, form: &Parameters) -> Result<(), OAuthError> {
    let verifier = form
        .get("code_verifier")
        .ok_or_else(|| OAuthError::invalid_request("code_verifier is missing."))?;
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
    if !well_formed || URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes())) != code.challenge {
        return Err(OAuthError::new(
            "invalid_grant",
            "code_verifier does not belong to the code's challenge.",
        ));
    }
    Ok(())
}

fn by_refresh_token(
    state: &Arc<State>,
    client: &Client,
    form: &Parameters,
) -> Result<Map<String, Value>, OAuthError> {
    let token = form
        .get("refresh_token")
        .ok_or_else(|| OAuthError::invalid_request("refresh_token is missing."))?;
    let wanted = request::resources(state, form)?;
    let narrower: Option<Vec<String>> =
        form.get("scope").map(|scope| scope.split_ascii_whitespace().map(str::to_owned).collect());
    let now = state.clock.unix_seconds();
    let grant = state.grants.redeem_refresh(token, &client.id, now, |grant| {
        let mut asked = narrower.iter().flatten();
        if !asked.all(|scope| grant.scope.contains(scope)) {
            return Err(OAuthError::new("invalid_scope", "A refresh cannot widen the scope."));
        }
        within(state, &wanted, grant)
    })?;
    let scope = narrower.unwrap_or_else(|| grant.scope.clone());
    answer(state, &grant, &scope, wanted)
}

/// A token request may repeat or narrow the resources that were approved, nothing else
/// (RFC 8707 §2.2).
fn within(state: &State, wanted: &[String], grant: &Grant) -> Result<(), OAuthError> {
    if !wanted.iter().all(|resource| grant.resources.contains(resource)) {
        return Err(OAuthError::invalid_target("The resource is not one that was approved."));
    }
    registered(state, if wanted.is_empty() { &grant.resources } else { wanted })
}

/// Rejects resources that are not registered in WorkOS's API, where the test asked for that.
fn registered(state: &State, resources: &[String]) -> Result<(), OAuthError> {
    if state.workos.accepts(resources) {
        Ok(())
    } else {
        Err(OAuthError::invalid_target("The resource is not registered."))
    }
}

fn by_client_credentials(
    state: &Arc<State>,
    client: &Client,
    form: &Parameters,
) -> Result<Map<String, Value>, OAuthError> {
    if !client.machine || client.secret.is_none() {
        return Err(OAuthError::new(
            "unauthorized_client",
            "The client may not use client_credentials.",
        ));
    }
    let resources = request::resources(state, form)?;
    registered(state, &resources)?;
    let mut token = TokenBuilder::machine(state, &client.id);
    if let Some(audience) = audience(&resources) {
        token = token.claim("aud", audience);
    }
    if let Some(org) = &client.org_id {
        token = token.claim("org_id", org.as_str());
    }
    let mut answer = Map::new();
    if let Some(asked) = form.get("scope") {
        let scope = request::scope(state, Some(asked)).join(" ");
        token = token.scope(&*scope);
        answer.insert("scope".into(), json!(scope));
    }
    answer.insert("access_token".into(), json!(issued::access_token(state, token)?));
    answer.insert("token_type".into(), json!("Bearer"));
    let lifetime = seconds(state.settings.token_lifetime);
    answer.insert("expires_in".into(), json!(lifetime));
    Ok(answer)
}

/// The token response (OAuth 2.1 §3.2.3) for what a person approved.
fn answer(
    state: &Arc<State>,
    grant: &Grant,
    scope: &[String],
    wanted: Vec<String>,
) -> Result<Map<String, Value>, OAuthError> {
    let resources = if wanted.is_empty() { &grant.resources } else { &wanted };
    let person = state.person(&grant.person);
    let has = |name: &str| scope.iter().any(|s| s == name);
    let now = state.clock.unix_seconds();

    let mut token = TokenBuilder::connect(state)
        .subject(&*grant.person)
        .client_id(&*grant.client_id)
        .scope(scope.join(" "))
        .claim("sid", grant.consent.as_str())
        .without("org_id");
    if let Some(org) = person.as_ref().and_then(|p| p.org_id.as_deref()) {
        token = token.claim("org_id", org);
    }
    if let Some(audience) = audience(resources) {
        token = token.claim("aud", audience);
    }
    if let Some(jti) = token.claims().get("jti").and_then(Value::as_str) {
        state.grants.record(jti, grant);
    }

    let mut answer = Map::new();
    answer.insert("access_token".into(), json!(issued::access_token(state, token)?));
    answer.insert("token_type".into(), json!("Bearer"));
    let lifetime = seconds(state.settings.token_lifetime);
    answer.insert("expires_in".into(), json!(lifetime));
    answer.insert("scope".into(), json!(scope.join(" ")));
    // Decided by the approved scopes, so that a refresh for fewer scopes does not end the family.
    let offline = grant.scope.iter().any(|s| s == "offline_access");
    if offline || state.settings.always_refresh {
        let expires_at = now.saturating_add(seconds(state.settings.refresh_lifetime));
        let refresh = state.grants.issue_refresh(grant.clone(), expires_at, now);
        answer.insert("refresh_token".into(), json!(refresh));
    }
    if has("openid") {
        let mut id_token = TokenBuilder::id(state, &grant.client_id).subject(&*grant.person);
        if let Some(nonce) = &grant.nonce {
            id_token = id_token.claim("nonce", nonce.as_str());
        }
        if let Some(person) = person.filter(|_| has("profile")) {
            id_token = id_token.claim("name", person.name);
        }
        answer.insert("id_token".into(), json!(id_token.try_sign()?));
    }
    Ok(answer)
}

/// `aud`: one resource as a string, several as a list, none for the caller's default.
fn audience(resources: &[String]) -> Option<Value> {
    match resources {
        [] => None,
        [one] => Some(json!(one)),
        several => Some(json!(several)),
    }
}
