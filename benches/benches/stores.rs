//! What finding a user costs: the bare query of each ORM, the store over it, and the store with a
//! memory around it.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench stores`
//!
//! The machine may be busy with other things, so the three take turns in short rounds, and what
//! counts is the median of the rounds' ratios.

use std::{
    future::Future,
    hint::black_box,
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    IdentityStore, Subject,
    stores::{DieselIdentityStore, IdentityStoreExt, SeaOrmIdentityStore, find_by_subject},
};
use diesel::{
    Connection, SqliteConnection,
    connection::SimpleConnection,
    prelude::*,
    r2d2::{ConnectionManager, Pool},
};
use sea_orm::{ColumnTrait, ConnectOptions, ConnectionTrait, Database, EntityTrait, QueryFilter};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS people (id INTEGER PRIMARY KEY, external_id TEXT UNIQUE, name TEXT NOT NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT OR IGNORE INTO people SELECT i, 'user_' || i, 'Person ' || i FROM n;";

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        #[sea_orm(unique)]
        pub external_id: Option<String>,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

diesel::table! {
    people (id) {
        id -> Integer,
        external_id -> Nullable<Text>,
        name -> Text,
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = people)]
#[allow(dead_code, reason = "read from the database, which is what is measured")]
struct Person {
    id: i32,
    name: String,
}

find_by_subject!(Person, people::external_id, SqliteConnection);

const ROUNDS: usize = 400;
const CALLS: u32 = 50;
const CACHED_CALLS: u32 = 5_000;

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let file = std::env::temp_dir().join(format!("benches-{}.sqlite", std::process::id()));
    let path = file.to_str().unwrap();
    SqliteConnection::establish(path).unwrap().batch_execute(SCHEMA).unwrap();
    println!("| Store | bare query, µs | store, µs | store / bare | cached, µs |");
    println!("|---|---|---|---|---|");
    runtime.block_on(sea_orm(path));
    runtime.block_on(diesel_orm(path));
    let _ = std::fs::remove_file(file);
}

async fn sea_orm(path: &str) {
    let ada = &Subject::new("https://login.example.com", "user_4711");
    let mut options = ConnectOptions::new(format!("sqlite://{path}"));
    options.max_connections(4).sqlx_logging(false);
    let db = &Database::connect(options).await.unwrap();
    db.execute_unprepared("SELECT 1").await.unwrap();
    let store = &SeaOrmIdentityStore::new(db.clone(), entity::Column::ExternalId);
    let cached = &store.clone().cached(Duration::from_secs(600), 10_000);
    let bare = || async {
        let query = entity::Entity::find().filter(entity::Column::ExternalId.eq("user_4711"));
        black_box(query.all(db).await.unwrap());
    };
    let found = || async { drop(black_box(store.find(ada).await.unwrap())) };
    let known = || async { drop(black_box(cached.find(ada).await.unwrap())) };
    compare("SeaORM", bare, found, known).await;
}

async fn diesel_orm(path: &str) {
    let ada = &Subject::new("https://login.example.com", "user_4711");
    let pool = &Pool::builder().max_size(4).build(ConnectionManager::new(path)).unwrap();
    let store = &DieselIdentityStore::<Person, SqliteConnection>::new(pool.clone());
    let again = DieselIdentityStore::<Person, SqliteConnection>::new(pool.clone());
    let cached = &again.cached(Duration::from_secs(600), 10_000);
    let bare = || async {
        let pool = pool.clone();
        let query = tokio::task::spawn_blocking(move || {
            let mut conn = pool.get().unwrap();
            people::table
                .filter(people::external_id.eq("user_4711"))
                .select((people::external_id, Person::as_select()))
                .load::<(Option<String>, Person)>(&mut conn)
                .unwrap()
        });
        black_box(query.await.unwrap().len());
    };
    let found = || async { drop(black_box(store.find(ada).await.unwrap())) };
    let known = || async { drop(black_box(cached.find(ada).await.unwrap())) };
    compare("Diesel (r2d2)", bare, found, known).await;
}

/// Lets the three take turns, and prints a row.
async fn compare<B, S, C>(
    name: &str,
    bare: impl Fn() -> B,
    store: impl Fn() -> S,
    cached: impl Fn() -> C,
) where
    B: Future<Output = ()>,
    S: Future<Output = ()>,
    C: Future<Output = ()>,
{
    let (mut bares, mut stores, mut ratios, mut hits) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        // Who comes first changes, so that neither profits from the other's warmth.
        let (b, s) = match round % 2 {
            0 => {
                let b = timed(CALLS, &bare).await;
                (b, timed(CALLS, &store).await)
            }
            _ => {
                let s = timed(CALLS, &store).await;
                (timed(CALLS, &bare).await, s)
            }
        };
        bares.push(b);
        stores.push(s);
        ratios.push(s / b);
        if round % 10 == 0 {
            hits.push(timed(CACHED_CALLS, &cached).await);
        }
    }
    println!(
        "| {name} | {:.1} | {:.1} | {:.3} | {:.2} |",
        median(bares),
        median(stores),
        median(ratios),
        median(hits)
    );
}

/// Microseconds per call.
async fn timed<F: Future<Output = ()>>(calls: u32, call: &impl Fn() -> F) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        call().await;
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
