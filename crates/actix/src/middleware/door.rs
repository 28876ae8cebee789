//! What a request has to pass, whatever service is behind it. None of this depends on the service,
//! so it is compiled once, and what every request runs through lies together.

use actix_web::{
    HttpMessage, HttpResponse,
    dev::ServiceRequest,
    http::header::{self, HeaderMap},
};
use mcp_auth_core::{
    Authenticated, Clock, IncomingRequest, Rejection, TokenMemo, permission::Need,
    rejection::UnavailableReason,
};
use tokio::time::timeout;

use crate::{auth::McpAuth, clock::ChosenClock, cors::Caller, discovery, extract::Anonymous};

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
        let unseen = self.any_host && !caller.is_page() && !discovery::may_be_ours(request.path());
        if !unseen && let Some(answer) = self.auth.answer_at_the_door(request, &caller) {
            return Verdict::Refused(answer);
        }
        let incoming = incoming(request.headers()).needing(&self.needs);
        let authenticator = &self.auth.inner().authenticator;
        match authenticator.authenticate_at_once(incoming, &self.memo, self.clock.now()) {
            Some(Ok(known)) => {
                self.admit(request, known);
                Verdict::Admitted(caller)
            }
            Some(Err(rejection)) => match self.refuse(request, &rejection) {
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
        let admitted = match self.authenticate(&request).await {
            Ok(known) => {
                self.admit(&request, known);
                Ok(())
            }
            Err(rejection) => self.refuse(&request, &rejection),
        };
        match admitted {
            Ok(()) => Ok(request),
            Err(answer) => Err((request, answer)),
        }
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

    /// Tells the handlers who is calling.
    #[inline]
    fn admit(&self, request: &ServiceRequest, known: Authenticated) {
        self.auth.inner().observer.accepted();
        request.extensions_mut().insert(known);
    }

    /// Answers in the handlers' stead, or tells them that nobody has signed in where nobody need.
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

/// What of a request decides.
#[inline]
pub(crate) fn incoming(headers: &HeaderMap) -> IncomingRequest<'_> {
    let authorization = headers.get_all(&header::AUTHORIZATION);
    IncomingRequest::new(authorization.map(|value| value.as_bytes()))
}
