//! Hostile names, and what must never be in a record.

use actix_mcp_auth::audit::{AuditError, AuditLog, AuditRecord};
use actix_web::http::Method;
use serde_json::json;

use super::{Audited, Records};
use crate::{
    logs::process_log,
    support::{RESOURCE, Server, authority, builder, good_token},
};

fn named(tool: &str, client: &str) -> String {
    let meta =
        json!({ "io.modelcontextprotocol/clientInfo": { "name": client, "version": client } });
    json!({ "jsonrpc": "2.0", "id": client, "method": "tools/call",
        "params": { "name": tool, "_meta": meta, "arguments": { "x": client } } })
    .to_string()
}

#[actix_web::test]
async fn r40_hostile_names_are_bounded_and_harmless() {
    let audited = Audited::start();
    let long = "n".repeat(10 * 1024);
    for (name, expected) in [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("a\"},{\"b\\", "a\"},{\"b\\"),
        ("in\u{202e}vert", "in\u{fffd}vert"),
        ("a\u{2066}b\u{200b}c", "a\u{fffd}b\u{fffd}c"),
        (&*long, &*format!("{}…", &long[..255])),
    ] {
        assert_eq!(audited.post(named(name, name)).await.status, 200);
        let record = Audited::only(audited.records().await);
        assert_eq!(record["targets"][0]["name"], expected);
        assert_eq!(record["client_info"], json!({ "name": expected, "version": expected }));
        assert_eq!(record["request_id"], expected);
        assert!(record.to_string().len() < 4_096);
    }
    // No name of a tool has these, so such a message is not read.
    audited.post(named("a\nb\u{0}c\u{1b}[31m", "line\nbreak\u{1b}[31m")).await;
    let record = Audited::only(audited.records().await);
    assert_eq!(record["unread"], "message_name_not_plain");
    audited.post(named("add", "line\nbreak\u{1b}[31m")).await;
    let record = Audited::only(audited.records().await);
    assert_eq!(record["client_info"]["name"], "line\u{fffd}break\u{fffd}[31m");
}

#[actix_web::test]
async fn r40_no_secret_and_no_address_is_in_a_record_or_log() {
    let lines = process_log();
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let records = Records::default();
    let log = records.log().start().unwrap();
    let traced = actix_mcp_auth::audit::AuditLog::to_tracing().start().unwrap();
    let good = good_token(&authority);
    let mailed = authority.token().subject("grace.hopper@navy.example").audience(RESOURCE);
    let mailed = mailed.claim("act", json!({ "sub": "staff@example.com" })).sign();
    let mut everything = String::new();
    for log in [&log, &traced] {
        let (mcp, pages) = (auth.mcp().audit(log), auth.middleware().audit(log));
        let server = Server::start(move |config| {
            let page = actix_web::web::resource("/{page}").wrap(pages.clone());
            config
                .service(
                    actix_web::web::resource("/mcp").wrap(mcp.clone()).to(super::server::serve),
                )
                .service(page.to(actix_web::HttpResponse::Ok));
        });
        for token in [&good, &mailed] {
            for (tool, client) in [(&**token, &**token), ("a", "ada.lovelace@example.com")] {
                let request = server.request(Method::POST, "/mcp").bearer(token);
                let request = request.header("cookie", "session=5up3rS3cr3tC00kie");
                everything += &format!("{:?}", request.send_body(named(tool, client)).await.status);
            }
            let path = format!("/page?code=5up3rS3cr3tC0de&state={token}");
            let request = server.request(Method::GET, &path).bearer(token);
            assert_eq!(request.send().await.status, 200);
        }
        assert!(log.flush().await);
        assert_eq!(log.counts().written, 6);
    }
    let taken = records.take();
    everything += &format!("{taken:?} {}", lines.text());
    assert!(taken.len() == 6 && everything.contains("email-sha256:"));
    for secret in good.split('.').chain(mailed.split('.')).chain([
        "5up3rS3cr3tC00kie",
        "5up3rS3cr3tC0de",
        "navy.example",
        "staff@",
        "ada.lovelace",
    ]) {
        // The headers of these tests' tokens are alike, so only whole secrets count.
        assert!(!everything.contains(secret), "{secret} is shown");
    }
}

/// A client chooses the URL that is its id (Client ID Metadata Documents).
#[actix_web::test]
async fn r40_a_sink_can_have_the_ids_as_they_are_in_the_token() {
    let long = format!("https://agent.example/{}", "x".repeat(300));
    let mailed = "https://agent.example/bot@example.com/c.json";
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let (sender, mut records) = tokio::sync::mpsc::unbounded_channel();
    let log = AuditLog::to_function(move |record: AuditRecord| {
        std::future::ready(sender.send(record).map_err(AuditError::from))
    });
    let log = log.start().unwrap();
    let mcp = auth.mcp().audit(&log);
    let server = Server::start(move |config| {
        let mcp = actix_web::web::resource("/mcp").wrap(mcp.clone());
        config.service(mcp.to(super::server::serve));
    });
    for (subject, client) in [("ada@example.com", mailed), ("ada", &long), ("ada", "client_01")] {
        let token = authority.token().subject(subject).audience(RESOURCE).client_id(client).sign();
        let request = server.request(Method::POST, "/mcp").bearer(&token);
        assert_eq!(request.send_body(named("add", "c")).await.status, 200);
        assert!(log.flush().await);
        let caller = records.recv().await.unwrap().principal;
        assert_eq!(caller.exact_subject(), subject);
        assert_eq!(caller.exact_client_id(), Some(client));
        let shown = format!("{caller:?} {}", serde_json::to_string(&caller).unwrap());
        assert!(!shown.contains("@example.com") && !shown.contains(&long), "{shown}");
        assert_eq!(caller.client_id.as_deref() == Some(client), client == "client_01");
    }
}
