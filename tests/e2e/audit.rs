//! The audit log: which requests have records, and what is in them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_mcp_auth::{
    McpAuth,
    audit::{AuditError, AuditLog, AuditLogBuilder, AuditRecord, AuditSink},
    mcp::McpMiddleware,
    testing::TestAuthority,
};
use actix_web::{http::Method, rt::time::sleep, web};
use serde_json::{Value, json};

use crate::support::{Answer, Server, authority, builder, good_token};

mod callers;
mod completeness;
mod hostile;
mod messages;
mod names;
mod requests;
mod server;
mod sinks;
mod streams;

/// A server whose MCP endpoint has an audit log, and the records.
struct Audited {
    authority: TestAuthority,
    auth: McpAuth,
    server: Server,
    log: AuditLog,
    records: Records,
}

/// The records that a sink was given, as JSON.
#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<Value>>>);

impl Records {
    /// An audit log that keeps its records here.
    fn log(&self) -> AuditLogBuilder<impl AuditSink> {
        let all = self.0.clone();
        AuditLog::to_function(move |record: AuditRecord| {
            all.lock().unwrap().push(serde_json::to_value(&record).unwrap());
            std::future::ready(Ok::<(), AuditError>(()))
        })
    }

    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Audited {
    fn start() -> Self {
        Self::with(|mcp| mcp)
    }

    fn with(settings: impl FnOnce(McpMiddleware) -> McpMiddleware) -> Self {
        let authority = authority();
        let auth = builder(&authority).build().unwrap();
        Self::of(authority, auth, settings)
    }

    fn of(
        authority: TestAuthority,
        auth: McpAuth,
        settings: impl FnOnce(McpMiddleware) -> McpMiddleware,
    ) -> Self {
        let records = Records::default();
        let log = records.log().start().unwrap();
        let mcp = settings(auth.mcp().audit(&log));
        let server = Server::start(move |config| {
            config.service(web::resource("/mcp").wrap(mcp.clone()).to(server::serve));
        });
        Self { authority, auth, server, log, records }
    }

    fn token(&self) -> String {
        good_token(&self.authority)
    }

    async fn post(&self, body: impl Into<web::Bytes>) -> Answer {
        let request = self.server.request(Method::POST, "/mcp").bearer(&self.token());
        request.send_body(body).await
    }

    async fn call(&self, tool: &str) -> Answer {
        self.post(call(tool)).await
    }

    /// The records since the last call.
    async fn records(&self) -> Vec<Value> {
        assert!(self.log.flush().await);
        self.records.take()
    }

    /// The only record since the last call.
    #[track_caller]
    fn only(records: Vec<Value>) -> Value {
        assert_eq!(records.len(), 1, "{records:#?}");
        records.into_iter().next().unwrap()
    }

    /// The only record, which may come a moment later.
    async fn next_record(&self) -> Value {
        for _ in 0..500 {
            let records = self.records().await;
            if !records.is_empty() {
                return Self::only(records);
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("no record came");
    }
}

/// A call of a tool.
fn call(tool: &str) -> String {
    let params = json!({ "name": tool, "arguments": { "pin": "1234" } });
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string()
}

/// Decision, reason, outcome and status of a record.
fn ending(record: &Value) -> String {
    let text = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
    let status = record.get("status").map_or("-".to_owned(), Value::to_string);
    [text("decision"), text("reason"), text("outcome"), status].join(" ")
}
