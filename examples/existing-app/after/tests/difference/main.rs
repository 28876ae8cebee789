//! What it takes to let agents into an application that exists: a few lines, and nothing in the
//! database.
#![allow(clippy::unwrap_used)]

mod after;
mod before;
mod lines;
mod support;

use actix_mcp_auth::{McpAuth, stores::SeaOrmIdentityStore, testing::TestAuthority};
use actix_web::web;
use sea_orm::DatabaseConnection;

use support::{add_people, database, schema, serve};

const FILES: [(&str, &str); 4] = [
    (include_str!("../../../before/src/main.rs"), include_str!("../../src/main.rs")),
    (include_str!("../../../before/src/notes.rs"), include_str!("../../src/notes.rs")),
    (include_str!("../../../before/src/entities.rs"), include_str!("../../src/entities.rs")),
    (include_str!("../../../before/Cargo.toml"), include_str!("../../Cargo.toml")),
];

#[test]
fn the_change_is_at_most_15_lines() {
    let added = lines::added(&FILES);
    assert!((1..=15).contains(&added.len()), "{} lines: {added:#?}", added.len());
}

#[actix_web::test]
async fn the_schema_does_not_change() {
    let directory = tempfile::tempdir().unwrap();
    let old = database(&directory.path().join("old")).await;
    let new = database(&directory.path().join("new")).await;
    before::notes::create_tables(&old).await.unwrap();
    after::notes::create_tables(&new).await.unwrap();
    let tables = schema(&old).await;
    assert_eq!(tables, schema(&new).await);

    let authority = TestAuthority::start().unwrap();
    let answer = call(&authority, new.clone(), "/agent/notes", Some("user_ada")).await;
    assert_eq!(answer.0, 200);
    assert_eq!(tables, schema(&new).await, "nor does a request change it");
}

#[actix_web::test]
async fn an_agent_reads_the_notes_of_its_person_and_of_nobody_else() {
    let authority = TestAuthority::start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let db = database(&directory.path().join("notes")).await;
    after::notes::create_tables(&db).await.unwrap();
    for (person, seen) in [("user_ada", "engines"), ("user_grace", "compilers")] {
        let (status, body) = call(&authority, db.clone(), "/agent/notes", Some(person)).await;
        let notes: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, notes[0]["text"].as_str()), (200, Some(seen)));
        assert_eq!(notes.as_array().unwrap().len(), 1);
    }
    assert_eq!(call(&authority, db.clone(), "/agent/notes", None).await.0, 401);
    assert_eq!(call(&authority, db.clone(), "/agent/notes", Some("user_alan")).await.0, 403);
    assert_eq!(call(&authority, db, "/notes", Some("user_ada")).await.0, 401, "a cookie's route");
}

/// Calls the application after the change, with two people and a note each.
async fn call(
    authority: &TestAuthority,
    db: DatabaseConnection,
    path: &str,
    person: Option<&str>,
) -> (u16, String) {
    const RESOURCE: &str = "http://127.0.0.1:8080/agent/notes";
    add_people(&db).await;
    let users = SeaOrmIdentityStore::new(db.clone(), after::entities::users::Column::WorkosId);
    let auth = McpAuth::builder(RESOURCE).authkit(authority.issuer()).users(users);
    let auth = auth.build().unwrap();
    let data = web::Data::new(db);
    let (origin, server) = serve(move |config| {
        config.app_data(data.clone()).configure(|config| after::notes::configure(config, &auth));
    });
    let mut request = awc::Client::new().get(format!("{origin}{path}"));
    if let Some(person) = person {
        request = request.bearer_auth(authority.person_token(person, RESOURCE));
    }
    let mut response = request.send().await.unwrap();
    let body = String::from_utf8(response.body().await.unwrap().to_vec()).unwrap();
    server.stop(false).await;
    (response.status().as_u16(), body)
}
