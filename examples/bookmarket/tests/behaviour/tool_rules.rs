//! The rules for tools and the tools themselves: each names what the other has, and a tool that
//! neither has is refused.

use std::collections::BTreeSet;

use bookmarket::{StartError, tools};
use mcp_auth_rmcp::check_tools;
use rmcp::model::Tool;
use serde_json::json;

use crate::{
    agent::{Agent, call},
    eras::request,
    server::Server,
};

/// The tools as a client sees them.
async fn listed(agent: &Agent) -> Vec<Tool> {
    let answer = agent.post(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" })).await;
    let tools = answer.json()["result"]["tools"].clone();
    serde_json::from_value(tools).expect("tools as rmcp has them")
}

#[actix_web::test]
async fn r30_every_tool_has_a_rule_and_every_rule_a_tool() {
    let server = Server::start().await;
    let tools = listed(&server.agent_of("user_ada")).await;

    let rules = tools::rules().expect("rules that fit the tools");
    let named: BTreeSet<&str> = tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(rules.tools().collect::<BTreeSet<_>>(), named);
    assert!(rules.judges_other_tools());
}

#[actix_web::test]
async fn r30_a_mistyped_rule_is_a_start_up_error_that_names_it() {
    let server = Server::start().await;
    let tools = listed(&server.agent_of("user_ada")).await;

    let rules = tools::rules().expect("rules that fit the tools").tool("delete_bokmark").open();
    let error = StartError::from(check_tools(&rules, &tools).expect_err("a mismatch")).to_string();

    assert!(error.contains("rules without a tool: \"delete_bokmark\""), "{error}");
    assert!(error.contains("\"delete_bookmark\""), "what there is: {error}");
}

#[actix_web::test]
async fn r30_a_tool_without_a_rule_is_refused_to_everybody() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");

    for name in ["drop_bookmarks", "Whoami", "WHOAMI", "whoami2"] {
        let old = ada.post(&call(name, json!({}))).await;
        let params = json!({ "name": name, "arguments": {} });
        let new = request(&ada, "tools/call", Some(name), params).await;
        for refused in [old, new] {
            assert_eq!(refused.status, 403, "{name}: {refused:?}");
            assert_eq!(refused.header("WWW-Authenticate"), "", "no token would help");
        }
    }
}
