//! An MCP server with one worker, with or without an audit log, and a client for it.

use std::{
    fs,
    time::{Duration, Instant},
};

use actix_mcp_auth::{audit::AuditLog, mcp::ToolRules, testing::TestAuthority};
use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, rt::time::sleep, web};
use futures_util::{StreamExt, stream};
use hostile::server::{RESOURCE, builder, wait_until_ready};
use serde_json::{Value, json};

pub(crate) struct Served {
    _authority: TestAuthority,
    pub(crate) token: String,
    pub(crate) url: String,
    handle: ServerHandle,
}

impl Served {
    pub(crate) fn start(log: Option<&AuditLog>) -> Self {
        let authority = TestAuthority::start().unwrap();
        let auth = builder(&authority).build().unwrap();
        wait_until_ready(&auth);
        let mut mcp = auth.mcp().rules(ToolRules::new().tool("refused").refused()).unwrap();
        if let Some(log) = log {
            mcp = mcp.audit(log);
        }
        let server = HttpServer::new(move || {
            App::new().service(web::resource("/mcp").wrap(mcp.clone()).to(serve))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mcp", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let token = authority.person_token("user_ada", RESOURCE);
        Self { _authority: authority, token, url, handle }
    }

    pub(crate) async fn stop(&self) {
        self.handle.stop(true).await;
    }

    /// Calls a tool so many times, one after the other: how long each took.
    pub(crate) async fn calls(&self, count: usize) -> Vec<Duration> {
        let client = client();
        let body = call("1", "add");
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            let request = client.post(&self.url).bearer_auth(&self.token);
            let mut response = request.send_json(&body).await.unwrap();
            assert_eq!(response.status(), 200);
            response.body().await.unwrap();
            times.push(start.elapsed());
        }
        times
    }

    /// The CPU time of the worker, in nanoseconds.
    pub(crate) async fn cpu(&self) -> u64 {
        let request = client().post(&self.url).bearer_auth(&self.token);
        let mut response = request.send_json(&call("1", "cpu")).await.unwrap();
        let body: Value = serde_json::from_slice(&response.body().await.unwrap()).unwrap();
        body["cpu"].as_u64().unwrap()
    }
}

/// A client with connections of its own.
pub(crate) fn client() -> awc::Client {
    awc::Client::builder().disable_redirects().timeout(Duration::from_secs(30)).finish()
}

pub(crate) fn call(id: &str, tool: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool } })
}

/// The CPU time of this thread, in nanoseconds; 0 where the system does not tell.
pub(crate) fn thread_cpu() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or_default()
}

async fn serve(message: web::Json<Value>) -> HttpResponse {
    match message["params"]["name"].as_str() {
        Some("cpu") => return HttpResponse::Ok().json(json!({ "cpu": thread_cpu() })),
        Some("busy") => return HttpResponse::ServiceUnavailable().finish(),
        Some("stream") => return events(&message, 1),
        Some("endless") => return events(&message, usize::MAX),
        _ => {}
    }
    match &*message {
        Value::Array(batch) => {
            HttpResponse::Ok().json(batch.iter().map(answer).collect::<Vec<_>>())
        }
        one if one.get("id").is_none() => HttpResponse::Accepted().finish(),
        one => HttpResponse::Ok().json(answer(one)),
    }
}

fn answer(message: &Value) -> Value {
    let is_error = message["params"]["name"] == "fail";
    json!({ "jsonrpc": "2.0", "id": message["id"], "result": { "content": [], "isError": is_error } })
}

fn events(message: &Value, progress: usize) -> HttpResponse {
    let event = |message: &Value| web::Bytes::from(format!("data: {message}\n\n"));
    let tick = event(&json!({ "jsonrpc": "2.0", "method": "notifications/progress" }));
    let ticks = stream::repeat(tick).take(progress).then(async |tick| {
        sleep(Duration::from_millis(1)).await;
        tick
    });
    let result = event(&answer(message));
    let all = ticks.chain(stream::once(async { result }));
    let all = all.map(Ok::<_, std::convert::Infallible>);
    HttpResponse::Ok().content_type("text/event-stream").streaming(all)
}
