//! From a request to an MCP endpoint to its answer.

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

use super::service::Endpoint;

pin_project! {
    /// The answer to a request that came to [`McpService`](crate::McpService).
    pub struct McpFuture<S, B>
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
        /// Refused. Boxed, so that what passes moves less.
        Answered { answer: Option<Box<ServiceResponse<EitherBody<B>>>> },
        /// The body is being read.
        Judging { endpoint: Rc<Endpoint<S>>, judgement: Judgement },
        /// Let through.
        Passed { endpoint: Rc<Endpoint<S>>, #[pin] service: S::Future },
    }
}

/// The request, let through or with its answer.
type Judgement =
    Pin<Box<dyn Future<Output = Result<ServiceRequest, (ServiceRequest, HttpResponse)>>>>;

impl<S, B> McpFuture<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    pub(super) fn answered(request: ServiceRequest, answer: HttpResponse) -> Self {
        Self { state: State::answered(request, answer) }
    }

    pub(super) fn passed(endpoint: &Rc<Endpoint<S>>, request: ServiceRequest) -> Self {
        Self { state: State::passed(endpoint, request) }
    }

    pub(super) fn judging(endpoint: &Rc<Endpoint<S>>, request: ServiceRequest) -> Self {
        let judgement = Box::pin(endpoint.clone().judge(request));
        Self { state: State::Judging { endpoint: endpoint.clone(), judgement } }
    }
}

impl<S: Service<ServiceRequest>, B> State<S, B> {
    fn answered(request: ServiceRequest, answer: HttpResponse) -> Self {
        let answer = request.into_response(answer).map_into_right_body();
        Self::Answered { answer: Some(Box::new(answer)) }
    }

    fn passed(endpoint: &Rc<Endpoint<S>>, request: ServiceRequest) -> Self {
        let service = endpoint.service.call(request);
        Self::Passed { endpoint: endpoint.clone(), service }
    }
}

impl<S, B> Future for McpFuture<S, B>
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
                StateNow::Judging { endpoint, judgement } => {
                    match ready!(judgement.as_mut().poll(context)) {
                        Ok(request) => State::passed(endpoint, request),
                        Err((request, answer)) => State::answered(request, answer),
                    }
                }
                StateNow::Passed { endpoint, service } => {
                    let answer = ready!(service.poll(context))?;
                    endpoint.note_session(&answer);
                    return Poll::Ready(Ok(answer.map_into_left_body()));
                }
            };
            state.set(next);
        }
    }
}

impl<S: Service<ServiceRequest>, B> fmt::Debug for McpFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Answered { .. } => "McpFuture(answered)",
            State::Judging { .. } => "McpFuture(judging)",
            State::Passed { .. } => "McpFuture(passed)",
        })
    }
}
