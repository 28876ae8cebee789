//! Both eras of the protocol: with `initialize`, and without any handshake.

use serde_json::{Value, json};

use crate::{
    agent::{Agent, Answer, Outcome},
    server::Server,
};

const NEW: &str = "2026-07-28";

/// A request of the revision 2026-07-28, with all that each request must bring along.
async fn request(agent: &Agent, method: &str, name: Option<&str>, mut params: Value) -> Answer {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": NEW,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    let mut headers = vec![("MCP-Protocol-Version", NEW), ("Mcp-Method", method)];
    headers.extend(name.map(|name| ("Mcp-Name", name)));
    agent.post_with(&headers, &message).await
}

#[actix_web::test]
async fn a_client_of_2025_11_25_initializes_and_calls_a_tool() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");
    let client = json!({ "name": "test", "version": "1" });
    let params =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });

    let answer = ada.post_with(&[], &initialize).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("Mcp-Session-Id"), "", "there are no sessions");
    let result = &answer.json()["result"];
    assert_eq!(result["protocolVersion"], "2025-11-25");
    assert_eq!(result["serverInfo"]["name"], "bookmarket");
    assert!(result["capabilities"]["tools"].is_object(), "{result}");

    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(ada.post(&initialized).await.status, 202);

    let me = ada.call("whoami", json!({})).await;
    assert_eq!(me.data["subject"], "user_ada");
}

#[actix_web::test]
async fn a_client_of_2026_07_28_discovers_and_calls_a_tool() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");

    let discovered = request(&ada, "server/discover", None, json!({})).await;
    assert_eq!(discovered.status, 200, "{discovered:?}");
    let versions = &discovered.json()["result"]["supportedVersions"];
    assert!(versions.as_array().is_some_and(|all| all.contains(&json!(NEW))), "{discovered:?}");

    let listed = request(&ada, "tools/list", None, json!({})).await;
    let tools = listed.json()["result"]["tools"].as_array().map(Vec::len);
    assert_eq!(tools, Some(5), "{listed:?}");

    let params = json!({ "name": "whoami", "arguments": {} });
    let answer = request(&ada, "tools/call", Some("whoami"), params).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(Outcome::of(&answer).data["subject"], "user_ada");
}

#[actix_web::test]
async fn a_name_that_belies_the_body_is_refused() {
    let server = Server::start().await;
    let params = json!({ "name": "delete_bookmark", "arguments": { "id": 1 } });

    let ada = server.agent_of("user_ada");
    let answer = request(&ada, "tools/call", Some("list_bookmarks"), params).await;

    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.json()["error"]["code"], -32020, "{answer:?}");
}

#[actix_web::test]
async fn no_era_is_served_without_a_token() {
    let server = Server::start().await;

    let answer = request(&server.stranger(), "server/discover", None, json!({})).await;

    assert_eq!(answer.status, 401, "{answer:?}");
}

#[actix_web::test]
async fn there_are_no_streams_and_no_sessions_to_delete() {
    let server = Server::start().await;

    let answer = server.agent_of("user_ada").get(None).await;

    assert_eq!(answer.status, 405, "{answer:?}");
    assert_eq!(answer.header("Allow"), "POST");
}
