//! `/oauth2/introspection` (RFC 7662). As at WorkOS, the answer about a JWT has neither `aud` nor
//! `scope`; that about an opaque token has every claim.

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::client_authentication::authenticate;
use super::form;
use crate::issued;
use crate::oauth_error::OAuthError;
use crate::state::State;

const TOLD: [&str; 7] = ["iss", "sub", "client_id", "jti", "sid", "exp", "iat"];

pub(super) async fn introspect(
    state: Data<State>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, OAuthError> {
    let form = form(&request, &body)?;
    let client = authenticate(&state, &request, &form)?;
    // RFC 7662 §2.1: callers must authenticate, or they could guess tokens.
    if client.secret.is_none() && client.key.is_none() {
        return Err(OAuthError::invalid_client("Introspection needs a client with a secret."));
    }
    let token =
        form.get("token").ok_or_else(|| OAuthError::invalid_request("token is missing."))?;
    let is_opaque = state.opaque.claims(token).is_some();
    let answer = match issued::claims(&state, token) {
        None => json!({ "active": false }),
        Some(claims) if is_opaque => Value::Object(all(claims)),
        Some(claims) => Value::Object(active(&claims)),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

fn all(mut claims: Map<String, Value>) -> Map<String, Value> {
    claims.insert("active".into(), json!(true));
    claims.entry("token_type").or_insert_with(|| json!("Bearer"));
    claims
}

fn active(claims: &Map<String, Value>) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("active".into(), json!(true));
    answer.insert("token_type".into(), json!("access_token"));
    for name in TOLD {
        if let Some(value) = claims.get(name) {
            answer.insert(name.into(), value.clone());
        }
    }
    answer
}
