//! Messages that need nobody signed in, beside those that do.

use actix_mcp_auth::{
    MaybeAuthed, McpAuth,
    mcp::{AnonymousMethods, McpMiddleware, ToolRules},
    testing::TestAuthority,
};
use actix_web::{http::Method, web};

use crate::support::{Answer, METADATA_URL, Server, authority, builder, good_token};

struct Mixed {
    authority: TestAuthority,
    server: Server,
}

impl Mixed {
    fn start(mcp: impl FnOnce(&McpAuth) -> McpMiddleware) -> Self {
        let authority = authority();
        let auth = builder(&authority).build().unwrap();
        let mcp = mcp(&auth);
        let server = Server::start(move |config| {
            let endpoint = web::resource("/mcp").wrap(mcp.clone()).route(web::route().to(greet));
            config.configure(auth.discovery()).service(endpoint);
        });
        Self { authority, server }
    }

    async fn anonymous(&self, body: &str) -> Answer {
        self.server.request(Method::POST, "/mcp").send_body(body.to_owned()).await
    }

    async fn of_ada(&self, body: &str) -> Answer {
        let request = self.server.request(Method::POST, "/mcp");
        request.bearer(&good_token(&self.authority)).send_body(body.to_owned()).await
    }
}

async fn greet(caller: MaybeAuthed, body: web::Bytes) -> String {
    let name = caller.user().map_or("nobody", |user| user.subject().id());
    format!("{name} {}", body.len())
}

fn method(name: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{name}"}}"#)
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add"}}"#;

fn discovery(auth: &McpAuth) -> McpMiddleware {
    auth.mcp().allow_anonymous(AnonymousMethods::discovery())
}

#[track_caller]
fn assert_ordinary_challenge(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {answer:?}");
    let ordinary = format!("Bearer resource_metadata=\"{METADATA_URL}\"");
    assert_eq!(answer.challenge(), ordinary, "{what}");
}

#[actix_web::test]
async fn r08_discovery_is_open_and_calls_are_not() {
    let mixed = Mixed::start(discovery);
    for name in ["initialize", "notifications/initialized", "ping", "server/discover", "tools/list"]
    {
        let body = method(name);
        let answer = mixed.anonymous(&body).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(answer.body, format!("nobody {}", body.len()));
        assert_eq!(mixed.of_ada(&body).await.body, format!("user_ada {}", body.len()));
    }
    assert_ordinary_challenge(&mixed.anonymous(CALL).await, "a call");
    assert_eq!(mixed.of_ada(CALL).await.status, 200);
    for name in ["resources/list", "Tools/list", "rpc.discover"] {
        assert_ordinary_challenge(&mixed.anonymous(&method(name)).await, name);
    }
    assert_eq!(mixed.anonymous(&method("tools/list ")).await.status, 400, "read in two ways");
}

#[actix_web::test]
async fn r08_a_bad_token_is_refused_where_anonymity_is_allowed() {
    let mixed = Mixed::start(discovery);
    let request = || mixed.server.request(Method::POST, "/mcp");
    for token in ["not-a-token", "a.b.c", &good_token(&authority())] {
        let answer = request().bearer(token).send_body(method("tools/list")).await;
        answer.assert_invalid_token(token);
    }
    let expired = mixed.authority.token().subject("user_ada").audience(crate::support::RESOURCE);
    let expired = expired.expired_for(std::time::Duration::from_secs(3600)).sign();
    let answer = request().bearer(&expired).send_body(method("tools/list")).await;
    answer.assert_invalid_token("expired");
    let answer = request().header("Authorization", "Bearer").send_body(method("ping")).await;
    assert_eq!(answer.status, 400);
}

#[actix_web::test]
async fn r08_it_is_the_body_that_tells_and_no_header() {
    let mixed = Mixed::start(discovery);
    for version in ["2025-11-25", "2026-07-28", "x"] {
        let request = mixed.server.request(Method::POST, "/mcp");
        let request = request
            .header("MCP-Protocol-Version", version)
            .header("Mcp-Method", "tools/list")
            .header("Mcp-Session-Id", "session-of-ada");
        let answer = request.send_body(CALL).await;
        assert!([400, 401].contains(&answer.status.as_u16()), "{version}: {answer:?}");
    }
    for body in [
        format!("[{},{CALL}]", method("tools/list")),
        format!("[{CALL},{}]", method("ping")),
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned(),
        format!("[{},{}]", method("ping"), r#"{"id":1,"error":{}}"#),
    ] {
        assert_ordinary_challenge(&mixed.anonymous(&body).await, &body);
    }
    for body in ["", "not json", "[]", r#"{"method":"ping","method":"tools/call"}"#] {
        assert_eq!(mixed.anonymous(body).await.status, 400, "{body}");
    }
    let batch = format!("[{},{}]", method("ping"), method("tools/list"));
    assert_eq!(mixed.anonymous(&batch).await.status, 200);
}

#[actix_web::test]
async fn r08_streams_and_the_end_of_sessions_are_not_open_unless_said_so() {
    let closed = Mixed::start(discovery);
    let open =
        Mixed::start(|auth| auth.mcp().allow_anonymous(AnonymousMethods::discovery().streams()));
    for verb in [Method::GET, Method::DELETE, Method::PUT, Method::HEAD] {
        // A body that would be open as a POST opens no stream.
        for body in [String::new(), method("ping")] {
            let request = closed.server.request(verb.clone(), "/mcp");
            let answer = request.send_body(body).await;
            assert_eq!(answer.status, 401, "{verb}");
        }
    }
    for (verb, status) in [(Method::GET, 200), (Method::DELETE, 200), (Method::PUT, 401)] {
        let request = open.server.request(verb.clone(), "/mcp");
        assert_eq!(request.send().await.status, status, "{verb}");
        let request = open.server.request(verb.clone(), "/mcp");
        assert_eq!(request.send_body(CALL).await.status, 401, "{verb}: a call is a call");
    }
}

#[actix_web::test]
async fn r08_single_tools_can_be_open() {
    let mixed = Mixed::start(|auth| {
        auth.mcp().allow_anonymous(AnonymousMethods::default().tool("opening_hours"))
    });
    let hours = CALL.replace("add", "opening_hours");
    assert_eq!(mixed.anonymous(&hours).await.status, 200);
    assert_eq!(mixed.anonymous(CALL).await.status, 401);
    assert_eq!(mixed.anonymous(&method("tools/list")).await.status, 401);
    let prompt = hours.replace("tools/call", "prompts/get");
    assert_eq!(mixed.anonymous(&prompt).await.status, 401);
}

#[actix_web::test]
async fn r30_a_rule_counts_for_who_is_not_signed_in_as_well() {
    let mixed = Mixed::start(|auth| {
        let rules = ToolRules::new().method("tools/list").refused();
        auth.mcp().rules(rules).unwrap().allow_anonymous(AnonymousMethods::discovery())
    });
    assert_eq!(mixed.anonymous(&method("tools/list")).await.status, 403);
    assert_eq!(mixed.anonymous(&method("ping")).await.status, 200);
}

#[actix_web::test]
async fn r10_a_preflight_needs_nobody_and_reaches_nobody() {
    let mixed = Mixed::start(discovery);
    let request = mixed.server.request(Method::OPTIONS, "/mcp");
    let request = request
        .header("Origin", "http://127.0.0.1:8787")
        .header("Access-Control-Request-Method", "POST");
    assert_eq!(request.send().await.status, 204);
    let plain = mixed.server.request(Method::OPTIONS, "/mcp").send().await;
    assert_eq!(plain.status, 401);
}

#[actix_web::test]
async fn r30_an_anonymous_tool_opens_no_ruled_one() {
    let mixed = Mixed::start(|auth| {
        let rules = ToolRules::new().tool("secret").refused().resource("file:///secret").refused();
        let open = AnonymousMethods::default()
            .tool("open")
            .method("subscriptions/listen")
            .method("completion/complete");
        auth.mcp().rules(rules).unwrap().allow_anonymous(open)
    });
    let open = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open"}}"#;
    assert_eq!(mixed.anonymous(open).await.status, 200);
    for (body, status) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open"},"paramſ":{"name":"secret"}}"#,
            400,
        ),
        (r#"{"id":1,"method":"tools/call","params":{"name":"open","name\u0000":"secret"}}"#, 400),
        (r#"{"id":1,"method":"tools/call","params":{"name":"open\u0000"}}"#, 400),
        (r#"{"id":1,"method":"tools/call","params":{"name":"secret"}}"#, 401),
        (
            r#"{"id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["file:///secret"]}}}"#,
            403,
        ),
        (
            r#"{"id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"file:///{+a}"}}}"#,
            403,
        ),
        (
            r#"{"id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["file:///a"]}}}"#,
            200,
        ),
    ] {
        assert_eq!(mixed.anonymous(body).await.status, status, "{body}");
    }
}
