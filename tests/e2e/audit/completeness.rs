//! Records and counted drops together are all messages of known callers, each once.

use std::{collections::BTreeMap, time::Duration};

use actix_mcp_auth::{
    audit::{AuditError, AuditLog, AuditRecord},
    mcp::ToolRules,
};
use actix_web::{App, HttpServer, web};
use futures_util::future::join_all;
use serde_json::json;

use super::{Records, server};
use crate::support::{authority, builder, good_token};

const CLIENTS: usize = 8;
const ROUNDS: usize = 60;

/// What a client sends in a round, and how many messages that is.
fn load(client: usize, round: usize) -> (String, usize, bool) {
    let id = |n: usize| format!("{client}-{round}-{n}");
    let call = |n: usize, tool: &str| json!({ "jsonrpc": "2.0", "id": id(n), "method": "tools/call", "params": { "name": tool } });
    match round % 8 {
        0 => (call(0, "add").to_string(), 1, false),
        1 => (call(0, "stream").to_string(), 1, false),
        2 => (json!([call(0, "add"), call(1, "fail"), call(2, "add")]).to_string(), 3, false),
        3 => (call(0, "refused").to_string(), 1, false),
        4 => (call(0, "endless").to_string(), 1, true),
        5 => (call(0, "busy").to_string(), 1, false),
        6 => (json!({ "jsonrpc": "2.0", "method": "notifications/x" }).to_string(), 1, false),
        _ => (json!([call(0, "add"), call(1, "refused")]).to_string(), 2, false),
    }
}

#[actix_web::test]
async fn r40_records_and_drops_are_all_messages_each_once() {
    for (capacity, pause) in [(10_000, Duration::ZERO), (16, Duration::from_millis(3))] {
        mixed_load(capacity, pause).await;
    }
}

async fn mixed_load(capacity: usize, pause: Duration) {
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let records = Records::default();
    let taken = records.clone();
    let log = AuditLog::to_function(move |record: AuditRecord| {
        let taken = taken.clone();
        async move {
            if !pause.is_zero() {
                actix_web::rt::time::sleep(pause).await;
            }
            taken.0.lock().unwrap().push(serde_json::to_value(&record).unwrap());
            Ok::<(), AuditError>(())
        }
    });
    let log = log.capacity(capacity).start().unwrap();
    let rules = ToolRules::new().tool("refused").refused();
    let mcp = auth.mcp().rules(rules).unwrap().audit(&log);
    let server = HttpServer::new(move || {
        App::new().service(web::resource("/mcp").wrap(mcp.clone()).to(server::serve))
    });
    let server = server.workers(2).disable_signals().bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);
    let token = good_token(&authority);
    let clients = (0..CLIENTS).map(|client| {
        let (url, token) = (&url, &token);
        async move {
            let http = reqwest::Client::new();
            let mut sent = 0;
            for round in 0..ROUNDS {
                let (body, messages, is_cut) = load(client, round);
                let request = http.post(url).bearer_auth(token).body(body);
                let mut response = request.send().await.unwrap();
                match is_cut {
                    true => drop(response.chunk().await.unwrap()),
                    false => drop(response.bytes().await.unwrap()),
                }
                sent += messages;
                // Nobody who is known.
                let unknown = http.post(url).bearer_auth("no.token.at-all").body("{}");
                assert_eq!(unknown.send().await.unwrap().status(), 401);
            }
            sent
        }
    });
    let sent: usize = join_all(clients).await.into_iter().sum();
    handle.stop(true).await;
    serving.await.unwrap().unwrap();
    let counts = log.close().await;
    let all = records.take();
    assert_eq!(all.len() as u64 + counts.dropped, sent as u64, "{counts:?}");
    assert_eq!(counts.dropped > 0, capacity == 16, "{counts:?}");
    let mut seen = BTreeMap::new();
    for record in all.iter().filter_map(|record| record["request_id"].as_str()) {
        *seen.entry(record).or_insert(0) += 1;
    }
    assert!(seen.values().all(|times| *times == 1), "a message has two records");
}
