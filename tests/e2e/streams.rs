//! Answers that are being sent when the caller's access ends.

use std::time::{Duration, Instant, SystemTime};

use actix_mcp_auth::revocation::Revoked;
use actix_web::{
    App, HttpResponse,
    body::MessageBody,
    rt::time::{sleep, timeout},
    test, web,
};

use crate::support::{RESOURCE, authority, builder, good_token};

mod expiry;
mod server;
mod silent_log;

use server::{Streams, download_len};

const STATIC_KEY: &str = "legacy_5up3rS3cr3tL3gacyKeyOfTheNightlyJob";

/// Longer than a pause between two checks.
const LONGER_THAN_A_PAUSE: Duration = Duration::from_millis(600);

#[actix_web::test]
async fn r35_revocation_ends_the_event_streams_of_that_caller() {
    let streams = Streams::start();
    let (ada, alan) = (streams.token("user_ada"), streams.token("user_alan"));
    let mut of_ada = [
        streams.open("events", Some(&ada)).await,
        streams.get("events", Some(&ada)).await,
        streams.get("call", Some(&ada)).await,
    ];
    let mut of_others =
        [streams.get("events", Some(&alan)).await, streams.get("events", None).await];
    for stream in of_ada.iter_mut().chain(&mut of_others) {
        stream.goes_on().await;
    }
    streams.auth.revoke(Revoked::subject("user_ada")).await.unwrap();
    let revoked = Instant::now();
    for stream in of_ada {
        stream.read().await.expect("a clean end");
    }
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    sleep(LONGER_THAN_A_PAUSE).await;
    for stream in &mut of_others {
        stream.goes_on().await;
    }
}

#[actix_web::test]
async fn r35_revocation_aborts_the_downloads_of_that_caller() {
    let streams = Streams::start();
    let (ada, alan) = (streams.token("user_ada"), streams.token("user_alan"));
    let mut of_ada = Vec::new();
    for kind in ["chunked", "sized", "endless"] {
        let mut download = streams.open(kind, Some(&ada)).await;
        download.goes_on().await;
        of_ada.push((kind, download));
    }
    let of_alan =
        [streams.open("chunked", Some(&alan)).await, streams.open("sized", Some(&alan)).await];
    streams.auth.revoke(Revoked::subject("user_ada")).await.unwrap();
    for (kind, download) in of_ada {
        let error = download.ends_within_a_second().await.expect_err(kind);
        assert!(error.is_body() || error.is_decode(), "{kind}: {error:?}");
    }
    for download in of_alan {
        assert_eq!(download.read().await.unwrap().len(), download_len());
    }
}

#[actix_web::test]
async fn r35_revocation_closes_upgraded_connections() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let streams = Streams::start();
    let ada = streams.token("user_ada");
    let mut connection = tokio::net::TcpStream::connect(streams.address()).await.unwrap();
    let request = format!(
        "GET /upgrade HTTP/1.1\r\nHost: {}\r\nConnection: upgrade\r\nUpgrade: echo\r\n\
         Authorization: Bearer {ada}\r\n\r\n",
        streams.address()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut read = vec![0; 4096];
    let len = connection.read(&mut read).await.unwrap();
    assert!(read[..len].starts_with(b"HTTP/1.1 101 "), "{:?}", String::from_utf8_lossy(&read));
    streams.auth.revoke(Revoked::subject("user_ada")).await.unwrap();
    let closed = async { while connection.read(&mut read).await.is_ok_and(|len| len > 0) {} };
    timeout(Duration::from_secs(1), closed).await.expect("the connection stays open");
}

#[actix_web::test]
async fn r35_revocation_before_the_answer_begins_ends_it() {
    let streams = Streams::start();
    let ada = streams.token("user_ada");
    let stream = streams.open("revoked-meanwhile", Some(&ada)).await;
    let read = stream.ends_within_a_second().await.expect("a clean end");
    assert_eq!(read, b"");
}

#[actix_web::test]
async fn r35_changed_user_ends_no_stream() {
    let streams = Streams::start();
    let ada = streams.token("user_ada");
    let mut stream = streams.get("events", Some(&ada)).await;
    stream.goes_on().await;
    streams.auth.revoke(Revoked::user_changed("user_ada")).await.unwrap();
    streams.auth.revoke(Revoked::sessions_of("user_ada")).await.unwrap();
    sleep(LONGER_THAN_A_PAUSE).await;
    stream.goes_on().await;
}

#[actix_web::test]
async fn r35_standing_revocation_ends_streams_until_it_is_lifted() {
    let streams = Streams::start();
    let token_of = |seconds: u64| {
        let token = streams.authority.token().subject("user_ada").audience(RESOURCE);
        token.issued_at(SystemTime::now() + Duration::from_secs(seconds)).sign()
    };
    // Issued later than the revocation: only a standing one refuses it.
    let ahead = token_of(20);
    let mut stream = streams.get("events", Some(&ahead)).await;
    stream.goes_on().await;
    streams.auth.revoke(Revoked::subject("user_ada").standing()).await.unwrap();
    stream.ends_within_a_second().await.expect("a clean end");
    streams.auth.lift(Revoked::subject("user_ada")).await.unwrap();
    let mut stream = streams.get("events", Some(&ahead)).await;
    stream.goes_on().await;
    streams.auth.revoke(Revoked::subject("user_alan").standing()).await.unwrap();
    sleep(LONGER_THAN_A_PAUSE).await;
    stream.goes_on().await;
}

#[actix_web::test]
async fn r35_static_key_revocation_ends_its_streams() {
    let streams = Streams::with(|builder| builder.api_key("nightly", STATIC_KEY));
    let ada = streams.token("user_ada");
    let mut of_key = streams.get("events", Some(STATIC_KEY)).await;
    let mut of_ada = streams.get("events", Some(&ada)).await;
    // Long enough for a record of somebody else to have ended it.
    streams.auth.revoke(Revoked::subject("nightly")).await.unwrap();
    sleep(LONGER_THAN_A_PAUSE).await;
    of_key.goes_on().await;
    streams.auth.revoke(Revoked::static_key("nightly")).await.unwrap();
    of_key.ends_within_a_second().await.expect("a clean end");
    of_ada.goes_on().await;
}

#[actix_web::test]
async fn r35_stream_wakes_at_most_four_times_a_second() {
    let streams = Streams::start();
    let ada = streams.token("user_ada");
    let silent = streams.get("silent", Some(&ada)).await;
    sleep(Duration::from_millis(100)).await;
    streams.polls();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(streams.polls(), 0, "nothing is revoked");
    let begun = Instant::now();
    for n in 0..1_000 {
        streams.auth.revoke(Revoked::subject(format!("user_{n}"))).await.unwrap();
        sleep(Duration::from_millis(1)).await;
    }
    // The rarer records after the flood wake a stream for each of them, and after each pause.
    for n in 0..4 {
        sleep(Duration::from_millis(510)).await;
        streams.auth.revoke(Revoked::subject(format!("other_{n}"))).await.unwrap();
    }
    let (polls, seconds) = (streams.polls(), begun.elapsed().as_secs_f64());
    assert!(polls >= 4, "it was not woken: {polls}");
    assert!(polls as f64 <= 4.0 * seconds + 1.0, "{polls} times in {seconds} s");
    streams.auth.revoke(Revoked::subject("user_ada")).await.unwrap();
    silent.ends_within_a_second().await.expect("a clean end");
}

#[actix_web::test]
async fn r35_small_bodies_are_not_guarded() {
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let token = good_token(&authority);
    let app = test::init_service(
        App::new().service(
            web::resource("/{len}")
                .wrap(auth.middleware())
                .to(async |len: web::Path<usize>| HttpResponse::Ok().body(vec![0; *len])),
        ),
    )
    .await;
    for (len, is_guarded) in [(0, false), (64 * 1024, false), (64 * 1024 + 1, true)] {
        let request = test::TestRequest::get().uri(&format!("/{len}"));
        let request = request.insert_header(("Authorization", format!("Bearer {token}")));
        let response = test::call_service(&app, request.to_request()).await;
        // The bytes of a guarded body are not handed out, since nothing could end those.
        let bytes = response.into_body().try_into_bytes();
        assert_eq!(bytes.is_err(), is_guarded, "{len}");
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(body) => actix_web::body::to_bytes(body).await.unwrap_or_default(),
        };
        assert_eq!(bytes.len(), len);
    }
}
