//! From the token's subject to the application's own user, in its own table.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_mcp_auth::{
    AuthedUser, Found, IdentityStore, Lookup, McpAuth, StoreError, Subject, UnknownUser,
    async_trait,
    revocation::Revoked,
    stores::{IdentityStoreExt, SeaOrmIdentityStore},
    testing::TestAuthority,
};
use actix_web::web;
use sea_orm::{ActiveValue::Set, ConnectionTrait, Database, DatabaseConnection, EntityTrait};

use crate::support::{RESOURCE, Server, authority, builder, good_token};

mod people {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i32,
        #[sea_orm(unique)]
        pub(super) external_id: Option<String>,
        pub(super) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod ratios {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ratios")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i32,
        pub(super) ratio: f64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

type Me = AuthedUser<people::Model>;

async fn name(me: Me) -> String {
    me.name.clone()
}

/// A table in which Ada is, and Grace is not; its column ignores case.
async fn database() -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
    options.max_connections(1);
    let db = Database::connect(options).await.unwrap();
    db.execute_unprepared(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, \
         external_id TEXT UNIQUE COLLATE NOCASE, name TEXT NOT NULL); \
         INSERT INTO people (external_id, name) VALUES ('user_ada', 'Ada Lovelace'), (NULL, 'Nobody')",
    )
    .await
    .unwrap();
    db
}

fn serve(auth: McpAuth) -> Server {
    Server::start(move |config| {
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(web::post().to(name)));
    })
}

fn store(db: &DatabaseConnection) -> SeaOrmIdentityStore<DatabaseConnection, people::Column> {
    SeaOrmIdentityStore::new(db.clone(), people::Column::ExternalId)
}

fn token(authority: &TestAuthority, sub: &str) -> String {
    authority.token().subject(sub).audience(RESOURCE).sign()
}

#[actix_web::test]
async fn the_handler_gets_the_row_of_the_applications_own_table() {
    let (authority, db) = (authority(), database().await);
    let server = serve(builder(&authority).users(store(&db)).build().unwrap());
    assert_eq!(server.call(&token(&authority, "user_ada")).await.body, "Ada Lovelace");
}

#[actix_web::test]
async fn r15_an_unknown_user_is_a_plain_403_or_401_as_the_application_says() {
    let (authority, db) = (authority(), database().await);
    let server = serve(builder(&authority).users(store(&db)).build().unwrap());
    let grace = token(&authority, "user_grace");
    let answer = server.call(&grace).await;
    assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (403, None));

    let again = builder(&authority).users(store(&db)).unknown_user(UnknownUser::Unauthorized);
    serve(again.build().unwrap()).call(&grace).await.assert_invalid_token("unknown user");
}

#[actix_web::test]
async fn a_column_that_ignores_case_does_not_mix_people_up() {
    let (authority, db) = (authority(), database().await);
    let server = serve(builder(&authority).users(store(&db)).build().unwrap());
    for sub in ["USER_ADA", "user_Ada", "user_ada "] {
        assert_eq!(server.call(&token(&authority, sub)).await.status, 403, "{sub:?}");
    }
}

#[actix_web::test]
async fn two_rows_with_one_subject_are_503_and_neither_is_taken() {
    let (authority, db) = (authority(), database().await);
    let twice = "CREATE TABLE twice AS SELECT * FROM people; DROP TABLE people; \
                 ALTER TABLE twice RENAME TO people; \
                 INSERT INTO people (id, external_id, name) VALUES (7, 'user_ada', 'Ada, again')";
    db.execute_unprepared(twice).await.unwrap();
    let server = serve(builder(&authority).users(store(&db)).build().unwrap());
    let answer = server.call(&token(&authority, "user_ada")).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")));
}

#[actix_web::test]
async fn a_column_that_can_hold_no_subject_is_refused_at_start_up() {
    let authority = authority();
    let ratio = SeaOrmIdentityStore::new(database().await, ratios::Column::Ratio);
    let error = builder(&authority).users(ratio).build().unwrap_err().to_string();
    assert!(error.contains("ratios.ratio") && error.contains("text, an integer"), "{error}");
}

#[actix_web::test]
async fn a_newcomer_is_provisioned_once() {
    let (authority, db) = (authority(), database().await);
    let make = {
        let db = db.clone();
        move |newcomer: actix_mcp_auth::Newcomer| {
            let db = db.clone();
            async move {
                let person = people::ActiveModel {
                    external_id: Set(Some(newcomer.subject().id().to_owned())),
                    name: Set("New".to_owned()),
                    ..Default::default()
                };
                let made = people::Entity::insert(person).exec_with_returning(&db).await;
                made.map(|person| Some(person).into()).map_err(StoreError::new)
            }
        }
    };
    let auth = builder(&authority).users(store(&db).provision_with(make)).build().unwrap();
    let server = serve(auth);
    for _ in 0..2 {
        assert_eq!(server.call(&token(&authority, "user_grace")).await.body, "New");
    }
    assert_eq!(people::Entity::find().all(&db).await.unwrap().len(), 3);
}

#[actix_web::test]
async fn machines_and_impersonated_persons_are_never_provisioned() {
    let (authority, db) = (authority(), database().await);
    let make = |_| async { panic!("provisioned") };
    let auth = builder(&authority).users(store(&db).provision_with(make)).build().unwrap();
    let server = serve(auth);
    let machine = authority.machine_token("client_robot").audience(RESOURCE).sign();
    assert_eq!(server.call(&machine).await.status, 403);
    let played = authority.token().subject("user_grace").audience(RESOURCE);
    let played = played.impersonated_by("staff@example.com").sign();
    assert_eq!(server.call(&played).await.status, 403);
}

#[actix_web::test]
async fn a_machine_is_never_looked_up_among_the_users() {
    struct OnlyMachines;

    #[async_trait]
    impl IdentityStore for OnlyMachines {
        type User = people::Model;

        async fn find(&self, who: &Lookup<'_>) -> Result<Found<people::Model>, StoreError> {
            panic!("looked up {who:?}")
        }

        async fn find_machine(
            &self,
            client: &actix_mcp_auth::ClientId,
        ) -> Result<Found<people::Model>, StoreError> {
            let name = format!("robot {}", client.id());
            Ok(Some(people::Model { id: 0, external_id: None, name }).into())
        }
    }

    let authority = authority();
    let server = serve(builder(&authority).users(OnlyMachines).build().unwrap());
    let machine = authority.machine_token("client_robot").audience(RESOURCE).sign();
    assert_eq!(server.call(&machine).await.body, "robot client_robot");
}

#[actix_web::test]
async fn a_remembered_user_is_forgotten_on_demand() {
    let (authority, db) = (authority(), database().await);
    let users = store(&db).cached(Duration::from_secs(60), 100);
    let server = serve(builder(&authority).users(users.clone()).build().unwrap());
    let ada = token(&authority, "user_ada");
    assert_eq!(server.call(&ada).await.body, "Ada Lovelace");
    db.execute_unprepared("UPDATE people SET name = 'Ada King'").await.unwrap();
    assert_eq!(server.call(&ada).await.body, "Ada Lovelace");
    users.invalidate(&Subject::new(authority.issuer(), "user_ada"));
    assert_eq!(server.call(&ada).await.body, "Ada King");
}

/// A user for each organization, counted.
struct ByOrganization(Arc<AtomicUsize>);

#[async_trait]
impl IdentityStore for ByOrganization {
    type User = people::Model;

    fn claims(&self) -> &[&'static str] {
        &["org_id"]
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<people::Model>, StoreError> {
        let asked = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let name = format!("{} {asked}", who.id());
        Ok(Some(people::Model { id: 0, external_id: None, name }).into())
    }
}

/// People by the object id that Entra ID gives them, which `sub` is not.
struct ByObjectId;

#[async_trait]
impl IdentityStore for ByObjectId {
    type User = people::Model;

    fn claims(&self) -> &[&'static str] {
        &["oid"]
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<people::Model>, StoreError> {
        let oid: Option<String> = who.claim("oid").ok().flatten();
        let ada = people::Model { id: 1, external_id: None, name: "Ada".to_owned() };
        Ok((oid.as_deref() == Some("object-1")).then_some(ada).into())
    }
}

#[actix_web::test]
async fn people_are_found_by_a_claim_that_the_store_names() {
    let authority = authority();
    let users = ByObjectId.cached(Duration::from_secs(60), 100);
    let server = serve(builder(&authority).users(users).build().unwrap());
    let token = || authority.token().subject("sub-of-this-application").audience(RESOURCE);
    assert_eq!(server.call(&token().claim("oid", "object-1").sign()).await.body, "Ada");
    for (what, token) in [
        ("another", token().claim("oid", "object-2")),
        ("none", token()),
        ("not text", token().claim("oid", 1)),
    ] {
        assert_eq!(server.call(&token.sign()).await.status, 403, "{what}");
    }
}

#[actix_web::test]
async fn r35_a_user_who_has_changed_is_asked_for_anew() {
    let authority = authority();
    let users = ByOrganization(Arc::default()).cached(Duration::from_secs(60), 100);
    let auth = builder(&authority).users(users).build().unwrap();
    let server = serve(auth.clone());
    let token = |sub: &str, org: &str| {
        authority.token().subject(sub).audience(RESOURCE).claim("org_id", org).sign()
    };
    let tokens = [token("ada", "1"), token("ada", "2"), token("alan", "1")];
    let names = async || {
        let mut names = Vec::new();
        for token in &tokens {
            names.push(server.call(token).await.body);
        }
        names
    };
    let first = ["ada 1", "ada 2", "alan 3"];
    assert_eq!(names().await, first);
    assert_eq!(names().await, first, "cached");
    auth.revoke(Revoked::user_changed("ada")).await.unwrap();
    // With each of the claims that are part of the cache's key.
    assert_eq!(names().await, ["ada 4", "ada 5", "alan 3"], "nobody is refused");
    auth.revoke(Revoked::UsersChanged).await.unwrap();
    assert_eq!(names().await, ["ada 6", "ada 7", "alan 8"]);
}

#[actix_web::test]
async fn r11_a_database_that_is_gone_is_503_and_says_nothing_of_itself() {
    let (authority, db) = (authority(), database().await);
    let server = serve(builder(&authority).users(store(&db)).build().unwrap());
    let ada = token(&authority, "user_ada");
    assert_eq!(server.call(&ada).await.status, 200);
    db.execute_unprepared("DROP TABLE people").await.unwrap();
    let answer = server.call(&ada).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")));
    assert!(!answer.body.contains("people"), "{}", answer.body);
}

#[actix_web::test]
async fn r11_a_revoked_subject_is_401_at_once_and_nobody_else_is() {
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let server = Server::of(&auth);
    let (ada, alan) = (good_token(&authority), authority.person_token("user_alan", RESOURCE));
    for token in [&ada, &ada, &alan] {
        assert_eq!(server.call(token).await.status, 200);
    }
    auth.revoke(Revoked::subject("user_ada")).await.unwrap();
    server.call(&ada).await.assert_invalid_token("revoked");
    assert_eq!(server.call(&alan).await.status, 200);
    // The issuer's clock may be ahead by the leeway, so a token of the next seconds may be older.
    let issued = |seconds| {
        let at = std::time::SystemTime::now() + Duration::from_secs(seconds);
        authority.token().subject("user_ada").audience(RESOURCE).issued_at(at).sign()
    };
    server.call(&issued(20)).await.assert_invalid_token("revoked");
    auth.lift(Revoked::subject("user_ada")).await.unwrap();
    assert_eq!(server.call(&issued(2)).await.status, 200, "signed in again after a lift");
}
