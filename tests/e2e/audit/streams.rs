//! Answers that are streams, and answers that are cut.

use std::time::Duration;

use actix_mcp_auth::revocation::Revoked;
use actix_web::rt::time::{sleep, timeout};

use super::{Audited, call, ending};
use crate::support::wait_for_keys;

async fn open(audited: &Audited, tool: &str) -> reqwest::Response {
    let request = reqwest::Client::new().post(format!("{}/mcp", audited.server.origin()));
    request.bearer_auth(audited.token()).body(call(tool)).send().await.unwrap()
}

#[actix_web::test]
async fn r40_a_stream_is_passed_on_as_it_comes() {
    let audited = Audited::start();
    let mut stream = open(&audited, "stream").await;
    let mut read = Vec::new();
    // The first event comes while the others are not there yet.
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(audited.records().await.is_empty(), "the outcome is not known");
    read.extend_from_slice(&first);
    while let Some(piece) = stream.chunk().await.unwrap() {
        read.extend_from_slice(&piece);
    }
    let text = String::from_utf8(read).unwrap();
    assert_eq!(text.matches("notifications/progress").count(), 3);
    assert!(text.ends_with("\"result\":{\"content\":[]}}\n\n"), "{text}");
    assert_eq!(ending(&audited.next_record().await), "allowed - ok 200");
}

#[actix_web::test]
async fn r40_a_stream_whose_client_goes_away_is_cut() {
    let audited = Audited::start();
    let mut stream = open(&audited, "endless").await;
    stream.chunk().await.unwrap().unwrap();
    drop(stream);
    assert_eq!(ending(&audited.next_record().await), "allowed - cut 200");
}

#[actix_web::test]
async fn r40_a_stream_whose_caller_is_revoked_is_cut() {
    let audited = Audited::start();
    let mut stream = open(&audited, "endless").await;
    stream.chunk().await.unwrap().unwrap();
    audited.auth.revoke(Revoked::subject("user_ada")).await.unwrap();
    let rest = async { while stream.chunk().await.is_ok_and(|piece| piece.is_some()) {} };
    timeout(Duration::from_secs(2), rest).await.expect("the stream ends");
    assert_eq!(ending(&audited.next_record().await), "allowed - cut 200");
}

#[actix_web::test]
async fn r40_a_handler_that_the_server_stops_is_cut() {
    let audited = Audited::start();
    wait_for_keys(&audited.auth);
    let waiting = timeout(Duration::from_secs(1), open(&audited, "never"));
    assert!(waiting.await.is_err());
    let Audited { server, log, records, .. } = audited;
    drop(server);
    for _ in 0..500 {
        assert!(log.flush().await);
        if let [record] = &records.take()[..] {
            assert_eq!(ending(record), "allowed - cut -");
            assert_eq!(record["targets"][0]["name"], "never");
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("no record came");
}

#[actix_web::test]
async fn r40_a_message_that_is_not_received_completely_has_no_record() {
    use tokio::io::AsyncWriteExt;

    let audited = Audited::start();
    let address = audited.server.origin().replace("http://", "");
    let mut connection = tokio::net::TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000\r\n\
         Authorization: Bearer {}\r\n\r\n{{\"id\":1,",
        audited.token()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    drop(connection);
    sleep(Duration::from_millis(300)).await;
    let records = audited.records().await;
    let unread = |record: &serde_json::Value| record["unread"] == "message_incomplete";
    assert!(records.iter().all(unread), "{records:?}");
}
