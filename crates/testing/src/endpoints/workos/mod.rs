//! WorkOS's API, beside the OAuth endpoints.

mod access;
mod applications;
mod authenticate;
mod authorize;
mod error;
mod events;
mod list;
mod oauth_resources;
mod sessions;
mod users;
mod webhook_endpoints;

use actix_web::web;
use serde_json::{Map, Value};

use crate::paths::{
    AUTHENTICATE, EVENTS, OAUTH_RESOURCES, SESSION_AUTHORIZE, SESSION_LOGOUT, SESSION_REVOKE,
    SESSION_SIGN_IN, USERS, WEBHOOK_ENDPOINTS,
};
use error::ApiError;

pub(super) fn configure(app: &mut web::ServiceConfig) {
    app.route(EVENTS, web::get().to(events::list))
        .service(
            web::resource(OAUTH_RESOURCES)
                .route(web::get().to(oauth_resources::list))
                .route(web::post().to(oauth_resources::create)),
        )
        .route(&format!("{OAUTH_RESOURCES}/{{id}}"), web::delete().to(oauth_resources::delete))
        .service(
            web::resource(WEBHOOK_ENDPOINTS)
                .route(web::get().to(webhook_endpoints::list))
                .route(web::post().to(webhook_endpoints::create)),
        )
        .service(
            web::resource(format!("{WEBHOOK_ENDPOINTS}/{{id}}"))
                .route(web::patch().to(webhook_endpoints::update))
                .route(web::delete().to(webhook_endpoints::delete)),
        )
        .service(
            web::resource(format!("{USERS}/{{id}}"))
                .route(web::get().to(users::get))
                .route(web::delete().to(users::delete)),
        )
        .route(
            &format!("{USERS}/{{id}}/authorized_applications"),
            web::get().to(applications::list),
        )
        .route(
            &format!("{USERS}/{{id}}/authorized_applications/{{application}}"),
            web::delete().to(applications::delete),
        )
        .route(SESSION_AUTHORIZE, web::get().to(authorize::authorize))
        .route(SESSION_SIGN_IN, web::post().to(authorize::sign_in))
        .route(AUTHENTICATE, web::post().to(authenticate::authenticate))
        .route(SESSION_LOGOUT, web::get().to(sessions::log_out))
        .route(SESSION_REVOKE, web::post().to(sessions::revoke))
        .route(&format!("{USERS}/{{id}}/sessions"), web::get().to(sessions::list));
}

/// The members of a body in JSON.
fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    serde_json::from_slice(body).map_err(|_| ApiError::bad_request("Problems parsing JSON"))
}
