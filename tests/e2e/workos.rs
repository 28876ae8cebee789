//! What happens in WorkOS takes effect: webhooks, events, and the check of the set-up.

use std::time::{Duration, SystemTime};

use actix_mcp_auth::{
    AuthedUser, McpAuth,
    testing::{SignedWebhook, TestAuthority, WorkOsEvent},
    workos::{WorkOs, WorkOsSettings},
};
use actix_web::{http::Method, web};

use crate::support::{Answer, RESOURCE, Request, Server, builder, sessions_issuer, sessions_name};

mod check;
mod effects;
mod events;
mod events_in_log;
mod hostile;

const SECRET: &str = "whsec_of_the_endpoint";
const API_KEY: &str = "sk_test_key_of_the_environment";
const PATH: &str = "/webhooks/workos";

/// An authority that plays WorkOS's API.
fn authority() -> TestAuthority {
    TestAuthority::builder().workos_api_key(API_KEY).start().unwrap()
}

fn settings(authority: &TestAuthority) -> WorkOsSettings {
    WorkOsSettings::authkit(authority.issuer())
        .unwrap()
        .api_url(authority.issuer())
        .sessions_issuer(sessions_name(authority))
}

/// A token of an agent, issued now, with these claims besides.
fn agent(authority: &TestAuthority, claims: &[(&str, &str)]) -> String {
    let token = authority.token().subject("user_ada").audience(RESOURCE);
    claims.iter().fold(token, |token, (name, value)| token.claim(*name, *value)).sign()
}

/// An application: agents at `/mcp`, people with sessions of WorkOS at `/site`, and the webhooks.
struct Application {
    server: Server,
    client: awc::Client,
    mcp: McpAuth,
}

impl Application {
    fn new(authority: &TestAuthority, settings: WorkOsSettings) -> Self {
        let revocations = actix_mcp_auth::revocation::SharedRevocations::in_memory(
            actix_mcp_auth::revocation::RevocationSettings::default(),
        );
        let mcp = builder(authority).revocations(&revocations).build().unwrap();
        let site = McpAuth::api("http://127.0.0.1:8787/site")
            .issuer(sessions_issuer(authority))
            .revocations(&revocations)
            .build()
            .unwrap();
        let workos = WorkOs::new(settings, mcp.handle()).unwrap();
        let webhooks = workos.webhooks([SECRET]).unwrap();
        let (agents, people) = (mcp.clone(), site);
        let server = Server::start(move |config| {
            let whoami = || web::to(async |me: AuthedUser| me.subject().id().to_owned());
            config
                .service(web::resource("/mcp").wrap(agents.middleware()).route(whoami()))
                .service(web::resource("/site").wrap(people.middleware()).route(whoami()))
                .service(webhooks.at(PATH))
                .app_data(web::Data::new(workos.clone()));
        });
        Self { server, client: awc::Client::default(), mcp }
    }

    async fn receive(&self, webhook: &SignedWebhook) -> Answer {
        let request = self.server.request_by(&self.client, Method::POST, PATH);
        let request = request.header("WorkOS-Signature", &webhook.signature);
        request.send_body(webhook.body.clone()).await
    }

    async fn receive_event(&self, event: &WorkOsEvent) -> Answer {
        self.receive(&event.webhook(SECRET)).await
    }

    async fn call(&self, token: &str) -> u16 {
        self.server.call(token).await.status.as_u16()
    }

    async fn visit(&self, session_token: &str) -> u16 {
        self.server.get("/site").bearer(session_token).send().await.status.as_u16()
    }

    fn webhook_request(&self) -> Request {
        self.server.request(Method::POST, PATH).header("content-type", "application/json")
    }
}

/// Waits until it holds, for as long as events may take.
async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let start = SystemTime::now();
    while !holds().await {
        assert!(start.elapsed().unwrap() < Duration::from_secs(5), "within 5 s: {what}");
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}
