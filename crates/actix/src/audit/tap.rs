//! Reads outcomes from a response's body while it passes.

use actix_web::{
    body::{BodySize, MessageBody},
    dev::ServiceResponse,
    http::header,
};
use mcp_auth_core::audit::AnswerReader;

use super::call::OpenCall;

/// Sees each piece of a body before it is passed on. Where it is dropped before the body's end, what
/// was not answered was cut.
pub struct ResponseTap {
    call: Box<OpenCall>,
    reader: AnswerReader,
    /// How many bytes are to come, where that is known: the server need not poll such a body to its
    /// end.
    left: Option<u64>,
}

impl ResponseTap {
    /// `None` where all outcomes are known by the head.
    pub(crate) fn new<B: MessageBody>(
        mut call: Box<OpenCall>,
        response: &ServiceResponse<B>,
    ) -> Option<Box<Self>> {
        call.on_response(response);
        let left = match response.response().body().size() {
            BodySize::None => Some(0),
            BodySize::Sized(len) => Some(len),
            BodySize::Stream => None,
        };
        if left == Some(0) {
            call.end();
        }
        if call.is_over() {
            return None;
        }
        let headers = response.headers();
        // What an inner middleware has compressed is not read.
        let content_type = match headers.contains_key(header::CONTENT_ENCODING) {
            true => None,
            false => headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes()),
        };
        Some(Box::new(Self { call, reader: AnswerReader::new(content_type), left }))
    }

    /// The next piece of the body. Whether more has to be seen.
    pub(crate) fn push(&mut self, piece: &[u8]) -> bool {
        let Self { call, reader, left } = self;
        reader.push(piece, &mut |answer| call.on_answer(answer));
        if let Some(left) = left {
            *left = left.saturating_sub(piece.len() as u64);
            if *left == 0 {
                self.end();
            }
        }
        !self.call.is_over()
    }

    /// The body has ended as it should.
    pub(crate) fn end(&mut self) {
        let Self { call, reader, .. } = self;
        reader.end(&mut |answer| call.on_answer(answer));
        call.end();
    }
}
