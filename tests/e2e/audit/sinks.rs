//! Sinks that are slow, hang, fail and panic; and the end of the log.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    McpAuth,
    audit::{AuditError, AuditLog, AuditRecord},
    testing::TestAuthority,
};
use actix_web::{App, HttpServer, http::Method, web};
use serde_json::Value;

use super::{Records, call, server};
use crate::{
    logs::{Lines, process_log},
    metrics,
    support::{Answer, Server, authority, builder, good_token},
};

struct Served {
    authority: TestAuthority,
    token: String,
    server: Server,
    client: awc::Client,
}

impl Served {
    fn with(log: &AuditLog) -> Self {
        let authority = authority();
        let token = good_token(&authority);
        let mcp = builder(&authority).build().unwrap().mcp().audit(log);
        let server = Server::start(move |config| {
            config.service(web::resource("/mcp").wrap(mcp.clone()).to(server::serve));
        });
        Self { authority, token, server, client: awc::Client::default() }
    }

    async fn call(&self) -> Answer {
        let request = self.server.request_by(&self.client, Method::POST, "/mcp");
        request.bearer(&self.token).send_body(call("add")).await
    }

    async fn calls(&self, count: usize) {
        for _ in 0..count {
            assert_eq!(self.call().await.status, 200);
        }
    }
}

#[actix_web::test]
async fn r40_a_sink_that_hangs_delays_no_request_and_drops_are_told() {
    let lines = process_log();
    let before = metrics::audit_records("dropped");
    let log =
        AuditLog::to_function(async |_| std::future::pending::<Result<(), AuditError>>().await);
    let log = log.capacity(10).start().unwrap();
    let served = Served::with(&log);
    let start = Instant::now();
    served.calls(500).await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    // The thread has taken at most what the queue holds.
    let dropped = log.counts().dropped;
    assert!((480..=490).contains(&dropped), "{dropped}");
    assert!(!log.flush().await, "it hangs");
    assert!(lines.text().contains("event=\"audit_records_dropped\" reason=\"queue_full\""));
    let end = Instant::now();
    let counts = log.close().await;
    assert!(end.elapsed() < Duration::from_secs(6), "{:?}", end.elapsed());
    assert_eq!((counts.written, counts.dropped), (0, 500), "what was left counts as dropped");
    let told = "event=\"audit_records_dropped\" reason=\"shutdown\" dropped=500";
    assert!(lines.text().contains(told));
    assert!(metrics::audit_records("dropped") >= before + 500.0);
    // Requests go on all the same.
    served.calls(1).await;
}

#[actix_web::test]
async fn r40_a_sink_that_blocks_its_thread_delays_no_request() {
    let log = AuditLog::to_function(|_| {
        std::thread::sleep(Duration::from_millis(300));
        std::future::ready(Ok::<(), AuditError>(()))
    });
    let served = Served::with(&log.start().unwrap());
    let start = Instant::now();
    served.calls(20).await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[actix_web::test]
async fn r40_a_sink_that_panics_or_fails_goes_on_with_the_next_record() {
    let lines = process_log();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let log = AuditLog::to_function(move |_| {
        let call = counted.fetch_add(1, SeqCst);
        async move {
            match call % 3 {
                0 => panic!("a sink that panics"),
                1 => Err("the disk\nis full"),
                _ => Ok(()),
            }
        }
    });
    let log = log.start().unwrap();
    let served = Served::with(&log);
    served.calls(30).await;
    assert!(log.flush().await);
    let counts = log.counts();
    assert_eq!((counts.written, counts.failed, counts.dropped), (10, 20, 0), "{counts:?}");
    let text = lines.text();
    assert!(text.contains("event=\"audit_sink_failed\""), "the failures are told");
    assert!(text.contains("the sink panicked") || text.contains("the disk\\nis full"));
}

#[actix_web::test]
async fn r40_a_graceful_stop_drains_the_queue() {
    let authority = authority();
    let token = good_token(&authority);
    let auth: McpAuth = builder(&authority).build().unwrap();
    let records = Records::default();
    let taken = records.clone();
    let log = AuditLog::to_function(move |record: AuditRecord| {
        let taken = taken.clone();
        async move {
            actix_web::rt::time::sleep(Duration::from_millis(2)).await;
            taken.0.lock().unwrap().push(serde_json::to_value(&record).unwrap());
            Ok::<(), AuditError>(())
        }
    });
    let log = log.start().unwrap();
    let mcp = auth.mcp().audit(&log);
    let server = HttpServer::new(move || {
        App::new().service(web::resource("/mcp").wrap(mcp.clone()).to(server::serve))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);
    let client = reqwest::Client::new();
    for _ in 0..300 {
        let request = client.post(&url).bearer_auth(&token).body(call("add"));
        assert_eq!(request.send().await.unwrap().text().await.unwrap().len(), 48);
    }
    handle.stop(true).await;
    serving.await.unwrap().unwrap();
    assert!(records.0.lock().unwrap().len() < 300, "the sink is slower than the requests");
    let counts = log.close().await;
    assert_eq!((counts.written, counts.dropped), (300, 0));
    assert_eq!(records.take().len(), 300);
}

#[actix_web::test]
async fn r40_json_lines_are_one_object_each() {
    let lines = Lines::default();
    let log = AuditLog::to_json_lines(lines.clone()).start().unwrap();
    Served::with(&log).calls(3).await;
    assert!(log.flush().await);
    let text = lines.text();
    let all: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(all.len() == 3 && text.ends_with('\n'), "{text}");
    let ids: Vec<&str> = all.iter().map(|record| record["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

#[actix_web::test]
async fn r40_tracing_events_have_the_names_of_opentelemetry() {
    let lines = process_log();
    let log = AuditLog::to_tracing().start().unwrap();
    let served = Served::with(&log);
    served.calls(1).await;
    assert!(log.flush().await);
    let text = lines.text();
    let issuer = format!("audit.issuer=\"{}\"", served.authority.issuer());
    let is_it = |line: &&str| line.contains("event=\"audit_record\"") && line.contains(&issuer);
    let line = text.lines().find(is_it).unwrap();
    for part in [
        "INFO mcp_auth::audit",
        "audit.decision=\"allowed\"",
        "audit.outcome=\"ok\"",
        "user.id=\"user_ada\"",
        "mcp.method.name=\"tools/call\"",
        "gen_ai.operation.name=\"execute_tool\"",
        "gen_ai.tool.name=\"add\"",
        "jsonrpc.request.id=\"1\"",
        "http.response.status_code=200",
        "client.address=127.0.0.1",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
}
