//! Messages of a caller who is accepted: what their records say.

use actix_mcp_auth::{
    mcp::{AnonymousMethods, ToolRules},
    scopes,
};
use actix_web::http::Method;
use serde_json::json;

use super::{Audited, call, ending};
use crate::support::{RESOURCE, authority, builder};

scopes! {
    Read = "bookmarks:read";
    Write = "bookmarks:write" implies Read;
}

fn ruled() -> Audited {
    let authority = authority();
    let auth = builder(&authority).permissions::<(Read, Write)>();
    let auth = auth.grants(|_, _: &actix_mcp_auth::Principal| ["bookmarks:read"]).build().unwrap();
    Audited::of(authority, auth, |mcp| {
        let rules = ToolRules::new().tool("add").requires::<Read>().tool("delete");
        mcp.rules(rules.requires::<Write>().tool("never").refused()).unwrap()
    })
}

#[actix_web::test]
async fn r40_a_record_says_who_did_what_and_how_it_ended() {
    let audited = Audited::start();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = audited.server.request(Method::POST, "/mcp").bearer(&audited.token());
    assert_eq!(request.header("traceparent", trace).send_body(call("add")).await.status, 200);
    let mut record = Audited::only(audited.records().await);
    let taken = record.as_object_mut().unwrap();
    let id = taken.remove("id").unwrap();
    assert_eq!(id.as_str().unwrap().len(), 26);
    assert!(taken.remove("time").unwrap().as_u64().unwrap() > 1_700_000_000_000);
    assert!(taken.remove("duration_us").unwrap().as_u64().unwrap() > 0);
    let principal = taken["principal"].as_object_mut().unwrap();
    for claim in ["token_id", "session_id"] {
        principal.remove(claim);
    }
    let client = principal.remove("client_id").unwrap();
    assert!(!client.as_str().unwrap().is_empty());
    let expected = json!({
        "version": 1,
        "resource": RESOURCE,
        "principal": {
            "issuer": audited.authority.issuer(),
            "subject": "user_ada",
            "kind": "user",
            "credential": "token",
        },
        "http_method": "POST",
        "method": "tools/call",
        "targets": [{ "kind": "tool", "name": "add" }],
        "request_id": "1",
        "decision": "allowed",
        "outcome": "ok",
        "status": 200,
        "peer": "127.0.0.1",
        "traceparent": trace,
    });
    assert_eq!(record, expected);
}

#[actix_web::test]
async fn r40_each_kind_of_answer_has_its_outcome() {
    let audited = Audited::start();
    for (tool, expected) in [
        ("add", "allowed - ok 200"),
        ("fail", "allowed - tool_error 200"),
        ("stream", "allowed - ok 200"),
        ("busy", "allowed - http_error 503"),
        ("text", "allowed - unknown 200"),
        ("accepted", "allowed - unknown 202"),
        ("large", "allowed - unknown 200"),
    ] {
        let answer = audited.call(tool).await;
        assert_eq!(answer.body.len() > 1024 * 1024, tool == "large");
        let record = Audited::only(audited.records().await);
        assert_eq!(ending(&record), expected, "{tool}");
    }
    audited.post(r#"{"jsonrpc":"2.0","id":"x","method":"nope"}"#).await;
    let record = Audited::only(audited.records().await);
    assert_eq!(ending(&record), "allowed - json_rpc_error 200");
    assert_eq!((&record["error_code"], &record["request_id"]), (&json!(-32601), &json!("x")));
    audited.post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    assert_eq!(ending(&Audited::only(audited.records().await)), "allowed - ok 202");
}

#[actix_web::test]
async fn r40_a_batch_has_one_record_for_each_message() {
    let audited = Audited::start();
    let batch = format!(
        r#"[{},{{"method":"notifications/x"}},{{"id":2,"method":"nope"}},{{"id":9,"result":{{}}}},
        {{"id":3,"method":"tools/call","params":{{"name":"fail"}}}}]"#,
        call("add")
    );
    assert_eq!(audited.post(batch).await.status, 200);
    let mut told: Vec<String> = audited
        .records()
        .await
        .iter()
        .map(|record| format!("{} {}", record["method"].as_str().unwrap_or("-"), ending(record)))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "- allowed - ok 200",
            "nope allowed - json_rpc_error 200",
            "notifications/x allowed - ok 200",
            "tools/call allowed - ok 200",
            "tools/call allowed - tool_error 200",
        ]
    );
}

#[actix_web::test]
async fn r40_a_refused_message_is_recorded_with_what_it_needs() {
    let audited = ruled();
    for (tool, expected, required) in [
        ("add", "allowed - ok 200", json!(["bookmarks:read"])),
        ("delete", "refused missing_permission http_error 403", json!(["bookmarks:write"])),
        ("never", "refused refused_by_rule http_error 403", json!(null)),
    ] {
        audited.call(tool).await;
        let record = Audited::only(audited.records().await);
        let required_here = record.get("required").cloned().unwrap_or_default();
        assert_eq!((&*ending(&record), &required_here), (expected, &required), "{tool}");
        assert_eq!(record["targets"][0]["name"], tool);
    }
    // A batch is refused as a whole, and each of its messages has a record.
    audited.post(format!("[{},{}]", call("add"), call("delete"))).await;
    let records = audited.records().await;
    assert_eq!(records.len(), 2);
    for record in records {
        assert_eq!(ending(&record), "refused missing_permission http_error 403");
    }
}

#[actix_web::test]
async fn r40_headers_that_are_refused_early_are_recorded() {
    let audited = ruled();
    let request = audited.server.request(Method::POST, "/mcp").bearer(&audited.token());
    let request = request.header("mcp-protocol-version", "2026-07-28");
    let request = request.header("mcp-method", "tools/call").header("mcp-name", "delete");
    assert_eq!(request.send_body(call("delete")).await.status, 403);
    let record = Audited::only(audited.records().await);
    assert_eq!(ending(&record), "refused missing_permission http_error 403");
    assert_eq!(record["targets"][0]["name"], "delete");
}

#[actix_web::test]
async fn r40_without_rules_an_unreadable_body_is_passed_on() {
    let audited = Audited::with(|mcp| mcp.max_message_bytes(1_000));
    let long = "x".repeat(1_001);
    for (body, unread) in [
        ("not json", "message_not_json"),
        (r#"{"method":"a","method":"b"}"#, "not_a_message"),
        (&long, "message_too_long"),
    ] {
        let answer = audited.post(body.to_owned()).await;
        assert!(answer.status.is_success(), "{body}: {answer:?}");
        let record = Audited::only(audited.records().await);
        assert_eq!(record["unread"], unread, "{body}");
        assert_eq!((&record["decision"], &record["outcome"]), (&json!("allowed"), &json!("ok")));
    }
    // With rules it is refused, and recorded as refused.
    let audited = ruled();
    assert_eq!(audited.post("not json").await.status, 400);
    let record = Audited::only(audited.records().await);
    assert_eq!(ending(&record), "refused message_not_json http_error 400");
}

#[actix_web::test]
async fn r40_requests_without_a_message_have_one_record() {
    let audited = Audited::start();
    for method in [Method::GET, Method::DELETE] {
        let request = audited.server.request(method.clone(), "/mcp").bearer(&audited.token());
        assert_eq!(request.send().await.status, 200);
        let record = Audited::only(audited.records().await);
        assert_eq!(record["http_method"], method.as_str());
        assert_eq!(ending(&record), "allowed - ok 200");
        assert_eq!(record.get("method"), None);
    }
}

#[actix_web::test]
async fn r40_anonymous_callers_have_no_record() {
    let audited = Audited::with(|mcp| mcp.allow_anonymous(AnonymousMethods::discovery()));
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let request = || audited.server.request(Method::POST, "/mcp");
    assert_eq!(request().send_body(list).await.status, 200);
    assert_eq!(request().send_body(call("add")).await.status, 401);
    assert_eq!(request().bearer("no.token.at-all").send_body(list).await.status, 401);
    let token = audited.authority.token().subject("user_ada").audience("https://other.example");
    assert_eq!(request().bearer(&token.sign()).send_body(list).await.status, 401);
    assert!(audited.records().await.is_empty());
    assert_eq!(audited.post(list).await.status, 200);
    assert_eq!(audited.records().await.len(), 1);
}
