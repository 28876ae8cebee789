//! Permissions in the signatures of tools: who may call, who is shown what, and the challenge.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    Issuer, McpAuth, Principal, mcp::ToolRules, permission::Permission, scopes,
    testing::TestAuthority,
};
use actix_web::{App, HttpServer, rt};
use mcp_auth_rmcp::{Caller, check_tools, endpoint, tool_rules, tools_for};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{ListToolsResult, PaginatedRequestParams},
    service::RequestContext,
    tool, tool_handler, tool_router,
};
use serde_json::json;

use crate::{
    carried::{logged, process_log},
    server::{Agent, Answer},
};

scopes! {
    Read = "reports:read";
    Write = "reports:write" implies Read;
}

#[derive(Clone)]
struct Tools {
    rules: Arc<ToolRules>,
    published: Arc<AtomicU32>,
}

#[tool_router]
impl Tools {
    #[tool]
    async fn whoami(&self, me: Caller) -> String {
        me.subject().id().to_owned()
    }

    #[tool]
    async fn list_reports(&self, _: Caller<Principal, Read>) -> String {
        "spring".to_owned()
    }

    #[tool(name = "publish-report")]
    fn publish_report(&self, me: Caller<Principal, Write>) -> String {
        self.published.fetch_add(1, Ordering::Relaxed);
        format!("published for {}", me.subject().id())
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        tools_for(&self.rules, &context, Self::tool_router().list_all())
    }
}

/// The rules of the signatures.
fn derived() -> ToolRules {
    let rules = tool_rules!(Tools: whoami, list_reports, publish_report as "publish-report");
    check_tools(&rules, &Tools::tool_router().list_all()).unwrap();
    rules
}

struct Server {
    resource: String,
    authority: TestAuthority,
    published: Arc<AtomicU32>,
}

impl Server {
    /// `by_scope` says whether the issuer grants the permissions by scope. Otherwise the application
    /// does: `user_ada` may write, and everybody else may do nothing.
    fn start(by_scope: bool, enforced: ToolRules) -> Self {
        let authority = TestAuthority::start().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let resource = format!("http://{}/mcp", listener.local_addr().unwrap());
        let auth = McpAuth::builder(&*resource).permissions::<(Read, Write)>();
        let auth = match by_scope {
            true => auth.issuer(Issuer::new(authority.issuer()).unwrap()),
            false => auth.authkit(authority.issuer()).grants(|principal, _: &Principal| {
                (principal.subject().id() == "user_ada").then_some(Write::NAME)
            }),
        };
        let auth = auth.build().unwrap();
        let mcp = auth.mcp().rules(enforced).unwrap();
        let published = Arc::new(AtomicU32::new(0));
        let tools = Tools { rules: derived().into(), published: published.clone() };
        let tools = endpoint(auth.resource(), move || tools.clone()).build().unwrap();
        let server = HttpServer::new(move || {
            App::new().configure(auth.discovery()).service(tools.scope().wrap(mcp.clone()))
        });
        rt::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        Self { resource, authority, published }
    }

    fn client_of(&self, person: &str, scope: &str) -> Agent {
        let token = self.authority.token().subject(person).audience(&self.resource).scope(scope);
        Agent { url: self.resource.clone(), token: Some(token.sign()) }
    }

    fn published(&self) -> u32 {
        self.published.load(Ordering::Relaxed)
    }
}

async fn call(agent: &Agent, tool: &str) -> Answer {
    agent.stateless("tools/call", Some(tool), json!({ "name": tool, "arguments": {} })).await
}

async fn listed(agent: &Agent) -> Vec<String> {
    let list = agent.stateless("tools/list", None, json!({})).await.result();
    let names = list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

#[actix_web::test]
async fn r15_r30_a_tool_s_signature_refuses_with_403_and_the_scope() {
    let by_hand = ToolRules::new()
        .tool("whoami")
        .open()
        .tool("list_reports")
        .requires::<Read>()
        .tool("publish-report")
        .requires::<Write>();
    let mut challenges = Vec::new();
    for rules in [derived(), by_hand] {
        let server = Server::start(true, rules);
        let reader = server.client_of("user_ada", "reports:read");
        let old = json!({ "name": "publish-report", "arguments": {} });
        for refused in [
            call(&reader, "publish-report").await,
            reader.handshake_era(None, "tools/call", old).await,
        ] {
            assert_eq!(refused.status, 403, "{refused:?}");
            assert!(refused.challenge.contains(r#"error="insufficient_scope""#), "{refused:?}");
            assert!(refused.challenge.contains(r#"scope="reports:write""#), "{refused:?}");
            let host = server.resource.trim_end_matches("/mcp");
            challenges.push(refused.challenge.replace(host, "HOST"));
        }
        assert_eq!(server.published(), 0);
        assert_eq!(call(&reader, "list_reports").await.said(), "spring");

        let writer = server.client_of("user_ada", "reports:write");
        assert_eq!(call(&writer, "publish-report").await.said(), "published for user_ada");
        assert_eq!(call(&writer, "list_reports").await.said(), "spring", "it is implied");
        assert_eq!(server.published(), 1);
        let without = Agent { token: None, ..writer };
        assert_eq!(call(&without, "publish-report").await.status, 401);
    }
    assert_eq!(challenges.len(), 4);
    assert!(challenges.iter().all(|it| *it == challenges[0]), "{challenges:?}");
}

#[actix_web::test]
async fn a_tool_is_listed_for_who_holds_the_permission_of_its_signature() {
    let server = Server::start(false, derived());
    let ada = server.client_of("user_ada", "openid");
    assert_eq!(listed(&ada).await, ["list_reports", "publish-report", "whoami"]);
    assert_eq!(call(&ada, "publish-report").await.said(), "published for user_ada");

    let alan = server.client_of("user_alan", "openid");
    assert_eq!(listed(&alan).await, ["whoami"]);
    let refused = call(&alan, "publish-report").await;
    assert_eq!((refused.status, &*refused.challenge), (403, ""), "no token would help");
    assert_eq!(server.published(), 1);

    // Tools that a new token could call are listed: the challenge of the call names the scope.
    let server = Server::start(true, derived());
    let reader = server.client_of("user_alan", "reports:read");
    assert_eq!(listed(&reader).await, ["list_reports", "publish-report", "whoami"]);
}

#[actix_web::test]
async fn without_a_rule_the_tool_does_not_run_and_the_log_says_so() {
    process_log();
    let start = Instant::now();
    let server = Server::start(false, ToolRules::new());
    let alan = server.client_of("user_alan", "openid");
    let refused = call(&alan, "publish-report").await;
    assert_eq!(refused.challenge, "", "{refused:?}");
    assert!(refused.text.contains(r#""error":{"code":-32600"#), "{refused:?}");
    assert_eq!(server.published(), 0);
    assert!(logged("permission_without_rule", "required=reports:write"));
    // At most one line a second; the others are counted.
    for _ in 0..20 {
        call(&alan, "publish-report").await;
    }
    rt::time::sleep(Duration::from_millis(1_100)).await;
    call(&alan, "publish-report").await;
    let log = String::from_utf8(process_log().lock().unwrap().clone()).unwrap();
    let lines = log.lines().filter(|line| line.contains("event=\"permission_without_rule\""));
    let suppressed: Vec<usize> = lines
        .map(|line| line.split_once(" suppressed=").unwrap().1)
        .map(|rest| rest.split(' ').next().unwrap().parse().unwrap())
        .collect();
    let (written, suppressed) = (suppressed.len(), suppressed.iter().sum::<usize>());
    assert_eq!(written + suppressed, 22, "{log}");
    assert!((2..=1 + start.elapsed().as_secs() as usize + 1).contains(&written), "{log}");

    let ada = server.client_of("user_ada", "openid");
    assert_eq!(call(&ada, "publish-report").await.said(), "published for user_ada");
}
