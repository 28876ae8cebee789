//! The body of a request: read once, within bounds, and handed on byte for byte.

use std::time::Duration;

use actix_web::{
    HttpMessage,
    dev::{Payload, RequestHead, ServiceRequest},
    http::header::{self, HeaderMap},
    rt::time::timeout,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;
use mcp_auth_core::mcp::MessageError;

/// How long a body may be, and how long it may take to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimits {
    pub(super) bytes: usize,
    pub(super) time: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { bytes: 4 * 1024 * 1024, time: Duration::from_secs(60) }
    }
}

/// Reads the whole body and puts it back, so that whoever comes next reads the very bytes.
pub(super) async fn read(
    request: &mut ServiceRequest,
    limits: BodyLimits,
) -> Result<Bytes, MessageError> {
    let announced = announced_length(request.head());
    if announced.is_some_and(|length| length > limits.bytes) {
        return Err(MessageError::TooLong);
    }
    let body = match request.take_payload() {
        Payload::None => Bytes::new(),
        payload => timeout(limits.time, collect(payload, announced, limits.bytes))
            .await
            .map_err(|_| MessageError::TooSlow)??,
    };
    request.set_payload(Payload::from(body.clone()));
    Ok(body)
}

/// Refuses bodies that the server behind would turn into other bytes before it reads them: by
/// `Content-Encoding`, which extractors of actix-web undo, and by a `charset`, after which some of
/// them decode. (In Shift JIS, say, the character before a quotation mark may swallow its
/// backslash, so that the JSON goes on where it seemed to end.)
pub(super) fn refuse_encoded(headers: &HeaderMap) -> Result<(), MessageError> {
    let is = |value: &str, wanted: &str| value.trim().eq_ignore_ascii_case(wanted);
    let plain = headers
        .get_all(header::CONTENT_ENCODING)
        .all(|coding| coding.to_str().is_ok_and(|coding| is(coding, "identity")));
    let in_utf8 = headers.get_all(header::CONTENT_TYPE).all(|value| {
        value.to_str().is_ok_and(|value| charsets(value).all(|charset| is(charset, "utf-8")))
    });
    match plain && in_utf8 {
        true => Ok(()),
        false => Err(MessageError::Encoded),
    }
}

/// The values of a media type's parameters named `charset` (RFC 9110 §8.3.1).
fn charsets(content_type: &str) -> impl Iterator<Item = &str> {
    content_type.split(';').skip(1).filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })
}

/// What `Content-Length` says. It is checked by the HTTP parser; a body without one is chunked.
pub(super) fn announced_length(head: &RequestHead) -> Option<usize> {
    head.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(
    mut payload: Payload,
    announced: Option<usize>,
    most: usize,
) -> Result<Bytes, MessageError> {
    let mut pieces = BytesMut::new();
    let mut first = Bytes::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| MessageError::Incomplete)?;
        if first.len() + pieces.len() + piece.len() > most {
            return Err(MessageError::TooLong);
        }
        // Most bodies come in one piece, which need not be copied.
        match (first.is_empty(), pieces.is_empty()) {
            (true, true) => first = piece,
            _ => {
                if pieces.is_empty() {
                    pieces.reserve(announced.unwrap_or(first.len() + piece.len()));
                    pieces.extend_from_slice(&std::mem::take(&mut first));
                }
                pieces.extend_from_slice(&piece);
            }
        }
    }
    Ok(if pieces.is_empty() { first } else { pieces.freeze() })
}

#[cfg(test)]
mod tests {
    use actix_web::{http::header::HeaderValue, test::TestRequest};
    use futures_util::{FutureExt, stream};

    use super::*;

    fn chunked(pieces: &'static [&'static str]) -> Payload {
        let pieces =
            stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))));
        Payload::Stream { payload: Box::pin(pieces) }
    }

    fn limits(bytes: usize) -> BodyLimits {
        BodyLimits { bytes, ..BodyLimits::default() }
    }

    fn run(test: impl Future<Output = ()>) {
        actix_web::rt::System::new().block_on(test);
    }

    #[test]
    fn r30_the_body_is_handed_on_byte_for_byte_however_it_comes() {
        run(handed_on());
    }

    async fn handed_on() {
        for pieces in [&["", "{ \"a\"", "", " :1}", "\n"][..], &["{ \"a\" :1}\n"], &[""], &[]] {
            let mut request = TestRequest::post().to_srv_request();
            request.set_payload(chunked(pieces));
            let whole = pieces.concat();
            assert_eq!(read(&mut request, limits(100)).await.unwrap(), whole);
            let again = collect(request.take_payload(), None, 100).await.unwrap();
            assert_eq!(again, whole);
        }
    }

    #[test]
    fn r30_a_body_may_be_as_long_as_the_bound_and_no_longer() {
        run(bounded());
    }

    async fn bounded() {
        for (most, fits) in [(10, true), (9, false)] {
            let mut request = TestRequest::post().to_srv_request();
            request.set_payload(chunked(&["12345", "67890"]));
            assert_eq!(read(&mut request, limits(most)).await.is_ok(), fits, "{most}");
            let mut request = TestRequest::post()
                .insert_header((header::CONTENT_LENGTH, "10"))
                .set_payload("1234567890")
                .to_srv_request();
            assert_eq!(read(&mut request, limits(most)).await.is_ok(), fits, "{most}");
        }
        // Refused for what it announces, before anything is read.
        let mut request =
            TestRequest::post().insert_header((header::CONTENT_LENGTH, "11")).to_srv_request();
        request.set_payload(Payload::Stream { payload: Box::pin(stream::pending()) });
        let refused = read(&mut request, limits(10)).now_or_never();
        assert_eq!(refused, Some(Err(MessageError::TooLong)));
    }

    #[test]
    fn r30_encoded_bodies_are_refused() {
        let refused = |name: header::HeaderName, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.append(name, HeaderValue::from_static(value));
            refuse_encoded(&headers).is_err()
        };
        for coding in ["gzip", "br", "deflate", "zstd", "x-unknown", "identity, gzip", ""] {
            assert!(refused(header::CONTENT_ENCODING, coding), "{coding}");
        }
        assert!(!refused(header::CONTENT_ENCODING, "Identity"));
        for kind in [
            "application/json; charset=shift_jis",
            "application/json;CHARSET=\"utf-16\"",
            "text/plain; charset=utf-8; charset=utf-7",
            "application/json; charset=",
        ] {
            assert!(refused(header::CONTENT_TYPE, kind), "{kind}");
        }
        for kind in ["application/json", "application/json; charset=UTF-8", "text/plain; a=b"] {
            assert!(!refused(header::CONTENT_TYPE, kind), "{kind}");
        }
    }
}
