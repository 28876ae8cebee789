//! A person sees the agents that act for them, and disconnects one.

use std::time::Duration;

use actix_mcp_auth::{
    AuthedUser, McpAuth,
    agents::{AgentDirectory, AgentError},
    revocation::{RevocationSettings, SharedRevocations},
    testing::{Client, TestAuthority},
    workos::{WorkOs, WorkOsAgents, WorkOsSettings},
};
use actix_web::{
    HttpResponse,
    http::Method,
    rt::time::sleep,
    web::{self, Data},
};
use openssl::{base64::encode_block, sha::sha256};
use serde_json::{Value, json};

use crate::support::{
    Answer, RESOURCE, Server, builder, session_token, sessions_issuer, sessions_name, wait_for_keys,
};

mod documents;
mod failures;
mod log;
mod names;
mod standing;
mod workos;

const API_KEY: &str = "sk_test_key_of_the_environment";
const CALLBACK: &str = "http://127.0.0.1:3334/callback";
const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-0123";

/// An authority that plays WorkOS's API, with two clients.
fn authority() -> TestAuthority {
    let client = |id: &str, name: &str| Client::public(id).name(name).redirect_uri(CALLBACK);
    TestAuthority::builder()
        .workos_api_key(API_KEY)
        .client(client("client_one", "Agent One"))
        .client(client("client_two", "Agent Two"))
        .auto_approve("user_ada")
        .start()
        .unwrap()
}

fn settings(authority: &TestAuthority) -> WorkOsSettings {
    WorkOsSettings::authkit(authority.issuer())
        .unwrap()
        .api_url(authority.issuer())
        .sessions_issuer(sessions_name(authority))
        .api_key(API_KEY)
}

/// The tokens of an agent.
struct Tokens {
    access: String,
    refresh: String,
}

/// A person signs in at a client, and consents.
async fn consent(authority: &TestAuthority, client_id: &str, person: &str) -> Tokens {
    authority.auto_approve(person);
    let challenge = encode_block(&sha256(VERIFIER.as_bytes()));
    let challenge = challenge.trim_end_matches('=').replace('+', "-").replace('/', "_");
    let client = awc::Client::builder().disable_redirects().finish();
    let request = client.get(format!("{}/oauth2/authorize", authority.issuer()));
    let parameters = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile offline_access"),
        ("state", "s"),
        ("resource", RESOURCE),
        ("code_challenge", &*challenge),
        ("code_challenge_method", "S256"),
    ];
    let answer = request.query(&parameters).unwrap().send().await.unwrap();
    let location = answer.headers().get("location").unwrap().to_str().unwrap();
    let code = location.split_once("code=").unwrap().1.split('&').next().unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let token = client.post(format!("{}/oauth2/token", authority.issuer())).send_form(&form);
    let tokens: Value = token.await.unwrap().json().await.unwrap();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    Tokens { access: text("access_token"), refresh: text("refresh_token") }
}

async fn refresh(authority: &TestAuthority, client_id: &str, token: &str) -> u16 {
    let form =
        [("grant_type", "refresh_token"), ("client_id", client_id), ("refresh_token", token)];
    let url = format!("{}/oauth2/token", authority.issuer());
    awc::Client::default().post(url).send_form(&form).await.unwrap().status().as_u16()
}

/// The next second of the issuer's clock, since `iat` is to the second.
async fn next_second() {
    sleep(Duration::from_millis(1_100)).await;
}

/// An application: agents at `/mcp`, and pages at `/site` where people see and end them.
struct Application {
    server: Server,
    authority: TestAuthority,
    /// Kept, since the HTTP client ends with it.
    mcp: McpAuth,
    directory: WorkOsAgents,
}

impl Application {
    fn new() -> Self {
        Self::with(authority(), SharedRevocations::in_memory(RevocationSettings::default()))
    }

    fn with(authority: TestAuthority, revocations: SharedRevocations) -> Self {
        Self::changed(authority, revocations, |directory| directory)
    }

    fn changed(
        authority: TestAuthority,
        revocations: SharedRevocations,
        change: impl FnOnce(WorkOsAgents) -> WorkOsAgents,
    ) -> Self {
        let mcp = builder(&authority).revocations(&revocations).build().unwrap();
        let site = McpAuth::api("http://127.0.0.1:8787/site")
            .issuer(sessions_issuer(&authority))
            .revocations(&revocations)
            .build()
            .unwrap();
        let workos = WorkOs::new(settings(&authority), mcp.handle()).unwrap();
        let directory = change(workos.agents().unwrap());
        let server = serve(&mcp, &site, directory.clone(), workos);
        Self { server, authority, mcp, directory }
    }

    async fn call(&self, token: &str) -> u16 {
        self.server.call(token).await.status.as_u16()
    }

    fn session(&self, person: &str) -> String {
        session_token(&self.authority).subject(person).sign()
    }

    async fn list(&self, person: &str) -> Answer {
        self.server.get("/site/agents").bearer(&self.session(person)).send().await
    }

    /// The client ids on the page.
    async fn listed(&self, person: &str) -> Vec<String> {
        let agents = self.list(person).await.json();
        let ids = agents.as_array().unwrap().iter();
        ids.map(|agent| agent["client_id"].as_str().unwrap().to_owned()).collect()
    }

    async fn disconnect(&self, person: &str, client_id: &str) -> Answer {
        let request = self.server.request(Method::POST, "/site/disconnect");
        let request = request.bearer(&self.session(person));
        request.send_body(client_id.to_owned()).await
    }
}

/// Serves agents and pages; `kept` lives as long as the server.
fn serve<D: AgentDirectory + Clone>(
    mcp: &McpAuth,
    site: &McpAuth,
    directory: D,
    kept: impl Clone + Send + 'static,
) -> Server {
    wait_for_keys(mcp);
    wait_for_keys(site);
    let (mcp, site) = (mcp.clone(), site.clone());
    Server::start(move |config| {
        let whoami = web::to(async |me: AuthedUser| me.subject().id().to_owned());
        let pages = web::scope("/site")
            .app_data(Data::new(directory.clone()))
            .app_data(Data::new(kept.clone()))
            .wrap(site.middleware())
            .route("/agents", web::get().to(list::<D>))
            .route("/disconnect", web::post().to(disconnect::<D>))
            .route("/reconnect", web::post().to(reconnect::<D>));
        config.service(web::resource("/mcp").wrap(mcp.middleware()).route(whoami)).service(pages);
    })
}

async fn list<D: AgentDirectory>(me: AuthedUser, directory: Data<D>) -> HttpResponse {
    match directory.list(me.subject()).await {
        Ok(agents) => HttpResponse::Ok().json(
            agents
                .iter()
                .map(|agent| {
                    json!({
                        "client_id": agent.client_id,
                        "name": agent.name.as_str(),
                        "html": agent.name.html(),
                        "source": format!("{:?}", agent.name.source()),
                        "since": agent.since.map(|time| time.as_secs_f64()),
                        "scopes": agent.scopes.iter().collect::<Vec<_>>(),
                        "resources": agent.resources,
                        "last_used": agent.last_used.map(|time| time.as_secs_f64()),
                        "is_disconnected": agent.is_disconnected,
                        "is_revoked_by_operator": agent.is_revoked_by_operator,
                    })
                })
                .collect::<Vec<_>>(),
        ),
        Err(error) => failed(&error),
    }
}

async fn disconnect<D: AgentDirectory>(
    me: AuthedUser,
    directory: Data<D>,
    client_id: String,
) -> HttpResponse {
    match directory.disconnect(me.subject(), &client_id).await {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => failed(&error),
    }
}

async fn reconnect<D: AgentDirectory>(
    me: AuthedUser,
    directory: Data<D>,
    client_id: String,
) -> HttpResponse {
    match directory.reconnect(me.subject(), &client_id).await {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &AgentError) -> HttpResponse {
    let text = error.to_string();
    match error {
        AgentError::UnknownAgent => HttpResponse::NotFound().body(text),
        AgentError::OtherIssuer { .. } | AgentError::RevokedByOperator => {
            HttpResponse::Forbidden().body(text)
        }
        _ => HttpResponse::ServiceUnavailable().body(text),
    }
}
