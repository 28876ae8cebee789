//! Both eras of the protocol: with `initialize`, and without any handshake.

use bookmarket::settings;
use serde_json::{Value, json};

use crate::{
    agent::{Agent, Answer, Outcome, call},
    server::Server,
};

const NEW: &str = "2026-07-28";

/// A request of the revision 2026-07-28, with all that each request must contain.
pub(crate) async fn request(
    agent: &Agent,
    method: &str,
    name: Option<&str>,
    mut params: Value,
) -> Answer {
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

/// The names of the tools in an answer to `tools/list`.
fn names(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let listed = answer.json();
    let tools = listed["result"]["tools"].as_array().expect("a list");
    let mut names: Vec<_> =
        tools.iter().filter_map(|tool| Some(tool["name"].as_str()?.to_owned())).collect();
    names.sort();
    names
}

#[actix_web::test]
async fn r30_who_may_only_read_is_not_shown_the_tools_that_write_in_either_era() {
    let server = Server::start_with(&[(settings::READ_ONLY, "user_katherine")]).await;
    let (ada, katherine) = (server.agent_of("user_ada"), server.agent_of("user_katherine"));
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let all = ["add_bookmark", "delete_bookmark", "list_bookmarks", "search_bookmarks", "whoami"];
    let readable = ["list_bookmarks", "search_bookmarks", "whoami"];

    assert_eq!(names(&ada.post(&list).await), all);
    let old = katherine.post(&list).await;
    assert_eq!(names(&old), readable);
    assert_eq!(old.json()["result"].get("cacheScope"), None, "{old:?}");

    let new = request(&katherine, "tools/list", None, json!({})).await;
    assert_eq!(names(&new), readable);
    assert_eq!(new.json()["result"]["cacheScope"], "private", "it is one person's list");
    assert_eq!(new.json()["result"]["ttlMs"], 0);
    assert_eq!(names(&request(&ada, "tools/list", None, json!({})).await), all);
}

#[actix_web::test]
async fn r30_who_may_only_read_gets_403_for_what_is_not_shown_in_either_era() {
    let server = Server::start_with(&[(settings::READ_ONLY, "user_katherine")]).await;
    let katherine = server.agent_of("user_katherine");
    let params = json!({ "name": "delete_bookmark", "arguments": { "id": 1 } });
    let named = Some("delete_bookmark");
    let encoded = Some("=?base64?ZGVsZXRlX2Jvb2ttYXJr?=");
    for name in [named, encoded] {
        let refused = request(&katherine, "tools/call", name, params.clone()).await;
        assert_eq!(refused.status, 403, "{refused:?}");
    }
    let refused = katherine.post(&call("delete_bookmark", json!({ "id": 1 }))).await;
    assert_eq!(refused.status, 403, "{refused:?}");
}
