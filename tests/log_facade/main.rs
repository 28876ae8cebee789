//! The log of an application with `env_logger` and without a subscriber for `tracing`. Loggers and
//! subscribers are global to a process, so this is a test binary of its own with one test.
#![allow(clippy::unwrap_used)]

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_mcp_auth::{
    McpAuth,
    operation::LogSampling,
    scopes,
    testing::{Endpoint, Fault, TestAuthority},
};
use actix_web::{App, HttpResponse, HttpServer, http::StatusCode, web};

const RESOURCE: &str = "http://127.0.0.1:8787/mcp";

scopes! {
    /// No issuer grants it, which is a warning at start-up.
    pub Trusted = "tools:trusted";
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines of this event.
    fn of(&self, event: &str) -> Vec<String> {
        let field = format!("event={event:?}");
        let text = self.text();
        text.lines().filter(|line| line.contains(&field)).map(str::to_owned).collect()
    }

    /// The one line of this event that contains `contains`, with the level and target documented.
    #[track_caller]
    fn only(&self, event: &str, contains: &str, level: &str) -> String {
        let all = self.of(event);
        let found: Vec<_> = all.iter().filter(|line| line.contains(contains)).collect();
        assert_eq!(found.len(), 1, "{event} with {contains:?}: {}", self.text());
        assert!(found[0].contains(level) && found[0].contains("mcp_auth"), "{}", found[0]);
        found[0].clone()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts the application, and returns what sends a token to it.
fn serve(auth: &McpAuth) -> impl AsyncFn(Option<&str>) -> StatusCode + use<> {
    let auth = auth.clone();
    let server = HttpServer::new(move || {
        let mcp = web::resource("/mcp").wrap(auth.middleware());
        App::new().service(mcp.route(web::post().to(HttpResponse::Ok)))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    async move |token| {
        let request = awc::Client::default().post(&url);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap().status()
    }
}

fn build(authority: &TestAuthority) -> McpAuth {
    let builder = McpAuth::builder(RESOURCE).authkit(authority.issuer());
    let sampling = LogSampling::new(3, Duration::from_secs(3600));
    builder.permissions::<Trusted>().log_sampling(sampling).build().unwrap()
}

#[actix_web::test]
async fn r09_env_logger_gets_refusals_outages_and_no_token() {
    let lines = Lines::default();
    // At the lowest level, so that the libraries beneath are in it as well.
    env_logger::Builder::new()
        .filter_level(log::LevelFilter::Trace)
        .target(env_logger::Target::Pipe(Box::new(lines.clone())))
        .init();

    let authority = TestAuthority::start().unwrap();
    authority.inject(Endpoint::Jwks, Fault::Unavailable);
    drop(McpAuth::builder("https://app.internal/mcp").authkit("x.authkit.app").build().unwrap());
    let auth = build(&authority);
    lines.only("public_url_doubtful", "https://app.internal/mcp", "WARN");
    lines.only("permissions_not_in_scopes", "tools:trusted", "WARN");

    let call = serve(&auth);
    let good = authority.person_token("user_ada", RESOURCE);
    assert_eq!(call(Some(&good)).await, 503);
    let outage = lines.only("request_unavailable", "decision=\"unavailable\"", "WARN");
    assert!(outage.contains("cannot decide") && outage.contains("status=503"), "{outage}");
    assert!(!lines.of("keys_fetch_failed").is_empty(), "{}", lines.text());

    authority.clear_faults();
    while call(Some(&good)).await == 503 {
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
    lines.only("keys_fetched", authority.issuer(), "INFO");
    let foreign = authority.person_token("user_ada", "https://other.example.com/mcp");
    let forged = authority.token().subject("user_ada").audience(RESOURCE).signed_by_stranger();
    assert_eq!(call(Some(&foreign)).await, 401);
    assert_eq!(call(Some(&forged.sign())).await, 401);
    assert_eq!(call(None).await, 401);
    lines.only("request_refused", "reason=\"foreign_audience\"", "INFO");
    lines.only("request_refused", "reason=\"missing_credentials\"", "INFO");

    // Sampled as for a subscriber: the first three, then the 6th and the 12th.
    let unreadable = "no-token-at-all-but-secret";
    for _ in 0..15 {
        assert_eq!(call(Some(unreadable)).await, 401);
    }
    let written = lines.of("request_refused");
    let written = written.iter().filter(|line| line.contains("reason=\"malformed")).count();
    assert_eq!(written, 5, "{}", lines.text());

    for token in [&*good, &foreign, unreadable] {
        for secret in token.split('.').chain([token]) {
            assert!(!lines.text().contains(secret), "the log shows a token");
        }
    }

    with_a_subscriber_nothing_is_written_twice(&lines, &authority).await;
}

/// From the moment a subscriber is installed, it gets the events, and `log` does not.
async fn with_a_subscriber_nothing_is_written_twice(logged: &Lines, authority: &TestAuthority) {
    let traced = Lines::default();
    let writer = traced.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let before = logged.text().matches("mcp_auth").count();
    let call = serve(&build(authority));
    assert_eq!(call(None).await, 401);
    traced.only("request_refused", "reason=\"missing_credentials\"", "INFO");
    traced.only("permissions_not_in_scopes", "tools:trusted", "WARN");
    assert_eq!(logged.text().matches("mcp_auth").count(), before, "{}", logged.text());
}
