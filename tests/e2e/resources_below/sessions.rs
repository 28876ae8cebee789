//! Sessions of MCP, and pages of other origins.

use actix_mcp_auth::mcp::AnonymousMethods;
use actix_web::{HttpRequest, HttpResponse, http::Method, web};

use super::Below;
use crate::support::{Answer, Server};

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

/// Opens a session where none is named, and believes whoever names one.
async fn trusting(request: HttpRequest) -> HttpResponse {
    let id = match request.headers().get("Mcp-Session-Id") {
        Some(id) => id.to_str().unwrap().to_owned(),
        None => format!("session-of-{}", request.path().replace('/', "-")),
    };
    HttpResponse::Ok().insert_header(("Mcp-Session-Id", id)).body("yours")
}

struct Sessions {
    below: Below,
    server: Server,
}

impl Sessions {
    fn start() -> Self {
        let below = Below::start();
        let auth = below.auth.clone();
        let server = Server::start(move |config| {
            let mcp = auth.mcp().allow_anonymous(AnonymousMethods::discovery());
            config.service(web::scope("/mcp").wrap(mcp).default_service(web::to(trusting)));
        });
        Self { below, server }
    }

    async fn send(
        &self,
        (method, path): (Method, &str),
        token: Option<&str>,
        session: Option<&str>,
        body: &'static str,
    ) -> Answer {
        let mut request = self.server.request(method, path);
        if let Some(token) = token {
            request = request.bearer(token);
        }
        if let Some(id) = session {
            request = request.header("Mcp-Session-Id", id);
        }
        request.send_body(body).await
    }
}

#[actix_web::test]
async fn r08_a_session_of_one_resource_is_not_good_at_another() {
    let sessions = Sessions::start();
    let token = sessions.below.token(&["/mcp", "/mcp/acme", "/mcp/other"]);
    let by_token = Some(token.as_str());
    let opened = sessions.send((Method::POST, "/mcp/acme"), by_token, None, INITIALIZE).await;
    let session = opened.header("mcp-session-id").unwrap().to_owned();
    for method in [Method::POST, Method::GET, Method::DELETE] {
        for path in ["/mcp/other", "/mcp"] {
            let answer =
                sessions.send((method.clone(), path), by_token, Some(&session), PING).await;
            assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
            assert!(answer.body.contains("Session not found"), "{answer:?}");
        }
    }
    for path in ["/mcp/acme", "/mcp/acme/"] {
        let answer = sessions.send((Method::POST, path), by_token, Some(&session), PING).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
}

#[actix_web::test]
async fn r08_an_anonymous_session_stays_at_its_resource() {
    let sessions = Sessions::start();
    let opened = sessions.send((Method::POST, "/mcp/acme"), None, None, INITIALIZE).await;
    assert_eq!(opened.status, 200, "{opened:?}");
    let session = opened.header("mcp-session-id").unwrap().to_owned();
    let token = sessions.below.token(&["/mcp/acme", "/mcp/other"]);
    for token in [None, Some(token.as_str())] {
        let other = (Method::POST, "/mcp/other");
        let answer = sessions.send(other, token, Some(&session), INITIALIZE).await;
        assert_eq!(answer.status, 404, "{answer:?}");
        let own = (Method::POST, "/mcp/acme");
        let answer = sessions.send(own, token, Some(&session), INITIALIZE).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[actix_web::test]
async fn r16_pages_can_call_resources_below_and_read_their_challenges() {
    let below = Below::with(|builder| builder.allow_origin("https://chat.example.com"));
    let preflight = below
        .server
        .request(Method::OPTIONS, "/mcp/acme")
        .header("Origin", "https://chat.example.com")
        .header("Access-Control-Request-Method", "POST")
        .send()
        .await;
    assert_eq!(preflight.status, 204);
    let page = |path: &str| {
        let request = below.server.request(Method::POST, path);
        request.header("Origin", "https://chat.example.com")
    };
    for (path, status) in [("/mcp/acme", 401), ("/mcp/%61cme", 404)] {
        let answer = page(path).send().await;
        assert_eq!(answer.status, status, "{answer:?}");
        let origin = answer.header("access-control-allow-origin");
        assert_eq!(origin, Some("https://chat.example.com"), "{path}");
    }
    let evil = below.server.request(Method::POST, "/mcp/acme").header("Origin", "https://evil");
    assert_eq!(evil.send().await.status, 403);
}
