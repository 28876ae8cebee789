//! The sqlx store.

use mcp_auth_core::{
    IdentityStore, Lookup, Newcomer, Profile, StoreError, Subject, contract_tests::ISSUER,
};
use mcp_auth_stores::{IdentityStoreExt, SqlxIdentityStore};
use sqlx::{
    FromRow, Pool, SqlitePool,
    pool::{PoolConnection, PoolOptions},
};
use uuid::Uuid;

use crate::{
    database::Kind,
    over::{Over, Person},
    place::{Column, Place},
    tests::TIMEOUT,
};

#[derive(FromRow)]
struct Named {
    id: i32,
    external_id: Option<String>,
}

/// Found by a column of a fixed length.
#[derive(FromRow)]
struct Fixed {
    external_id: String,
}

#[derive(FromRow)]
struct Current {
    external_id: String,
    is_current: bool,
}

#[derive(FromRow)]
struct Numbered {
    id: String,
    external_id: i64,
}

#[derive(FromRow)]
struct Identified {
    external_id: Uuid,
}

impl Person for Named {
    fn sub(&self) -> String {
        self.external_id.clone().unwrap()
    }
}

impl Person for Fixed {
    fn sub(&self) -> String {
        self.external_id.trim_end_matches(' ').to_owned()
    }
}

impl Person for Current {
    fn sub(&self) -> String {
        self.external_id.clone()
    }
}

impl Person for Numbered {
    fn sub(&self) -> String {
        assert!(self.id.starts_with("key "));
        self.external_id.to_string()
    }
}

impl Person for Identified {
    fn sub(&self) -> String {
        self.external_id.to_string()
    }
}

fn url(place: &Place) -> String {
    let scheme = match place.database.kind {
        Kind::Sqlite => "sqlite://",
        Kind::Postgres | Kind::MariaDb => "",
    };
    format!("{scheme}{}", place.database.url)
}

/// The stores over a database: sqlx's name of it, how it writes two parameters, and an insertion that
/// does nothing where the subject is there.
macro_rules! stores {
    ($db:ty, $first:literal, $second:literal, $insert:literal) => {
        async fn connect(place: &Place, connections: u32) -> Pool<$db> {
            let pool = PoolOptions::new().max_connections(connections);
            pool.connect(&url(place)).await.unwrap()
        }

        async fn text(place: Place) -> Over<impl IdentityStore<User = Named>> {
            const BY_EMAIL: &str = concat!("SELECT * FROM people WHERE email = ", $first);
            const LINK: &str = concat!(
                "UPDATE people SET external_id = ",
                $first,
                " WHERE id = ",
                $second,
                " AND external_id IS NULL",
            );
            let pool = connect(&place, 4).await;
            let store = by_subject(&pool);
            let found = store.clone();
            let (by_email, linking) = (pool.clone(), pool.clone());
            let store = store.provision_with(move |newcomer: Newcomer| {
                let (pool, store) = (pool.clone(), found.clone());
                async move {
                    let insert = sqlx::query($insert).bind(newcomer.subject().id());
                    insert.execute(&pool).await.map_err(StoreError::new)?;
                    store.find(&newcomer.lookup()).await
                }
            });
            let store = store.link_by_verified_email(
                ISSUER,
                move |profile: Profile| {
                    let pool = by_email.clone();
                    async move {
                        let people = sqlx::query_as(BY_EMAIL).bind(profile.verified_email());
                        people.fetch_all(&pool).await.map_err(StoreError::new)
                    }
                },
                |person: &Named| person.external_id.is_some(),
                move |person: Named, newcomer: Newcomer| {
                    let pool = linking.clone();
                    async move {
                        let sub = newcomer.subject().id().to_owned();
                        let link = sqlx::query(LINK).bind(&sub).bind(person.id);
                        let written = link.execute(&pool).await.map_err(StoreError::new)?;
                        let linked = Named { external_id: Some(sub), ..person };
                        Ok((written.rows_affected() == 1).then_some(linked))
                    }
                },
            );
            Over::new(place, store)
        }

        fn by_subject(pool: &Pool<$db>) -> SqlxIdentityStore<Named, $db> {
            let query = concat!("SELECT * FROM people p WHERE p.external_id = ", $first);
            SqlxIdentityStore::new(pool.clone(), query)
        }

        async fn padded(place: Place) -> Over<impl IdentityStore<User = Fixed>> {
            let query = concat!("SELECT external_id FROM people WHERE external_id = ", $first);
            let store = SqlxIdentityStore::<Fixed, $db>::new(connect(&place, 4).await, query);
            Over::new(place, store)
        }

        async fn filtered(place: Place) -> Over<impl IdentityStore<User = Current>> {
            let query = concat!(
                "SELECT external_id, deleted_at IS NULL AS is_current FROM people \
                 WHERE external_id = ",
                $first,
            );
            let store = SqlxIdentityStore::<Current, $db>::new(connect(&place, 4).await, query);
            Over::new(place, store.filter(|person: &Current| person.is_current))
        }

        async fn numbers(place: Place) -> Over<impl IdentityStore<User = Numbered>> {
            let query = concat!("SELECT id, external_id FROM people WHERE external_id = ", $first);
            let store = SqlxIdentityStore::<Numbered, $db>::new(connect(&place, 4).await, query);
            Over::new(place, store.subject_as::<i64>())
        }

        async fn uuids(place: Place) -> Over<impl IdentityStore<User = Identified>> {
            let query = concat!("SELECT external_id FROM people WHERE external_id = ", $first);
            let store = SqlxIdentityStore::<Identified, $db>::new(connect(&place, 4).await, query);
            Over::new(place, store.subject_as::<Uuid>())
        }

        async fn with_issuer(place: Place) -> Over<impl IdentityStore<User = Named>> {
            let query = concat!(
                "SELECT * FROM people WHERE external_id = ",
                $first,
                " AND issuer = ",
                $second,
            );
            let store = SqlxIdentityStore::<Named, $db>::new(connect(&place, 4).await, query);
            Over::new(place, store.issuer_column("issuer"))
        }

        async fn busy(
            place: Place,
        ) -> (Over<impl IdentityStore<User = Named>>, PoolConnection<$db>) {
            let pool = connect(&place, 1).await;
            let taken = pool.acquire().await.unwrap();
            (Over::new(place, by_subject(&pool).timeout(TIMEOUT)), taken)
        }
    };
}

#[tokio::test]
async fn the_column_of_the_subject_must_be_known_and_in_the_result() {
    let place = Place::new(Kind::Sqlite, Column::Text).await;
    let ada = Subject::new(ISSUER, "user_ada");
    place.add(&ada).await;
    let pool = SqlitePool::connect(&url(&place)).await.unwrap();
    let store = |query| SqlxIdentityStore::<Named, _>::new(pool.clone(), query);

    let unknown = store("SELECT * FROM people WHERE lower(external_id) = ?");
    let error = unknown.check_issuers(&[ISSUER]).unwrap_err().to_string();
    assert!(error.contains("lower(external_id)") && error.contains("subject_column"), "{error}");
    assert!(unknown.find(&Lookup::new(&ada)).await.is_err());
    let named = unknown.subject_column("external_id");
    named.check_issuers(&[ISSUER]).unwrap();
    assert!(named.find(&Lookup::new(&ada)).await.unwrap().user().is_some());

    for query in [
        "SELECT id, NULL AS name FROM people WHERE external_id = ?",
        "SELECT *, external_id FROM people WHERE external_id = ?",
    ] {
        store(query).check_issuers(&[ISSUER]).unwrap();
        let found = store(query).find(&Lookup::new(&ada)).await;
        let error = found.err().expect("found without the subject").to_string();
        assert!(error.contains("exactly one column `external_id`"), "{error}");
    }
}

mod sqlite {
    stores!(
        sqlx::Sqlite,
        "?1",
        "?2",
        "INSERT INTO people (external_id) VALUES (?1) ON CONFLICT DO NOTHING"
    );
    tests!(Kind::Sqlite);
}

#[cfg(feature = "test-postgres")]
mod postgres {
    stores!(
        sqlx::Postgres,
        "$1",
        "$2",
        "INSERT INTO people (external_id) VALUES ($1) ON CONFLICT DO NOTHING"
    );
    tests!(Kind::Postgres);

    #[tokio::test]
    async fn keeps_the_contract_over_a_citext_column() {
        let fresh = async || {
            let place = Place::new(Kind::Postgres, Column::Citext).await;
            let query = "SELECT * FROM people WHERE external_id = $1::citext";
            let store = SqlxIdentityStore::<Named, _>::new(connect(&place, 4).await, query);
            Over::new(place, store)
        };
        mcp_auth_core::contract_tests::run_finding(fresh).await;
    }
}

#[cfg(feature = "test-mysql")]
mod mariadb {
    stores!(sqlx::MySql, "?", "?", "INSERT IGNORE INTO people (external_id) VALUES (?)");
    tests!(Kind::MariaDb);
}
