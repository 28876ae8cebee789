//! Rules for tools, prompts, resources and methods, and the responses to callers who may not use them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use actix_mcp_auth::{
    Issuer, McpAuth, McpAuthBuilder, Principal,
    mcp::{AnonymousMethods, ToolRules},
    permission::{Any, Permission},
    scopes,
    testing::TestAuthority,
    token::TokenCacheSettings,
};
use actix_web::{http::Method, web};
use serde_json::json;

use crate::support::{Answer, METADATA_URL, RESOURCE, Server, authority};

scopes! {
    /// All of them.
    struct Permissions;
    Read = "bookmarks:read";
    Write = "bookmarks:write" implies Read;
    Share = "bookmarks:share";
    Staff = "staff";
}

mod elsewhere {
    actix_mcp_auth::scopes! { pub(super) Undeclared = "elsewhere"; }
}

const KNOWN: [&str; 4] = ["openid", "bookmarks:read", "bookmarks:write", "bookmarks:share"];

fn rules() -> ToolRules {
    ToolRules::new()
        .tool("list")
        .requires::<Read>()
        .tool("delete")
        .requires::<Write>()
        .tool("share")
        .requires::<(Read, Share)>()
        .tool("either")
        .requires::<Any<(Share, Write)>>()
        .tool("audit")
        .requires::<Staff>()
        .tool("whoami")
        .open()
        .other_tools()
        .refused()
        .method("resources/read")
        .requires::<Read>()
        .resource("file:///secret")
        .requires::<Write>()
        .prompt("daily")
        .requires::<Share>()
        .resources_under("secret://vault/")
        .requires::<Write>()
        .resource("secret://vault/menu")
        .requires::<Read>()
        .resource("notes://Ada/1")
        .requires::<Write>()
}

struct Ruled {
    authority: TestAuthority,
    server: Server,
    handled: Arc<AtomicUsize>,
}

impl Ruled {
    fn start() -> Self {
        Self::with(|builder| builder, |mcp| mcp)
    }

    fn with(
        settings: impl FnOnce(McpAuthBuilder) -> McpAuthBuilder,
        more: impl FnOnce(actix_mcp_auth::mcp::McpMiddleware) -> actix_mcp_auth::mcp::McpMiddleware,
    ) -> Self {
        let authority = authority();
        let issuer = Issuer::authkit(authority.issuer()).unwrap().scopes(KNOWN).unwrap();
        let builder = McpAuth::builder(RESOURCE).issuer(issuer).permissions::<Permissions>();
        let auth = settings(builder).build().unwrap();
        let mcp = more(auth.mcp().rules(rules()).unwrap());
        let handled = Arc::new(AtomicUsize::new(0));
        let counter = handled.clone();
        let server = Server::start(move |config| {
            let counter = counter.clone();
            let handler = move || {
                counter.fetch_add(1, SeqCst);
                async { "done" }
            };
            config
                .configure(auth.discovery())
                .service(web::resource("/mcp").wrap(mcp.clone()).route(web::post().to(handler)));
        });
        Self { authority, server, handled }
    }

    fn token(&self, scope: &str) -> String {
        self.authority.token().subject("user_ada").audience(RESOURCE).scope(scope).sign()
    }

    async fn post(&self, scope: &str, body: &str) -> Answer {
        let request = self.server.request(Method::POST, "/mcp").bearer(&self.token(scope));
        request.send_body(body.to_owned()).await
    }

    /// Calls a tool with a token of these scopes.
    async fn call(&self, scope: &str, tool: &str) -> Answer {
        self.post(scope, &call(tool)).await
    }
}

fn call(tool: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}"}}}}"#)
}

/// 403 by the same challenge as for scopes, which names all that is needed.
#[track_caller]
fn assert_step_up(answer: &Answer, scope: &str) {
    assert_eq!(answer.status, 403, "{answer:?}");
    let challenge = answer.challenge();
    assert!(challenge.starts_with("Bearer error=\"insufficient_scope\", "), "{challenge}");
    assert!(challenge.contains(&format!("scope=\"{scope}\"")), "{challenge}");
    assert!(challenge.contains(&format!("resource_metadata=\"{METADATA_URL}\"")), "{challenge}");
}

#[actix_web::test]
async fn r30_r15_who_lacks_what_a_tool_requires_gets_403_and_never_reaches_it() {
    let ruled = Ruled::start();
    assert_step_up(&ruled.call("openid bookmarks:read", "delete").await, "bookmarks:write");
    assert_step_up(&ruled.call("openid", "list").await, "bookmarks:read");
    assert_step_up(&ruled.call("bookmarks:read", "share").await, "bookmarks:read bookmarks:share");
    assert_eq!(ruled.handled.load(SeqCst), 0, "nothing was run");
    for (scope, tool) in [
        ("bookmarks:write", "delete"),
        ("bookmarks:write", "list"),
        ("bookmarks:read", "list"),
        ("bookmarks:share bookmarks:read", "share"),
        ("bookmarks:share", "either"),
        ("bookmarks:write", "either"),
        ("openid", "whoami"),
    ] {
        assert_eq!(ruled.call(scope, tool).await.status, 200, "{scope} {tool}");
    }
}

#[actix_web::test]
async fn r30_names_are_compared_byte_for_byte_and_others_fall_to_the_rule_for_others() {
    let ruled = Ruled::start();
    for tool in ["Delete", "dele te", "other", "", "tools/call", "resources/read"] {
        let answer = ruled.call("bookmarks:write bookmarks:share", tool).await;
        assert_eq!(answer.status, 403, "{tool}");
        assert!(answer.header("www-authenticate").is_none(), "{tool}: no token would help");
    }
    for tool in ["delete ", "delet\\u0000e", "\\ufeffdelete", "delete\\u00a0"] {
        let answer = ruled.call("bookmarks:write bookmarks:share", tool).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"]["code"].clone()),
            (400, json!(-32602)),
            "{tool}"
        );
    }
    let escaped = call("d\\u0065lete");
    assert_step_up(&ruled.post("openid", &escaped).await, "bookmarks:write");
    assert_eq!(ruled.post("bookmarks:write", &escaped).await.status, 200);
}

#[actix_web::test]
async fn r30_other_methods_have_rules_as_well() {
    let ruled = Ruled::start();
    assert_step_up(&ruled.post("openid", &read("file:///a")).await, "bookmarks:read");
    assert_eq!(ruled.post("bookmarks:read", &read("file:///a")).await.status, 200);
    assert_step_up(&ruled.post("bookmarks:read", &read("file:///secret")).await, "bookmarks:write");
    let subscribe = read("file:///secret").replace("read", "subscribe");
    assert_step_up(&ruled.post("bookmarks:read", &subscribe).await, "bookmarks:write");
    let prompt =
        |name: &str| format!(r#"{{"id":1,"method":"prompts/get","params":{{"name":"{name}"}}}}"#);
    assert_step_up(&ruled.post("openid", &prompt("daily")).await, "bookmarks:share");
    assert_eq!(ruled.post("openid", &prompt("weekly")).await.status, 200);
    assert_eq!(ruled.post("openid", r#"{"id":1,"method":"tools/list"}"#).await.status, 200);
}

fn read(uri: &str) -> String {
    format!(r#"{{"id":1,"method":"resources/read","params":{{"uri":"{uri}"}}}}"#)
}

fn listen(notifications: &str) -> String {
    format!(
        r#"{{"id":1,"method":"subscriptions/listen","params":{{"notifications":{notifications}}}}}"#
    )
}

fn complete(reference: &str) -> String {
    format!(
        r#"{{"id":1,"method":"completion/complete","params":{{"ref":{reference},
        "argument":{{"name":"a","value":"b"}}}}}}"#
    )
}

#[actix_web::test]
async fn r30_listening_to_a_resource_needs_what_reading_it_needs() {
    let ruled = Ruled::start();
    let secret = listen(r#"{"resourceSubscriptions":["file:///secret"]}"#);
    assert_step_up(&ruled.post("bookmarks:read", &secret).await, "bookmarks:write");
    assert_eq!(ruled.post("bookmarks:write", &secret).await.status, 200);
    // Without a rule of its own, by that of resources/read.
    let other = listen(r#"{"toolsListChanged":true,"resourceSubscriptions":["file:///a"]}"#);
    assert_step_up(&ruled.post("openid", &other).await, "bookmarks:read");
    assert_eq!(ruled.post("bookmarks:read", &other).await.status, 200);
    let tools = listen(r#"{"toolsListChanged":true}"#);
    assert_eq!(ruled.post("openid", &tools).await.status, 200);
    for broken in [r#""file:///a""#, r#"{"resourceSubscriptions":"file:///secret"}"#] {
        let answer = ruled.post("bookmarks:write", &listen(broken)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"]["code"].clone()),
            (400, json!(-32602)),
            "{broken}"
        );
    }
    assert_eq!(ruled.handled.load(SeqCst), 3);
}

#[actix_web::test]
async fn r30_r15_one_challenge_names_what_all_listened_resources_need() {
    let ruled = Ruled::start();
    let both =
        listen(r#"{"resourceSubscriptions":["file:///a","file:///secret","notes://Ada/1"]}"#);
    assert_step_up(&ruled.post("openid", &both).await, "bookmarks:read bookmarks:write");
    assert_eq!(ruled.post("bookmarks:write", &both).await.status, 200);
}

#[actix_web::test]
async fn r30_completion_needs_what_the_prompt_or_resource_needs() {
    let ruled = Ruled::start();
    let prompt = |name: &str| complete(&format!(r#"{{"type":"ref/prompt","name":"{name}"}}"#));
    assert_step_up(&ruled.post("openid", &prompt("daily")).await, "bookmarks:share");
    assert_eq!(ruled.post("bookmarks:share", &prompt("daily")).await.status, 200);
    assert_eq!(ruled.post("openid", &prompt("weekly")).await.status, 200);
    let resource = |uri: &str| complete(&format!(r#"{{"type":"ref/resource","uri":"{uri}"}}"#));
    for (uri, scopes) in [
        ("file:///secret", "bookmarks:write"),
        ("file:///{name}", "bookmarks:write"),
        ("secret://vault/x{name}", "bookmarks:write"),
        ("secret://vault/{name}", "bookmarks:read bookmarks:write"),
        ("secret://{+all}", "bookmarks:read bookmarks:write"),
        ("notes://{person}/1", "bookmarks:write"),
    ] {
        let answer = ruled.post("openid", &resource(uri)).await;
        assert_eq!(answer.status, 403, "{uri}: {answer:?}");
        for scope in scopes.split(' ') {
            assert!(answer.challenge().contains(scope), "{uri}: {}", answer.challenge());
        }
        assert_eq!(ruled.post("bookmarks:write", &resource(uri)).await.status, 200, "{uri}");
    }
    assert_eq!(ruled.post("openid", &resource("public://{a}/{b}")).await.status, 200);
    assert_eq!(ruled.post("openid", &resource("https://{host}/a")).await.status, 200);
    for broken in [r#"{"type":"ref/prompt"}"#, r#"{"name":"daily"}"#, r#""daily""#] {
        let answer = ruled.post("bookmarks:share", &complete(broken)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"]["code"].clone()),
            (400, json!(-32602)),
            "{broken}"
        );
    }
}

#[actix_web::test]
async fn r30_another_spelling_of_a_resource_s_uri_is_400() {
    let ruled = Ruled::start();
    for uri in [
        "SECRET://vault/keys",
        "secret://vault/x/../keys",
        "secret://vault/./keys",
        "secret://vault/x/%2E%2e/keys",
        "secret://vault/%6Beys",
        "secret://vault/a%2fb",
        "secret://@vault/keys",
        "HTTPS://example.com/",
        "https://example.com:443/",
        "file:/secret",
        "file://localhost/secret",
        "keys",
    ] {
        for body in [
            read(uri),
            read(uri).replace("read", "subscribe"),
            listen(&format!(r#"{{"resourceSubscriptions":["public://a","{uri}"]}}"#)),
            complete(&format!(r#"{{"type":"ref/resource","uri":"{uri}"}}"#)),
        ] {
            let answer = ruled.post("bookmarks:write", &body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()["error"]["code"].clone()),
                (400, json!(-32602)),
                "{body}"
            );
            assert_eq!(answer.json()["id"], 1, "{body}");
        }
    }
    for uri in [" secret://vault/keys", "secret://vault/keys ", "secret://vault/ke\\tys"] {
        let answer = ruled.post("bookmarks:write", &read(uri)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"]["code"].clone()),
            (400, json!(-32602)),
            "{uri}"
        );
    }
    assert_eq!(ruled.handled.load(SeqCst), 0);
}

#[actix_web::test]
async fn r30_resources_under_a_prefix_go_by_its_rule() {
    let ruled = Ruled::start();
    for (uri, scope) in [
        ("secret://vault/keys", "bookmarks:write"),
        ("secret://vault/a/b?c=d", "bookmarks:write"),
        ("secret://vault/menu", "bookmarks:read"),
        ("secret://vaulted/keys", "bookmarks:read"),
        // Both readings count: what a server might take for the ruled resource goes by its rule.
        ("notes://Ada/1", "bookmarks:write"),
        ("notes://ada/1", "bookmarks:write"),
        ("notes://ADA/1#x", "bookmarks:write"),
        ("notes://eve@Ada/1", "bookmarks:write"),
        ("public://x/..%2F..%2F1", "bookmarks:read"),
    ] {
        let answer = ruled.post("openid", &read(uri)).await;
        assert_eq!(answer.status, 403, "{uri}");
        assert!(answer.challenge().contains(scope), "{uri}: {}", answer.challenge());
        assert_eq!(ruled.post("bookmarks:write", &read(uri)).await.status, 200, "{uri}");
    }
    assert_eq!(ruled.post("bookmarks:read", &read("notes://ada/1")).await.status, 403);
}

#[actix_web::test]
async fn r30_uris_are_left_alone_where_no_resource_has_a_rule() {
    let authority = authority();
    let auth = crate::support::builder(&authority).permissions::<Permissions>().build().unwrap();
    let rules = ToolRules::new().tool("a").open().method("resources/read").open();
    let mcp = auth.mcp().rules(rules).unwrap();
    let server = Server::start(move |config| {
        config.service(
            web::resource("/mcp").wrap(mcp.clone()).route(web::post().to(|| async { "" })),
        );
    });
    let token = authority.token().subject("user_ada").audience(RESOURCE).sign();
    for uri in ["SECRET://vault/keys", "keys", "secret://vault/x/../keys"] {
        let request = server.request(Method::POST, "/mcp").bearer(&token);
        assert_eq!(request.send_body(read(uri)).await.status, 200, "{uri}");
    }
}

#[actix_web::test]
async fn r30_other_prompts_and_resources_can_be_refused() {
    let authority = authority();
    let auth = crate::support::builder(&authority).permissions::<Permissions>().build().unwrap();
    let rules = ToolRules::new()
        .prompt("daily")
        .open()
        .other_prompts()
        .refused()
        .resources_under("public://")
        .open()
        .other_resources()
        .refused();
    let mcp = auth.mcp().rules(rules).unwrap();
    let server = Server::start(move |config| {
        config.service(
            web::resource("/mcp").wrap(mcp.clone()).route(web::post().to(|| async { "" })),
        );
    });
    let token = authority.token().subject("user_ada").audience(RESOURCE).sign();
    let prompt = |name: &str| complete(&format!(r#"{{"type":"ref/prompt","name":"{name}"}}"#));
    for (body, status) in [
        (prompt("daily"), 200),
        (prompt("weekly"), 403),
        (r#"{"id":1,"method":"prompts/get","params":{"name":"weekly"}}"#.to_owned(), 403),
        (read("public://a"), 200),
        (read("secret://a"), 403),
        (listen(r#"{"resourceSubscriptions":["public://a","secret://a"]}"#), 403),
        (listen(r#"{"resourceSubscriptions":["public://a"]}"#), 200),
        (complete(r#"{"type":"ref/resource","uri":"public://{a}"}"#), 200),
        (complete(r#"{"type":"ref/resource","uri":"{+a}"}"#), 403),
        (r#"{"id":1,"method":"resources/list"}"#.to_owned(), 200),
    ] {
        let request = server.request(Method::POST, "/mcp").bearer(&token);
        assert_eq!(request.send_body(body.clone()).await.status, status, "{body}");
    }
}

#[actix_web::test]
async fn r30_a_rule_that_no_message_can_meet_is_refused_at_start() {
    let authority = authority();
    let auth = crate::support::builder(&authority).permissions::<Permissions>().build().unwrap();
    for (rules, setting, example) in [
        (
            ToolRules::new().resource("SECRET://vault/keys").refused(),
            "rules.resource",
            "secret://vault/keys",
        ),
        (
            ToolRules::new().resources_under("secret://vault").refused(),
            "rules.resources_under",
            "secret://vault/",
        ),
        (ToolRules::new().tool("delete ").refused(), "rules.tool", "delete"),
    ] {
        let mistake = auth.mcp().rules(rules).unwrap_err();
        assert_eq!(mistake.setting(), setting);
        assert!(mistake.to_string().ends_with(&format!("for example {example:?}")), "{mistake}");
    }
}

#[actix_web::test]
async fn r30_tasks_go_by_their_method_s_rule() {
    let authority = authority();
    let auth = crate::support::builder(&authority).permissions::<Permissions>().build().unwrap();
    let rules = ToolRules::new().tool("secret").open().method("tasks/result").refused();
    let mcp = auth.mcp().rules(rules).unwrap();
    let server = Server::start(move |config| {
        config.service(
            web::resource("/mcp").wrap(mcp.clone()).route(web::post().to(|| async { "" })),
        );
    });
    let token = authority.token().subject("user_ada").audience(RESOURCE).sign();
    for (method, status) in [("tasks/result", 403), ("tasks/get", 200)] {
        let body = format!(r#"{{"id":1,"method":"{method}","params":{{"taskId":"secret"}}}}"#);
        let request = server.request(Method::POST, "/mcp").bearer(&token);
        assert_eq!(request.send_body(body).await.status, status, "{method}");
    }
}

#[actix_web::test]
async fn r30_a_call_without_an_id_is_a_call() {
    let ruled = Ruled::start();
    for body in [
        r#"{"method":"tools/call","params":{"name":"delete"}}"#,
        r#"{"id":null,"method":"tools/call","params":{"name":"delete"}}"#,
        r#"{"params":{"name":"delete"},"method":"tools/call","id":"x"}"#,
    ] {
        assert_step_up(&ruled.post("openid", body).await, "bookmarks:write");
    }
}

#[actix_web::test]
async fn r30_r15_one_challenge_names_what_all_messages_of_a_batch_need() {
    let ruled = Ruled::start();
    let batch = format!("[{},{},{}]", call("whoami"), call("list"), call("share"));
    assert_step_up(&ruled.post("openid", &batch).await, "bookmarks:read bookmarks:share");
    let scope = "bookmarks:read bookmarks:share";
    assert_eq!(ruled.post(scope, &batch).await.status, 200);
    let batch = format!("[{},{}]", call("list"), call("unknown"));
    assert_eq!(ruled.post(scope, &batch).await.status, 403);
}

#[actix_web::test]
async fn r30_r15_what_no_scope_grants_is_a_plain_403_and_the_application_may_grant_it() {
    let staff = |builder: McpAuthBuilder| {
        builder.grants(|principal: &Principal, _: &Principal| {
            (principal.subject().id() == "user_grace").then_some(Staff::NAME)
        })
    };
    let ruled = Ruled::with(staff, |mcp| mcp);
    let answer = ruled.call("bookmarks:write", "audit").await;
    assert_eq!(answer.status, 403);
    assert!(answer.header("www-authenticate").is_none(), "no new token would cure it");
    let grace = ruled.authority.person_token("user_grace", RESOURCE);
    let request = ruled.server.request(Method::POST, "/mcp").bearer(&grace);
    assert_eq!(request.send_body(call("audit")).await.status, 200);
}

#[actix_web::test]
async fn r30_rules_count_for_remembered_tokens_and_for_those_that_are_not() {
    for cache in [TokenCacheSettings::default(), TokenCacheSettings::off()] {
        let ruled = Ruled::with(|builder| builder.token_cache(cache), |mcp| mcp);
        let token = ruled.token("bookmarks:read");
        for _ in 0..4 {
            for (tool, status) in [("list", 200), ("delete", 403)] {
                let request = ruled.server.request(Method::POST, "/mcp").bearer(&token);
                assert_eq!(request.send_body(call(tool)).await.status, status, "{tool}");
            }
        }
    }
}

#[actix_web::test]
async fn r30_a_bad_token_is_refused_before_any_message_is_read() {
    let ruled = Ruled::start();
    for body in [call("whoami"), "not json".to_owned(), String::new()] {
        let request = ruled.server.request(Method::POST, "/mcp");
        assert_eq!(request.send_body(body.clone()).await.status, 401);
        let request = ruled.server.request(Method::POST, "/mcp").bearer("bad");
        request.send_body(body).await.assert_invalid_token("bad");
    }
}

#[actix_web::test]
async fn r14_who_is_not_signed_in_is_told_at_once_what_the_tool_needs() {
    let ruled = Ruled::with(
        |builder| builder,
        |mcp| mcp.allow_anonymous(AnonymousMethods::discovery().tool("whoami").tool("delete")),
    );
    let anonymous = |body: String| ruled.server.request(Method::POST, "/mcp").send_body(body);
    assert_eq!(anonymous(call("whoami")).await.status, 200);
    for tool in ["delete", "share"] {
        let answer = anonymous(call(tool)).await;
        assert_eq!(answer.status, 401, "{tool}: open to nobody, and the rule needs somebody");
        assert!(!answer.challenge().contains("error="), "{answer:?}");
        assert!(answer.challenge().contains("scope=\"bookmarks:"), "{answer:?}");
        assert!(answer.challenge().contains("resource_metadata="), "{answer:?}");
    }
}

#[actix_web::test]
async fn r30_a_rule_for_a_permission_never_declared_is_refused_in_a_sentence() {
    let authority = authority();
    let auth = crate::support::builder(&authority).permissions::<Permissions>().build().unwrap();
    let rules = ToolRules::new().tool("a").requires::<(Read, elsewhere::Undeclared)>();
    let mistake = auth.mcp().rules(rules).unwrap_err().to_string();
    assert!(mistake.starts_with("rules is \"elsewhere\", but it must be declared"), "{mistake}");
}
