use std::future::{Ready, pending, ready};

use actix_web::{http::StatusCode, test::TestRequest};
use futures_util::{FutureExt, task::noop_waker};

use super::*;

/// Lets every request pass and changes nothing, by the trait's own defaults.
struct Open;

impl Check for Open {
    type Passed = ();
    type Waiting = ();

    fn begin(&self, _: &ServiceRequest) -> Begun<Self> {
        Begun::Pass(())
    }

    fn finish(
        self: Rc<Self>,
        _: ServiceRequest,
        (): (),
    ) -> LocalBoxFuture<'static, Finished<Self>> {
        pending().boxed_local()
    }
}

/// Answers 202 when it is ready.
struct Inner(fn() -> Poll<Result<(), Error>>);

impl Service<ServiceRequest> for Inner {
    type Response = ServiceResponse;
    type Error = Error;
    type Future = Ready<Result<ServiceResponse, Error>>;

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        (self.0)()
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        ready(Ok(request.into_response(HttpResponse::Accepted().finish())))
    }
}

#[test]
fn readiness_is_that_of_the_inner_service() {
    let poll = |inner| {
        let waker = noop_waker();
        Gate::new(Open, Inner(inner)).poll_ready(&mut Context::from_waker(&waker))
    };
    assert!(matches!(poll(|| Poll::Ready(Ok(()))), Poll::Ready(Ok(()))));
    assert!(poll(|| Poll::Pending).is_pending());
    let fails = || Poll::Ready(Err(actix_web::error::ErrorInternalServerError("not ready")));
    assert!(matches!(poll(fails), Poll::Ready(Err(_))));
}

#[test]
fn a_check_without_an_answer_keeps_the_response() {
    let gate = Gate::new(Open, Inner(|| Poll::Ready(Ok(()))));
    let response = gate.call(TestRequest::default().to_srv_request()).now_or_never();
    assert_eq!(response.unwrap().unwrap().status(), StatusCode::ACCEPTED);
}
