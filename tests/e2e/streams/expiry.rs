//! Answers that are being sent when the caller's token expires.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use actix_mcp_auth::{
    mcp::ToolRules,
    operation::{Clock, UnixTime},
    revocation::Revoked,
};
use actix_web::{
    HttpResponse,
    http::Method,
    rt::time::{sleep, timeout},
    web,
};
use futures_util::{StreamExt, stream};

use super::server::{RESULT, Streams, download_len};
use crate::support::{RESOURCE, Server, authority, builder};

#[actix_web::test]
async fn r35_end_of_the_token_ends_the_stream_of_a_get_alone() {
    let streams = Streams::with(|builder| builder.leeway(Duration::from_secs(1)));
    let begun = Instant::now();
    let ada = streams.token_for("user_ada", Duration::from_secs(2));
    let get = streams.get("events", Some(&ada)).await;
    let mut call = streams.open("call", Some(&ada)).await;
    let download = streams.get("chunked", Some(&ada)).await;
    timeout(Duration::from_secs(6), get.read()).await.unwrap().expect("a clean end");
    // `exp` is in whole seconds.
    assert!(begun.elapsed() > Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(download.read().await.unwrap().len(), download_len());
    sleep(Duration::from_secs(5).saturating_sub(begun.elapsed())).await;
    call.goes_on().await;
    streams.let_calls_end();
    assert!(call.read().await.unwrap().ends_with(RESULT.as_bytes()));
}

/// A clock that the test sets forward.
#[derive(Clone)]
struct SetForward(Arc<AtomicU64>);

impl Clock for SetForward {
    fn now(&self) -> UnixTime {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
        UnixTime::since_epoch(now) + Duration::from_secs(self.0.load(Relaxed))
    }
}

#[actix_web::test]
async fn r35_tool_call_of_6_min_with_a_token_of_5_min_completes() {
    let clock = SetForward(Arc::default());
    let streams = Streams::with(|builder| builder.clock(clock.clone()));
    let ada = streams.token_for("user_ada", Duration::from_secs(300));
    let mut call = streams.open("call", Some(&ada)).await;
    let mut get = streams.get("events", Some(&ada)).await;
    for stream in [&mut call, &mut get] {
        stream.goes_on().await;
    }
    clock.0.store(360, Relaxed);
    // Makes all streams check.
    streams.auth.revoke(Revoked::subject("user_alan")).await.unwrap();
    get.ends_within_a_second().await.expect("a clean end");
    call.goes_on().await;
    streams.let_calls_end();
    assert!(call.read().await.unwrap().ends_with(RESULT.as_bytes()));
}

#[actix_web::test]
async fn r35_end_of_the_token_ends_a_subscription_that_was_read() {
    let authority = authority();
    let auth = builder(&authority).leeway(Duration::ZERO).build().unwrap();
    let mcp = auth.mcp().rules(ToolRules::new().tool("forbidden").refused()).unwrap();
    let server = Server::start(move |config| {
        let events = async || {
            let events = stream::repeat(web::Bytes::from_static(b"data: tick\n\n"));
            let events = events.take(100).then(async |event| {
                sleep(Duration::from_millis(50)).await;
                Ok::<_, Infallible>(event)
            });
            HttpResponse::Ok().content_type("text/event-stream").streaming(events)
        };
        config.service(web::resource("/mcp").wrap(mcp.clone()).to(events));
    });
    let token = authority.token().subject("user_ada").audience(RESOURCE);
    let token = token.expires_in(Duration::from_secs(2)).sign();
    let post =
        |body: &'static str| server.request(Method::POST, "/mcp").bearer(&token).send_body(body);
    let (subscription, call) = futures_util::join!(
        post(
            r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{
                "notifications":{"toolsListChanged":true}}}"#
        ),
        post(r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"slow"}}"#),
    );
    let events = |body: &str| body.matches("tick").count();
    assert_eq!(events(&call.body), 100, "{call:?}");
    assert!(events(&subscription.body) < 70, "{subscription:?}");
}
