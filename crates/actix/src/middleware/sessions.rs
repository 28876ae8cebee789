//! The part of [`Authentication`] for the sessions of pages.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    dev::{RequestHead, ServiceRequest, ServiceResponse},
};
use mcp_auth_core::{
    Authenticated, Clock, Principal, Rejection, Step,
    rejection::UnavailableReason,
    session::{SessionCredential, SessionError},
};

use super::authentication::Authentication;
use crate::browser::{Cookies, check_same_site, protect_from_caches, reject_page};
use crate::extractor_error::ExtractorError;

impl Authentication {
    /// Loads the session of a request, and decides about it. `cookies` are those for the answer, and
    /// `known` is the caller of a rejected request, where its session was verified.
    pub(super) async fn load_session(
        &self,
        request: &ServiceRequest,
        cookies: &mut Option<Cookies>,
        known: &mut Option<Arc<Principal>>,
    ) -> Result<Authenticated, Rejection> {
        let inner = self.auth.inner();
        let unavailable =
            |error: SessionError| UnavailableReason::SessionStore { error: error.to_string() };
        let loaded = inner.browser.load(request.request()).await.map_err(unavailable)?;
        *cookies = Some(loaded.set_cookies);
        let credential = loaded.credential.ok_or(Rejection::MissingCredentials)?;
        match self.step(request, credential, known)? {
            Step::Done(caller) => Ok(caller),
            Step::Waiting(waiting) => {
                let now = inner.clock.now();
                inner.authenticator.finish_and_note(waiting, &self.needs, now, known).await
            }
        }
    }

    fn step(
        &self,
        request: &ServiceRequest,
        credential: SessionCredential,
        known: &mut Option<Arc<Principal>>,
    ) -> Result<Step, Rejection> {
        let inner = self.auth.inner();
        check_same_site(request.head(), self.auth.resource().origin())?;
        inner.authenticator.begin_session(credential, &self.needs, inner.clock.now(), known)
    }

    fn page(&self, request: &RequestHead, rejection: &Rejection) -> Option<HttpResponse> {
        let browser = &self.auth.inner().browser;
        reject_page(browser, self.auth.resource().origin(), request, rejection)
    }

    /// The answer to a navigation that an extractor has rejected behind the middleware.
    pub(super) fn page_instead<B>(
        &self,
        cookies: &Cookies,
        response: &ServiceResponse<B>,
    ) -> Option<HttpResponse> {
        let error = response.response().error()?.as_error::<ExtractorError>()?;
        let mut page = self.page(response.request().head(), error.rejection())?;
        protect_from_caches(cookies, page.headers_mut());
        Some(page)
    }

    /// The response to a rejected request without bearer token; `None` where it needs no credentials
    /// and has none.
    pub(super) fn reject_session(
        &self,
        request: &ServiceRequest,
        rejection: &Rejection,
        cookies: &Cookies,
    ) -> Option<HttpResponse> {
        if self.is_anonymous(rejection) {
            return self.reject(request, rejection);
        }
        let mut answer = match self.page(request.head(), rejection) {
            Some(page) => {
                self.auth.log_rejection(request.head(), rejection);
                page
            }
            // No token was sent, so the challenge has no error (RFC 6750 §3.1).
            None if rejection.status() == 401 && *rejection != Rejection::MissingCredentials => {
                self.auth.log_rejection(request.head(), rejection);
                self.auth.challenge_only(&self.needs)
            }
            None => self.reject(request, rejection)?,
        };
        protect_from_caches(cookies, answer.headers_mut());
        Some(answer)
    }
}
