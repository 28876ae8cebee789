//! Sessions of the revisions up to 2025-11-25, where they are configured.

use awc::http::Method;
use serde_json::json;

use crate::server::{OLD, Server, whoami};

#[actix_web::test]
async fn r08_a_session_answers_its_caller_and_nobody_else() {
    let server = Server::start("/mcp", |it| it.sessions());
    let (ada, eve) = (server.client_of("user_ada"), server.client_of("user_eve"));

    let opened = ada.initialize().await;
    assert_eq!(opened.status, 200, "{opened:?}");
    assert_eq!(opened.result()["protocolVersion"], OLD);
    let session = opened.session.unwrap();
    let headers = [("MCP-Protocol-Version", OLD), ("Mcp-Session-Id", &*session)];
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(ada.post(&headers, &initialized).await.status, 202);

    // The workers share the sessions: these requests reach both of them.
    for _ in 0..4 {
        let called = ada.handshake_era(Some(&session), "tools/call", whoami()).await;
        assert_eq!(called.status, 200, "{called:?}");
        assert_eq!(called.said(), "user_ada");
    }
    assert_eq!(eve.handshake_era(Some(&session), "tools/call", whoami()).await.status, 404);
    assert_eq!(eve.send(Method::DELETE, &headers, None).await.status, 404);
    assert_eq!(ada.handshake_era(Some(&session), "tools/call", whoami()).await.status, 200);

    let ended = ada.send(Method::DELETE, &headers, None).await;
    assert!((200..300).contains(&ended.status), "{ended:?}");
    assert_eq!(ada.handshake_era(Some(&session), "tools/call", whoami()).await.status, 404);
}

#[actix_web::test]
async fn the_revision_without_sessions_is_served_beside_them() {
    let server = Server::start("/mcp", |it| it.sessions());
    let ada = server.client_of("user_ada");

    let called = ada.stateless("tools/call", Some("whoami"), whoami()).await;
    assert_eq!(called.status, 200, "{called:?}");
    assert_eq!(called.session, None);
    assert_eq!(called.said(), "user_ada");
}

#[actix_web::test]
async fn without_sessions_there_is_no_stream_to_open_and_nothing_to_delete() {
    let server = Server::start("/mcp", |it| it);
    let ada = server.client_of("user_ada");

    for method in [Method::GET, Method::DELETE] {
        assert_eq!(ada.send(method, &[("MCP-Protocol-Version", OLD)], None).await.status, 405);
    }
}
