//! Responses that are still being sent when the caller's access ends.
//!
//! | response | revocation | end of the token (`exp` + leeway) |
//! |---|---|---|
//! | event stream that answers no request | ends | ends |
//! | event stream that answers a request | ends | goes on to its end |
//! | other streams, sized bodies beyond 64 KiB | is aborted | goes on to its end |
//! | other sized bodies | is sent | is sent |
//!
//! A body is ended when the server polls it. The server does not poll while the client does not
//! read, so such a response stays open, and nothing of it is sent, until the client reads again or
//! the connection ends.

use std::{future::pending, sync::Arc, time::Duration};

use actix_web::{
    HttpMessage,
    body::{BodySize, MessageBody},
    dev::ServiceResponse,
    http::{Method, header},
};
use futures_util::future::FutureExt;
use mcp_auth_core::{Clock, Principal, UnixTime};
use tokio::{sync::watch, time::sleep};

use super::guarded_body::{Ending, Guard};
use crate::auth::McpAuth;

/// The longest body that is sent whatever happens meanwhile, in bytes. It fits into the buffers of
/// the connection, so that nothing would be gained.
const MAX_UNGUARDED: u64 = 64 * 1024;
/// The pause after a check. In each such time at most two things wake a response: a record, and the
/// end of the pause. That is at most four times a second, however many records there are.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest sleep until the end of a token. The clock may be set forward meanwhile, and timers do
/// not count the time in which a machine is suspended.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// In the extensions of a request whose answer is a stream of notifications, as its body says.
pub(crate) struct IsSubscription;

/// What ends this response to an accepted caller.
pub(super) fn guard<B: MessageBody>(
    auth: &McpAuth,
    caller: &Arc<Principal>,
    response: &ServiceResponse<B>,
) -> Guard {
    let size = response.response().body().size();
    let is_events = size == BodySize::Stream && is_event_stream(response);
    let (ending, expires) = match size {
        BodySize::None => return Guard::Unguarded,
        BodySize::Sized(len) if len <= MAX_UNGUARDED => return Guard::Unguarded,
        _ if !is_events => (Ending::Aborted, None),
        _ if !answers_no_request(response) => (Ending::Complete, None),
        _ => (Ending::Complete, auth.inner().authenticator.expires_at(caller)),
    };
    // Subscribed before the first check, which comes with the first poll: no record is missed.
    let open = OpenResponse {
        changes: auth.inner().changes.watch(),
        auth: auth.clone(),
        caller: caller.clone(),
        expires,
    };
    Guard::Until(open.until_access_ends().map(move |()| ending).boxed_local())
}

fn is_event_stream<B>(response: &ServiceResponse<B>) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let essence = content_type
        .and_then(|value| value.as_bytes().split(|byte| *byte == b';').next())
        .unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
}

/// Whether no client waits for a result at the end of this event stream: it is the answer to a GET
/// (MCP 2025-11-25, Transports, "Listening for Messages from the Server"), or to a request that was
/// read and is a subscription.
fn answers_no_request<B>(response: &ServiceResponse<B>) -> bool {
    let request = response.request();
    request.method() == Method::GET || request.extensions().contains::<IsSubscription>()
}

struct OpenResponse {
    auth: McpAuth,
    caller: Arc<Principal>,
    /// When the end of the token ends the response.
    expires: Option<UnixTime>,
    changes: watch::Receiver<()>,
}

impl OpenResponse {
    async fn until_access_ends(mut self) {
        while !self.has_access_ended() {
            tokio::select! {
                () = recorded(&mut self.changes) => {}
                () = sleep_until(self.expires, &self.auth.inner().clock) => {}
            }
            if self.has_access_ended() {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    fn has_access_ended(&self) -> bool {
        let inner = self.auth.inner();
        inner.authenticator.is_revoked(&self.caller)
            || self.expires.is_some_and(|end| inner.clock.now() >= end)
    }
}

/// Until a record comes that was not seen yet.
async fn recorded(changes: &mut watch::Receiver<()>) {
    if changes.changed().await.is_err() {
        // Nothing is recorded any more.
        pending().await
    }
}

/// Until about this time: the caller asks the clock again. It is never a short sleep, since the
/// clock may stand still.
async fn sleep_until(time: Option<UnixTime>, clock: &impl Clock) {
    match time {
        Some(time) => sleep(time.duration_since(clock.now()).clamp(PAUSE, MAX_SLEEP)).await,
        None => pending().await,
    }
}
