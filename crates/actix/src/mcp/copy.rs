//! A copy of a body that is not judged: whatever it is, the request goes on with the very bytes.

use actix_web::{
    HttpMessage,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    rt::time::timeout,
    web::{Bytes, BytesMut},
};
use futures_util::{StreamExt, stream};
use mcp_auth_core::mcp::MessageError;

use super::body::{BodyLimits, announced_length};

/// Reads the whole body, and puts it back.
///
/// # Errors
/// Why there is no copy. The request then has what was read, and after it what comes.
pub(super) async fn read(
    request: &mut ServiceRequest,
    limits: BodyLimits,
) -> Result<Bytes, MessageError> {
    let announced = announced_length(request.head());
    if announced.is_some_and(|length| length > limits.bytes) {
        return Err(MessageError::TooLong);
    }
    let mut payload = match request.take_payload() {
        Payload::None => return Ok(Bytes::new()),
        payload => payload,
    };
    let mut pieces = Vec::new();
    let read = collect(&mut payload, &mut pieces, limits.bytes);
    match timeout(limits.time, read).await.unwrap_or(Err(MessageError::TooSlow)) {
        Ok(()) => {
            let body = whole(pieces);
            request.set_payload(Payload::from(body.clone()));
            Ok(body)
        }
        Err(error) => {
            let all = stream::iter(pieces).chain(payload);
            request.set_payload(Payload::Stream { payload: Box::pin(all) });
            Err(error)
        }
    }
}

type Piece = Result<Bytes, PayloadError>;

async fn collect(
    payload: &mut Payload,
    pieces: &mut Vec<Piece>,
    most: usize,
) -> Result<(), MessageError> {
    let mut len = 0;
    while let Some(piece) = payload.next().await {
        len += piece.as_ref().map_or(0, Bytes::len);
        let is_broken = piece.is_err();
        pieces.push(piece);
        match () {
            () if is_broken => return Err(MessageError::Incomplete),
            () if len > most => return Err(MessageError::TooLong),
            () => {}
        }
    }
    Ok(())
}

fn whole(pieces: Vec<Piece>) -> Bytes {
    let mut pieces = pieces.into_iter().flatten();
    let first = pieces.next().unwrap_or_default();
    let mut rest = pieces.peekable();
    // Most bodies come in one piece, which need not be copied.
    if rest.peek().is_none() {
        return first;
    }
    let mut all = BytesMut::from(&*first);
    rest.for_each(|piece| all.extend_from_slice(&piece));
    all.freeze()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::test::TestRequest;

    use super::*;

    /// What the copy is, and what comes next in the request.
    async fn read_from(
        pieces: Vec<Piece>,
        is_endless: bool,
    ) -> (Result<Bytes, MessageError>, Vec<Result<Bytes, String>>) {
        let limits = BodyLimits { bytes: 10, time: Duration::from_millis(20) };
        let mut request = TestRequest::post().to_srv_request();
        let pieces = stream::iter(pieces);
        let payload = match is_endless {
            true => Box::pin(pieces.chain(stream::pending())) as _,
            false => Box::pin(pieces) as _,
        };
        request.set_payload(Payload::Stream { payload });
        let copy = read(&mut request, limits).await;
        let mut rest = request.take_payload();
        let mut all = Vec::new();
        while let Ok(Some(piece)) = timeout(Duration::from_millis(20), rest.next()).await {
            all.push(piece.map_err(|error| error.to_string()));
        }
        (copy, all)
    }

    fn piece(text: &'static str) -> Piece {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn r40_a_body_goes_on_unchanged_whether_it_is_copied_or_not() {
        actix_web::rt::System::new().block_on(async {
            let text = |pieces: &[Result<Bytes, String>]| {
                let parts = pieces.iter().flatten().map(|piece| piece.to_vec()).collect::<Vec<_>>();
                String::from_utf8(parts.concat()).unwrap()
            };
            let (copy, all) = read_from(vec![piece("12345"), piece("67890")], false).await;
            assert_eq!((copy.unwrap(), text(&all)), ("1234567890".into(), "1234567890".into()));
            let (copy, all) =
                read_from(vec![piece("12345"), piece("678901"), piece("x")], false).await;
            assert_eq!((copy, &*text(&all)), (Err(MessageError::TooLong), "12345678901x"));
            let (copy, all) = read_from(vec![piece("12345")], true).await;
            assert_eq!((copy, &*text(&all)), (Err(MessageError::TooSlow), "12345"));
            let broken = vec![piece("1"), Err(PayloadError::Overflow), piece("2")];
            let (copy, all) = read_from(broken, false).await;
            assert_eq!((copy, &*text(&all)), (Err(MessageError::Incomplete), "12"));
            assert!(all[1].is_err(), "the error is passed on");
        });
    }
}
