//! Who comes in, and who does not.

use bookmarket::settings;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Statement};
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

    let answers = join_all(agents.iter().map(|agent| agent.call("whoami", json!({})))).await;

    assert!(answers.iter().all(|me| me.data["subject"] == "user_ada"), "{answers:?}");
    let db = server.database().await;
    let count =
        Statement::from_string(db.get_database_backend(), "SELECT COUNT(*) AS n FROM users");
    let row = db.query_one_raw(count).await.expect("a query").expect("a row");
    assert_eq!(row.try_get::<i64>("", "n").expect("a number"), 1);
}

#[actix_web::test]
async fn strangers_can_be_refused_for_good() {
    let server = Server::start_with(&[(settings::UNKNOWN_USER, "refuse")]).await;
    let ada = server.agent_of("user_ada");

    let refused = ada.post(&call("whoami", json!({}))).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(!refused.header("WWW-Authenticate").contains("insufficient_scope"), "{refused:?}");

    server
        .sql("INSERT INTO users (workos_id, created_at) VALUES ('user_ada', '2026-01-01 00:00:00')")
        .await;
    let known = ada.call("whoami", json!({})).await;
    assert_eq!(known.data["subject"], "user_ada");
}

#[actix_web::test]
async fn without_its_users_bookmarket_is_unavailable_until_they_are_back() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");
    assert!(!ada.call("whoami", json!({})).await.is_error);

    server.sql("ALTER TABLE users RENAME TO gone").await;
    let answer = ada.post(&call("whoami", json!({}))).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(!answer.header("Retry-After").is_empty(), "{answer:?}");
    assert!(!answer.text.contains("users"), "{answer:?}");

    server.sql("ALTER TABLE gone RENAME TO users").await;
    assert!(!ada.call("whoami", json!({})).await.is_error);
}

#[actix_web::test]
async fn requests_for_another_host_are_refused() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");

    let answer = ada.post_with(&[("Host", "evil.example")], &call("whoami", json!({}))).await;

    assert_eq!(answer.status, 403, "{answer:?}");
}
