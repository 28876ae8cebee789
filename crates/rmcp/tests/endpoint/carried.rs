//! How the caller reaches a tool: from a unit test, and not at all where an endpoint that is built by
//! hand does not hand it over.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock},
};

use actix_mcp_auth::{Authenticated, McpAuth, Resource, testing, testing::TestAuthority};
use actix_web::{App, HttpMessage as _, HttpServer, rt, test, web};
use mcp_auth_rmcp::endpoint;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp_actix_web::transport::StreamableHttpService;
use serde_json::{Value, json};

use crate::server::{Agent, Tools, whoami};

/// What this process logs. The server's workers are threads of their own.
pub(crate) fn process_log() -> &'static Mutex<Vec<u8>> {
    static LOG: OnceLock<&Mutex<Vec<u8>>> = OnceLock::new();
    LOG.get_or_init(|| {
        let log: &'static Mutex<Vec<u8>> = Box::leak(Box::default());
        let write = move || Lines(log);
        tracing_subscriber::fmt().with_ansi(false).with_writer(write).try_init().unwrap();
        log
    })
}

/// Whether there is a line of this event at the level ERROR that contains `text`.
pub(crate) fn logged(event: &str, text: &str) -> bool {
    let log = String::from_utf8(process_log().lock().unwrap().clone()).unwrap();
    let event = format!(" event=\"{event}\"");
    log.lines().any(|line| {
        line.contains(" ERROR ")
            && line.contains(" mcp_auth: ")
            && line.contains(&event)
            && line.contains(text)
    })
}

struct Lines(&'static Mutex<Vec<u8>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn a_caller_of_a_unit_test_reaches_the_tool() {
    let resource = Resource::parse("http://127.0.0.1:8787/mcp").unwrap();
    let tools = endpoint(&resource, || Tools).build().unwrap();
    let app = test::init_service(App::new().service(tools.scope())).await;
    // A name in `Mcp-Name` that has to be encoded is one, for what reads it.
    for (tool, said) in [("whoami", Some("user_ada")), ("wer bin ich? äh", None)] {
        let request = testing::mcp_call(tool, json!({})).uri("/mcp").to_request();
        request.extensions_mut().insert(Authenticated::for_tests("user_ada").build());
        let answer: Value = test::call_and_read_body_json(&app, request).await;
        assert_eq!(answer["result"]["content"][0]["text"].as_str(), said, "{answer}");
    }
}

#[actix_web::test]
async fn a_caller_that_was_not_handed_over_is_an_error_and_logged() {
    process_log();
    let authority = TestAuthority::start().unwrap();
    let resource = "http://127.0.0.1:8787/mcp";
    let auth = McpAuth::builder(resource).authkit(authority.issuer()).build().unwrap();
    let service = StreamableHttpService::builder()
        .service_factory(Arc::new(|| Ok(Tools)))
        .session_manager(Arc::new(LocalSessionManager::default()))
        .stateful_mode(false)
        .json_response(true)
        .build();
    let server = HttpServer::new(move || {
        App::new().service(web::scope("/mcp").wrap(auth.mcp()).service(service.clone().scope()))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", server.addrs()[0]);
    rt::spawn(server.run());
    let token = authority.token().subject("user_ada").audience(resource).sign();

    let ada = Agent { url, token: Some(token) };
    let answer = ada.handshake_era(None, "tools/call", whoami()).await;
    assert!(answer.text.contains("the server is not set up correctly"), "{answer:?}");
    assert!(!answer.text.contains("on_request_fn"), "a client learns nothing: {answer:?}");
    assert!(logged("caller_not_carried", "on_request_fn"));
}
