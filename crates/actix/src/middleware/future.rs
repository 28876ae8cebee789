//! From a request to its answer, past the decision.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_service::Service;
use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
};
use pin_project_lite::pin_project;

use super::service::Guarded;
use crate::cors::Caller;

pin_project! {
    /// The answer to a request that came to [`McpAuthService`](crate::McpAuthService).
    pub struct McpAuthFuture<S, B>
    where
        S: Service<ServiceRequest>,
    {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateNow]
    enum State<S, B>
    where
        S: Service<ServiceRequest>,
    {
        /// Decided and refused, or a question that nobody need be known for. Boxed, so that what
        /// passes moves less.
        Answered { answer: Option<Box<ServiceResponse<EitherBody<B>>>> },
        /// Something has to be waited for.
        Deciding { guarded: Rc<Guarded<S>>, caller: Option<Caller>, decision: Decision },
        /// Decided and let through.
        Passed { guarded: Rc<Guarded<S>>, caller: Caller, #[pin] service: S::Future },
    }
}

/// The request, let through or with its answer.
type Decision =
    Pin<Box<dyn Future<Output = Result<ServiceRequest, (ServiceRequest, HttpResponse)>>>>;

impl<S, B> McpAuthFuture<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    pub(super) fn answered(request: ServiceRequest, answer: HttpResponse) -> Self {
        Self { state: State::answered(request, answer) }
    }

    pub(super) fn passed(
        guarded: &Rc<Guarded<S>>,
        request: ServiceRequest,
        caller: Caller,
    ) -> Self {
        Self { state: State::passed(guarded, request, caller) }
    }

    pub(super) fn deciding(
        guarded: &Rc<Guarded<S>>,
        request: ServiceRequest,
        caller: Caller,
    ) -> Self {
        let guarded = guarded.clone();
        let at_the_door = guarded.clone();
        let decision = Box::pin(async move { at_the_door.door.decide(request).await });
        Self { state: State::Deciding { guarded, caller: Some(caller), decision } }
    }
}

impl<S: Service<ServiceRequest>, B> State<S, B> {
    fn answered(request: ServiceRequest, answer: HttpResponse) -> Self {
        let answer = request.into_response(answer).map_into_right_body();
        Self::Answered { answer: Some(Box::new(answer)) }
    }

    fn passed(guarded: &Rc<Guarded<S>>, request: ServiceRequest, caller: Caller) -> Self {
        let service = guarded.service.call(request);
        Self::Passed { guarded: guarded.clone(), caller, service }
    }
}

impl<S, B> Future for McpAuthFuture<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateNow::Answered { answer } => match answer.take() {
                    Some(answer) => return Poll::Ready(Ok(*answer)),
                    None => return Poll::Pending,
                },
                StateNow::Deciding { guarded, caller, decision } => {
                    match ready!(decision.as_mut().poll(context)) {
                        Ok(request) => {
                            State::passed(guarded, request, caller.take().unwrap_or_default())
                        }
                        Err((request, answer)) => State::answered(request, answer),
                    }
                }
                StateNow::Passed { guarded, caller, service } => {
                    let auth = &guarded.door.auth;
                    return Poll::Ready(match ready!(service.poll(context)) {
                        Ok(mut answer) => {
                            auth.tell_refusal_in(&answer);
                            auth.decorate(caller, answer.headers_mut());
                            Ok(answer.map_into_left_body())
                        }
                        Err(error) => Err(auth.see_off(error, caller)),
                    });
                }
            };
            state.set(next);
        }
    }
}

impl<S: Service<ServiceRequest>, B> fmt::Debug for McpAuthFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Answered { .. } => "McpAuthFuture(answered)",
            State::Deciding { .. } => "McpAuthFuture(deciding)",
            State::Passed { .. } => "McpAuthFuture(passed)",
        })
    }
}
