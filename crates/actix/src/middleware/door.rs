//! What a request has to pass, whatever service is behind it. None of this depends on the service,
//! so it is compiled once, and what every request runs through lies together.

use actix_web::{HttpMessage, HttpResponse, dev::ServiceRequest, http::header};
use mcp_auth_core::{
    Authenticated, Clock, Rejection, TokenMemo, permission::Need, rejection::UnavailableReason,
};
use tokio::time::timeout;

use crate::{
    auth::{McpAuth, incoming},
    clock::ChosenClock,
    cors::{Caller, OriginPolicy, is_preflight},
    discovery,
    extract::Anonymous,
    host::HostPolicy,
};

/// The way into one service of one worker.
pub(super) struct Door {
    pub(super) auth: McpAuth,
    pub(super) optional: bool,
    needs: Vec<&'static Need>,
    memo: TokenMemo,
    // What every request depends on, copied: what `auth` has lies elsewhere in memory, where a
    // request whose token is remembered has next to no business.
    clock: ChosenClock,
    any_host: bool,
    others_may_call: bool,
}

/// What becomes of a request, and who sent it.
pub(super) enum Verdict {
    Admitted(Caller),
    Refused(HttpResponse),
    /// Something has to be waited for: [`Door::decide`].
    Undecided(Caller),
}

impl Door {
    pub(super) fn new(auth: McpAuth, optional: bool, needs: Vec<&'static Need>) -> Self {
        let inner = auth.inner();
        Self {
            clock: inner.clock.clone(),
            any_host: inner.hosts.is_any(),
            others_may_call: inner.origins.has_others(),
            memo: TokenMemo::new(),
            auth,
            optional,
            needs,
        }
    }

    /// Decides on the spot, where nothing has to be waited for.
    pub(super) fn decide_at_once(&self, request: &ServiceRequest) -> Verdict {
        let caller = Caller::of(request.head(), self.others_may_call);
        if let Some(answer) = self.answer_unasked(request, &caller) {
            return Verdict::Refused(answer);
        }
        let incoming = incoming(request.headers()).needing(&self.needs);
        let authenticator = &self.auth.inner().authenticator;
        match authenticator.authenticate_at_once(incoming, &self.memo, self.clock.now()) {
            Some(outcome) => match self.settle(request, outcome) {
                Ok(()) => Verdict::Admitted(caller),
                Err(answer) => Verdict::Refused(answer),
            },
            None => Verdict::Undecided(caller),
        }
    }

    /// Waits for whatever the decision needs, and admits the request or answers it.
    pub(super) async fn decide(
        &self,
        request: ServiceRequest,
    ) -> Result<ServiceRequest, (ServiceRequest, HttpResponse)> {
        let outcome = self.authenticate(&request).await;
        match self.settle(&request, outcome) {
            Ok(()) => Ok(request),
            Err(answer) => Err((request, answer)),
        }
    }

    /// What is answered before anybody has to say who they are: discovery, preflights, and pages
    /// that may not call at all, by what they say of themselves or by where they believe to be.
    #[inline]
    fn answer_unasked(&self, request: &ServiceRequest, caller: &Caller) -> Option<HttpResponse> {
        if discovery::may_be_ours(request.path())
            && let Some(document) = discovery::answer_at_the_door(&self.auth, request)
        {
            return Some(document);
        }
        if !self.any_host
            && let Some(refusal) = self.refuse_foreign_host(request)
        {
            return Some(refusal);
        }
        match caller.is_page() {
            true => self.answer_page(request, caller),
            false => None,
        }
    }

    #[inline(never)]
    fn refuse_foreign_host(&self, request: &ServiceRequest) -> Option<HttpResponse> {
        let foreign = !self.auth.inner().hosts.allow(request.head());
        foreign.then(|| self.auth.refuse(request, &HostPolicy::refusal(request.head())))
    }

    #[inline(never)]
    fn answer_page(&self, request: &ServiceRequest, caller: &Caller) -> Option<HttpResponse> {
        let origins = &self.auth.inner().origins;
        let origin = match caller {
            Caller::Page(origin) if origins.allows(origin) => origin,
            _ => return Some(self.auth.refuse(request, &OriginPolicy::refusal(request.headers()))),
        };
        is_preflight(request.head()).then(|| {
            let headers = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS);
            origins.answer_preflight(origin, headers)
        })
    }

    /// Who is calling, and whether they hold what is needed.
    async fn authenticate(&self, request: &ServiceRequest) -> Result<Authenticated, Rejection> {
        let inner = self.auth.inner();
        let limit = inner.time_limit;
        let incoming = incoming(request.headers()).needing(&self.needs);
        let decision = inner.authenticator.authenticate(incoming, self.clock.now());
        let late = |_| Err(UnavailableReason::TimeLimit { limit }.into());
        timeout(limit, decision).await.unwrap_or_else(late)
    }

    /// Tells the handlers who is calling, or answers in their stead.
    #[inline]
    #[allow(clippy::result_large_err, reason = "it is moved once, and a box would cost more")]
    fn settle(
        &self,
        request: &ServiceRequest,
        outcome: Result<Authenticated, Rejection>,
    ) -> Result<(), HttpResponse> {
        match outcome {
            Ok(known) => {
                self.auth.inner().observer.accepted();
                request.extensions_mut().insert(known);
                Ok(())
            }
            Err(rejection) => self.refuse(request, &rejection),
        }
    }

    /// The answer, unless nobody has signed in where nobody need: handlers are told so.
    #[cold]
    #[allow(clippy::result_large_err, reason = "it is moved once, and a box would cost more")]
    fn refuse(&self, request: &ServiceRequest, rejection: &Rejection) -> Result<(), HttpResponse> {
        if *rejection == Rejection::MissingCredentials && self.optional && self.needs.is_empty() {
            self.auth.inner().observer.anonymous();
            request.extensions_mut().insert(Anonymous(self.auth.clone()));
            return Ok(());
        }
        Err(self.auth.refuse_demand(request, rejection, &self.needs))
    }
}
