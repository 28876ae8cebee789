//! What only the lock over PostgreSQL can do.

use std::time::Instant;

use mcp_auth_core::session::{RefreshClaim::Granted, RefreshClaim::Held, RefreshLock};
use mcp_auth_replicas::PostgresRefreshLock;
use sqlx::{AssertSqlSafe, PgPool, postgres::PgPoolOptions};

use super::{MINUTE, claim, finished};
use crate::{
    connections::CALL_LIMIT,
    place::{PASSWORD, Place},
    postgres::Postgres,
};

contract!(Postgres, mod own = crate::refresh_lock::postgres:
    a_table_is_created_by_several_processes_at_once
    a_missing_table_is_an_error_that_says_what_to_do
    rows_that_have_expired_are_deleted
    concurrent_claims_of_expired_rows_do_not_deadlock
    a_locked_row_is_an_error_within_the_limit
    a_pool_of_the_application_serves_a_lock
);

async fn rows(place: &Postgres) -> i64 {
    let sql = format!("SELECT count(*) FROM {}_refreshes", place.name);
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut place.admin().await).await.unwrap()
}

/// Adds claims that have expired.
async fn add_expired(place: &Postgres, count: usize) {
    let sql = format!(
        "INSERT INTO {}_refreshes SELECT 'key ' || n, 'gone', NULL, now() - interval '1 second' \
         FROM generate_series(1, {count}) AS n",
        place.name
    );
    place.execute(&sql).await;
}

async fn a_table_is_created_by_several_processes_at_once(place: &Postgres) {
    let lock = PostgresRefreshLock::new(&place.url).unwrap();
    let lock = lock.table_prefix(format!("{}_ano", place.name)).unwrap();
    let creations = futures_util::future::join_all((0..8).map(|_| lock.create_tables())).await;
    assert!(creations.iter().all(Result::is_ok), "{creations:?}");
    assert_eq!(claim(&lock, "key", "one").await, Granted);
    lock.create_tables().await.unwrap();
    assert_eq!(claim(&lock, "key", "two").await, Held);
    assert!(lock.ddl().contains(&format!("{}_ano_refreshes", place.name)));
}

async fn a_missing_table_is_an_error_that_says_what_to_do(place: &Postgres) {
    let lock = PostgresRefreshLock::new(&place.url).unwrap();
    let lock = lock.table_prefix("no_such_tables").unwrap();
    let error = lock.claim("key", "one", MINUTE).await.unwrap_err().to_string();
    assert!(error.contains("create_tables()"), "{error}");
}

async fn rows_that_have_expired_are_deleted(place: &Postgres) {
    let lock = place.lock("").await;
    add_expired(place, 50).await;
    for (n, left) in [31, 12, 3, 4].into_iter().enumerate() {
        assert_eq!(claim(&lock, &format!("new {n}"), "one").await, Granted);
        assert_eq!(rows(place).await, left);
    }
}

async fn concurrent_claims_of_expired_rows_do_not_deadlock(place: &Postgres) {
    let lock = place.lock("").await;
    for round in 0..5 {
        place.execute(&format!("TRUNCATE {}_refreshes", place.name)).await;
        add_expired(place, 60).await;
        let claims = (0..60).map(|n| {
            let (lock, key) = (lock.clone(), format!("key {}", n / 2 + 1));
            tokio::spawn(async move { claim(&lock, &key, &format!("holder {n}")).await })
        });
        let claims = futures_util::future::join_all(claims.collect::<Vec<_>>()).await;
        let granted = claims.into_iter().filter(|claim| *claim.as_ref().unwrap() == Granted);
        assert_eq!(granted.count(), 30, "round {round}");
    }
}

async fn a_locked_row_is_an_error_within_the_limit(place: &Postgres) {
    let lock = place.lock("").await;
    add_expired(place, 1).await;
    let mut admin = place.admin().await;
    let hold = format!("BEGIN; SELECT FROM {}_refreshes FOR UPDATE", place.name);
    sqlx::raw_sql(AssertSqlSafe(hold)).execute(&mut admin).await.unwrap();
    let start = Instant::now();
    let error = lock.claim("key 1", "one", MINUTE).await.unwrap_err().to_string();
    assert!(error.contains("lock timeout"), "{error}");
    assert!(start.elapsed() < CALL_LIMIT, "{:?}", start.elapsed());
    // Deleting it does not wait.
    assert_eq!(claim(&lock, "key 2", "one").await, Granted);
    drop(admin);
}

async fn a_pool_of_the_application_serves_a_lock(place: &Postgres) {
    let lock = place.lock("").await;
    let pool: PgPool = PgPoolOptions::new().max_connections(1).connect(&place.url).await.unwrap();
    let other = PostgresRefreshLock::from_pool(pool.clone()).table_prefix(&place.name).unwrap();
    assert_eq!(claim(&other, "key", "one").await, Granted);
    assert_eq!(claim(&lock, "key", "two").await, Held);
    place.end_connections().await;
    other.finish("key", "one", "outcome", MINUTE).await.unwrap();
    assert_eq!(claim(&lock, "key", "two").await, finished("outcome"));
    // A pool whose connections are all in use is an error, not a wait for ever.
    let held = pool.acquire().await.unwrap();
    assert!(other.claim("key", "one", MINUTE).await.is_err());
    drop(held);
    assert!(!format!("{other:?}").contains(PASSWORD));
}

#[test]
fn a_url_that_is_none_is_an_error_without_the_password() {
    for url in ["", "mysql://ada:hunter2@localhost/app", "postgres://ada:hunter2@local host/app"] {
        let error = PostgresRefreshLock::new(url).unwrap_err().to_string();
        assert!(!error.contains(PASSWORD), "{error}");
        assert!(error.contains("postgres://user:password@127.0.0.1:5432/app"), "{error}");
    }
}
