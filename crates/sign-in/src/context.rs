//! What the routes share.

use std::sync::Arc;

use actix_web::HttpResponse;
use mcp_auth_core::{
    AuthHandle, UnixTime,
    log_limit::OncePerSecond,
    session::{ErrorPage, SessionSource},
};
use url::form_urlencoded;

use crate::{
    answers, authkit::AuthKit, completed::Completed, cookies::Cookies, log, refresh::Refresher,
    sessions::Sessions,
};

/// A sign-in: what its routes need.
pub(crate) struct Context {
    pub(crate) handle: AuthHandle,
    pub(crate) authkit: AuthKit,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) cookies: Cookies,
    pub(crate) completed: Completed,
    pub(crate) refresher: Refresher,
    pub(crate) paths: Paths,
    /// The application's own origin.
    pub(crate) origin: String,
    /// Where a person comes to after signing out.
    pub(crate) home: String,
    pub(crate) refusals: OncePerSecond,
}

pub(crate) struct Paths {
    pub(crate) login: Box<str>,
    pub(crate) callback: Box<str>,
    pub(crate) logout: Box<str>,
    pub(crate) organization: Box<str>,
}

impl Context {
    pub(crate) fn now(&self) -> UnixTime {
        self.handle.clock().now()
    }

    /// Where a person signs in, with these parameters.
    pub(crate) fn login_url(&self, parameters: &[(&str, &str)]) -> String {
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        match query.is_empty() {
            true => self.paths.login.to_string(),
            false => format!("{}?{query}", self.paths.login),
        }
    }

    /// The answer with a page, and a link to sign in.
    pub(crate) fn page(&self, page: ErrorPage) -> HttpResponse {
        self.page_with(page, &[])
    }

    /// The same, with parameters for signing in.
    pub(crate) fn page_with(&self, page: ErrorPage, login: &[(&str, &str)]) -> HttpResponse {
        let link = Some(self.login_url(login));
        answers::page(page, link, |page| self.sessions.error_page(page))
    }

    /// A page without a link.
    pub(crate) fn page_alone(&self, page: ErrorPage) -> HttpResponse {
        answers::page(page, None, |page| self.sessions.error_page(page))
    }

    pub(crate) fn log_refused(&self, reason: &str) {
        log::sign_in_refused(&self.refusals, reason, self.now());
    }
}
