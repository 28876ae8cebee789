//! Both protocol eras without any setting: with `initialize`, and without a handshake.

use serde_json::json;

use crate::server::{Server, whoami};

#[actix_web::test]
async fn initialize_is_answered_without_a_session() {
    let server = Server::start("/mcp", |it| it);
    let ada = server.client_of("user_ada");

    let opened = ada.initialize().await;
    assert_eq!(opened.status, 200, "{opened:?}");
    assert_eq!(opened.result()["protocolVersion"], "2025-11-25");
    assert!(opened.result()["capabilities"]["tools"].is_object(), "{opened:?}");
    assert_eq!(opened.session, None);
    assert_eq!(opened.content_type, "application/json");

    let called = ada.handshake_era(None, "tools/call", whoami()).await;
    assert_eq!(called.status, 200, "{called:?}");
    assert_eq!(called.said(), "user_ada");
}

#[actix_web::test]
async fn a_client_without_handshake_discovers_and_calls_a_tool() {
    let server = Server::start("/mcp", |it| it);
    let ada = server.client_of("user_ada");

    let discovered = ada.stateless("server/discover", None, json!({})).await;
    assert_eq!(discovered.status, 200, "{discovered:?}");
    let called = ada.stateless("tools/call", Some("whoami"), whoami()).await;
    assert_eq!(called.status, 200, "{called:?}");
    assert_eq!(called.content_type, "application/json");
    assert_eq!(called.said(), "user_ada");
}

#[actix_web::test]
async fn event_streams_are_sent_where_they_are_configured() {
    let server = Server::start("/mcp", |it| it.event_streams());
    let ada = server.client_of("user_ada");

    assert_eq!(ada.initialize().await.content_type, "text/event-stream");
    for called in [
        ada.handshake_era(None, "tools/call", whoami()).await,
        ada.stateless("tools/call", Some("whoami"), whoami()).await,
    ] {
        assert_eq!(called.status, 200, "{called:?}");
        assert_eq!(called.content_type, "text/event-stream");
        assert_eq!(called.said(), "user_ada");
    }
}

#[actix_web::test]
async fn a_message_longer_than_configured_is_413() {
    let server = Server::start("/mcp", |it| it.max_message_bytes(1024));
    let ada = server.client_of("user_ada");

    let long = json!({ "name": "whoami", "arguments": { "padding": "x".repeat(1024) } });
    assert_eq!(ada.handshake_era(None, "tools/call", long).await.status, 413);
    assert_eq!(ada.handshake_era(None, "tools/call", whoami()).await.status, 200);
}
