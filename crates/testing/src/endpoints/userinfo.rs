//! `/oauth2/userinfo`: a person's e-mail address and name, which access tokens do not have.

use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use crate::issued;
use crate::oauth_error::OAuthError;
use crate::state::State;

pub(super) async fn userinfo(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, OAuthError> {
    let token = bearer(&request).ok_or_else(|| {
        OAuthError::bearer(
            StatusCode::UNAUTHORIZED,
            "invalid_request",
            "Bearer",
            "A bearer token is needed.",
        )
    })?;
    let (claims, person) = issued::claims(&state, token)
        .and_then(|claims| {
            let person = state.person(claims.get("sub")?.as_str()?)?;
            Some((claims, person))
        })
        .ok_or_else(|| {
            OAuthError::bearer(
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                r#"Bearer error="invalid_token""#,
                "The token is not good for anybody here.",
            )
        })?;
    let scope = claims.get("scope").and_then(Value::as_str).unwrap_or("");
    let has = |name: &str| scope.split(' ').any(|s| s == name);
    if !has("openid") {
        return Err(OAuthError::bearer(
            StatusCode::FORBIDDEN,
            "insufficient_scope",
            r#"Bearer error="insufficient_scope", scope="openid""#,
            "The scope openid is needed.",
        ));
    }

    let mut answer = Map::new();
    answer.insert("sub".into(), json!(person.id));
    if has("profile") {
        answer.insert("name".into(), json!(person.name));
    }
    if let Some(email) = person.email.filter(|_| has("email")) {
        answer.insert("email".into(), json!(email));
        answer.insert("email_verified".into(), json!(person.email_verified));
    }
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
