//! `GET /health`.

use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use bookmarket::settings;

use crate::server::Server;

#[actix_web::test]
async fn a_server_with_keys_is_healthy() {
    let server = Server::start().await;
    let until = Instant::now() + Duration::from_secs(20);

    let mut answer = server.stranger().get(Some("/health")).await;
    while answer.status != 200 && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
        answer = server.stranger().get(Some("/health")).await;
    }

    assert_eq!(answer.status, 200, "{answer:?}");
    let lines: Vec<_> = answer.text.lines().collect();
    let issuer = format!("issuer {}: ready; answered ", server.authority.issuer());
    assert!(lines[0].starts_with(&issuer) && lines[0].ends_with(" s ago"), "{lines:?}");
    assert_eq!(lines[1..], ["revocations in memory of this process: ready"]);
}

#[actix_web::test]
async fn a_server_without_keys_is_not_and_says_why() {
    let nowhere = "http://127.0.0.1:1";
    let server = Server::start_with(&[(settings::AUTHKIT_DOMAIN, nowhere)]).await;
    let until = Instant::now() + Duration::from_secs(20);

    let mut answer = server.stranger().get(Some("/health")).await;
    while !answer.text.contains("last error") && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
        answer = server.stranger().get(Some("/health")).await;
    }

    assert_eq!(answer.status, 503, "{answer:?}");
    let first = format!("issuer {nowhere}: not ready; last error: ");
    assert!(answer.text.starts_with(&first), "{answer:?}");
    assert_eq!(answer.text.lines().count(), 2, "{answer:?}");
}
