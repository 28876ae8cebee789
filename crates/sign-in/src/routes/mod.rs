//! The routes of a sign-in, a file for each.

mod callback;
mod login;
mod logout;
mod organization;

use std::sync::Arc;

use actix_web::{HttpRequest, http::header, web};
use mcp_auth_core::session::is_same_origin;

use crate::context::Context;

pub(crate) fn configure(app: &mut web::ServiceConfig, sign_in: &Arc<Context>) {
    let paths = &sign_in.paths;
    let shared = || web::Data::from(sign_in.clone());
    app.service(web::resource(&*paths.login).app_data(shared()).route(web::get().to(login::login)))
        .service(
            web::resource(&*paths.callback)
                .app_data(shared())
                .route(web::get().to(callback::callback)),
        )
        .service(
            web::resource(&*paths.logout).app_data(shared()).route(web::post().to(logout::logout)),
        )
        .service(
            web::resource(&*paths.organization)
                .app_data(shared())
                .route(web::post().to(organization::switch)),
        );
}

/// Whether a form was sent by a page of the own origin.
fn is_own_form(request: &HttpRequest, own_origin: &str) -> bool {
    let values = |name: header::HeaderName| request.headers().get_all(name).map(|it| it.as_bytes());
    let sites = values(header::HeaderName::from_static("sec-fetch-site"));
    is_same_origin(sites, values(header::ORIGIN), own_origin)
}

/// The first value of a parameter in a query or form.
fn parameter(query: &[u8], name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query);
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
