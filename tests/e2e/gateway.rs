//! `examples/gateway.rs`, before a server that answers with the headers that it got.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use actix_mcp_auth::testing::TestAuthority;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt, web};

#[path = "../../examples/gateway.rs"]
#[allow(dead_code)]
mod example;

struct Gateway {
    authority: TestAuthority,
    resource: String,
}

impl Gateway {
    fn start() -> Self {
        let authority = TestAuthority::builder().scope("tools:trusted").start().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let behind = format!("http://{}/mcp", listener.local_addr().unwrap());
        let server = HttpServer::new(|| App::new().route("/mcp", web::to(echo)));
        rt::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        let (resource, gateway) = example::gateway(&authority, behind, &[]).unwrap();
        rt::spawn(gateway);
        Self { authority, resource }
    }

    /// The status, and what the server behind gets of a person's request: a header in each line.
    ///
    /// Written by hand, because HTTP clients send no `Connection` of their caller's.
    async fn passes(&self, person: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let token = self.authority.person_token(person, &self.resource);
        let (host, _) = self.resource.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let host = host.to_owned();
        let headers: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "GET /mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n{headers}\r\n"
        );
        let answer = rt::task::spawn_blocking(move || {
            let mut connection = TcpStream::connect(host).unwrap();
            connection.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            connection.read_to_string(&mut answer).unwrap();
            answer
        });
        let answer = answer.await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

/// Opens the session that it is asked to open.
async fn echo(request: HttpRequest) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    if let Some(id) = request.headers().get("X-Open") {
        answer.insert_header(("Mcp-Session-Id", id));
    }
    let lines = request.headers().iter().map(|(name, value)| format!("{name}: {value:?}\n"));
    answer.body(lines.collect::<String>())
}

#[actix_web::test]
async fn r08_a_gateway_passes_no_second_spelling_of_a_header() {
    let gateway = Gateway::start();
    let (status, passed) = gateway
        .passes(
            "user_ada",
            &[
                ("X-User", "user_grace"),
                ("X_User", "user_grace"),
                ("x.user", "user_grace"),
                ("Mcp_Session_Id", "of-grace"),
                ("Mcp-Session_Id", "of-grace"),
                ("Mcp~Session~Id", "of-grace"),
                ("HTTP_AUTHORIZATION", "Bearer x"),
                ("Last_Event_ID", "1"),
                ("MCP-Protocol-Version", "2025-11-25"),
            ],
        )
        .await;
    assert_eq!(status, 200);
    assert!(!passed.contains("grace") && !passed.contains("Bearer"), "{passed}");
    assert!(passed.contains("x-user: \"user_ada\"\n"), "{passed}");
    assert!(passed.contains("mcp-protocol-version: \"2025-11-25\"\n"), "{passed}");
    let ambiguous = |line: &&str| line.split(':').next().unwrap().contains(['_', '.', '~']);
    assert_eq!(passed.lines().find(ambiguous), None, "{passed}");
}

#[actix_web::test]
async fn a_gateway_passes_no_header_of_the_connection() {
    let gateway = Gateway::start();
    let sent = [
        ("Connection", "X-First, x-second"),
        ("X-First", "gone"),
        ("X-Second", "gone"),
        ("X-Third", "stays"),
        ("TE", "gone"),
        ("Keep-Alive", "gone"),
        ("Proxy-Connection", "gone"),
        ("Proxy-Authorization", "gone"),
        ("Upgrade", "gone"),
        ("Trailer", "gone"),
    ];
    let (status, passed) = gateway.passes("user_ada", &sent).await;
    assert_eq!(status, 200);
    assert!(!passed.contains("gone") && passed.contains("x-third: \"stays\"\n"), "{passed}");
}

#[actix_web::test]
async fn r08_a_gateway_passes_last_event_id_with_a_bound_session_only() {
    let gateway = Gateway::start();
    let event = ("Last-Event-ID", "event_7");
    let asks = async |person: &str, with: &[(&str, &str)]| {
        let headers = [&[event], with].concat();
        let (status, passed) = gateway.passes(person, &headers).await;
        (status, passed.contains("event_7"))
    };
    assert_eq!(asks("user_ada", &[]).await, (200, false), "without a session");
    let session = ("Mcp-Session-Id", "session_1");
    assert_eq!(asks("user_ada", &[session]).await, (200, false), "an unknown session");
    gateway.passes("user_ada", &[("X-Open", "session_1")]).await;
    assert_eq!(asks("user_ada", &[session]).await, (200, true), "her own session");
    assert_eq!(asks("user_ada", &[]).await, (200, false), "she has one, and does not name it");
    let dropped = [session, ("Connection", "Mcp-Session-Id")];
    assert_eq!(asks("user_ada", &dropped).await, (200, false), "the session is not passed on");
    assert_eq!(asks("user_alan", &[session]).await, (404, false), "somebody else's session");
    let unknown = ("Mcp-Session-Id", "session_2");
    assert_eq!(asks("user_alan", &[unknown]).await, (200, false), "an unknown session");
}
