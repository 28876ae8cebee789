//! Middleware of every request: counts, checks of `Host`, delays, faults and CORS.

use std::any::Any;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BodyStream, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue, HttpDate, TryIntoHeaderValue as _};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpResponse};
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use socket2::{SockRef, Socket};
use url::Url;

use crate::fault::Fault;
use crate::redirect_uri::is_loopback;
use crate::state::State;
use crate::stored;

pub(crate) async fn apply_faults(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(state) = request.app_data::<Data<State>>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let state: Arc<State> = state.into_inner();
    let path = request.path().to_owned();
    state.count(&path);

    if let Some(delay) = state.faults.delay_at(&path) {
        tokio::time::sleep(delay).await;
    }
    let mut response = if let Some(fault) = state.faults.fault_at(&path) {
        let answer = match fault {
            Fault::Reset => reset(request.conn_data()),
            fault => commit(fault).await,
        };
        request.into_response(answer)
    } else if !names_loopback(&request) {
        request.into_response(foreign_host())
    } else if is_preflight(&request) && is_open(&path) {
        request.into_response(HttpResponse::NoContent().finish())
    } else {
        let answer = next.call(request).await;
        // Before the client has the answer, which may be a refresh token.
        stored::save(&state);
        answer?.map_into_boxed_body()
    };
    if is_open(&path) {
        allow_every_origin(response.headers_mut());
    }
    // By the authority's clock, as its tokens' `iat` is; otherwise it would be the system's.
    if let Ok(date) = HttpDate::from(state.clock.now()).try_into_value() {
        response.headers_mut().insert(header::DATE, date);
    }
    Ok(response)
}

/// The paths that browser clients call from another origin; the pages are not among them.
fn is_open(path: &str) -> bool {
    path.starts_with("/.well-known/")
        || path.starts_with("/sso/jwks/")
        || matches!(
            path,
            "/oauth2/token" | "/oauth2/register" | "/oauth2/jwks" | "/oauth2/userinfo"
        )
}

fn is_preflight(request: &ServiceRequest) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn allow_every_origin(headers: &mut HeaderMap) {
    let mut allow = |name, value| headers.insert(name, HeaderValue::from_static(value));
    allow(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    allow(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS");
    // `*` does not cover Authorization.
    allow(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "Authorization, Content-Type, Accept, MCP-Protocol-Version, DPoP, *",
    );
    allow(header::ACCESS_CONTROL_EXPOSE_HEADERS, "WWW-Authenticate");
    allow(header::ACCESS_CONTROL_MAX_AGE, "600");
}

/// Accepts loopback names only: with another name that points at this machine (DNS rebinding), a
/// web page could sign in as anybody.
fn names_loopback(request: &ServiceRequest) -> bool {
    // Never X-Forwarded-Host: such a page could set that.
    let host = request.headers().get(header::HOST);
    let Some(host) = host.and_then(|host| host.to_str().ok()) else {
        return false;
    };
    Url::parse(&format!("http://{host}/")).is_ok_and(|url| is_loopback(&url))
}

fn foreign_host() -> HttpResponse {
    HttpResponse::MisdirectedRequest().json(json!({
        "error": "invalid_request",
        "error_description": "This test authority answers on loopback names only.",
    }))
}

/// The connection beneath a request, which [`Fault::Reset`] needs.
struct Connection(Socket);

/// Keeps a handle of each connection, to be closed together with it.
pub(crate) fn keep_connection(stream: &dyn Any, data: &mut Extensions) {
    let stream = stream.downcast_ref::<actix_rt::net::TcpStream>();
    if let Some(Ok(socket)) = stream.map(|stream| SockRef::from(stream).try_clone()) {
        data.insert(Connection(socket));
    }
}

/// A body that fails makes the server close the connection, and a connection that must not linger
/// is closed by a reset.
fn reset(connection: Option<&Connection>) -> HttpResponse {
    if let Some(Connection(socket)) = connection {
        // If that fails, the connection is closed without a reset.
        let _ = socket.set_linger(Some(Duration::ZERO));
    }
    let pieces = [Ok(Bytes::from_static(b"{\"keys\":")), Err(io::Error::other("reset on purpose"))];
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(BodyStream::new(stream::iter(pieces)))
}

fn drip(every: Duration) -> HttpResponse {
    let bytes = stream::repeat(()).then(move |()| async move {
        tokio::time::sleep(every).await;
        Ok::<_, Infallible>(Bytes::from_static(b" "))
    });
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(BodyStream::new(Box::pin(bytes)))
}

async fn commit(fault: Fault) -> HttpResponse {
    let ok = |content_type: &str, body: Vec<u8>| {
        HttpResponse::Ok().insert_header((header::CONTENT_TYPE, content_type)).body(body)
    };
    match fault {
        Fault::Unavailable => HttpResponse::ServiceUnavailable().json(json!({
            "error": "temporarily_unavailable",
        })),
        Fault::Html => ok(
            "text/html; charset=utf-8",
            b"<!doctype html><title>Please sign in to the network</title>".to_vec(),
        ),
        Fault::TruncatedJson => ok(
            "application/json",
            br#"{"keys":[{"kty":"RSA","alg":"RS256","use":"sig","n":"0vx7ag"#.to_vec(),
        ),
        Fault::EmptyKeySet => ok("application/json", br#"{"keys":[]}"#.to_vec()),
        Fault::HugeBody(size) => {
            let mut body = br#"{"keys":[],"padding":""#.to_vec();
            body.resize(size.max(body.len()), b'x');
            body.extend(br#""}"#);
            ok("application/json", body)
        }
        Fault::Redirect(to) => HttpResponse::Found().insert_header((header::LOCATION, to)).finish(),
        Fault::StalledBody => {
            let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{\"keys\":"))]);
            HttpResponse::Ok()
                .insert_header((header::CONTENT_TYPE, "application/json"))
                .body(BodyStream::new(first.chain(stream::pending())))
        }
        Fault::Drip(every) => drip(every),
        Fault::Reset => reset(None),
        Fault::Silence => std::future::pending().await,
        Fault::Custom { status, content_type, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            HttpResponse::build(status)
                .insert_header((header::CONTENT_TYPE, content_type))
                .body(body)
        }
    }
}
