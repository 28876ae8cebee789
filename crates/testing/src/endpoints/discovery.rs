//! Metadata (RFC 8414, OpenID Connect Discovery) and key sets (RFC 7517).

use actix_web::http::header::{self, EntityTag};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use openssl::sha::sha256;
use serde_json::{Map, Value, json};

use crate::keys::Keys;
use crate::lock::lock;
use crate::oauth_error::OAuthError;
use crate::paths::{AUTHORIZE, INTROSPECTION, JWKS, REGISTER, TOKEN, USERINFO};
use crate::state::State;

pub(super) async fn authorization_server(state: Data<State>) -> HttpResponse {
    let mut document = common(&state);
    document.extend(object(json!({
        "registration_endpoint": state.url(REGISTER),
        "introspection_endpoint": state.url(INTROSPECTION),
        "code_challenge_methods_supported": ["S256"],
        "client_id_metadata_document_supported": true,
        "authorization_response_iss_parameter_supported": true,
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
        "introspection_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    })));
    metadata(&state, document)
}

/// Like AuthKit's: without S256, registration and Client ID Metadata Documents, so that tests find
/// a client which reads only this document.
pub(super) async fn openid_configuration(state: Data<State>) -> HttpResponse {
    let mut document = common(&state);
    document.extend(object(json!({
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "name", "email", "email_verified"],
    })));
    metadata(&state, document)
}

pub(super) async fn jwks(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, OAuthError> {
    key_set(&state, &state.keys, &request)
}

pub(super) async fn session_jwks(
    state: Data<State>,
    client: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, OAuthError> {
    if *client != state.settings.client_id {
        return Ok(HttpResponse::NotFound().json(json!({ "error": "not_found" })));
    }
    key_set(&state, &state.session_keys, &request)
}

fn common(state: &State) -> Map<String, Value> {
    object(json!({
        "issuer": state.issuer,
        "authorization_endpoint": state.url(AUTHORIZE),
        "token_endpoint": state.url(TOKEN),
        "userinfo_endpoint": state.url(USERINFO),
        "jwks_uri": state.url(JWKS),
        "scopes_supported": state.settings.scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "token_endpoint_auth_methods_supported":
            ["none", "client_secret_basic", "client_secret_post"],
    }))
}

fn metadata(state: &State, mut document: Map<String, Value>) -> HttpResponse {
    for (name, value) in &lock(&state.changeable).metadata {
        document.insert(name.clone(), value.clone());
    }
    document.retain(|_, value| !value.is_null());
    HttpResponse::Ok().json(document)
}

fn key_set(state: &State, keys: &Keys, request: &HttpRequest) -> Result<HttpResponse, OAuthError> {
    let body = keys.document()?.to_string();
    let tag = EntityTag::new_strong(hex(&sha256(body.as_bytes())[..16]));
    let max_age = lock(&state.changeable).jwks_max_age;

    let known = request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim() == tag.to_string());
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(header::ETag(tag));
    if let Some(max_age) = max_age {
        let value = format!("public, max-age={}", max_age.as_secs());
        response.insert_header((header::CACHE_CONTROL, value));
    }
    if known {
        return Ok(response.finish());
    }
    Ok(response.content_type("application/json").body(body))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
