//! An issuer that fails in the middle: at the end of a sign-in, and while a session is renewed.

use std::{net::TcpListener, sync::Mutex, thread, time::Duration};

use actix_mcp_auth::testing::{Endpoint, Fault};
use hostile::{Answer, Class, full};
use serde_json::json;

use crate::{
    application::{AUTHENTICATE, Application, DUE, LIFETIME},
    browser::{Browser, starts_session},
};

/// For which reason there are no tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// No word of the issuer about the code or refresh token: the person can try again, and a
    /// session is kept.
    Away,
    /// The issuer refuses the code or refresh token.
    Refuses,
    /// The application is set up wrongly: a page with 500, and a session is kept.
    Misconfigured,
    /// New tokens that say nothing about a session. The old refresh token is used up.
    Unreadable,
}

use Kind::{Away, Misconfigured, Refuses, Unreadable};

fn faults(elsewhere: &str) -> Vec<(String, Fault, Kind)> {
    let custom = |status, content_type: &str, body: &[u8]| Fault::Custom {
        status,
        content_type: content_type.into(),
        body: body.into(),
    };
    let second = Duration::from_secs(1);
    let mut faults: Vec<(String, Fault, Kind)> = vec![
        ("no answer".into(), Fault::Silence, Away),
        ("a byte a second".into(), Fault::Drip(second), Away),
        ("a body that stops".into(), Fault::StalledBody, Away),
        ("a reset".into(), Fault::Reset, Away),
        ("64 MB".into(), Fault::HugeBody(64 << 20), Away),
        ("65 KB".into(), Fault::HugeBody(65 << 10), Away),
        ("503".into(), Fault::Unavailable, Away),
        ("HTML with 200".into(), Fault::Html, Away),
        ("JSON that ends in the middle".into(), Fault::TruncatedJson, Away),
        ("another document".into(), Fault::EmptyKeySet, Away),
        ("a redirect".into(), Fault::Redirect(format!("http://{elsewhere}/")), Away),
        ("a redirect without a target".into(), Fault::Redirect(String::new()), Away),
        ("nothing".into(), custom(200, "application/json", b""), Away),
        ("garbage".into(), custom(200, "application/json", b"\x00\xff\x13"), Away),
        ("JSON that is no object".into(), Fault::json(200, json!([1, null])), Away),
        ("tokens of another type".into(), json_tokens(json!(1), json!({})), Away),
        ("no refresh token".into(), Fault::json(200, json!({ "access_token": "a" })), Away),
        ("no JWT".into(), json_tokens(json!("\u{0}"), json!("r")), Unreadable),
        ("a JWT without times".into(), json_tokens(json!("e30.e30.e30"), json!("r")), Unreadable),
        ("401 without a word".into(), custom(401, "text/html", b"<h1>"), Misconfigured),
        (
            "a client that is unknown".into(),
            Fault::json(401, json!({ "error": "invalid_client" })),
            Misconfigured,
        ),
        (
            "a token that is used up".into(),
            Fault::json(400, json!({ "error": "invalid_grant", "error_description": "EVIL" })),
            Refuses,
        ),
        ("code of WorkOS".into(), Fault::json(403, json!({ "code": "EVIL<script>" })), Refuses),
    ];
    // A gateway's or firewall's pages, and errors that say nothing.
    let statuses = [201, 202, 204, 206, 300, 301, 304, 307, 308, 400, 402, 403, 404, 405, 407, 408];
    let more =
        [409, 410, 413, 418, 421, 425, 429, 431, 451, 499, 500, 501, 502, 504, 511, 520, 599];
    let step = if full() { 1 } else { 4 };
    for status in statuses.into_iter().chain(more).step_by(step) {
        let html = custom(status, "text/html", b"<h1>EVIL</h1>");
        faults.push((format!("HTML with {status}"), html, Away));
    }
    for status in [400, 404, 422, 429].into_iter().step_by(step) {
        let json = Fault::json(status, json!({ "message": "EVIL", "errors": [] }));
        faults.push((format!("{status} without a code"), json, Away));
    }
    faults
}

fn json_tokens(access: serde_json::Value, refresh: serde_json::Value) -> Fault {
    Fault::json(200, json!({ "access_token": access, "refresh_token": refresh }))
}

#[test]
fn r38_an_issuer_that_fails_in_mid_flow_ends_with_a_page() {
    let mut class = Class::new("sign-in: an issuer that fails in mid-flow");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let faults = faults(&listener.local_addr().unwrap().to_string());
    let (left, done) = (Mutex::new(faults), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        // Nearly all of the time is spent waiting.
        for _ in 0..16 {
            scope.spawn(|| {
                loop {
                    let Some((name, fault, kind)) = left.lock().unwrap().pop() else { break };
                    let cases = endure(&name, fault, kind);
                    done.lock().unwrap().extend(cases);
                }
            });
        }
    });
    for (name, outcome) in done.into_inner().unwrap() {
        class.case(name, outcome);
    }
    class.same("nobody followed a redirect", listener.accept().is_err(), true);
    class.done();
}

type Case = (String, Result<(), String>);

fn endure(name: &str, fault: Fault, kind: Kind) -> Vec<Case> {
    let application = Application::start().behind_a_slow_issuer();
    let mut cases: Vec<Case> = Vec::new();
    let mut case = |what: &str, outcome| cases.push((format!("{name}: {what}"), outcome));
    let mut session = application.signed_in();
    let mut begun = application.browser();
    let callback = begun.begin("/login?return_to=/site/home");
    application.pass(DUE);
    let before = session.session().map(str::to_owned);
    application.authority.inject(Endpoint::Path(AUTHENTICATE.into()), fault);

    case("at sign-in", page(&begun.go(&callback), kind));
    case("no session", same(begun.session(), None));
    for n in 0..2 {
        let answer = session.home();
        case(
            &format!("while the token is good, {n}"),
            same((answer.status, &*answer.body), (200, "Ada")),
        );
        case("no cookie is set", same(answer.header("set-cookie"), None));
    }
    case("the session is kept", same(session.session().map(str::to_owned), before));
    application.pass(LIFETIME - DUE + 1);
    let expired = session.home();
    let kept = matches!(kind, Away | Misconfigured);
    case("after the token", same(expired.status, if kept { 503 } else { 303 }));
    case("the cookie", same(session.session().is_some(), kept));

    application.authority.clear_faults();
    if kept {
        case("the issuer is back", back(&mut session));
    }
    case("the next sign-in", same(begun.sign_in("/login").status, 303));
    case("who", same(begun.who(), "Ada".to_owned()));
    cases
}

/// A failed refresh is tried again after 5 s.
fn back(session: &mut Browser<'_>) -> Result<(), String> {
    for _ in 0..60 {
        let answer = session.home();
        match answer.status {
            200 => return Ok(()),
            503 => thread::sleep(Duration::from_millis(200)),
            _ => return Err(format!("{answer:?}")),
        }
    }
    Err("still away after 12 s".into())
}

/// A page with a way back, without a word of the issuer's.
fn page(answer: &Answer, kind: Kind) -> Result<(), String> {
    let status = match kind {
        Away => 503,
        Refuses => 400,
        Misconfigured | Unreadable => 500,
    };
    let links = answer.body.contains("href=\"/login?return_to=%2Fsite%2Fhome\"");
    let is_page = links && !answer.body.contains("EVIL") && !starts_session(answer);
    match answer.status == status && is_page && answer.took < Duration::from_secs(8) {
        true => Ok(()),
        false => Err(format!("{answer:?}")),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("expected {expected:?}, got {found:?}")),
    }
}
