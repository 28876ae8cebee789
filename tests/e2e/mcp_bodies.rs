//! Bodies behind rules: what is judged is what the handler reads.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    McpAuth,
    mcp::{McpMiddleware, ToolRules},
    testing::TestAuthority,
};
use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use serde_json::{Value, json};

use crate::support::{Answer, Server, authority, builder, good_token};

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"add"}}"#;

/// An endpoint whose handler sends back what it reads, behind rules.
struct Echo {
    authority: TestAuthority,
    server: Server,
}

impl Echo {
    fn start() -> Self {
        Self::with(|mcp| mcp)
    }

    fn with(settings: impl FnOnce(McpMiddleware) -> McpMiddleware) -> Self {
        let authority = authority();
        let auth = builder(&authority).build().unwrap();
        let rules = ToolRules::new().tool("delete").refused();
        let mcp = settings(auth.mcp().rules(rules).unwrap());
        Self { server: serve(&auth, &mcp), authority }
    }

    fn request(&self, method: Method) -> crate::support::Request {
        self.server.request(method, "/mcp").bearer(&good_token(&self.authority))
    }

    async fn post(&self, body: impl Into<web::Bytes>) -> Answer {
        self.request(Method::POST).send_body(body).await
    }

    async fn post_with(&self, headers: &[(&str, &str)], body: &'static str) -> Answer {
        let mut request = self.request(Method::POST);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send_body(body).await
    }

    /// Opens a connection and writes the head of a request.
    fn connect(&self, headers: &str) -> TcpStream {
        let origin = self.server.origin();
        let address = origin.strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(address).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let token = good_token(&self.authority);
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
        );
        connection.write_all(head.as_bytes()).unwrap();
        connection
    }
}

fn serve(auth: &McpAuth, mcp: &McpMiddleware) -> Server {
    let (auth, mcp) = (auth.clone(), mcp.clone());
    Server::start(move |config| {
        let endpoint = web::resource("/mcp")
            .app_data(web::PayloadConfig::new(usize::MAX))
            .wrap(mcp.clone())
            .route(web::route().to(echo));
        config.configure(auth.discovery()).service(endpoint);
    })
}

async fn echo(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let kind = request.headers().get("Content-Type").cloned();
    let mut answer = HttpResponse::Ok();
    answer.insert_header(("X-Length", body.len().to_string()));
    if let Some(kind) = kind {
        answer.insert_header(("X-Kind", kind));
    }
    // The client reads no more than 2 MiB.
    answer.body(if body.len() > 2 * 1024 * 1024 { web::Bytes::new() } else { body })
}

/// A refusal is an HTTP status with a JSON-RPC error of this code.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: i32, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    assert_eq!(answer.json()["jsonrpc"], "2.0", "{what}");
    assert_eq!(answer.json()["error"]["code"], code, "{what}: {answer:?}");
    assert!(answer.header("www-authenticate").is_none(), "no token would cure it: {what}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
}

fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = T> {
    let done = actix_web::web::block(work);
    async { done.await.unwrap() }
}

/// All that comes until the connection is closed, or says no more.
fn answer_of(mut connection: TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(read) = connection.read(&mut piece) {
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes);
        if read == 0 || text.contains("\r\n\r\n") && text.ends_with('}') {
            break;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[actix_web::test]
async fn r30_the_handler_reads_the_very_bytes_that_were_judged() {
    let echo = Echo::start();
    let long = format!(
        r#"{{"method":"tools/call","params":{{"arguments":"{}","name":"add"}}}}"#,
        "\u{e9}".repeat(700_000)
    );
    let spaced =
        " \r\n\t{ \"method\" : \"tools\\/list\" , \"id\":1e0, \"x\":[1.50,\"\\u00e9\"] } \n";
    for body in [LIST, CALL, spaced, &long, r#"[{"method":"ping","id":1},{"id":2,"result":{}}]"#] {
        let answer = echo.post(body.to_owned()).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body == body, "{} bytes", body.len());
    }
    let answer = echo.post_with(&[("Content-Type", "application/json; charset=utf-8")], LIST).await;
    assert_eq!(answer.header("x-kind"), Some("application/json; charset=utf-8"));
}

#[actix_web::test]
async fn r30_a_chunked_body_is_judged_whole() {
    let echo = Echo::start();
    let pieces = |text: &str| {
        let chunks: Vec<String> = text
            .as_bytes()
            .chunks(5)
            .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)))
            .collect();
        format!("{}0\r\n\r\n", chunks.concat())
    };
    for (body, status) in [(CALL, "200"), (&CALL.replace("add", "delete") as &str, "403")] {
        let mut connection = echo.connect("Transfer-Encoding: chunked\r\n");
        let chunks = pieces(body);
        let answer = blocking(move || {
            for piece in chunks.as_bytes().chunks(40) {
                connection.write_all(piece).unwrap();
                std::thread::sleep(Duration::from_millis(5));
            }
            answer_of(connection)
        });
        let answer = answer.await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert_eq!(status == "200", answer.contains(CALL), "{answer}");
    }
}

#[actix_web::test]
async fn r30_what_cannot_be_judged_is_refused_with_400() {
    let echo = Echo::start();
    let duplicate =
        r#"{"id":1,"method":"tools/list","method":"tools/call","params":{"name":"add"}}"#;
    let nested =
        r#"{"id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1,"a":2}}}"#;
    for (body, code) in [
        ("", -32700),
        ("not json", -32700),
        (&LIST[..LIST.len() - 1], -32700),
        ("access_token=x&a=b", -32700),
        ("[]", -32600),
        ("{}", -32600),
        ("null", -32600),
        (duplicate, -32600),
        (nested, -32600),
        (r#"{"id":1,"method":"tools/call","params":{}}"#, -32602),
    ] {
        assert_refused(&echo.post(body).await, 400, code, body);
    }
    assert_refused(&echo.post(vec![b'{', 0xff, b'}']).await, 400, -32700, "broken UTF-8");
    assert_refused(&echo.post("[".repeat(100_000)).await, 400, -32600, "nested");
    let deep = format!(r#"{{"method":"ping","params":{{"a":{}"#, "[".repeat(100_000));
    assert_refused(&echo.post(deep).await, 400, -32700, "nested within");
    let huge = r#"{"id":1,"method":"tools/call","params":{"name":"add","arguments":1e999999}}"#;
    assert_refused(&echo.post(huge).await, 400, -32700, "a number that is none");
    assert_eq!(echo.post(LIST).await.status, 200, "the next request is not affected");
}

#[actix_web::test]
async fn r30_bodies_that_go_or_cjson_read_otherwise_are_400() {
    let echo = Echo::start();
    for body in [
        // encoding/json of Go folds U+017F, and would run `delete`.
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add"},"paramſ":{"name":"delete"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add"},"param\u017f":{"name":"delete"}}"#,
        // cJSON ends a name at NUL.
        r#"{"method\u0000":"tools/call","method":"ping","params":{"name":"delete"}}"#,
        r#"{"id":1,"method":"tools/call","params":{"name\u0000":"delete","name":"add"}}"#,
        r#"{"id":1,"method":"tools/call","params":{"name":"add","größe":1}}"#,
        r#"{"id":1,"method":"tools/call","params":{"name":"add","Name":"delete"}}"#,
        r#"{"id":1,"method":"tools/call\u0000","params":{"name":"delete"}}"#,
        r#"{"id":1,"method":" tools/call","params":{"name":"delete"}}"#,
    ] {
        assert_refused(&echo.post(body).await, 400, -32600, body);
    }
    for body in [
        r#"{"id":1,"method":"tools/call","params":{"name":" delete"}}"#,
        r#"{"id":1,"method":"tools/call","params":{"name":"delete\u0000"}}"#,
        r#"{"id":1,"method":"tools/call","params":{"name":"delete\u3000"}}"#,
    ] {
        assert_refused(&echo.post(body).await, 400, -32602, body);
    }
    let free = r#"{"id":1,"method":"tools/call","params":{"name":"add","arguments":{"größe":1,"Name":2,"name\u0000":3},"_meta":{"größe":1,"Method":2}}}"#;
    assert_eq!(echo.post(free).await.status, 200);
}

#[actix_web::test]
async fn r30_a_lookalike_of_the_version_in_meta_is_refused() {
    let echo = Echo::start();
    let now = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/list")];
    let body = |member: &str| {
        format!(
            r#"{{"id":1,"method":"tools/list","params":{{"_meta":{{"io.modelcontextprotocol/{member}":"2025-06-18"}}}}}}"#
        )
    };
    for member in ["protocolversion", "protocolVer\u{17f}ion", "protocolVersion\\u0000"] {
        let body: &'static str = body(member).leak();
        assert_refused(&echo.post_with(&now, body).await, 400, -32600, body);
    }
    let body: &'static str = body("protocolVersions").leak();
    assert_eq!(echo.post_with(&now, body).await.status, 200);
}

#[actix_web::test]
async fn r30_a_header_refuses_no_listener_before_its_body_is_read() {
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let rules = ToolRules::new()
        .resource("file:///a")
        .open()
        .prompt("daily")
        .open()
        .method("subscriptions/listen")
        .refused()
        .method("completion/complete")
        .refused();
    let echo = Echo { server: serve(&auth, &auth.mcp().rules(rules).unwrap()), authority };
    let listen = r#"{"id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["file:///a"]}}}"#;
    let complete = r#"{"id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"daily"}}}"#;
    let version = ("MCP-Protocol-Version", "2026-07-28");
    for (method, body) in [("subscriptions/listen", listen), ("completion/complete", complete)] {
        assert_eq!(echo.post_with(&[version, ("Mcp-Method", method)], body).await.status, 200);
        let answer = echo.post_with(&[version, ("Mcp-Method", "ping")], body).await;
        assert_refused(&answer, 400, -32020, method);
        let answer = echo.post_with(&[version], body).await;
        assert_refused(&answer, 400, -32020, method);
    }
}

#[actix_web::test]
async fn r30_encoded_bodies_are_refused() {
    let echo = Echo::start();
    for header in [
        ("Content-Encoding", "gzip"),
        ("Content-Encoding", "deflate"),
        ("Content-Encoding", "identity, br"),
        ("Content-Type", "application/json; charset=shift_jis"),
    ] {
        let answer = echo.post_with(&[header], LIST).await;
        assert_refused(&answer, 415, -32600, header.1);
        assert_eq!(answer.header("accept-encoding"), Some("identity"));
    }
    assert_eq!(echo.post_with(&[("Content-Encoding", "identity")], LIST).await.status, 200);
}

#[actix_web::test]
async fn r30_a_body_longer_than_the_bound_is_413() {
    let echo = Echo::with(|mcp| mcp.max_message_bytes(1_000));
    let of = |length: usize| {
        let start = r#"{"method":"ping","x":""#;
        format!("{start}{}\"}}", "a".repeat(length - start.len() - 2))
    };
    assert_eq!(echo.post(of(1_000)).await.status, 200);
    let answer = echo.post(of(1_001)).await;
    assert_refused(&answer, 413, -32600, "announced");
    let mut connection = echo.connect("Transfer-Encoding: chunked\r\n");
    let answer = blocking(move || {
        // It is refused once it is too long, and not when it ends, which it never does.
        for _ in 0..3 {
            connection.write_all(format!("1f4\r\n{}\r\n", "a".repeat(500)).as_bytes()).unwrap();
        }
        answer_of(connection)
    });
    let answer = answer.await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
}

#[actix_web::test]
async fn r30_the_bound_is_4_mib_unless_configured() {
    let echo = Echo::start();
    let of = |length: usize| format!(r#"{{"method":"ping"}}{}"#, " ".repeat(length - 17));
    let answer = echo.post(of(4 * 1024 * 1024)).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-length")), (200, Some("4194304")));
    assert_refused(&echo.post(of(4 * 1024 * 1024 + 1)).await, 413, -32600, "a byte more");
}

#[actix_web::test]
async fn r30_a_body_that_does_not_come_in_time_is_408() {
    let echo = Echo::with(|mcp| mcp.message_time_limit(Duration::from_millis(400)));
    let mut connection = echo.connect("Content-Length: 100\r\n");
    let started = Instant::now();
    let answer = blocking(move || {
        // A byte now and then does not prolong it.
        for _ in 0..3 {
            connection.write_all(b"{").unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }
        answer_of(connection)
    });
    let answer = answer.await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("-32600"), "{answer}");
    assert!(started.elapsed() >= Duration::from_millis(400), "{:?}", started.elapsed());
    assert_eq!(echo.post(LIST).await.status, 200);
}

#[actix_web::test]
async fn r30_a_body_of_any_method_is_judged() {
    let echo = Echo::start();
    let refused = CALL.replace("add", "delete");
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let answer = echo.request(method.clone()).send_body(refused.clone()).await;
        assert_eq!(answer.status, 403, "{method}");
        let answer = echo.request(method.clone()).send().await;
        assert_eq!(answer.status, 200, "{method}: a stream, or the end of a session");
    }
}

#[actix_web::test]
async fn r30_headers_that_disagree_with_the_body_are_refused_where_they_are_demanded() {
    let echo = Echo::start();
    let now = ("MCP-Protocol-Version", "2026-07-28");
    let (method, name) = (("Mcp-Method", "tools/call"), ("Mcp-Name", "add"));
    assert_eq!(echo.post_with(&[now, method, name], CALL).await.status, 200);
    assert_eq!(
        echo.post_with(&[now, method, ("Mcp-Name", "=?base64?YWRk?=")], CALL).await.status,
        200
    );
    for headers in [
        &[now, ("Mcp-Method", "tools/list"), name][..],
        &[now, method, ("Mcp-Name", "whoami")],
        &[now, method, ("Mcp-Name", "=?base64?d2hvYW1p?=")],
        &[now, method, ("Mcp-Name", "=?base64?YWRk")],
        &[now, method, ("Mcp-Name", "=?base64?YW?=")],
        &[now, method],
        &[now, name],
        &[now, method, method, name],
        &[now, method, name, name],
        &[now, now, method, name],
        // Twice is once too often under any revision.
        &[("MCP-Protocol-Version", "2025-06-18"), name, name],
        &[method, method],
    ] {
        let answer = echo.post_with(headers, CALL).await;
        assert_refused(&answer, 400, -32020, &format!("{headers:?}"));
    }
    let answer = echo.post_with(&[now, ("Mcp-Method", "ping"), name], CALL).await;
    assert_eq!(answer.json()["id"], 7, "the client learns which call it was");
    let lying = [("Mcp-Method", "tools/list"), ("Mcp-Name", "whoami")];
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let headers = [("MCP-Protocol-Version", version), lying[0], lying[1]];
        assert_eq!(echo.post_with(&headers, CALL).await.status, 200, "{version} ignores them");
    }
    assert_eq!(echo.post_with(&lying, CALL).await.status, 200);
}

#[actix_web::test]
async fn r30_a_lying_header_grants_nothing() {
    let echo = Echo::start();
    let delete = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete"}}"#;
    for version in ["2025-03-26", "2025-11-25", "2026-07-28", "9999-99-99", "none"] {
        for lie in [("tools/list", ""), ("tools/call", "add"), ("ping", "delete"), ("", "")] {
            let headers =
                [("MCP-Protocol-Version", version), ("Mcp-Method", lie.0), ("Mcp-Name", lie.1)];
            let answer = echo.post_with(&headers, delete).await;
            assert!(answer.status == 403 || answer.status == 400, "{headers:?}: {answer:?}");
        }
    }
}

#[actix_web::test]
async fn r30_headers_may_refuse_before_the_body_has_come() {
    let echo = Echo::start();
    let connection = echo.connect(
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: delete\r\n\
         Content-Length: 100\r\n",
    );
    let answer = blocking(move || answer_of(connection)).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[actix_web::test]
async fn r30_every_message_of_a_batch_must_pass() {
    let echo = Echo::start();
    let delete = CALL.replace("add", "delete");
    for (batch, status) in [
        (format!("[{LIST},{CALL}]"), 200),
        (format!("[{LIST},{delete}]"), 403),
        (format!("[{delete},{LIST}]"), 403),
        (format!("[{LIST},[{CALL}]]"), 400),
        (format!("[{LIST},1]"), 400),
    ] {
        assert_eq!(echo.post(batch.clone()).await.status, status, "{batch}");
    }
}

#[actix_web::test]
async fn r30_a_rule_that_refuses_is_a_plain_403() {
    let echo = Echo::start();
    let answer = echo.post(CALL.replace("add", "delete")).await;
    assert_eq!(answer.status, 403);
    assert!(answer.header("www-authenticate").is_none());
    assert_eq!(answer.json(), json!({ "error_description": "This application does not offer it" }));
}

#[actix_web::test]
async fn r30_without_rules_no_body_is_read() {
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let echo = Echo { server: serve(&auth, &auth.mcp()), authority };
    for body in ["not json", "", "[[", r#"{"a":1,"a":1}"#] {
        let answer = echo.post_with(&[("Content-Encoding", "identity")], body).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, body));
    }
}

#[actix_web::test]
async fn r16_refusals_of_messages_can_be_read_by_the_page_that_called() {
    let authority = authority();
    let auth = builder(&authority).allow_origin("https://chat.example.com").build().unwrap();
    let mcp = auth.mcp().rules(ToolRules::new().tool("delete").refused()).unwrap();
    let echo = Echo { server: serve(&auth, &mcp), authority };
    for body in ["not json", r#"{"method":"tools/call","params":{"name":"delete"}}"#] {
        let answer = echo.post_with(&[("Origin", "https://chat.example.com")], body).await;
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, Some("https://chat.example.com"), "{body}");
        assert_eq!(answer.headers.get_all("vary").count(), 1, "said once: {body}");
    }
}

#[actix_web::test]
async fn r30_streaming_answers_pass_untouched() {
    use futures_util::{StreamExt, stream};

    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let mcp = auth.mcp().rules(ToolRules::new().tool("delete").refused()).unwrap();
    let server = Server::start(move |config| {
        let events = || async {
            // An event now; the next one never comes.
            let first = stream::iter([Ok::<_, actix_web::Error>(web::Bytes::from("data: 1\n\n"))]);
            HttpResponse::Ok()
                .content_type("text/event-stream")
                .streaming(first.chain(stream::pending()))
        };
        config.service(web::resource("/mcp").wrap(mcp.clone()).route(web::post().to(events)));
    });
    let client = awc::Client::default();
    let request = client
        .post(format!("{}/mcp", server.origin()))
        .insert_header(("Authorization", format!("Bearer {}", good_token(&authority))));
    let mut answer = request.send_body(LIST).await.unwrap();
    assert_eq!(answer.headers().get("content-type").unwrap(), "text/event-stream");
    let first = tokio::time::timeout(Duration::from_secs(20), answer.next());
    assert_eq!(first.await.unwrap().unwrap().unwrap(), "data: 1\n\n");
}

#[actix_web::test]
async fn r09_no_refusal_repeats_what_was_sent() {
    let echo = Echo::start();
    let secret = "s3cr3t-argument";
    for body in [
        format!("{{\"{secret}\""),
        format!(r#"{{"method":"{secret}","method":"{secret}"}}"#),
        format!(r#"{{"method":"tools/call","params":{{"name":"delete","arguments":"{secret}"}}}}"#),
    ] {
        let answer = echo.post(body.clone()).await;
        assert!(!answer.body.contains(secret), "{answer:?}");
        let error: Value = answer.json();
        assert!(error.is_object());
    }
}
