//! What operators see: audit records, log lines, metrics.

use std::sync::{Arc, Mutex};

use actix_mcp_auth::audit::{AuditError, AuditLog, AuditRecord};
use actix_web::{http::Method, web};
use serde_json::Value;

use super::{Below, PUBLIC, whoami};
use crate::{logs::process_log, metrics, support::Server};

#[actix_web::test]
async fn r40_audit_records_name_the_resource_below() {
    let below = Below::start();
    let records = Arc::new(Mutex::new(Vec::new()));
    let log = {
        let records = records.clone();
        AuditLog::to_function(move |record: AuditRecord| {
            records.lock().unwrap().push(serde_json::to_value(&record).unwrap());
            std::future::ready(Ok::<(), AuditError>(()))
        })
    };
    let log = log.start().unwrap();
    let server = {
        let (auth, log) = (below.auth.clone(), log.clone());
        Server::start(move |config| {
            let audited = auth.middleware().audit(&log);
            config.service(web::scope("/mcp").wrap(audited).default_service(web::to(whoami)));
        })
    };
    let token = below.token(&["/mcp", "/mcp/acme", "/mcp/acme/shop"]);
    for path in ["/mcp", "/mcp/acme/shop", "/mcp/acme/"] {
        let answer = server.request(Method::POST, path).bearer(&token).send().await;
        assert_eq!(answer.status, 200, "{path}");
    }
    assert!(log.flush().await);
    let records: Vec<Value> = records.lock().unwrap().clone();
    let resources: Vec<&str> =
        records.iter().map(|record| record["resource"].as_str().unwrap()).collect();
    let expected = ["/mcp", "/mcp/acme/shop", "/mcp/acme"].map(|path| format!("{PUBLIC}{path}"));
    assert_eq!(resources, expected);
}

/// Anybody can name any path: lines are sampled, while the labels of metrics would stay for good.
#[actix_web::test]
async fn the_log_names_the_resource_below_and_metrics_the_configured_one() {
    let lines = process_log();
    let below = Below::start();
    let token = below.token(&["/mcp/elsewhere-1"]);
    assert!(!below.is_let_in("/mcp/in-the-log-1", &token).await);
    assert_eq!(below.call("/mcp/in-the-log-2;x", &token).await.status, 404);
    let log = lines.text();
    let refused = log.lines().find(|line| line.contains("/mcp/in-the-log-1")).expect("a line");
    let resource = format!(" resource=\"{PUBLIC}/mcp/in-the-log-1\" ");
    assert!(refused.contains("reason=\"foreign_audience\""), "{refused}");
    assert!(refused.contains(&resource), "{refused}");
    let expected = format!("expected the audience [\"{PUBLIC}/mcp/in-the-log-1\"]");
    assert!(refused.contains(&expected), "{refused}");
    let unknown = log.lines().find(|line| line.contains("/mcp/in-the-log-2;x")).expect("a line");
    assert!(unknown.contains("reason=\"unknown_resource\" status=404"), "{unknown}");
    assert!(unknown.contains(&format!(" resource=\"{PUBLIC}/mcp\" ")), "{unknown}");
    assert!(!metrics::rendered().contains("in-the-log"), "a path is a label");
}
