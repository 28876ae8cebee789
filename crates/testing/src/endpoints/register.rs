//! `/oauth2/register`: Dynamic Client Registration (RFC 7591).

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use crate::client::{Authentication, Client, Origin};
use crate::oauth_error::OAuthError;
use crate::random;
use crate::redirect_uri;
use crate::state::State;

const GRANT_TYPES: [&str; 3] = ["authorization_code", "refresh_token", "client_credentials"];

pub(super) async fn register(
    state: Data<State>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, OAuthError> {
    if request.content_type() != "application/json" {
        return Err(invalid("The body must be application/json."));
    }
    let Ok(Value::Object(asked)) = serde_json::from_slice(&body) else {
        return Err(invalid("The body is not a JSON object."));
    };
    let grant_types = strings(&asked, "grant_types")?.unwrap_or(vec!["authorization_code"]);
    let response_types = strings(&asked, "response_types")?.unwrap_or(vec!["code"]);
    if let Some(other) = grant_types.iter().find(|g| !GRANT_TYPES.contains(g)) {
        return Err(invalid(format!("The grant type {other:?} is not supported.")));
    }
    if let Some(other) = response_types.iter().find(|r| **r != "code") {
        return Err(invalid(format!("The response type {other:?} is not supported.")));
    }
    let (method, authentication) = match string(&asked, "token_endpoint_auth_method")? {
        Some("none") => ("none", Authentication::None),
        // RFC 7591 §2: the default.
        Some("client_secret_basic") | None => ("client_secret_basic", Authentication::Basic),
        Some("client_secret_post") => ("client_secret_post", Authentication::Post),
        Some(_) => {
            return Err(invalid(
                "token_endpoint_auth_method must be none, client_secret_basic or \
                 client_secret_post.",
            ));
        }
    };
    let machine = grant_types.contains(&"client_credentials");
    if machine && authentication == Authentication::None {
        return Err(invalid("client_credentials needs a client secret."));
    }
    let redirect_uris = redirect_uris(&asked, grant_types.contains(&"authorization_code"))?;

    let mut client = Client::public(format!("client_{}", random::ulid()));
    client.name = string(&asked, "client_name")?.map(str::to_owned);
    client.redirect_uris = redirect_uris.iter().map(|uri| (*uri).to_owned()).collect();
    client.secret = (authentication != Authentication::None).then(random::secret);
    client.authentication = authentication;
    client.machine = machine;
    client.origin = Origin::Registered;

    let mut answer = Map::new();
    answer.insert("client_id".into(), json!(client.id));
    answer.insert("client_id_issued_at".into(), json!(state.clock.unix_seconds()));
    if let Some(secret) = &client.secret {
        answer.insert("client_secret".into(), json!(secret));
        answer.insert("client_secret_expires_at".into(), json!(0));
    }
    answer.insert("redirect_uris".into(), json!(redirect_uris));
    answer.insert("grant_types".into(), json!(grant_types));
    answer.insert("response_types".into(), json!(response_types));
    answer.insert("token_endpoint_auth_method".into(), json!(method));
    for told in ["client_name", "client_uri", "logo_uri", "scope", "application_type"] {
        if let Some(value) = string(&asked, told)? {
            answer.insert(told.into(), json!(value));
        }
    }
    state.clients.register(client);
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

fn redirect_uris(asked: &Map<String, Value>, needed: bool) -> Result<Vec<&str>, OAuthError> {
    let uris = strings(asked, "redirect_uris")?.unwrap_or_default();
    if needed && uris.is_empty() {
        return Err(OAuthError::new("invalid_redirect_uri", "redirect_uris is missing or empty."));
    }
    for uri in &uris {
        redirect_uri::validate(uri).map_err(|why| OAuthError::new("invalid_redirect_uri", why))?;
    }
    Ok(uris)
}

fn string<'a>(asked: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, OAuthError> {
    match asked.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("{name} must be a string."))),
    }
}

fn strings<'a>(
    asked: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<Vec<&'a str>>, OAuthError> {
    match asked.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => match list.iter().map(Value::as_str).collect() {
            Some(strings) => Ok(Some(strings)),
            None => Err(invalid(format!("{name} must be a list of strings."))),
        },
        Some(_) => Err(invalid(format!("{name} must be a list of strings."))),
    }
}

fn invalid(description: impl Into<std::borrow::Cow<'static, str>>) -> OAuthError {
    OAuthError::new("invalid_client_metadata", description)
}
