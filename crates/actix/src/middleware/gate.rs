//! One service and one future for everything that is checked before an inner service: credentials,
//! MCP messages, permissions.

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
use futures_util::future::LocalBoxFuture;
use pin_project_lite::pin_project;

use super::guarded_body::{Guard, GuardedBody};
use crate::audit::ResponseTap;

/// What is checked before an inner service, and done after it.
pub trait Check: Sized + 'static {
    /// What is kept of an accepted request for what follows.
    type Passed: 'static;
    /// What [`begin`](Self::begin) leaves to [`finish`](Self::finish).
    type Waiting: 'static;

    /// The part that never waits.
    fn begin(&self, request: &ServiceRequest) -> Begun<Self>;

    /// The rest, where [`begin`](Self::begin) found that something has to be waited for.
    fn finish(
        self: Rc<Self>,
        request: ServiceRequest,
        waiting: Self::Waiting,
    ) -> LocalBoxFuture<'static, Finished<Self>>;

    /// Called with the response of the inner service.
    fn on_response<B>(&self, _passed: &Self::Passed, _response: &mut ServiceResponse<B>) {}

    /// An answer in place of the response of the inner service.
    fn instead<B>(&self, _passed: &Self::Passed, _: &ServiceResponse<B>) -> Option<HttpResponse> {
        None
    }

    /// What can end the body of this response while it is sent.
    fn guard<B: MessageBody>(&self, _passed: &Self::Passed, _: &ServiceResponse<B>) -> Guard {
        Guard::Unguarded
    }

    /// What reads the body of this response while it is sent.
    fn tap<B: MessageBody>(
        &self,
        _passed: &mut Self::Passed,
        _: &ServiceResponse<B>,
    ) -> Option<Box<ResponseTap>> {
        None
    }

    /// Called with the error of the inner service, which becomes a response further out.
    fn on_error(&self, _passed: &mut Self::Passed, error: Error) -> Error {
        error
    }
}

/// The outcome of [`Check::begin`].
pub enum Begun<C: Check> {
    /// The request goes on to the inner service.
    Pass(C::Passed),
    /// Something has to be waited for.
    Wait(C::Waiting),
    /// The request is answered here.
    Answer(HttpResponse),
}

/// The outcome of [`Check::finish`]: the request goes on, or is answered here.
pub(crate) type Finished<C> =
    Result<(ServiceRequest, <C as Check>::Passed), (ServiceRequest, HttpResponse)>;

/// The body of the inner service's response, or of an answer by the check.
pub(crate) type GatedBody<B> = EitherBody<GuardedBody<B>>;

/// An inner service behind a check: one for each worker.
pub struct Gate<C, S>(Rc<Gated<C, S>>);

struct Gated<C, S> {
    check: Rc<C>,
    service: S,
}

impl<C, S> Gate<C, S> {
    pub(crate) fn new(check: C, service: S) -> Self {
        Self(Rc::new(Gated { check: Rc::new(check), service }))
    }
}

impl<C, S, B> Service<ServiceRequest> for Gate<C, S>
where
    C: Check,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<GatedBody<B>>;
    type Error = Error;
    type Future = GateFuture<C, S, B>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let state = match self.0.check.begin(&request) {
            Begun::Pass(passed) => State::calling(&self.0, request, passed),
            Begun::Answer(answer) => State::answered(request, answer),
            Begun::Wait(waiting) => {
                State::Waiting { check: self.0.check.clone().finish(request, waiting) }
            }
        };
        GateFuture { gated: self.0.clone(), state }
    }
}

pin_project! {
    /// The response to a request that came to a [`Gate`].
    pub struct GateFuture<C, S, B>
    where
        C: Check,
        S: Service<ServiceRequest>,
    {
        gated: Rc<Gated<C, S>>,
        #[pin]
        state: State<C, S, B>,
    }
}

pin_project! {
    #[project = StateNow]
    enum State<C, S, B>
    where
        C: Check,
        S: Service<ServiceRequest>,
    {
        /// Answered by the check. Boxed, so that the future of an accepted request stays small.
        Answered { answer: Option<Box<ServiceResponse<GatedBody<B>>>> },
        /// The check waits for something.
        Waiting { check: LocalBoxFuture<'static, Finished<C>> },
        /// Accepted.
        Calling { passed: C::Passed, #[pin] service: S::Future },
    }
}

impl<C: Check, S: Service<ServiceRequest>, B> State<C, S, B> {
    fn answered(request: ServiceRequest, answer: HttpResponse) -> Self {
        let answer = request.into_response(answer).map_into_right_body();
        Self::Answered { answer: Some(Box::new(answer)) }
    }

    fn calling(gated: &Gated<C, S>, request: ServiceRequest, passed: C::Passed) -> Self {
        Self::Calling { passed, service: gated.service.call(request) }
    }
}

impl<C, S, B> Future for GateFuture<C, S, B>
where
    C: Check,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<GatedBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateNow::Answered { answer } => match answer.take() {
                    Some(answer) => return Poll::Ready(Ok(*answer)),
                    None => return Poll::Pending,
                },
                StateNow::Waiting { check } => match ready!(check.as_mut().poll(context)) {
                    Ok((request, passed)) => State::calling(this.gated, request, passed),
                    Err((request, answer)) => State::answered(request, answer),
                },
                StateNow::Calling { passed, service } => {
                    let check = &this.gated.check;
                    return Poll::Ready(match ready!(service.poll(context)) {
                        Ok(mut response) => {
                            check.on_response(passed, &mut response);
                            let tap = check.tap(passed, &response);
                            if let Some(answer) = check.instead(passed, &response) {
                                let answer = response.into_response(answer);
                                return Poll::Ready(Ok(answer.map_into_right_body()));
                            }
                            let guard = check.guard(passed, &response);
                            Ok(response.map_body(|_, body| {
                                EitherBody::left(GuardedBody::new(body, guard, tap))
                            }))
                        }
                        Err(error) => Err(check.on_error(passed, error)),
                    });
                }
            };
            this.state.set(next);
        }
    }
}

impl<C: fmt::Debug, S: fmt::Debug> fmt::Debug for Gate<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("check", &self.0.check)
            .field("service", &self.0.service)
            .finish()
    }
}

impl<C: Check, S: Service<ServiceRequest>, B> fmt::Debug for GateFuture<C, S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Answered { .. } => "GateFuture(answered)",
            State::Waiting { .. } => "GateFuture(waiting)",
            State::Calling { .. } => "GateFuture(calling)",
        })
    }
}

#[cfg(test)]
mod tests;
