//! The authority's paths, which are AuthKit's.

mod authorize;
mod client_assertion;
mod client_authentication;
mod discovery;
mod document;
mod interaction;
mod introspect;
mod register;
mod request;
mod token;
mod userinfo;
mod workos;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::oauth_error::OAuthError;
use crate::parameters::Parameters;
use crate::paths::{AUTHORIZE, CONSENT, INTROSPECTION, JWKS, REGISTER, SIGN_IN, TOKEN, USERINFO};
use crate::state::State;

/// The largest form or registration.
const BODY_LIMIT: usize = 64 * 1024;

pub(crate) fn configure(app: &mut web::ServiceConfig, state: Arc<State>) {
    if state.workos.api_key.is_some() {
        workos::configure(app);
    }
    app.app_data(web::Data::from(state))
        .app_data(web::PayloadConfig::new(BODY_LIMIT))
        .route("/", web::get().to(interaction::home))
        .route(
            "/.well-known/oauth-authorization-server",
            web::get().to(discovery::authorization_server),
        )
        .route("/.well-known/openid-configuration", web::get().to(discovery::openid_configuration))
        .route(JWKS, web::get().to(discovery::jwks))
        .route("/sso/jwks/{client}", web::get().to(discovery::session_jwks))
        .service(
            web::resource(AUTHORIZE)
                .route(web::get().to(authorize::authorize))
                .route(web::post().to(authorize::authorize_by_form)),
        )
        .service(
            web::resource(SIGN_IN)
                .route(web::get().to(interaction::sign_in_page))
                .route(web::post().to(interaction::sign_in)),
        )
        .service(
            web::resource(CONSENT)
                .route(web::get().to(interaction::consent_page))
                .route(web::post().to(interaction::decide)),
        )
        .route(TOKEN, web::post().to(token::token))
        .route(REGISTER, web::post().to(register::register))
        .route(INTROSPECTION, web::post().to(introspect::introspect))
        .service(
            web::resource(USERINFO)
                .route(web::get().to(userinfo::userinfo))
                .route(web::post().to(userinfo::userinfo)),
        )
        .default_service(web::to(not_found));
}

async fn not_found(request: HttpRequest) -> HttpResponse {
    HttpResponse::NotFound().json(json!({
        "error": "not_found",
        "error_description": format!("The test authority has nothing at {}.", request.path()),
    }))
}

/// The body of a form; its `Content-Type` must be that of a form.
fn form(request: &HttpRequest, body: &[u8]) -> Result<Parameters, OAuthError> {
    use actix_web::HttpMessage as _;
    if request.content_type() != "application/x-www-form-urlencoded" {
        return Err(OAuthError::invalid_request(
            "The body must be application/x-www-form-urlencoded.",
        ));
    }
    let parameters = Parameters::parse(body);
    match parameters.repeated() {
        Some(name) => Err(OAuthError::invalid_request(format!(
            "The parameter {name:?} appears more than once."
        ))),
        None => Ok(parameters),
    }
}
