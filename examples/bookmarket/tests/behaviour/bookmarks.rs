//! Bookmarks, each of one person.

use bookmarket::bookmark::{MAX_BOOKMARKS, NewBookmark};
use serde_json::{Value, json};

use crate::server::Server;

#[actix_web::test]
async fn two_people_see_only_their_own() {
    let server = Server::start().await;
    let (ada, grace) = (server.agent_of("user_ada"), server.agent_of("user_grace"));

    ada.add("https://example.com/engines", "Analytical engines", &["maths"]).await;
    ada.add("https://example.com/looms", "Looms", &[]).await;
    grace.add("https://example.com/compilers", "Compilers", &["maths"]).await;

    assert_eq!(ada.titles().await, ["Looms", "Analytical engines"]);
    assert_eq!(grace.titles().await, ["Compilers"]);
    let found = grace.call("search_bookmarks", json!({ "query": "maths" })).await;
    assert_eq!(found.titles(), ["Compilers"]);
}

#[actix_web::test]
async fn nobody_deletes_what_is_anothers() {
    let server = Server::start().await;
    let (ada, grace) = (server.agent_of("user_ada"), server.agent_of("user_grace"));
    let id = ada.add("https://example.com/", "Mine", &[]).await;

    let anothers = grace.call("delete_bookmark", json!({ "id": id })).await;
    let nobodys = grace.call("delete_bookmark", json!({ "id": id + 1 })).await;

    assert!(anothers.is_error && nobodys.is_error, "{anothers:?} {nobodys:?}");
    let told_apart = anothers.text.replace(&id.to_string(), &(id + 1).to_string()) != nobodys.text;
    assert!(!told_apart, "what is another's must look like what is not there");
    assert_eq!(ada.titles().await, ["Mine"]);

    let own = ada.call("delete_bookmark", json!({ "id": id })).await;
    assert_eq!(own.data, json!({ "deleted": id }));
    assert!(ada.titles().await.is_empty());
}

#[actix_web::test]
async fn search_takes_every_word_from_anywhere_in_any_case() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");
    ada.add("https://example.com/ownership", "The Rust Book", &["Programming"]).await;
    ada.add("https://example.com/iron", "Rust on iron", &["Ämter", "100%"]).await;

    for (query, titles) in [
        ("rust", vec!["Rust on iron", "The Rust Book"]),
        ("RUST programming", vec!["The Rust Book"]),
        ("ownership book", vec!["The Rust Book"]),
        ("ämter", vec!["Rust on iron"]),
        ("%", vec!["Rust on iron"]),
        ("_", vec![]),
        ("rust gold", vec![]),
    ] {
        let found = ada.call("search_bookmarks", json!({ "query": query })).await;
        assert_eq!(found.titles(), titles, "{query}");
    }
}

#[actix_web::test]
async fn long_lists_come_in_pages() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");
    for n in 1..=5 {
        ada.add("https://example.com/", &format!("Page {n}"), &[]).await;
    }

    let second = ada.call("list_bookmarks", json!({ "limit": 2, "offset": 2 })).await;

    assert_eq!(second.titles(), ["Page 3", "Page 2"]);
    assert_eq!(second.data["total"], 5);
}

#[actix_web::test]
async fn what_cannot_be_a_bookmark_is_explained_to_the_agent() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");
    let long = "x".repeat(3_000);
    let tags = |tags: &[&str]| json!({ "url": "https://h.example", "title": "T", "tags": tags });

    for (wanted, reason) in [
        (json!({ "url": "example.com", "title": "T" }), "`url` is not a full address"),
        (json!({ "url": "javascript:alert(1)", "title": "T" }), "must begin with https://"),
        (json!({ "url": "file:///etc/passwd", "title": "T" }), "must begin with https://"),
        (json!({ "url": "https://a:b@h.example", "title": "T" }), "user name or a password"),
        (json!({ "url": format!("https://h.example/{long}"), "title": "T" }), "at most 2048"),
        (json!({ "url": "https://h.example", "title": " " }), "`title` must be"),
        (json!({ "url": "https://h.example", "title": long }), "`title` must be"),
        (tags(&["a,b"]), "Each of `tags`"),
        (tags(&["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]), "at most 10"),
        (json!({ "title": "T" }), "missing field `url`"),
        (json!({ "url": "https://h.example", "title": "T", "tag": "x" }), "unknown field `tag`"),
    ] {
        let refused = ada.call("add_bookmark", wanted.clone()).await;
        assert!(refused.is_error, "{wanted} {refused:?}");
        assert!(refused.text.contains(reason), "{wanted} {refused:?}");
    }
    assert!(ada.titles().await.is_empty());
}

#[actix_web::test]
async fn nobody_keeps_more_than_a_thousand() {
    let server = Server::start().await;
    let (ada, grace) = (server.agent_of("user_ada"), server.agent_of("user_grace"));
    let first = ada.add("https://example.com/", "The first", &[]).await;
    let account = server.store.provision("user_ada").await.expect("a store").expect("an account");
    let another = NewBookmark::parse("https://example.com/", "Another", &[]).expect("a bookmark");
    for _ in 1..MAX_BOOKMARKS {
        server.store.add_bookmark(&account, &another).await.expect("a store");
    }
    let one_more = json!({ "url": "https://example.com/", "title": "One more" });

    let refused = ada.call("add_bookmark", one_more.clone()).await;
    assert!(refused.is_error && refused.text.contains("delete some first"), "{refused:?}");
    assert!(!grace.call("add_bookmark", one_more.clone()).await.is_error);

    assert!(!ada.call("delete_bookmark", json!({ "id": first })).await.is_error);
    assert!(!ada.call("add_bookmark", one_more).await.is_error);
    assert_eq!(ada.titles().await.len(), 50, "a page, unless more is asked for");
}

#[actix_web::test]
async fn a_message_out_of_all_proportion_is_refused_unread() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");

    let wanted = json!({ "url": "https://h.example", "title": "x".repeat(100_000) });
    let answer = ada.post(&crate::agent::call("add_bookmark", wanted)).await;

    assert_eq!(answer.status, 413, "{answer:?}");
}

#[actix_web::test]
async fn a_bookmark_comes_back_as_it_was_added() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");
    let url = format!("https://example.com/{}", "x".repeat(2_000));
    let (title, tags) = ("\u{1f980} ".repeat(99) + "\u{e4}\u{df}", ["\u{fc}ber", "100%"]);
    let wanted = json!({ "url": url, "title": title, "tags": tags });

    let added = ada.call("add_bookmark", wanted).await.data;
    let listed = ada.call("list_bookmarks", json!({})).await.data["bookmarks"][0].take();

    assert_eq!(added, listed);
    assert_eq!(listed["url"], url);
    assert_eq!(listed["title"], title);
    assert_eq!(listed["tags"], json!(tags));
    let created = listed["created_at"].as_str().expect("a time");
    assert!(created.ends_with('Z') && created.contains('T'), "{created}");
}

#[actix_web::test]
async fn a_restart_keeps_them_unless_they_are_in_memory() {
    let server = Server::start().await;
    server.agent_of("user_ada").add("https://example.com/", "Kept", &["a", "b"]).await;
    let kept = if server.place.url() == "memory:" { vec![] } else { vec!["Kept"] };

    let server = server.restart().await;

    let found = server.agent_of("user_ada").call("search_bookmarks", json!({ "query": "b" })).await;
    assert_eq!(found.titles(), kept);
}

#[actix_web::test]
async fn the_tools_describe_themselves() {
    let server = Server::start().await;
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let listed = server.agent_of("user_ada").post(&message).await.json();
    let tools = listed["result"]["tools"].as_array().expect("a list");
    let tool =
        |name: &str| -> &Value { tools.iter().find(|tool| tool["name"] == name).expect(name) };

    for tool in tools {
        assert!(tool["description"].as_str().is_some_and(|text| text.len() > 20), "{tool}");
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
        assert_eq!(tool["outputSchema"]["type"], "object", "{tool}");
        assert_eq!(tool["annotations"]["openWorldHint"], false, "{tool}");
    }
    for name in ["whoami", "list_bookmarks", "search_bookmarks"] {
        assert_eq!(tool(name)["annotations"]["readOnlyHint"], true, "{name}");
    }
    assert_eq!(tool("add_bookmark")["annotations"]["destructiveHint"], false);
    assert_eq!(tool("delete_bookmark")["annotations"]["destructiveHint"], true);
    let add = &tool("add_bookmark")["inputSchema"];
    assert_eq!(add["required"], json!(["url", "title"]));
    assert_eq!(add["additionalProperties"], false);
    assert_eq!(add["properties"]["url"]["format"], "uri");
    assert_eq!(add["properties"]["title"]["maxLength"], 200);
    assert_eq!(add["properties"]["tags"]["maxItems"], 10);
    assert_eq!(add["properties"]["tags"]["items"]["maxLength"], 40);
}
