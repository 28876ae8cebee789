//! What applies to a database only: outages, errors, and the number of rows.

use bookmarket::Settings;
use futures_util::future::join_all;
use serde_json::json;

use crate::{activity::rows, agent::call, place::Place, process::refusal, server::Server};

#[actix_web::test]
async fn many_first_requests_at_once_leave_one_row() {
    let server = Server::start().await;
    let agents: Vec<_> = (0..50).map(|_| server.agent_of("user_ada")).collect();

    let answers = join_all(agents.iter().map(|agent| agent.call("whoami", json!({})))).await;

    assert!(answers.iter().all(|me| me.data["subject"] == "user_ada"), "{answers:?}");
    assert_eq!(server.place.count("users"), 1);
}

#[actix_web::test]
async fn without_its_users_bookmarket_is_unavailable_until_they_are_back() {
    let server = Server::start().await;
    let (ada, grace) = (server.agent_of("user_ada"), server.agent_of("user_grace"));
    // The first call opens her account, and the second finds it.
    for _ in 0..2 {
        assert!(!ada.call("whoami", json!({})).await.is_error);
    }

    server.place.sql("ALTER TABLE users RENAME TO gone");
    let cached = ada.call("whoami", json!({})).await;
    assert!(!cached.is_error, "{cached:?}");
    let answer = grace.post(&call("whoami", json!({}))).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(!answer.header("Retry-After").is_empty(), "{answer:?}");
    assert!(!answer.text.contains("users"), "{answer:?}");

    server.place.sql("ALTER TABLE gone RENAME TO users");
    assert!(!grace.call("whoami", json!({})).await.is_error);
}

#[actix_web::test]
async fn a_failing_store_is_a_tool_error_without_its_details() {
    let server = Server::start().await;
    let ada = server.agent_of("user_ada");
    ada.add("https://example.com/", "Kept", &[]).await;

    server.place.sql("ALTER TABLE bookmarks RENAME TO gone");
    let failed = ada.call("list_bookmarks", json!({})).await;
    assert!(failed.is_error, "{failed:?}");
    assert_eq!(failed.text, "The bookmarks are out of reach now; try again soon.");

    server.place.sql("ALTER TABLE gone RENAME TO bookmarks");
    assert_eq!(ada.titles().await, ["Kept"]);
}

#[actix_web::test]
async fn r40_a_graceful_stop_writes_all_that_was_done() {
    let server = Server::start().await;
    server.wait_for_keys().await;
    let agents: Vec<_> = (0..40).map(|_| server.agent_of("user_ada")).collect();
    join_all(agents.iter().map(|agent| agent.call("whoami", json!({})))).await;

    let server = server.restart().await;

    assert_eq!(server.place.count("activity"), 40);
}

#[actix_web::test]
async fn without_the_table_of_activity_bookmarket_goes_on() {
    let server = Server::start().await;
    server.wait_for_keys().await;
    let ada = server.agent_of("user_ada");
    server.place.sql("ALTER TABLE activity RENAME TO gone");
    for _ in 0..3 {
        assert!(!ada.call("whoami", json!({})).await.is_error);
    }
    server.place.sql("ALTER TABLE gone RENAME TO activity");
    ada.call("whoami", json!({})).await;

    let server = server.restart().await;

    assert!(server.place.count("activity") >= 1);
}

#[actix_web::test]
async fn a_file_that_another_library_wrote_is_read() {
    let server = Server::start_at(Place::in_a_file(), &[]).await;
    let ada = server.agent_of("user_ada");
    ada.call("whoami", json!({})).await;
    server.place.sql(
        "INSERT INTO bookmarks (user_id, url, title, tags, created_at) VALUES
            (1, 'https://example.com/', 'By SeaORM', '', '2026-01-02T03:04:05.678901234+00:00'),
            (1, 'https://example.com/', 'By Diesel', 'a,b', '2026-01-02 03:04:05.678901234')",
    );

    let listed = ada.call("list_bookmarks", json!({})).await;

    assert_eq!(listed.titles(), ["By Diesel", "By SeaORM"]);
    for bookmark in listed.data["bookmarks"].as_array().expect("a list") {
        assert_eq!(bookmark["created_at"], "2026-01-02T03:04:05Z");
    }
}

#[actix_web::test]
async fn a_table_of_activity_without_kind_is_brought_up_to_date() {
    let server = Server::start().await;
    server.wait_for_keys().await;
    server.agent_of("user_ada").call("whoami", json!({})).await;
    rows(&server, "user_ada", 1).await;
    server.place.sql("ALTER TABLE activity DROP COLUMN kind");

    let server = server.restart().await;
    server.wait_for_keys().await;
    server.agent_of("user_ada").call("whoami", json!({})).await;

    let all = rows(&server, "user_ada", 2).await;
    assert_eq!((all[0].kind.as_str(), all[1].kind.as_str()), ("user", ""));
}

#[test]
fn a_database_out_of_reach_ends_with_one_sentence() {
    let nowhere = [
        Some("sqlite:///no/such/folder/bookmarket.sqlite"),
        cfg!(feature = "postgres").then_some("postgres://app:hunter2@127.0.0.1:1/bookmarket"),
        cfg!(feature = "mysql").then_some("mysql://app:hunter2@127.0.0.1:1/bookmarket"),
    ];
    for url in nowhere.into_iter().flatten() {
        let said = refusal(&[("BOOKMARKET_BIND", "127.0.0.1:0"), ("DATABASE_URL", url)]);

        assert!(said.contains("cannot open the database"), "{said}");
        assert!(said.contains("DATABASE_URL") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn an_address_without_a_driver_is_refused_with_what_would_do() {
    for (url, compiled_in, expected) in [
        ("sqlite://bookmarket.sqlite", true, ""),
        ("postgres://db.example.com/app", cfg!(feature = "postgres"), "`--features postgres`"),
        ("postgresql://db.example.com/app", cfg!(feature = "postgres"), "`--features postgres`"),
        ("mysql://db.example.com/app", cfg!(feature = "mysql"), "`--features mysql`"),
        ("oracle://db.example.com/app", false, "sqlite://, postgres:// or mysql://"),
        ("bookmarket.sqlite", false, "sqlite://, postgres:// or mysql://"),
        ("", false, "sqlite://, postgres:// or mysql://"),
    ] {
        let read = Settings::read(|name| Ok((name == "DATABASE_URL").then(|| url.to_owned())));
        match read {
            Ok(settings) => assert!(compiled_in && settings.database_url == url, "{url}"),
            Err(error) => {
                let error = error.to_string();
                assert!(!compiled_in && error.contains(expected), "{url}: {error}");
                assert!(error.starts_with("DATABASE_URL is ") && !error.contains('\n'), "{error}");
            }
        }
    }
}
