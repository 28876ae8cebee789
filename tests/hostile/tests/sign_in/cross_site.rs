//! Requests that other sites cause with the cookies of a person, and sessions at an MCP resource.

use hostile::{Class, full};

use crate::{
    application::{Application, ORIGIN},
    browser::Sent,
};

/// What a request of the own origin does not say.
const SITES: [&str; 9] = [
    "cross-site",
    "same-site",
    "null",
    "",
    "same-origin, cross-site",
    "same-origin;",
    "\"same-origin\"",
    "SAME-ORIGIN",
    "none, none",
];

const ORIGINS: [&str; 21] = [
    "null",
    "",
    "http://localhost",
    "https://localhost:444",
    "https://localhost:443",
    "https://localhost.",
    "https://localhost.evil.example",
    "https://localhost@evil.example",
    "https://localhost/",
    "https://localhost https://evil.example",
    "https://localhost, https://evil.example",
    "https://localhos",
    "https://evil-localhost",
    "https://xlocalhost",
    "https://sub.localhost",
    "https://example.com",
    "HTTPS://APP.EXAMPLE.COM",
    "https://xn--localhst-2qf",
    "wss://localhost",
    "//localhost",
    "localhost",
];

/// Every combination of headers that does not prove the own origin; a sample in `cargo test`.
fn proofs() -> Vec<Vec<(&'static str, &'static str)>> {
    let site = |value| ("sec-fetch-site", value);
    let origin = |value| ("origin", value);
    let mut all = vec![vec![]];
    for other in ORIGINS {
        all.push(vec![origin(other)]);
        all.push(vec![origin(ORIGIN), origin(other)]);
        all.push(vec![origin(other), origin(ORIGIN)]);
    }
    for other in SITES {
        all.push(vec![site(other)]);
        all.push(vec![site(other), origin(ORIGIN)]);
        all.push(vec![site("same-origin"), site(other), origin(ORIGIN)]);
        all.push(vec![site(other), site("same-origin"), origin(ORIGIN)]);
        all.push(vec![site(other), site("none")]);
        all.extend(ORIGINS.map(|foreign| vec![site(other), origin(foreign)]));
    }
    let step = if full() { 1 } else { 4 };
    all.into_iter().step_by(step).collect()
}

#[test]
fn r39_requests_that_other_sites_cause_get_403() {
    let application = Application::start();
    let mut browser = application.signed_in();
    let switch = [("organization_id", "org_poets"), ("return_to", "/site/home")];
    for (name, method, path) in [
        ("sign-in: signing out by another site", "POST", "/logout"),
        ("sign-in: a switch by another site", "POST", "/login/organization"),
        ("sign-in: POST by another site", "POST", "/site/home"),
        ("sign-in: PUT by another site", "PUT", "/site/home"),
        ("sign-in: PATCH by another site", "PATCH", "/site/home"),
        ("sign-in: DELETE by another site", "DELETE", "/site/home"),
        ("sign-in: an unknown method by another site", "BREW", "/site/home"),
    ] {
        let mut class = Class::new(name);
        for proof in proofs() {
            let sent = Sent::new(method, path).body(&switch);
            let sent = proof.iter().fold(sent, |sent, (name, value)| sent.header(name, *value));
            let answer = browser.send(sent.clone());
            class.same(format!("{proof:?}"), answer.status, 403);
            // Whoever names the place of the body, the method or the way is no nearer.
            let tricks = sent
                .header("x-http-method-override", "GET")
                .header("x-forwarded-host", "localhost")
                .header("content-type", "text/plain")
                .header("referer", "https://localhost/site/home");
            class.same(format!("{proof:?} with more"), browser.send(tricks).status, 403);
        }
        class.same("the session lives", browser.who(), "Ada".into());
        class.same("nothing was refreshed", application.authority.refreshes(), 0);
        class.done();
    }
    let mut class = Class::new("sign-in: a WebSocket by another site");
    for proof in proofs() {
        let sent = Sent::new("GET", "/site/home").header("upgrade", "websocket");
        let sent = sent.header("connection", "upgrade");
        let sent = proof.iter().fold(sent, |sent, (name, value)| sent.header(name, *value));
        class.same(format!("{proof:?}"), browser.send(sent).status, 403);
    }
    class.done();
    let own = Sent::new("POST", "/logout").header("origin", ORIGIN);
    assert_eq!(browser.send(own).status, 303, "by the own origin");
}

#[test]
fn r39_a_session_is_401_at_an_mcp_resource() {
    let mut class = Class::new("sign-in: a session at an MCP resource");
    let application = Application::start();
    let mut browser = application.signed_in();
    let cookie = browser.session().unwrap().to_owned();
    let token = application.authority.sign_in_session("user_ada").access_token;
    let own: &[(&str, String)] = &[
        ("origin", ORIGIN.into()),
        ("referer", format!("{ORIGIN}/mcp")),
        ("sec-fetch-site", "same-origin".into()),
        ("sec-fetch-site", "none".into()),
        ("sec-fetch-mode", "navigate".into()),
        ("accept", "text/html".into()),
        ("accept", "application/json, text/event-stream".into()),
        ("mcp-session-id", cookie.clone()),
        ("x-session", cookie.clone()),
        ("x-forwarded-user", "user_ada".into()),
        ("x-http-method-override", "GET".into()),
        ("authorization", "Basic dXNlcjpwYXNz".into()),
        ("authorization", format!("Session {cookie}")),
        ("authorization", format!("Cookie {cookie}")),
        ("authorization", format!("Bearer {cookie}")),
        ("authorization", format!("Bearer {token}")),
        ("x-nothing", String::new()),
    ];
    for method in ["POST", "GET", "DELETE", "PUT", "HEAD"] {
        for (name, value) in own {
            for (more, other) in own {
                // Two values of one header make another request, which is malformed.
                if name == more {
                    continue;
                }
                let sent = Sent::new(method, "/mcp").header(name, value.as_bytes());
                let sent = sent.header(more, other.as_bytes());
                let answer = browser.send(sent);
                class.same(format!("{method} {name}, {more}"), answer.status, 401);
                class.same("no way to sign in", answer.header("location"), None);
                class.same("nobody", answer.body.contains("Ada"), false);
            }
        }
    }
    class.same("the session lives", browser.who(), "Ada".into());
    class.done();
}
