//! Agents that people have authorized in WorkOS.

use actix_mcp_auth::{
    McpAuth, Subject,
    agents::{Agent, AgentDirectory, AgentError, NameSource},
    operation::UnixTime,
    revocation::{RevocationSettings, SharedRevocations},
    workos::{WorkOs, WorkOsSettings},
};
use serde_json::json;

use super::*;

#[actix_web::test]
async fn a_person_sees_their_agents_and_no_others() {
    let app = Application::new();
    assert!(app.listed("user_ada").await.is_empty());
    consent(&app.authority, "client_one", "user_ada").await;
    consent(&app.authority, "client_two", "user_grace").await;
    let list = app.list("user_ada").await.json();
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    let agent = &list[0];
    assert_eq!(agent["client_id"], "client_one");
    assert_eq!(agent["name"], "Agent One");
    assert_eq!(agent["source"], "Issuer");
    assert_eq!(agent["scopes"], json!(["openid", "profile", "offline_access"]));
    assert_eq!(agent["resources"], json!([RESOURCE]));
    assert_eq!(agent["is_disconnected"], false);
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    assert!((agent["since"].as_f64().unwrap() - now).abs() < 60.0, "{agent}");
    assert_eq!(app.listed("user_grace").await, ["client_two"]);
    let nobody = app.server.get("/site/agents").send().await;
    assert_eq!(nobody.status, 401);
}

#[actix_web::test]
async fn r34_disconnecting_ends_one_agent_of_one_person() {
    for offset in [0, 20, -20] {
        let app = Application::new();
        let distance = Duration::from_secs(u64::from(i32::unsigned_abs(offset)));
        match offset < 0 {
            true => app.authority.rewind_clock(distance),
            false => app.authority.advance_clock(distance),
        }
        let ended = consent(&app.authority, "client_one", "user_ada").await;
        let other = consent(&app.authority, "client_two", "user_ada").await;
        let of_grace = consent(&app.authority, "client_one", "user_grace").await;
        let all = [&ended, &other, &of_grace];
        for tokens in all {
            assert_eq!(app.call(&tokens.access).await, 200, "{offset}");
        }
        let session = app.session("user_ada");

        let answer = app.disconnect("user_ada", "client_one").await;
        assert_eq!(answer.status, 204, "{offset}: {answer:?}");
        let answer = app.server.call(&ended.access).await;
        answer.assert_invalid_token("the agent's next call");
        assert_eq!(refresh(&app.authority, "client_one", &ended.refresh).await, 400);
        assert_eq!(app.call(&other.access).await, 200, "{offset}: another agent goes on");
        assert_eq!(app.call(&of_grace.access).await, 200, "{offset}: another person goes on");
        let page = app.server.get("/site/agents").bearer(&session).send().await;
        assert_eq!(page.status, 200, "{offset}: the browser goes on");
        assert_eq!(refresh(&app.authority, "client_two", &other.refresh).await, 200);
        assert_eq!(app.listed("user_ada").await, ["client_two"]);

        next_second().await;
        let anew = consent(&app.authority, "client_one", "user_ada").await;
        assert_eq!(app.call(&anew.access).await, 200, "{offset}: a new consent");
        assert_eq!(app.call(&ended.access).await, 401, "{offset}: the old token");
    }
}

#[actix_web::test]
async fn r34_an_agent_that_is_gone_is_disconnected_all_the_same() {
    let app = Application::new();
    let ended = consent(&app.authority, "client_one", "user_ada").await;
    for _ in 0..2 {
        assert_eq!(app.disconnect("user_ada", "client_one").await.status, 204);
    }
    assert_eq!(app.call(&ended.access).await, 401);
    // The consent was deleted elsewhere: the token is good until it is revoked here.
    let token = app.authority.token().subject("user_ada").audience(RESOURCE);
    for client in ["client_gone", "https://agent.example.com/a/../c.json?x=1#y"] {
        let token = token.clone().client_id(client).sign();
        assert_eq!(app.call(&token).await, 200);
        assert_eq!(app.disconnect("user_ada", client).await.status, 204);
        assert_eq!(app.call(&token).await, 401, "{client}");
    }
    // WorkOS does not know the person.
    assert!(app.listed("user_gone").await.is_empty());
    assert_eq!(app.disconnect("user_gone", "client_one").await.status, 204);
}

#[actix_web::test]
async fn another_persons_agent_cannot_be_disconnected() {
    let app = Application::new();
    let of_ada = consent(&app.authority, "client_one", "user_ada").await;
    let consents = "user_ada/authorized_applications/client_one";
    for client in ["client_one", consents, "../../user_ada", ".", "..", ""] {
        let answer = app.disconnect("user_grace", client).await;
        assert!([204, 404].contains(&answer.status.as_u16()), "{client}: {answer:?}");
        assert_eq!(app.call(&of_ada.access).await, 200, "{client}");
    }
    // A person whose `sub` is a path.
    for person in ["user_ada/authorized_applications", "user_grace/../user_ada", "..", "."] {
        let subject = Subject::new(app.authority.issuer(), person);
        assert!(app.directory.list(&subject).await.unwrap().is_empty(), "{person}");
        let _ = app.directory.disconnect(&subject, "client_one").await;
        assert_eq!(app.call(&of_ada.access).await, 200, "{person}");
    }
    assert_eq!(app.listed("user_ada").await, ["client_one"]);
    assert_eq!(refresh(&app.authority, "client_one", &of_ada.refresh).await, 200);
}

#[actix_web::test]
async fn people_of_another_issuer_have_no_agents_in_workos() {
    let app = Application::new();
    let of_ada = consent(&app.authority, "client_one", "user_ada").await;
    let other = Subject::new("https://other.example.com", "user_ada");
    let is_other = |error: AgentError| matches!(error, AgentError::OtherIssuer { found } if found.contains("other"));
    assert!(is_other(app.directory.list(&other).await.unwrap_err()));
    assert!(is_other(app.directory.disconnect(&other, "client_one").await.unwrap_err()));
    assert_eq!(app.call(&of_ada.access).await, 200);
}

#[actix_web::test]
async fn the_use_of_agents_comes_from_the_application() {
    let at = UnixTime::from_secs;
    let uses = move |person: Subject| async move {
        match person.id() {
            "user_grace" => Err("the database is down"),
            _ => Ok(vec![
                Agent::new("client_one")
                    .named("Not this", NameSource::Application)
                    .used(Some(at(1_700_000_000)), Some(at(1_700_000_900))),
                Agent::new("client_that_is_gone"),
            ]),
        }
    };
    let revocations = SharedRevocations::in_memory(RevocationSettings::default());
    let app = Application::changed(authority(), revocations, |agents| agents.uses(uses));
    for person in ["user_ada", "user_grace"] {
        consent(&app.authority, "client_one", person).await;
        consent(&app.authority, "client_two", person).await;
    }
    let list = app.list("user_ada").await.json();
    let found = |list: &Value, id: &str| {
        let mut agents = list.as_array().unwrap().iter();
        agents.find(|agent| agent["client_id"] == id).cloned().unwrap()
    };
    assert_eq!(list.as_array().unwrap().len(), 2, "{list}");
    assert_eq!(found(&list, "client_one")["last_used"], json!(1_700_000_900.0));
    assert_eq!(found(&list, "client_one")["name"], "Agent One");
    assert_eq!(found(&list, "client_two")["last_used"], json!(null));
    let without = app.list("user_grace").await.json();
    assert_eq!(found(&without, "client_one")["last_used"], json!(null), "the function failed");
}

#[actix_web::test]
async fn agents_need_an_api_key() {
    let authority = authority();
    let auth: McpAuth = builder(&authority).build().unwrap();
    let settings = WorkOsSettings::authkit(authority.issuer()).unwrap();
    let workos = WorkOs::new(settings, auth.handle()).unwrap();
    let error = workos.agents().unwrap_err().to_string();
    assert!(error.contains("WORKOS_API_KEY"), "{error}");
}

#[actix_web::test]
async fn names_of_registered_clients_are_harmless() {
    let hostile = [
        ("client_html", "<img src=x onerror=alert(1)>\"'&", "<img src=x onerror=alert(1)>\"'&"),
        ("client_bidi", "\u{202e}Cla\u{200b}ude\u{2066}\u{7}\r\n2", "Claude 2"),
        ("client_empty", " \u{200b} ", "client_empty"),
    ];
    let authority = authority();
    let long = "x".repeat(10 * 1024);
    for (id, name) in
        hostile.iter().map(|(id, name, _)| (*id, *name)).chain([("client_long", &*long)])
    {
        authority.add_client(Client::public(id).name(name).redirect_uri(CALLBACK));
        consent(&authority, id, "user_ada").await;
    }
    let revocations = SharedRevocations::in_memory(RevocationSettings::default());
    let app = Application::with(authority, revocations);
    let list = app.list("user_ada").await.json();
    let find = |id: &str| list.as_array().unwrap().iter().find(|it| it["client_id"] == id);
    for (id, _, shown) in hostile {
        assert_eq!(find(id).unwrap()["name"], shown, "{id}");
    }
    let html = find("client_html").unwrap()["html"].as_str().unwrap();
    assert_eq!(html, "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;");
    let cut = find("client_long").unwrap()["name"].as_str().unwrap();
    assert_eq!(cut, format!("{}…", "x".repeat(63)));
}
