//! Agents of an issuer that has no list of consents: standing revocations, and the application's
//! list.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use actix_mcp_auth::{
    Subject,
    agents::{Agent, NameSource, StandingAgents},
    operation::UnixTime,
    revocation::Revoked,
};

use super::*;

/// The application's audit table: person and client of each call.
type Table = Arc<Mutex<BTreeSet<(String, String)>>>;

struct App {
    server: Server,
    authority: TestAuthority,
    mcp: McpAuth,
    site: McpAuth,
    directory: Arc<StandingAgents>,
    table: Table,
}

impl App {
    fn new() -> Self {
        let authority = TestAuthority::start().unwrap();
        let revocations = SharedRevocations::in_memory(RevocationSettings::default());
        let mcp = builder(&authority).revocations(&revocations).build().unwrap();
        let site = McpAuth::api("http://127.0.0.1:8787/site")
            .issuer(sessions_issuer(&authority))
            .revocations(&revocations)
            .build()
            .unwrap();
        let table = Table::default();
        let of_person = table.clone();
        let list = move |person: Subject| {
            let table = of_person.clone();
            async move {
                if person.id() == "user_down" {
                    return Err("the database is down");
                }
                let table = table.lock().unwrap();
                let own = table.iter().filter(|(sub, _)| sub == person.id());
                let agent = |(_, client): &(String, String)| {
                    let last = UnixTime::from_secs(1_700_000_000);
                    Agent::new(&**client)
                        .named("Agent\u{202e} <One>", NameSource::Client)
                        .used(None, Some(last))
                };
                Ok(own.map(agent).collect())
            }
        };
        let directory = StandingAgents::new(mcp.handle(), authority.issuer(), list)
            .unwrap()
            .people_of(sessions_name(&authority));
        let directory = Arc::new(directory);
        let server = serve(&mcp, &site, directory.clone(), ());
        Self { server, authority, mcp, site, directory, table }
    }

    /// A token of an agent, issued now.
    fn token(&self, person: &str, client: &str) -> String {
        self.table.lock().unwrap().insert((person.into(), client.into()));
        self.authority.token().subject(person).audience(RESOURCE).client_id(client).sign()
    }

    async fn call(&self, token: &str) -> u16 {
        self.server.call(token).await.status.as_u16()
    }

    async fn post(&self, path: &str, person: &str, client: &str) -> Answer {
        let session = session_token(&self.authority).subject(person).sign();
        let request = self.server.request(Method::POST, path).bearer(&session);
        request.send_body(client.to_owned()).await
    }

    async fn list(&self, person: &str) -> Value {
        let session = session_token(&self.authority).subject(person).sign();
        self.server.get("/site/agents").bearer(&session).send().await.json()
    }
}

#[actix_web::test]
async fn r34_an_agent_stays_out_until_the_person_lets_it_in() {
    let app = App::new();
    let ended = app.token("user_ada", "client_one");
    let others = [app.token("user_ada", "client_two"), app.token("user_grace", "client_one")];
    assert_eq!(app.post("/site/disconnect", "user_ada", "client_one").await.status, 204);
    next_second().await;
    for token in [ended.clone(), app.token("user_ada", "client_one")] {
        assert_eq!(app.call(&token).await, 401, "tokens that it has, and new ones");
    }
    for token in &others {
        assert_eq!(app.call(token).await, 200, "another agent, another person");
    }
    let list = app.list("user_ada").await;
    let states: Vec<_> = list.as_array().unwrap().iter().map(|it| &it["is_disconnected"]).collect();
    assert_eq!(states, [true, false], "{list}");
    assert_eq!(list[0]["name"], "Agent <One>");
    assert_eq!(list[0]["last_used"], json!(1_700_000_000.0));

    assert_eq!(app.post("/site/reconnect", "user_ada", "client_one").await.status, 204);
    next_second().await;
    assert_eq!(app.call(&app.token("user_ada", "client_one")).await, 200);
    assert_eq!(app.call(&ended).await, 401, "the old token");
    assert_eq!(app.list("user_ada").await[0]["is_disconnected"], false);
}

#[actix_web::test]
async fn r34_only_agents_on_the_persons_list_are_revoked() {
    let app = App::new();
    let of_grace = app.token("user_grace", "client_two");
    app.token("user_ada", "client_one");
    for client in ["client_two", "invented", ""] {
        assert_eq!(app.post("/site/disconnect", "user_ada", client).await.status, 404, "{client}");
        assert_eq!(app.post("/site/reconnect", "user_ada", client).await.status, 204, "{client}");
    }
    assert_eq!(app.mcp.revocations().count(), 0);
    assert_eq!(app.call(&of_grace).await, 200);
    let other = Subject::new("https://other.example.com", "user_ada");
    for answer in [
        app.directory.list(&other).await.map(drop),
        app.directory.disconnect(&other, "client_one").await,
        app.directory.reconnect(&other, "client_one").await,
    ] {
        assert!(matches!(answer, Err(AgentError::OtherIssuer { .. })), "{answer:?}");
    }
    let down = app.post("/site/disconnect", "user_down", "client_one").await;
    assert!(down.status == 503 && down.body.contains("the database is down"), "{down:?}");
}

#[actix_web::test]
async fn r34_repeating_is_harmless_and_staff_can_lift_it() {
    let app = App::new();
    app.token("user_ada", "client_one");
    for _ in 0..3 {
        assert_eq!(app.post("/site/disconnect", "user_ada", "client_one").await.status, 204);
    }
    assert_eq!(app.mcp.revocations().count(), 1);
    let key = Revoked::disconnected_agent("user_ada", "client_one");
    app.mcp.lift(key.of_issuer(app.authority.issuer())).await.unwrap();
    next_second().await;
    assert_eq!(app.call(&app.token("user_ada", "client_one")).await, 200);
    for _ in 0..2 {
        assert_eq!(app.post("/site/reconnect", "user_ada", "client_one").await.status, 204);
    }
}

#[actix_web::test]
async fn r34_neither_person_nor_operator_undoes_what_the_other_did() {
    let app = App::new();
    let state = async || {
        let list = app.list("user_ada").await;
        let is = |name: &str| list[0][name].as_bool().unwrap();
        (is("is_disconnected"), is("is_revoked_by_operator"))
    };
    app.token("user_ada", "client_one");
    let issuer = app.authority.issuer();
    for what in
        [Revoked::subject_at_client("user_ada", "client_one"), Revoked::client("client_one")]
    {
        let revocation = what.of_issuer(issuer).standing().because("abuse");
        app.mcp.revoke(revocation.clone()).await.unwrap();
        assert_eq!(state().await, (false, true));
        assert_eq!(app.post("/site/reconnect", "user_ada", "client_one").await.status, 403);
        assert_eq!(app.post("/site/disconnect", "user_ada", "client_one").await.status, 204);
        assert_eq!(state().await, (true, true));
        assert_eq!(app.post("/site/reconnect", "user_ada", "client_one").await.status, 403);

        app.mcp.lift(revocation).await.unwrap();
        assert_eq!(state().await, (true, false), "the person's own stays");
        next_second().await;
        assert_eq!(app.call(&app.token("user_ada", "client_one")).await, 401);
        assert_eq!(app.post("/site/reconnect", "user_ada", "client_one").await.status, 204);
        next_second().await;
        assert_eq!(app.call(&app.token("user_ada", "client_one")).await, 200);
    }
}

#[actix_web::test]
async fn r34_a_disconnected_agent_is_listed_when_its_calls_are_forgotten() {
    let app = App::new();
    app.token("user_ada", "client_one");
    assert_eq!(app.post("/site/disconnect", "user_ada", "client_one").await.status, 204);
    app.table.lock().unwrap().clear();
    let list = app.list("user_ada").await;
    assert_eq!(
        (&list[0]["client_id"], &list[0]["is_disconnected"]),
        (&json!("client_one"), &json!(true))
    );
    assert_eq!(app.list("user_grace").await, json!([]));
    assert_eq!(app.post("/site/reconnect", "user_ada", "client_one").await.status, 204);
    assert_eq!(app.list("user_ada").await, json!([]));
}

#[actix_web::test]
async fn standing_agents_are_of_an_issuer_that_is_trusted() {
    let app = App::new();
    let none = |_: Subject| async { Ok::<_, std::io::Error>(Vec::new()) };
    let error = StandingAgents::new(app.site.handle(), app.authority.issuer(), none).unwrap_err();
    assert!(error.to_string().contains("an issuer that the resource trusts"), "{error}");
}
