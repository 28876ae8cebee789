//! Users who were deactivated or deleted: refused, and never made anew.

use std::time::Duration;

use actix_mcp_auth::{
    AuthedUser, IdentityStore, Newcomer, StoreError, UnknownUser,
    stores::{IdentityStoreExt, Profile, SeaOrmIdentityStore, SqlxIdentityStore},
    testing::TestAuthority,
};
use actix_web::web;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, SqlxSqliteConnector};
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};

use crate::support::{RESOURCE, Server, authority, builder};

mod people {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, sqlx::FromRow)]
    #[sea_orm(table_name = "people")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i32,
        pub(super) email: String,
        pub(super) external_id: Option<String>,
        pub(super) deleted: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Ada was deleted, and Alan too, who had no subject yet. A new row of a deleted person is possible.
async fn database() -> SqlitePool {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await;
    let pool = pool.unwrap();
    let schema = "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT NOT NULL, \
                  external_id TEXT, deleted BOOLEAN NOT NULL DEFAULT FALSE); \
                  CREATE UNIQUE INDEX people_now ON people (external_id) WHERE NOT deleted; \
                  INSERT INTO people (email, external_id, deleted) VALUES \
                  ('ada@example.com', 'user_ada', TRUE), ('alan@example.com', NULL, TRUE)";
    sqlx::raw_sql(schema).execute(&pool).await.unwrap();
    pool
}

fn sea_orm(pool: &SqlitePool) -> SeaOrmIdentityStore<DatabaseConnection, people::Column> {
    let db = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.clone());
    SeaOrmIdentityStore::new(db, people::Column::ExternalId)
        .filter(people::Column::Deleted.eq(false))
}

fn sqlx(pool: &SqlitePool) -> SqlxIdentityStore<people::Model, sqlx::Sqlite> {
    SqlxIdentityStore::new(pool.clone(), "SELECT * FROM people WHERE external_id = ?")
        .filter(|person: &people::Model| !person.deleted)
}

/// Around a store, all that could let a deactivated user in: links by e-mail address, makes users for
/// newcomers, and caches them.
fn wrapped(
    store: impl IdentityStore<User = people::Model> + Clone,
    pool: &SqlitePool,
    authority: &TestAuthority,
) -> impl IdentityStore<User = people::Model> {
    let (made, look, write) = (pool.clone(), pool.clone(), pool.clone());
    let again = store.clone();
    let store = store.provision_with(move |newcomer: Newcomer| {
        let (pool, store) = (made.clone(), again.clone());
        async move {
            let insert = sqlx::query("INSERT INTO people (email, external_id) VALUES ('new', ?)");
            let done = insert.bind(newcomer.subject().id()).execute(&pool).await;
            done.map_err(StoreError::new)?;
            store.find(&newcomer.lookup()).await
        }
    });
    let store = store.link_by_verified_email(
        authority.issuer(),
        move |profile: Profile| {
            let db = SqlxSqliteConnector::from_sqlx_sqlite_pool(look.clone());
            async move {
                let email = profile.verified_email().unwrap_or_default();
                let people = people::Entity::find().filter(people::Column::Email.eq(email));
                people.all(&db).await.map_err(StoreError::new)
            }
        },
        |person: &people::Model| person.external_id.is_some(),
        move |person: people::Model, newcomer: Newcomer| {
            let pool = write.clone();
            async move {
                let sub = newcomer.subject().id();
                let update =
                    "UPDATE people SET external_id = ? WHERE id = ? AND external_id IS NULL";
                let done = sqlx::query(update).bind(sub).bind(person.id).execute(&pool).await;
                Ok((done.map_err(StoreError::new)?.rows_affected() == 1).then_some(person))
            }
        },
    );
    store.cached(Duration::from_secs(60), 100)
}

async fn count(pool: &SqlitePool) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM people").fetch_one(pool).await.unwrap()
}

async fn refuses<S>(store: impl FnOnce(&SqlitePool) -> S)
where
    S: IdentityStore<User = people::Model> + Clone,
{
    let (authority, pool) = (authority(), database().await);
    let users = wrapped(store(&pool), &pool, &authority);
    // Whoever is unknown gets 401 here, so that 403 is for refused users only.
    let auth = builder(&authority).users(users).unknown_user(UnknownUser::Unauthorized);
    let auth = auth.build().unwrap();
    let server = Server::start(move |config| {
        let email = web::post().to(async |me: AuthedUser<people::Model>| me.email.clone());
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(email));
    });
    for _ in 0..2 {
        for person in ["user_ada", "user_alan"] {
            let answer = server.call(&authority.person_token(person, RESOURCE)).await;
            assert_eq!(answer.status, 403, "{person}");
            assert_eq!(answer.header("www-authenticate"), None);
        }
    }
    assert_eq!(count(&pool).await, 2, "a user was made anew");
    let restore = sqlx::query("UPDATE people SET deleted = FALSE").execute(&pool).await;
    assert_eq!(restore.unwrap().rows_affected(), 2);
    for (person, email) in [("user_ada", "ada@example.com"), ("user_alan", "alan@example.com")] {
        let answer = server.call(&authority.person_token(person, RESOURCE)).await;
        assert_eq!(answer.body, email, "a refusal was cached");
    }
    let grace = server.call(&authority.person_token("user_grace", RESOURCE)).await;
    assert_eq!((grace.body.as_str(), count(&pool).await), ("new", 3));
}

#[actix_web::test]
async fn a_deactivated_user_is_403_and_not_made_anew_seaorm() {
    refuses(sea_orm).await;
}

#[actix_web::test]
async fn a_deactivated_user_is_403_and_not_made_anew_sqlx() {
    refuses(sqlx).await;
}
