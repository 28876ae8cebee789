//! People with a session cookie and their agents with bearer tokens are the same users, on the same
//! routes.
#![allow(clippy::unwrap_used)]

#[path = "../../../after/tests/difference/after/mod.rs"]
mod after;
#[path = "../../../after/tests/difference/lines.rs"]
mod lines;
mod pages;
#[path = "../../../after/tests/difference/support.rs"]
mod support;

use std::time::{Duration, SystemTime};

use actix_mcp_auth::{
    McpAuth, operation::UnixTime, revocation::Revoked, scopes, stores::SeaOrmIdentityStore,
    testing::TestAuthority,
};
use actix_web::{
    http::{Method, header},
    web,
};
use awc::ClientRequest;
use sea_orm::{ConnectionTrait, DatabaseConnection};

use support::{add_people, database, schema, serve};

const FILES: [(&str, &str); 4] = [
    (include_str!("../../../after/src/main.rs"), include_str!("../../src/main.rs")),
    (include_str!("../../../after/src/notes.rs"), include_str!("../../src/notes.rs")),
    (include_str!("../../../after/src/entities.rs"), include_str!("../../src/entities.rs")),
    (include_str!("../../../after/Cargo.toml"), include_str!("../../Cargo.toml")),
];

scopes! {
    /// The figures of everybody's notes.
    pub(crate) SeeFigures = "notes:figures";
}

const RESOURCE: &str = "http://127.0.0.1:8080/notes";
const ADA: &str = "session=of-ada";
const GRACE: &str = "session=of-grace";

#[test]
fn the_change_is_under_20_lines() {
    let added = lines::added(&FILES);
    assert!((1..20).contains(&added.len()), "{} lines: {added:#?}", added.len());
}

/// The application with Ada and Grace, who signed in an hour ago.
struct Application {
    authority: TestAuthority,
    auth: McpAuth,
    db: DatabaseConnection,
    origin: String,
    _directory: tempfile::TempDir,
}

impl Application {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let db = database(&directory.path().join("notes")).await;
        pages::notes::create_tables(&db).await.unwrap();
        add_people(&db).await;
        let an_hour_ago = SystemTime::now() - Duration::from_secs(60 * 60);
        for (id, user) in [("of-ada", 1), ("of-grace", 2)] {
            sign_in(&db, id, user, an_hour_ago).await;
        }

        let authority = TestAuthority::start().unwrap();
        let users = SeaOrmIdentityStore::new(db.clone(), pages::entities::users::Column::WorkosId);
        let site = McpAuth::api(RESOURCE).authkit(authority.issuer()).users(users);
        let site =
            site.permissions::<SeeFigures>().grants(|_, user: &pages::entities::users::Model| {
                (user.name == "Ada").then_some("notes:figures")
            });
        let data = web::Data::new(db.clone());
        let issuer = authority.issuer().to_owned();
        let auth = pages::notes::with_sessions(site.build().unwrap(), issuer, data.clone());
        let auth = auth.unwrap();
        let site = auth.clone();
        let (origin, _) = serve(move |config| {
            config.app_data(data.clone()).configure(|c| pages::notes::configure(c, &site));
            let figures = web::resource("/figures").wrap(site.middleware().require::<SeeFigures>());
            config.service(figures.to(async || "[]"));
        });
        Self { authority, auth, db, origin, _directory: directory }
    }

    fn request(&self, method: Method) -> ClientRequest {
        self.request_to("/notes", method)
    }

    fn request_to(&self, path: &str, method: Method) -> ClientRequest {
        awc::Client::new().request(method, format!("{}{path}", self.origin))
    }

    fn page(&self, method: Method, cookie: &str) -> ClientRequest {
        self.request(method).insert_header((header::COOKIE, cookie))
    }

    fn agent(&self, method: Method, person: &str) -> ClientRequest {
        self.request(method).bearer_auth(self.authority.person_token(person, RESOURCE))
    }
}

async fn sign_in(db: &DatabaseConnection, id: &str, user: i32, at: SystemTime) {
    let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let session = format!("INSERT INTO sessions VALUES ('{id}', {user}, {at})");
    db.execute_unprepared(&session).await.unwrap();
}

/// The status, and the texts of the notes in the answer.
async fn send(request: ClientRequest, text: &'static str) -> (u16, Vec<String>) {
    let mut answer = request.send_body(text).await.unwrap();
    let body = answer.body().await.unwrap();
    let notes: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap_or_default();
    let texts = notes.iter().map(|note| note["text"].as_str().unwrap().to_owned()).collect();
    (answer.status().as_u16(), texts)
}

fn notes(texts: &[&str]) -> (u16, Vec<String>) {
    (200, texts.iter().map(|&text| text.to_owned()).collect())
}

const UNAUTHORIZED: (u16, Vec<String>) = (401, Vec::new());
const FORBIDDEN: (u16, Vec<String>) = (403, Vec::new());

#[actix_web::test]
async fn a_person_and_their_agent_see_the_same_notes() {
    let it = Application::start().await;
    assert_eq!(send(it.page(Method::GET, ADA), "").await, notes(&["engines"]));
    assert_eq!(send(it.agent(Method::GET, "user_ada"), "").await, notes(&["engines"]));
    let by_agent = it.agent(Method::POST, "user_ada");
    assert_eq!(send(by_agent, "looms").await, notes(&["engines", "looms"]));
    assert_eq!(send(it.page(Method::GET, ADA), "").await, notes(&["engines", "looms"]));
    let by_page = it.page(Method::POST, ADA).insert_header(("sec-fetch-site", "same-origin"));
    assert_eq!(send(by_page, "cards").await, notes(&["engines", "looms", "cards"]));
    let agent = send(it.agent(Method::GET, "user_ada"), "").await;
    assert_eq!(agent, notes(&["engines", "looms", "cards"]));
}

#[actix_web::test]
async fn nobody_sees_the_notes_of_somebody_else() {
    let it = Application::start().await;
    assert_eq!(send(it.page(Method::GET, GRACE), "").await, notes(&["compilers"]));
    assert_eq!(send(it.agent(Method::GET, "user_grace"), "").await, notes(&["compilers"]));
    assert_eq!(send(it.request(Method::GET), "").await, UNAUTHORIZED);
    assert_eq!(send(it.page(Method::GET, "session=unknown"), "").await, UNAUTHORIZED);
    assert_eq!(send(it.agent(Method::GET, "user_alan"), "").await, FORBIDDEN, "no user");
    // The token counts, not the cookie beside it.
    let both = it.agent(Method::GET, "user_grace").insert_header((header::COOKIE, ADA));
    assert_eq!(send(both, "").await, notes(&["compilers"]));
}

#[actix_web::test]
async fn a_permission_counts_for_a_person_and_for_their_agent() {
    let it = Application::start().await;
    for (cookie, person, status) in [(ADA, "user_ada", 200), (GRACE, "user_grace", 403)] {
        let page = it.request_to("/figures", Method::GET).insert_header((header::COOKIE, cookie));
        assert_eq!(send(page, "").await.0, status, "{person} on a page");
        let token = it.authority.person_token(person, RESOURCE);
        let agent = it.request_to("/figures", Method::GET).bearer_auth(token);
        assert_eq!(send(agent, "").await.0, status, "the agent of {person}");
    }
}

#[actix_web::test]
async fn a_post_that_another_site_causes_is_refused() {
    let it = Application::start().await;
    for site in ["cross-site", "same-site"] {
        let post = it.page(Method::POST, ADA).insert_header(("sec-fetch-site", site));
        assert_eq!(send(post, "forged").await, FORBIDDEN, "{site}");
    }
    let post = it.page(Method::POST, ADA).insert_header(("origin", "https://evil.example"));
    assert_eq!(send(post, "forged").await, FORBIDDEN);
    assert_eq!(send(it.page(Method::GET, ADA), "").await, notes(&["engines"]), "none was added");
}

#[actix_web::test]
async fn a_revoked_person_is_out_on_both_ways() {
    let it = Application::start().await;
    it.auth.revoke(Revoked::subject("user_ada")).await.unwrap();
    assert_eq!(send(it.page(Method::GET, ADA), "").await, UNAUTHORIZED);
    assert_eq!(send(it.agent(Method::GET, "user_ada"), "").await, UNAUTHORIZED);
    assert_eq!(send(it.page(Method::GET, GRACE), "").await, notes(&["compilers"]));
    assert_eq!(send(it.agent(Method::GET, "user_grace"), "").await, notes(&["compilers"]));
}

#[actix_web::test]
async fn a_person_who_signs_in_after_the_revocation_is_accepted() {
    let it = Application::start().await;
    let half_an_hour_ago = SystemTime::now() - Duration::from_secs(30 * 60);
    let cut_off = half_an_hour_ago.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let cut_off = UnixTime::since_epoch(cut_off);
    it.auth.revoke_at(Revoked::subject("user_ada"), cut_off).await.unwrap();
    assert_eq!(send(it.page(Method::GET, ADA), "").await, UNAUTHORIZED, "from an hour ago");
    sign_in(&it.db, "again", 1, SystemTime::now()).await;
    assert_eq!(send(it.page(Method::GET, "session=again"), "").await, notes(&["engines"]));
}

#[actix_web::test]
async fn the_schema_does_not_change() {
    let directory = tempfile::tempdir().unwrap();
    let old = database(&directory.path().join("old")).await;
    after::notes::create_tables(&old).await.unwrap();
    let it = Application::start().await;
    assert_eq!(send(it.page(Method::GET, ADA), "").await.0, 200);
    assert_eq!(schema(&old).await, schema(&it.db).await);
}
