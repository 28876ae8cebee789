//! The routes of a sign-in, a file for each.

mod callback;
mod login;
mod logout;
mod organization;

use std::sync::Arc;

use actix_web::{HttpRequest, http::header, middleware::DefaultHeaders, web};
use mcp_auth_core::session::is_same_origin;

use crate::context::Context;

pub(crate) fn configure(app: &mut web::ServiceConfig, sign_in: &Arc<Context>) {
    let paths = &sign_in.paths;
    let resource = |path: &str| {
        // No cache keeps an answer, those of actix-web (405, 413) included.
        let no_store = DefaultHeaders::new().add((header::CACHE_CONTROL, "no-store"));
        web::resource(path).app_data(web::Data::from(sign_in.clone())).wrap(no_store)
    };
    app.service(resource(&paths.login).route(web::get().to(login::login)))
        .service(resource(&paths.callback).route(web::get().to(callback::callback)))
        .service(resource(&paths.logout).route(web::post().to(logout::logout)))
        .service(resource(&paths.organization).route(web::post().to(organization::switch)));
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

/// Whether a parameter is there more than once, which it must not be (RFC 6749 §3.1).
fn is_repeated(query: &[u8], name: &str) -> bool {
    url::form_urlencoded::parse(query).filter(|(key, _)| key == name).count() > 1
}
