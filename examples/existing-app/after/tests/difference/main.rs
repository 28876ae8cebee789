//! What it takes to let agents into an application that exists: a few lines, and nothing in the
//! database.
#![allow(clippy::unwrap_used)]

mod after;
mod before;

use std::path::Path;

use actix_mcp_auth::{McpAuth, stores::SeaOrmIdentityStore, testing::TestAuthority};
use actix_web::{App, HttpServer, rt, web};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

const FILES: [(&str, &str); 4] = [
    (include_str!("../../../before/src/main.rs"), include_str!("../../src/main.rs")),
    (include_str!("../../../before/src/notes.rs"), include_str!("../../src/notes.rs")),
    (include_str!("../../../before/src/entities.rs"), include_str!("../../src/entities.rs")),
    (include_str!("../../../before/Cargo.toml"), include_str!("../../Cargo.toml")),
];

#[test]
fn the_change_is_at_most_15_lines() {
    let added: Vec<&str> = FILES.iter().flat_map(|(old, new)| added(old, new)).collect();
    let added: Vec<&str> = added.into_iter().filter(|line| !line.trim().is_empty()).collect();
    assert!((1..=15).contains(&added.len()), "{} lines: {added:#?}", added.len());
}

/// The lines of `new` that are not in `old`, by the longest common subsequence. Of a manifest
/// only the dependencies count: its name and its tests are this comparison's own.
fn added<'n>(old: &str, new: &'n str) -> Vec<&'n str> {
    let old: Vec<&str> = code(old).lines().collect();
    let new: Vec<&str> = code(new).lines().collect();
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for o in (0..old.len()).rev() {
        for n in (0..new.len()).rev() {
            common[o][n] = match old[o] == new[n] {
                true => common[o + 1][n + 1] + 1,
                false => common[o + 1][n].max(common[o][n + 1]),
            };
        }
    }
    let (mut o, mut added) = (0, Vec::new());
    for n in 0..new.len() {
        while o < old.len() && old[o] != new[n] && common[o + 1][n] >= common[o][n + 1] {
            o += 1;
        }
        match o < old.len() && old[o] == new[n] {
            true => o += 1,
            false => added.push(new[n]),
        }
    }
    added
}

fn code(file: &str) -> &str {
    match file.split_once("[dependencies]") {
        Some((_, rest)) => rest.split("\n[").next().unwrap(),
        None => file,
    }
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
    let people = "
        INSERT OR IGNORE INTO users VALUES (1, 'user_ada', 'Ada'), (2, 'user_grace', 'Grace');
        INSERT OR IGNORE INTO notes VALUES (1, 1, 'engines'), (2, 2, 'compilers');";
    db.execute_unprepared(people).await.unwrap();

    let users = SeaOrmIdentityStore::new(db.clone(), after::entities::users::Column::WorkosId);
    let auth = McpAuth::builder(RESOURCE).authkit(authority.issuer()).users(users);
    let auth = auth.build().unwrap();
    let data = web::Data::new(db);
    let server = HttpServer::new(move || {
        App::new().app_data(data.clone()).configure(|c| after::notes::configure(c, &auth))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}{path}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    rt::spawn(server);
    let mut request = awc::Client::new().get(url);
    if let Some(person) = person {
        request = request.bearer_auth(authority.person_token(person, RESOURCE));
    }
    let mut response = request.send().await.unwrap();
    let body = String::from_utf8(response.body().await.unwrap().to_vec()).unwrap();
    handle.stop(false).await;
    (response.status().as_u16(), body)
}

/// A file, since one in memory is lost with its connection, and a server that stops may take the
/// connection along.
async fn database(file: &Path) -> DatabaseConnection {
    Database::connect(format!("sqlite://{}?mode=rwc", file.display())).await.unwrap()
}

async fn schema(db: &DatabaseConnection) -> Vec<String> {
    let all = "SELECT name || ': ' || COALESCE(sql, '') AS line FROM sqlite_master ORDER BY name";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, all)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "line").unwrap()).collect()
}
