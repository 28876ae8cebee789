//! What is kept of what people and their agents did.

use std::time::Duration;

use actix_web::rt::time::sleep;
use bookmarket::{
    activity::{Cursor, Through, first_id},
    store::{Activity, User},
};
use chrono::Utc;
use serde_json::json;

use crate::{
    agent::{Agent, TIMEOUT, call},
    oauth::sign_in,
    pages::{add, browser_of, server},
    server::Server,
};

pub(crate) async fn account(server: &Server, person: &str) -> User {
    server.store.provision(person).await.expect("a store").expect("an account")
}

/// The rows of a person, the newest first, once there are so many. They come a moment after the
/// answer.
pub(crate) async fn rows(server: &Server, person: &str, count: usize) -> Vec<Activity> {
    let person = account(server, person).await;
    for _ in 0..1_000 {
        let all = server.store.activity_of(&person, &Through::Any, &Cursor::Newest, 1_000).await;
        let all = all.expect("a store");
        assert!(all.len() <= count, "{all:#?}");
        if all.len() == count {
            return all;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("there are no {count} rows");
}

/// A row that no record made: the `n`th, of a person through an agent.
pub(crate) fn row(person: &User, n: u32, client_id: Option<&str>) -> Activity {
    Activity {
        id: format!("01M{n:023}"),
        time_ms: i64::from(n) * 1_000,
        user_id: Some(person.id),
        subject: "user_of_these_rows".to_owned(),
        credential: if client_id.is_some() { "token" } else { "session" }.to_owned(),
        kind: "user".to_owned(),
        client_id: client_id.map(str::to_owned),
        client_name: None,
        client_name_source: None,
        method: "tools/call".to_owned(),
        target_kind: Some("tool".to_owned()),
        target: Some(format!("tool_{n}")),
        decision: "allowed".to_owned(),
        reason: None,
        outcome: "ok".to_owned(),
        code: None,
        duration_us: 1_000,
    }
}

fn targets(rows: &[Activity]) -> Vec<&str> {
    rows.iter().map(|row| row.target.as_deref().unwrap_or("-")).collect()
}

#[actix_web::test]
async fn r40_what_an_agent_does_is_kept_with_its_name() {
    let server = server(&[]).await;
    server.wait_for_keys().await;
    server.authority.auto_approve("user_ada");
    let agent = Agent::new(&server.resource, Some(sign_in(&server.resource).await));
    assert!(!agent.call("whoami", json!({})).await.is_error);
    let bad = json!({ "url": "javascript:alert(1)", "title": "ada@example.com" });
    assert!(agent.call("add_bookmark", bad).await.is_error);
    assert_eq!(agent.post(&call("format_disk", json!({}))).await.status, 403);
    agent.post(&json!({ "jsonrpc": "2.0", "id": 9, "method": "ping" })).await;
    let list = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/list" });
    assert_eq!(agent.post(&list).await.status, 200);

    let all = rows(&server, "user_ada", 4).await;
    let endings: Vec<_> = all
        .iter()
        .map(|row| {
            let Activity { method, decision, outcome, .. } = row;
            let (target, reason) = (row.target.as_deref(), row.reason.as_deref());
            [method, target.unwrap_or("-"), decision, reason.unwrap_or("-"), outcome].join(" ")
        })
        .collect();
    let expected = [
        "tools/list - allowed - ok",
        "tools/call format_disk refused refused_by_rule http_error",
        "tools/call add_bookmark allowed - tool_error",
        "tools/call whoami allowed - ok",
    ];
    assert_eq!(endings, expected);
    for row in &all {
        assert_eq!((row.subject.as_str(), row.credential.as_str()), ("user_ada", "token"));
        assert!(!format!("{row:?}").contains('@') && row.client_id.is_some(), "{row:?}");
    }
    // No call waits for the name: it comes with one of the next.
    let mut count = 4;
    let named = loop {
        agent.call("whoami", json!({})).await;
        count += 1;
        let newest = rows(&server, "user_ada", count).await.remove(0);
        if newest.client_name.is_some() {
            break newest;
        }
        assert!(count < 500, "no name came");
    };
    assert_eq!(named.client_name.as_deref(), Some("Test agent"));
    assert_eq!(named.client_name_source.as_deref(), Some("client"));
    let ada = account(&server, "user_ada").await;
    let agents = server.store.agents_of(&ada, 10).await.expect("a store");
    assert_eq!(agents.len(), 1, "{agents:?}");
    assert_eq!(agents[0].name.as_str(), "Test agent");
    assert_eq!((&agents[0].first, &agents[0].last), (&all[3], &named));
}

#[actix_web::test]
async fn r40_what_a_browser_changes_is_kept_and_what_it_reads_is_not() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    ada.open("/bookmarks?q=secret").await;
    add(&ada, "https://example.com/", "Title", "").await;
    assert_eq!(ada.submit("/bookmarks/999/delete", &[]).await.status, 404);

    let all = rows(&server, "user_ada", 2).await;
    assert_eq!(targets(&all), ["/bookmarks/999/delete", "/bookmarks"]);
    let endings = all.iter().map(|row| (row.method.as_str(), row.outcome.as_str(), row.code));
    let endings: Vec<_> = endings.collect();
    assert_eq!(endings, [("POST", "http_error", Some(404)), ("POST", "ok", None)]);
    for row in &all {
        assert!(row.is_by_browser() && row.client_id.is_none(), "{row:?}");
        assert!(row.kind == "user" && !row.is_by_staff(), "{row:?}");
        assert!(!format!("{row:?}").contains("example.com"), "{row:?}");
    }
    let ada = account(&server, "user_ada").await;
    assert_eq!(server.store.agents_of(&ada, 10).await.expect("a store"), []);
}

#[actix_web::test]
async fn r40_what_a_bearer_session_token_changes_is_kept() {
    let server = server(&[]).await;
    server.wait_for_keys().await;
    let session = server.authority.sign_in_session("user_ada");
    let origin = server.resource.trim_end_matches("/mcp/bookmarket");
    let bearer = ("Authorization", format!("Bearer {}", session.access_token));
    let http = awc::Client::builder().timeout(TIMEOUT).disable_redirects().finish();
    let added = http.post(format!("{origin}/bookmarks")).insert_header(bearer.clone());
    let added = added.send_form(&[("url", "https://example.com/"), ("title", "Title")]).await;
    assert_eq!(added.expect("an answer").status(), 303);
    let read = http.get(format!("{origin}/bookmarks")).insert_header(bearer).send().await;
    assert_eq!(read.expect("an answer").status(), 200);

    let all = rows(&server, "user_ada", 1).await;
    assert_eq!((all[0].method.as_str(), targets(&all)), ("POST", vec!["/bookmarks"]));
    assert_eq!(all[0].credential, "token");
}

#[actix_web::test]
async fn rows_come_in_pages_for_one_person_and_one_agent() {
    let Server { store, .. } = &Server::start().await;
    let ada = store.provision("user_ada").await.expect("a store").expect("an account");
    let alan = store.provision("user_alan").await.expect("a store").expect("an account");
    for n in 1..=9 {
        let client = [Some("one"), Some("two"), None][n as usize % 3];
        store.add_activity(row(&ada, n, client)).await.expect("a store");
        store.add_activity(row(&alan, 100 + n, Some("one"))).await.expect("a store");
    }
    let page = async |through: &Through, from: &Cursor| {
        let rows = store.activity_of(&ada, through, from, 4).await.expect("a store");
        targets(&rows).join(" ")
    };
    let id = |n: u32| row(&ada, n, None).id;
    let any = Through::Any;
    assert_eq!(page(&any, &Cursor::Newest).await, "tool_9 tool_8 tool_7 tool_6");
    assert_eq!(page(&any, &Cursor::Before(id(6))).await, "tool_5 tool_4 tool_3 tool_2");
    assert_eq!(page(&any, &Cursor::Before(id(2))).await, "tool_1");
    assert_eq!(page(&any, &Cursor::After(id(2))).await, "tool_6 tool_5 tool_4 tool_3");
    assert_eq!(page(&any, &Cursor::After(id(9))).await, "");
    assert_eq!(page(&Through::Browser, &Cursor::Newest).await, "tool_8 tool_5 tool_2");
    let one = Through::Agent("one".to_owned());
    assert_eq!(page(&one, &Cursor::Before(id(9))).await, "tool_6 tool_3");
    assert_eq!(page(&Through::Agent("ONE".to_owned()), &Cursor::Newest).await, "");

    let named = Activity { client_name: Some("Two".into()), ..row(&ada, 10, Some("two")) };
    store.add_activity(named).await.expect("a store");
    store.add_activity(row(&ada, 11, Some("two"))).await.expect("a store");
    let agents = store.agents_of(&ada, 10).await.expect("a store");
    let agents = agents.iter().map(|it| (it.name.as_str(), it.first.time_ms, it.last.time_ms));
    let agents: Vec<_> = agents.collect();
    assert_eq!(agents, [("Two", 1_000, 11_000), ("one", 3_000, 9_000)]);
    assert_eq!(store.agents_of(&ada, 1).await.expect("a store").len(), 1);
    let of_subject = store.activity_of_subject("user_of_these_rows", &id(8), 3).await;
    assert_eq!(targets(&of_subject.expect("a store")), ["tool_9", "tool_10", "tool_11"]);
    assert_eq!(store.activity_of_subject("user_ada", "", 3).await.expect("a store"), []);
}

#[actix_web::test]
async fn r40_activity_is_deleted_after_its_time() {
    let server = Server::start().await;
    let ada = account(&server, "user_ada").await;
    let aged = |days: u64| {
        let id = first_id(Utc::now() - Duration::from_secs(days * 86_400));
        Activity { id, ..row(&ada, days as u32, None) }
    };
    for days in [1, 89, 91] {
        server.store.add_activity(aged(days)).await.expect("a store");
    }
    assert_eq!(rows(&server, "user_ada", 3).await.len(), 3);
    let deleting =
        bookmarket::activity::delete_old(&server.store, Duration::from_secs(90 * 86_400));
    for _ in 0..1_000 {
        let left = server.store.activity_of(&ada, &Through::Any, &Cursor::Newest, 9).await;
        if let [one, two] = &left.expect("a store")[..] {
            assert_eq!((one.time_ms, two.time_ms), (1_000, 89_000));
            deleting.abort();
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("the old row is still there");
}
