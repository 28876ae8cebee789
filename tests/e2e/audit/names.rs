//! What clients are called, in the records of their calls.

use std::{
    future::Future,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Instant,
};

use actix_mcp_auth::agents::AgentNames;
use tokio::sync::Semaphore;

use super::*;
use crate::{
    logs::process_log,
    support::{RESOURCE, wait_for_keys},
};

/// A server whose audit log has names from this function of the application, and the names.
async fn named<F, E>(
    name: impl Fn(Box<str>) -> F + Send + Sync + 'static,
) -> (Audited, AgentNames, String)
where
    F: Future<Output = Result<Option<String>, E>> + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    wait_for_keys(&auth);
    let names = AgentNames::new(&auth.handle()).application(move |_, client_id| name(client_id));
    let records = Records::default();
    let log = records.log().names(&names).start().unwrap();
    let mut audited = Audited::of(authority, auth, |mcp| mcp.audit(&log));
    (audited.log, audited.records) = (log, records);
    let issuer = audited.authority.issuer().to_owned();
    (audited, names, issuer)
}

/// The caller of the record of a call through a client.
async fn caller_through(audited: &Audited, client_id: &str) -> Value {
    let token = audited.authority.token().subject("user_ada").audience(RESOURCE);
    let token = token.client_id(client_id).sign();
    let request = audited.server.request(Method::POST, "/mcp").bearer(&token);
    assert_eq!(request.send_body(call("add")).await.status, 200);
    Audited::only(audited.records().await)["principal"].take()
}

async fn wait_for_name(names: &AgentNames, issuer: &str, client_id: &str) {
    for _ in 0..500 {
        if names.known(issuer, client_id).is_some() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("no name of {client_id} came");
}

#[actix_web::test]
async fn r40_a_request_does_not_wait_for_the_clients_name() {
    static ANSWERS: Semaphore = Semaphore::const_new(0);
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let (audited, names, issuer) = named(async |_| {
        ASKED.fetch_add(1, SeqCst);
        ANSWERS.acquire().await.unwrap().forget();
        Ok::<_, std::io::Error>(Some("Ada's agent".to_owned()))
    })
    .await;
    let start = Instant::now();
    for _ in 0..3 {
        let caller = caller_through(&audited, "client_one").await;
        assert_eq!((caller.get("client_name"), caller.get("client_name_source")), (None, None));
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    ANSWERS.add_permits(1);
    wait_for_name(&names, &issuer, "client_one").await;
    let caller = caller_through(&audited, "client_one").await;
    assert_eq!(caller["client_name"], "Ada's agent");
    assert_eq!(caller["client_name_source"], "application");
    assert_eq!(ASKED.load(SeqCst), 1, "the look-up is begun once");
}

#[actix_web::test]
async fn r40_names_of_clients_in_records_are_harmless() {
    let lines = process_log();
    let name_of = async |client_id: Box<str>| {
        let name = match &*client_id {
            "markup" => "<b>Agent</b>\u{1b}[31m\u{202e}\nx".to_owned(),
            "long" => "n".repeat(10 * 1024),
            "mail" => "Agent of ada@example.com".to_owned(),
            "token" => format!("eyJhbGciOiJub25lIn0.{}.x", "y".repeat(20)),
            _ => return Err("no such client"),
        };
        Ok(Some(name))
    };
    let (audited, names, issuer) = named(name_of).await;
    for (client_id, expected) in [
        ("markup", "<b>Agent</b>[31m x".to_owned()),
        ("long", format!("{}…", "n".repeat(63))),
        ("mail", "Agent of email-sha256:60e5ad4df26c1391".to_owned()),
        ("token", "(token withheld)".to_owned()),
    ] {
        caller_through(&audited, client_id).await;
        wait_for_name(&names, &issuer, client_id).await;
        let caller = caller_through(&audited, client_id).await;
        let name = caller["client_name"].as_str().unwrap();
        if client_id == "mail" {
            assert!(name.starts_with("Agent of email-sha256:"), "{name}");
        } else {
            assert_eq!(name, expected);
        }
    }
    // A source that fails costs the name only.
    let caller = caller_through(&audited, "other").await;
    assert_eq!((caller["client_id"].as_str(), caller.get("client_name")), (Some("other"), None));
    let traced = AuditLog::to_tracing().names(&names).start().unwrap();
    let mcp = audited.auth.mcp().audit(&traced);
    let server = Server::start(move |config| {
        config.service(web::resource("/mcp").wrap(mcp.clone()).to(server::serve));
    });
    let token = audited.authority.token().subject("user_ada").audience(RESOURCE);
    let token = token.client_id("markup").sign();
    let request = server.request(Method::POST, "/mcp").bearer(&token);
    assert_eq!(request.send_body(call("add")).await.status, 200);
    assert!(traced.flush().await);
    let told = "audit.client_name=\"<b>Agent</b>[31m x\" audit.client_name_source=\"application\"";
    assert!(lines.text().contains(told));
}

#[actix_web::test]
async fn r40_nobody_is_asked_about_a_client_without_a_good_token() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let (audited, ..) = named(async |_| {
        ASKED.fetch_add(1, SeqCst);
        Ok::<_, std::io::Error>(None)
    })
    .await;
    let token = || audited.authority.token().subject("user_ada").client_id("client_forged");
    let elsewhere = token().audience("https://other.example").sign();
    for bad in [token().audience(RESOURCE).signed_by_stranger().sign(), elsewhere] {
        let request = audited.server.request(Method::POST, "/mcp").bearer(&bad);
        assert_eq!(request.send_body(call("add")).await.status, 401);
    }
    sleep(Duration::from_millis(100)).await;
    assert_eq!(ASKED.load(SeqCst), 0);
    caller_through(&audited, "client_good").await;
    for _ in 0..500 {
        if ASKED.load(SeqCst) == 1 {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody was asked");
}
