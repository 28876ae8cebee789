//! Authentication and permissions.

use std::collections::{HashMap, HashSet};

use bookmarket::settings;
use futures_util::future::join_all;
use serde_json::json;

use crate::{agent::call, server::Server};

#[actix_web::test]
async fn without_a_token_the_way_to_one_is_shown() {
    let server = Server::start().await;
    let nobody = server.stranger();
    let origin = server.resource.trim_end_matches("/mcp/bookmarket");
    let metadata = format!("{origin}/.well-known/oauth-protected-resource/mcp/bookmarket");

    for answer in [nobody.post(&call("whoami", json!({}))).await, nobody.get(None).await] {
        assert_eq!(answer.status, 401, "{answer:?}");
        let challenge = answer.header("WWW-Authenticate");
        assert!(challenge.starts_with("Bearer "), "{challenge}");
        assert!(challenge.contains(&format!("resource_metadata=\"{metadata}\"")), "{challenge}");
        assert!(!challenge.contains("error"), "{challenge}");
    }

    let found = nobody.get(Some("/.well-known/oauth-protected-resource/mcp/bookmarket")).await;
    assert_eq!(found.status, 200, "{found:?}");
    assert_eq!(found.json()["resource"], server.resource);
    assert_eq!(found.json()["authorization_servers"], json!([server.authority.issuer()]));
    assert_eq!(found.json()["resource_name"], "Bookmarket");
}

#[actix_web::test]
async fn a_token_for_another_resource_is_refused() {
    let server = Server::start().await;
    let elsewhere =
        server.authority.token().subject("user_ada").audience("https://elsewhere.example");
    let agent = server.stranger().with_token(elsewhere.sign());

    let answer = agent.post(&call("whoami", json!({}))).await;

    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(answer.header("WWW-Authenticate").contains("error=\"invalid_token\""), "{answer:?}");
}

#[actix_web::test]
async fn whoever_signs_in_first_gets_an_account() {
    let server = Server::start().await;

    let me = server.agent_of("user_ada").call("whoami", json!({})).await;

    assert!(me.text.contains("user_ada"), "{me:?}");
    assert_eq!(me.data["subject"], "user_ada");
    assert_eq!(me.data["issuer"], server.authority.issuer());
    assert_eq!(me.data["bookmarks"], 0);
}

#[actix_web::test]
async fn many_first_requests_at_once_make_one_account() {
    let server = Server::start().await;
    let agents: Vec<_> = (0..20).map(|_| server.agent_of("user_ada")).collect();

    join_all(agents.iter().map(|agent| agent.add("https://example.com/", "Mine", &[]))).await;

    assert_eq!(agents[0].titles().await.len(), agents.len(), "all are the one account's");
}

#[actix_web::test]
async fn accounts_opened_many_times_at_once_are_one_for_each_person() {
    let server = Server::start().await;
    let people: Vec<_> = (0..60).map(|n| format!("user_{}", n % 6)).collect();

    let opened = join_all(people.iter().map(|sub| server.store.provision(sub))).await;

    let mut accounts = HashMap::new();
    for (sub, account) in people.iter().zip(opened) {
        let id = account.expect("a store").expect("an account").id;
        assert_eq!(*accounts.entry(sub).or_insert(id), id, "{sub}");
    }
    assert_eq!(accounts.values().collect::<HashSet<_>>().len(), 6, "{accounts:?}");
}

#[actix_web::test]
async fn people_whose_names_look_alike_are_different_people() {
    let server = Server::start().await;
    let alike = ["user_ada", "USER_ADA", "user_ad\u{e1}", "user_ada%", "user__da"];
    for sub in alike {
        server.agent_of(sub).add("https://example.com/", sub, &[]).await;
    }

    for sub in alike {
        let agent = server.agent_of(sub);
        assert_eq!(agent.call("whoami", json!({})).await.data["subject"], sub);
        assert_eq!(agent.titles().await, [sub]);
    }
}

#[actix_web::test]
async fn strangers_can_be_refused_for_good() {
    let server = Server::start_with(&[(settings::UNKNOWN_USER, "refuse")]).await;
    let ada = server.agent_of("user_ada");

    let refused = ada.post(&call("whoami", json!({}))).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(!refused.header("WWW-Authenticate").contains("insufficient_scope"), "{refused:?}");

    server.store.provision("user_ada").await.expect("a store").expect("an account");
    let known = ada.call("whoami", json!({})).await;
    assert_eq!(known.data["subject"], "user_ada");
}

#[actix_web::test]
async fn r15_who_may_only_read_reads_and_is_not_sent_to_sign_in_again() {
    let server = Server::start_with(&[(settings::READ_ONLY, "user_katherine, user_dee")]).await;
    let katherine = server.agent_of("user_katherine");
    assert!(katherine.titles().await.is_empty());
    let found = katherine.call("search_bookmarks", json!({ "query": "rust" })).await;
    assert!(found.titles().is_empty());
    assert_eq!(katherine.call("whoami", json!({})).await.data["bookmarks"], 0);

    let wanted = json!({ "url": "https://example.com/", "title": "Mine" });
    for message in [call("add_bookmark", wanted), call("delete_bookmark", json!({ "id": 1 }))] {
        for _ in 0..2 {
            let refused = katherine.post(&message).await;
            assert_eq!(refused.status, 403, "{refused:?}");
            assert_eq!(refused.header("WWW-Authenticate"), "", "no token would help");
        }
    }
    let batch = json!([call("whoami", json!({})), call("delete_bookmark", json!({ "id": 1 }))]);
    assert_eq!(katherine.post(&batch).await.status, 403);

    let ada = server.agent_of("user_ada");
    ada.add("https://example.com/", "Hers", &[]).await;
    assert_eq!(ada.titles().await, ["Hers"]);
    assert!(katherine.titles().await.is_empty());
}

#[actix_web::test]
async fn r15_where_tokens_tell_who_lacks_a_scope_is_told_which_and_shown_the_tool() {
    let server = Server::start_with(&[(settings::GRANTS, "scopes")]).await;
    let ada = |scope: &str| {
        let token = server.authority.token().subject("user_ada").audience(&server.resource);
        server.stranger().with_token(token.scope(scope).sign())
    };
    let (reader, writer) = (ada("openid bookmarks:read"), ada("bookmarks:write"));
    let add = call("add_bookmark", json!({ "url": "https://example.com/", "title": "Mine" }));

    let nobody = server.stranger().post(&call("whoami", json!({}))).await;
    assert!(nobody.header("WWW-Authenticate").contains("scope=\"bookmarks:read\""), "{nobody:?}");
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let shown = reader.post(&list).await.json();
    let tools = shown["result"]["tools"].as_array().expect("a list").iter();
    assert!(tools.clone().any(|tool| tool["name"] == "add_bookmark"), "{shown}");

    let refused = reader.post(&add).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let challenge = refused.header("WWW-Authenticate");
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"bookmarks:write\""), "{challenge}");

    assert!(reader.titles().await.is_empty());
    assert_eq!(writer.post(&add).await.status, 200);
    assert_eq!(reader.titles().await, ["Mine"]);
}

#[actix_web::test]
async fn clients_are_never_told_of_permissions_that_authkit_cannot_grant() {
    let server = Server::start().await;
    let path = "/.well-known/oauth-protected-resource/mcp/bookmarket";
    let metadata = server.stranger().get(Some(path)).await;
    assert_eq!(metadata.json().get("scopes_supported"), None);
    let nobody = server.stranger().post(&call("add_bookmark", json!({}))).await;
    assert!(!nobody.header("WWW-Authenticate").contains("scope"), "{nobody:?}");
}

#[actix_web::test]
async fn requests_for_another_host_are_refused() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");

    let answer = ada.post_with(&[("Host", "evil.example")], &call("whoami", json!({}))).await;

    assert_eq!(answer.status, 403, "{answer:?}");
}
