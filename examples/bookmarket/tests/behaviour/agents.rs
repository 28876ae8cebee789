//! The page on which people see and disconnect their agents.

use std::time::Duration;

use actix_mcp_auth::{
    Subject,
    testing::{Endpoint, Fault},
};
use actix_web::rt::time::sleep;
use bookmarket::settings;
use serde_json::json;

use crate::{
    activity_page::assert_harmless,
    agent::{Agent, Answer},
    browser::Browser,
    oauth::Discovered,
    pages::{browser_of, server},
    server::Server,
};

const STANDING: (&str, &str) = (settings::DISCONNECT, "standing");

/// An agent that has signed in as a person.
struct SignedIn {
    client_id: String,
    agent: Agent,
}

impl SignedIn {
    async fn new(server: &Server, person: &str, name: &str) -> Self {
        let client_id = Discovered::from(&server.resource).await.register(name).await;
        let agent = consent(server, person, &client_id).await;
        Self { client_id, agent }
    }

    /// Calls a tool.
    async fn call(&self) -> u16 {
        call(&self.agent).await
    }
}

async fn call(agent: &Agent) -> u16 {
    agent.post(&crate::agent::call("list_bookmarks", json!({}))).await.status
}

/// A person consents to a client.
async fn consent(server: &Server, person: &str, client_id: &str) -> Agent {
    server.authority.auto_approve(person);
    let token = Discovered::from(&server.resource).await.consent(client_id).await;
    Agent::new(&server.resource, Some(token))
}

/// The names on a page of agents, as they stand there.
fn names(page: &Answer) -> Vec<&str> {
    assert_eq!(page.status, 200, "{page:?}");
    let titles = page.text.split("<h3 class=\"title\"><bdi>").skip(1);
    titles.filter_map(|rest| rest.split("</bdi>").next()).collect()
}

async fn disconnect(browser: &Browser, client_id: &str) -> Answer {
    browser.submit("/agents/disconnect", &[("client_id", client_id)]).await
}

/// The next second of the issuer's clock, since `iat` is to the second.
async fn next_second() {
    sleep(Duration::from_millis(1_100)).await;
}

/// Opens a page until it says something: what agents did is written a moment later.
async fn open_until(browser: &Browser, path: &str, says: &str) -> Answer {
    let mut page = browser.open(path).await;
    for _ in 0..200 {
        if page.text.contains(says) {
            break;
        }
        sleep(Duration::from_millis(50)).await;
        page = browser.open(path).await;
    }
    assert!(page.text.contains(says), "{says}: {page:?}");
    page
}

/// Calls and opens a page until it says something: the name of an agent is looked up during its first
/// calls, and is in the records of later ones.
async fn call_until(agent: &SignedIn, browser: &Browser, path: &str, says: &str) -> Answer {
    for _ in 0..200 {
        assert_eq!(agent.call().await, 200);
        let page = browser.open(path).await;
        if page.text.contains(says) {
            return page;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} does not say {says}");
}

#[actix_web::test]
async fn a_person_sees_their_agents_and_no_others() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let grace = browser_of(&server, "user_grace").await;
    let none = ada.open("/agents").await;
    assert!(none.text.contains("No agent may act for you now."), "{none:?}");

    let agent = SignedIn::new(&server, "user_ada", "Ada's agent").await;
    let page = ada.open("/agents").await;
    assert_eq!(names(&page), ["Ada's agent"]);
    for says in ["It calls itself so.", "May act for you since", &*agent.client_id, "Never here"] {
        assert!(page.text.contains(says), "{says}: {page:?}");
    }
    assert!(page.text.contains("see, add and delete your bookmarks"), "{page:?}");
    assert_eq!(agent.call().await, 200);
    open_until(&ada, "/agents", "list_bookmarks").await;
    // The page asks twice, for the times and for what was done, and the row may come in between.
    let page = ada.open("/agents").await;
    assert!(!page.text.contains("Never here"), "{page:?}");
    assert!(page.text.contains("tool <code><bdi>list_bookmarks</bdi></code> (Done)"), "{page:?}");
    let all = page.text.split("href=\"/activity?agent=").nth(1).expect("a link to all of it");
    let id = all.split('"').next().unwrap_or_default();
    call_until(&agent, &ada, &format!("/activity?agent={id}"), "What Ada's agent did").await;

    assert!(names(&grace.open("/agents").await).is_empty());
    assert_eq!(Browser::new(&server.resource).get("/agents").await.status, 303, "signs in first");
}

#[actix_web::test]
async fn r34_disconnecting_ends_one_agent_until_a_new_consent() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let ended = SignedIn::new(&server, "user_ada", "One").await;
    let other = SignedIn::new(&server, "user_ada", "Two").await;
    let of_grace = consent(&server, "user_grace", &ended.client_id).await;
    assert_eq!((ended.call().await, other.call().await), (200, 200));

    let page = disconnect(&ada, &ended.client_id).await;
    assert_eq!(names(&page), ["Two"]);
    assert!(page.text.contains("role=\"status\">The agent was disconnected."), "{page:?}");
    assert_eq!(ended.call().await, 401);
    assert_eq!((other.call().await, call(&of_grace).await), (200, 200));
    assert_eq!(ada.open("/bookmarks").await.status, 200);

    next_second().await;
    let anew = consent(&server, "user_ada", &ended.client_id).await;
    assert_eq!(call(&anew).await, 200);
    assert_eq!(ended.call().await, 401, "the old token");
    assert_eq!(names(&ada.open("/agents").await).len(), 2);
}

#[actix_web::test]
async fn another_persons_agent_is_not_found() {
    for more in [&[][..], &[STANDING]] {
        let server = server(more).await;
        let grace = browser_of(&server, "user_grace").await;
        let of_ada = SignedIn::new(&server, "user_ada", "Agent").await;
        assert_eq!(of_ada.call().await, 200);
        let ada = browser_of(&server, "user_ada").await;
        open_until(&ada, "/agents", "list_bookmarks").await;

        let refused = disconnect(&grace, &of_ada.client_id).await;
        let nobodys = disconnect(&grace, "client_of_nobody").await;
        assert_eq!((refused.status, nobodys.status), (404, 404));
        assert_eq!(refused.text, nobodys.text, "another's looks like what is not there");
        let form = [("client_id", &*of_ada.client_id)];
        assert_eq!(grace.submit("/agents/reconnect", &form).await.status, 404);
        let page = call_until(&of_ada, &ada, "/agents", "<bdi>Agent</bdi>").await;
        assert_eq!(names(&page), ["Agent"]);
    }
}

#[actix_web::test]
async fn r39_another_site_can_disconnect_no_agent() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let agent = SignedIn::new(&server, "user_ada", "Agent").await;
    let form = [("client_id", &*agent.client_id)];
    for site in ["cross-site", "same-site"] {
        for path in ["/agents/disconnect", "/agents/reconnect"] {
            let refused = ada.post(path, &form, site).await;
            assert_eq!(refused.status, 403, "{path} {refused:?}");
        }
    }
    assert_eq!(agent.call().await, 200);
    assert_eq!(ada.open("/agents/disconnect").await.status, 404, "a link disconnects nothing");
    assert_eq!(ada.submit("/agents/disconnect", &[]).await.status, 400);
}

#[actix_web::test]
async fn r34_a_standing_disconnection_lasts_until_it_is_lifted() {
    let server = server(&[STANDING]).await;
    let ada = browser_of(&server, "user_ada").await;
    let ended = SignedIn::new(&server, "user_ada", "One").await;
    let other = SignedIn::new(&server, "user_ada", "Two").await;
    assert_eq!((ended.call().await, other.call().await), (200, 200));
    open_until(&ada, "/agents", &ended.client_id).await;
    open_until(&ada, "/agents", &other.client_id).await;

    let page = disconnect(&ada, &ended.client_id).await;
    assert!(page.text.contains("The agent was disconnected."), "{page:?}");
    assert_eq!(names(&page).len(), 2, "it is still listed: {page:?}");
    assert!(page.text.contains("Let in again"), "{page:?}");
    next_second().await;
    let anew = consent(&server, "user_ada", &ended.client_id).await;
    assert_eq!((ended.call().await, call(&anew).await, other.call().await), (401, 401, 200));

    let page = ada.submit("/agents/reconnect", &[("client_id", &ended.client_id)]).await;
    assert!(page.text.contains("The agent may act for you again"), "{page:?}");
    assert!(!page.text.contains("Let in again"), "{page:?}");
    next_second().await;
    let anew = consent(&server, "user_ada", &ended.client_id).await;
    assert_eq!((call(&anew).await, ended.call().await), (200, 401));
}

#[actix_web::test]
async fn a_standing_disconnection_ends_exactly_the_agent_that_called() {
    let server = server(&[STANDING]).await;
    server.wait_for_keys().await;
    let ada = browser_of(&server, "user_ada").await;
    let long = format!("https://evil.example/{}/c.json", "x".repeat(2_000));
    for (client_id, shown) in [
        ("https://evil.example/x/bot@example.com/c.json", None),
        (&*long, None),
        ("<b>\u{202e}\u{e0041}", Some(r"&lt;b&gt;\u{202e}\u{e0041}")),
    ] {
        let token = server.authority.token().subject("user_ada").audience(&server.resource);
        let agent = Agent::new(&server.resource, Some(token.client_id(client_id).sign()));
        assert_eq!(call(&agent).await, 200, "{client_id}");
        let id = format!("<dd><code><bdi>{}</bdi></code></dd>", shown.unwrap_or(client_id));
        let page = open_until(&ada, "/agents", &id).await;
        assert_harmless(&page.text);

        let page = disconnect(&ada, &sent_id(&page)).await;
        assert!(page.text.contains("The agent was disconnected."), "{page:?}");
        assert_eq!(call(&agent).await, 401, "{client_id}");
    }
}

/// What the first form that disconnects an agent sends.
fn sent_id(page: &Answer) -> String {
    let form = page.text.split("action=\"/agents/disconnect\"").nth(1).expect("a form");
    let value = form.split("value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let mut parts = value.expect("an id").split("&#");
    let mut id = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(';').expect("a reference");
        id.extend(number.parse().ok().and_then(char::from_u32));
        id.push_str(rest);
    }
    id
}

#[actix_web::test]
async fn without_consents_an_empty_list_does_not_say_that_none_may_act() {
    for (days, period) in [("7", "the last 7 days"), ("1", "the last day")] {
        let server = server(&[STANDING, (settings::ACTIVITY_DAYS, days)]).await;
        let page = browser_of(&server, "user_ada").await.open("/agents").await;
        let says = format!("No agent has called for you in {period}.");
        assert!(page.text.contains(&says), "{says}: {page:?}");
        assert!(!page.text.contains("No agent may act"), "{page:?}");
    }
}

#[actix_web::test]
async fn listing_the_agents_of_a_stranger_opens_no_account() {
    let server = Server::start().await;
    let stranger = Subject::new(server.authority.issuer(), "user_ada");
    let agents = bookmarket::activity::agents_of(&server.store, &stranger).await;
    assert!(agents.expect("a store").is_empty());
    assert_eq!(server.store.find("user_ada").await.expect("a store"), None);
    let account = server.store.provision("user_ada").await.expect("a store");
    assert_eq!(server.store.find("user_ada").await.expect("a store"), account);
    assert_eq!(server.store.find("USER_ADA").await.expect("a store"), None);
}

#[actix_web::test]
async fn while_workos_is_out_of_reach_nothing_is_disconnected() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let agent = SignedIn::new(&server, "user_ada", "Agent").await;
    let api = "/user_management/users/user_ada/authorized_applications";
    server.authority.inject(Endpoint::Path(api.to_owned()), Fault::Unavailable);
    let list = ada.open("/agents").await;
    assert_eq!(list.status, 503, "{list:?}");
    assert!(list.text.contains("Your agents cannot be listed now."), "{list:?}");
    let failed = disconnect(&ada, &agent.client_id).await;
    assert_eq!(failed.status, 503, "{failed:?}");
    assert!(failed.text.contains("The agent was not disconnected"), "{failed:?}");
    assert!(failed.text.contains(&format!("value=\"{}\"", agent.client_id)), "a way to repeat it");
    assert_eq!(agent.call().await, 200);

    server.authority.clear_faults();
    assert!(names(&disconnect(&ada, &agent.client_id).await).is_empty());
    assert_eq!(agent.call().await, 401);
}

#[actix_web::test]
async fn names_of_agents_are_never_markup() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let name = format!("\"'><script>\u{202e}alert(1)</script>{}", "x".repeat(10_000));
    let agent = SignedIn::new(&server, "user_ada", &name).await;
    assert_eq!(agent.call().await, 200);
    let page = open_until(&ada, "/agents", "list_bookmarks").await;
    assert!(names(&page)[0].starts_with("&quot;'&gt;&lt;script&gt;alert(1)"), "{page:?}");
    assert!(!page.text.contains("<script") && !page.text.contains("\"'>"), "{page:?}");
    assert!(!page.text.contains('\u{202e}') && !page.text.contains(&"x".repeat(100)), "{page:?}");
}

#[actix_web::test]
async fn who_may_only_read_disconnects_agents_all_the_same() {
    let server = server(&[(settings::READ_ONLY, "user_ada")]).await;
    let ada = browser_of(&server, "user_ada").await;
    let agent = SignedIn::new(&server, "user_ada", "Agent").await;
    let page = ada.open("/agents").await;
    assert!(page.text.contains("<li>see your bookmarks</li>"), "{page:?}");
    assert!(names(&disconnect(&ada, &agent.client_id).await).is_empty());
    assert_eq!(agent.call().await, 401);
}
