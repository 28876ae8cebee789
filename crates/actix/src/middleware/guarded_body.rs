//! A response body that can be ended while it is sent.

use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};
use futures_util::future::LocalBoxFuture;
use pin_project_lite::pin_project;

use crate::audit::ResponseTap;

/// What can end a response body before its content does.
pub enum Guard {
    /// Nothing: the body is passed on as it is.
    Unguarded,
    /// The body ends when this does. It is polled before the body each time, so that a body that is
    /// always ready is ended as well.
    Until(LocalBoxFuture<'static, Ending>),
    /// The body was ended.
    Ended,
}

/// How a body is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As if its content ended here: for streams of events, each of which is complete in itself.
    Complete,
    /// With an error, so that the client sees that something is missing: the connection is closed
    /// without the end of the chunked coding, or before `Content-Length` bytes were sent (RFC 9112
    /// §8); in HTTP/2 the stream is reset (RFC 9113 §8.1).
    Aborted,
}

/// The error of a body that was aborted, for the log of the server.
#[derive(Debug)]
struct AccessRevoked;

pin_project! {
    /// A response body, and what can end it.
    pub struct GuardedBody<B> {
        #[pin]
        body: B,
        guard: Guard,
        // Reads how the response answers messages, for their audit records.
        tap: Option<Box<ResponseTap>>,
    }
}

impl<B> GuardedBody<B> {
    pub(super) fn new(body: B, guard: Guard, tap: Option<Box<ResponseTap>>) -> Self {
        Self { body, guard, tap }
    }
}

impl<B: MessageBody> MessageBody for GuardedBody<B> {
    type Error = Box<dyn StdError>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.project();
        let ending = match this.guard {
            Guard::Unguarded => Poll::Pending,
            Guard::Until(ended) => ended.as_mut().poll(context),
            Guard::Ended => return Poll::Ready(None),
        };
        if let Poll::Ready(ending) = ending {
            *this.guard = Guard::Ended;
            *this.tap = None;
            return Poll::Ready(match ending {
                Ending::Complete => None,
                Ending::Aborted => Some(Err(AccessRevoked.into())),
            });
        }
        let next = this.body.poll_next(context).map_err(Into::into);
        if this.tap.is_some() {
            see(this.tap, &next);
        }
        next
    }

    /// A guarded body is never handed out as bytes, since nothing could end those.
    fn try_into_bytes(self) -> Result<Bytes, Self> {
        match self.guard {
            Guard::Unguarded => match self.body.try_into_bytes() {
                Ok(bytes) => {
                    if let Some(mut tap) = self.tap
                        && tap.push(&bytes)
                    {
                        tap.end();
                    }
                    Ok(bytes)
                }
                Err(body) => Err(Self { body, ..self }),
            },
            _ => Err(self),
        }
    }
}

/// Shows the tap what the body has given.
fn see(tap: &mut Option<Box<ResponseTap>>, next: &Poll<Option<Result<Bytes, Box<dyn StdError>>>>) {
    let has_more = match (tap.as_mut(), next) {
        (Some(tap), Poll::Ready(Some(Ok(piece)))) => tap.push(piece),
        (Some(tap), Poll::Ready(None)) => {
            tap.end();
            false
        }
        (_, Poll::Pending) => true,
        (_, Poll::Ready(_)) => false,
    };
    if !has_more {
        *tap = None;
    }
}

impl fmt::Display for AccessRevoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the caller's access was revoked while the response was sent")
    }
}

impl StdError for AccessRevoked {}
