//! What finding a user costs: the bare query of each ORM, the store over it, and the store with a
//! memory around it, in one run.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench stores`

use std::{hint::black_box, time::Duration};

use actix_mcp_auth::{
    DieselIdentityStore, IdentityStore, IdentityStoreExt, MemoryIdentityStore,
    SeaOrmIdentityStore, Subject, find_by_subject,
};
use criterion::{Criterion, criterion_group, criterion_main};
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
struct Person {
    id: i32,
    name: String,
}

find_by_subject!(Person, people::external_id, SqliteConnection);

fn stores(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all();
    let runtime = { runtime }.build().unwrap();
    let file = std::env::temp_dir().join(format!("benches-{}.sqlite", std::process::id()));
    let path = file.to_str().unwrap();
    SqliteConnection::establish(path).unwrap().batch_execute(SCHEMA).unwrap();
    let ada = Subject::new("https://login.example.com", "user_4711");

    let db = runtime.block_on(async {
        let mut options = ConnectOptions::new(format!("sqlite://{path}"));
        options.max_connections(4).sqlx_logging(false);
        let db = Database::connect(options).await.unwrap();
        db.execute_unprepared("SELECT 1").await.unwrap();
        db
    });
    let store = SeaOrmIdentityStore::new(db.clone(), entity::Column::ExternalId);
    c.bench_function("sea-orm/bare", |b| {
        b.to_async(&runtime).iter(|| async {
            let query = entity::Entity::find().filter(entity::Column::ExternalId.eq("user_4711"));
            black_box(query.all(&db).await.unwrap())
        })
    });
    c.bench_function("sea-orm/store", |b| {
        b.to_async(&runtime).iter(|| async { black_box(store.find(&ada).await.unwrap()) })
    });
    let cached = store.cached(Duration::from_secs(600), 10_000);
    c.bench_function("sea-orm/cached", |b| {
        b.to_async(&runtime).iter(|| async { black_box(cached.find(&ada).await.unwrap()) })
    });

    let pool = Pool::builder().max_size(4).build(ConnectionManager::new(path)).unwrap();
    let store = DieselIdentityStore::<Person, SqliteConnection>::new(pool.clone());
    c.bench_function("diesel/bare", |b| {
        b.to_async(&runtime).iter(|| async {
            let pool = pool.clone();
            let query = tokio::task::spawn_blocking(move || {
                let mut conn = pool.get().unwrap();
                people::table
                    .filter(people::external_id.eq("user_4711"))
                    .select((people::external_id, Person::as_select()))
                    .load::<(Option<String>, Person)>(&mut conn)
                    .unwrap()
            });
            black_box(query.await.unwrap().len())
        })
    });
    c.bench_function("diesel/store", |b| {
        b.to_async(&runtime).iter(|| async { black_box(store.find(&ada).await.unwrap().is_some()) })
    });
    let cached = store.cached(Duration::from_secs(600), 10_000);
    c.bench_function("diesel/cached", |b| {
        b.to_async(&runtime).iter(|| async { black_box(cached.find(&ada).await.unwrap().is_some()) })
    });

    let memory = MemoryIdentityStore::from_iter([("user_4711", "Person 4711".to_owned())]);
    c.bench_function("memory/store", |b| {
        b.to_async(&runtime).iter(|| async { black_box(memory.find(&ada).await.unwrap()) })
    });
    let _ = std::fs::remove_file(file);
}

criterion_group!(benches, stores);
criterion_main!(benches);
