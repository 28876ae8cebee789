//! The responses that the middleware and the extractors give themselves, and the log line of each.

use std::{borrow::Cow, sync::atomic::Ordering};

use actix_web::{
    Error, HttpResponse,
    dev::{RequestHead, ServiceRequest, ServiceResponse},
    http::header::HeaderMap,
};
use mcp_auth_core::{Rejection, Resource, TokenDescription, permission::Need};

use crate::{
    auth::{McpAuth, incoming},
    cors::RequestOrigin,
    extractor_error::ExtractorError,
    observe,
    rejected::RejectedMessages,
    response, well_known,
};

impl McpAuth {
    /// The response to a rejected request. The rejection is logged.
    pub(crate) fn reject(&self, request: &ServiceRequest, rejection: &Rejection) -> HttpResponse {
        self.reject_with_needs(request, rejection, &[])
    }

    /// The same for an operation with these needs, which the challenge names.
    pub(crate) fn reject_with_needs(
        &self,
        request: &ServiceRequest,
        rejection: &Rejection,
        needs: &[&'static Need],
    ) -> HttpResponse {
        let mut response = self.reject_within(request, rejection, needs);
        let origin = RequestOrigin::of(request.head(), self.inner().origins.has_others());
        self.add_cors_headers(&origin, response.headers_mut());
        response
    }

    /// The same without CORS headers, which the authentication middleware adds to every response
    /// that passes it. A need that was never declared is a mistake in the program: 500.
    pub(crate) fn reject_within(
        &self,
        request: &ServiceRequest,
        rejection: &Rejection,
        needs: &[&'static Need],
    ) -> HttpResponse {
        if rejection.status() == 403 && self.log_undeclared(needs) {
            return HttpResponse::InternalServerError().finish();
        }
        self.log_rejection(request.head(), rejection);
        if rejection.status() == 401 {
            self.log_missing_discovery(request);
        }
        let resource = self.resource_at(request.head()).ok().flatten();
        let challenge = self.challenge(needs, rejection, resource.as_ref());
        response::of_rejection(rejection, challenge.as_deref())
    }

    /// Says at the first 401 that the document which its challenge names is not there.
    fn log_missing_discovery(&self, request: &ServiceRequest) {
        let inner = self.inner();
        if !inner.discovery_checked.load(Ordering::Relaxed)
            && !inner.discovery_checked.swap(true, Ordering::Relaxed)
            && !well_known::is_answered(self, request)
        {
            observe::discovery_not_registered(&inner.discovery.resource);
        }
    }

    /// The response to a request without credentials, whose rejection is logged elsewhere.
    pub(crate) fn challenge_only(&self, needs: &[&'static Need]) -> HttpResponse {
        let rejection = Rejection::MissingCredentials;
        response::of_rejection(&rejection, self.challenge(needs, &rejection, None).as_deref())
    }

    /// The response to rejected MCP messages.
    pub(crate) fn reject_messages(
        &self,
        request: &ServiceRequest,
        rejected: &RejectedMessages,
    ) -> HttpResponse {
        let RejectedMessages { rejection, id, needs } = rejected;
        let response = match rejection {
            Rejection::UnreadableMessage(error) => response::of_message_error(*error, id.as_ref()),
            Rejection::ForeignSession => response::of_foreign_session(rejection),
            rejection => return self.reject_within(request, rejection, needs),
        };
        self.log_rejection(request.head(), rejection);
        response
    }

    /// The error of an extractor that rejects the request.
    pub(crate) fn refusal(
        &self,
        rejection: Rejection,
        resource: Option<&Resource>,
        needs: &[&'static Need],
    ) -> ExtractorError {
        let challenge = self.challenge(needs, &rejection, resource);
        ExtractorError::new(rejection, challenge)
    }

    /// Logs the rejection of an extractor, if the response is one.
    pub(crate) fn log_rejection_in<B>(&self, response: &ServiceResponse<B>) {
        if let Some(rejection) = response.response().error().and_then(unlogged) {
            self.log_rejection(response.request().head(), rejection);
        }
    }

    /// Logs the rejection of an extractor, and adds CORS headers to the response that the error
    /// becomes further out. The request is gone, so the log line does not describe its token.
    pub(crate) fn on_error(
        &self,
        mut error: Error,
        resource: Option<&Resource>,
        origin: &RequestOrigin,
    ) -> Error {
        if let Some(rejection) = unlogged(&error) {
            self.inner().observer.refused(rejection, resource, TokenDescription::default);
        }
        let (auth, origin) = (self.clone(), origin.clone());
        error.add_response_mapper(move |mut response| {
            auth.add_cors_headers(&origin, response.headers_mut());
            response
        });
        error
    }

    /// Adds the headers by which the calling page may read the response.
    pub(crate) fn add_cors_headers(&self, origin: &RequestOrigin, response: &mut HeaderMap) {
        origin.add_cors_headers(&self.inner().origins, response);
    }

    pub(crate) fn log_rejection(&self, head: &RequestHead, rejection: &Rejection) {
        let describe = || self.inner().authenticator.describe(incoming(head.headers()));
        let resource = self.resource_at(head).ok().flatten();
        self.inner().observer.refused(rejection, resource.as_ref(), describe);
    }

    fn log_undeclared(&self, needs: &[&'static Need]) -> bool {
        let authenticator = &self.inner().authenticator;
        match needs.iter().find(|need| authenticator.undeclared(need).is_some()) {
            Some(need) => {
                observe::undeclared_permission(need);
                true
            }
            None => false,
        }
    }

    fn challenge(
        &self,
        needs: &[&'static Need],
        rejection: &Rejection,
        resource: Option<&Resource>,
    ) -> Option<String> {
        let challenge = match needs.is_empty() {
            true => Cow::Borrowed(&self.inner().challenge),
            false => Cow::Owned(self.inner().authenticator.challenge(needs)),
        };
        match resource {
            None => challenge.for_rejection(rejection),
            Some(resource) => challenge.at(resource).for_rejection(rejection),
        }
    }
}

/// The rejection of an extractor, if the error is one and was not logged.
fn unlogged(error: &Error) -> Option<&Rejection> {
    error.as_error::<ExtractorError>().and_then(ExtractorError::take_unlogged)
}
