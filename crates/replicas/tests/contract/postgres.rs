//! The contract over PostgreSQL, and what only PostgreSQL can do.

use std::time::{Duration, Instant};

use mcp_auth_core::revocation::RevocationLog;
use mcp_auth_replicas::{PostgresRefreshLock, PostgresRevocationLog};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

use crate::{
    place::{PASSWORD, Place, server, unique_name},
    proxy::Proxy,
    reader::{Reader, entry},
};

pub(crate) struct Postgres {
    pub(crate) name: String,
    pub(crate) url: String,
    proxy: Proxy,
    log: PostgresRevocationLog,
}

impl Postgres {
    pub(crate) async fn admin(&self) -> PgConnection {
        let (url, _) = test_server();
        PgConnection::connect(&url).await.unwrap()
    }

    pub(crate) async fn execute(&self, sql: &str) {
        execute(&mut self.admin().await, sql).await;
    }

    fn table(&self) -> String {
        format!("{}_revocations", self.name)
    }
}

impl Place for Postgres {
    type Log = PostgresRevocationLog;
    type Lock = PostgresRefreshLock;

    /// Connections have a name of their own, by which they can be ended.
    async fn new() -> Self {
        let (server, host) = test_server();
        let name = unique_name();
        let proxy = Proxy::to(&host);
        let (_, rest) = server.split_once("://").unwrap();
        let (user, path) = rest.rsplit_once('@').unwrap();
        let database = path.split_once('/').unwrap().1;
        // A server that trusts its neighbours takes any password.
        let user = match user.contains(':') {
            true => user.to_owned(),
            false => format!("{user}:{PASSWORD}"),
        };
        let address = proxy.address();
        let url = format!("postgres://{user}@{address}/{database}?application_name={name}");
        let log = PostgresRevocationLog::new(&url).unwrap().table_prefix(&name).unwrap();
        log.create_tables().await.unwrap();
        Self { name, url, proxy, log }
    }

    fn log(&self) -> &PostgresRevocationLog {
        &self.log
    }

    fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    fn with_prefix(&self, prefix: &str) -> PostgresRevocationLog {
        let log = self.log.clone().table_prefix(format!("{}_{}", self.name, &prefix[..3])).unwrap();
        let create = log.clone();
        let created = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(create.create_tables()).unwrap();
        });
        created.join().unwrap();
        log
    }

    fn at(address: &str) -> PostgresRevocationLog {
        PostgresRevocationLog::new(format!("postgres://ada:{PASSWORD}@{address}/app")).unwrap()
    }

    async fn lock(&self, suffix: &str) -> PostgresRefreshLock {
        let lock = PostgresRefreshLock::new(&self.url).unwrap();
        let lock = lock.table_prefix(format!("{}{suffix}", self.name)).unwrap();
        lock.create_tables().await.unwrap();
        lock
    }

    fn lock_at(address: &str) -> PostgresRefreshLock {
        PostgresRefreshLock::new(format!("postgres://ada:{PASSWORD}@{address}/app")).unwrap()
    }

    async fn end_connections(&self) {
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{}'",
            self.name
        );
        self.execute(&sql).await;
    }

    async fn empty(&self) {
        self.execute(&format!("TRUNCATE {}", self.table())).await;
    }

    async fn remove(self) {
        for prefix in [self.name.clone(), format!("{}_ano", self.name)] {
            for table in ["revocations", "checkpoints", "leases", "refreshes"] {
                self.execute(&format!("DROP TABLE IF EXISTS {prefix}_{table}")).await;
            }
        }
    }
}

contract!(Postgres);

contract!(Postgres, mod own = crate::postgres:
    a_transaction_that_commits_late_is_not_missed
    a_restored_dump_is_read_once
    rows_that_were_deleted_with_the_epoch_are_noticed
    a_locked_table_is_an_error_within_the_limit
    tables_are_created_by_several_processes_at_once
    missing_tables_are_an_error_that_says_what_to_do
    a_pool_of_the_application_serves_calls_and_followers
    no_setting_stays_on_the_connection
);

/// It commits after later transactions were read, and long after the statement's time limit.
async fn a_transaction_that_commits_late_is_not_missed(place: &Postgres) {
    place.log.append(&[entry("a", 1)]).await.unwrap();
    let mut late = place.admin().await;
    let insert = format!(
        "BEGIN; INSERT INTO {} (id, slot, time, text, changed_in, changed_at) \
         VALUES ('\\x01', 'late', 1, '{{}}', pg_current_xact_id(), clock_timestamp())",
        place.table()
    );
    execute(&mut late, &insert).await;
    let mut reader = Reader::of(&place.log).await;
    let start = Instant::now();
    for n in 0.. {
        let slot = format!("meanwhile {n}");
        place.log.append(&[entry(&slot, 1)]).await.unwrap();
        reader.until_known(&slot).await;
        if start.elapsed() > Duration::from_secs(3) {
            break;
        }
    }
    assert!(!reader.known.contains_key("late"));
    execute(&mut late, "COMMIT").await;
    reader.until_known("late").await;
    assert_eq!(reader.everything, 1);
    // Nothing is read twice.
    assert!(reader.next().await.unwrap().entries.is_empty());
}

/// Its rows name transactions of another server.
async fn a_restored_dump_is_read_once(place: &Postgres) {
    place.log.append(&[entry("a", 1)]).await.unwrap();
    let ahead = format!(
        "UPDATE {} SET changed_in = (changed_in::text::numeric + 1000000000)::text::xid8",
        place.table()
    );
    place.execute(&ahead).await;
    let mut reader = Reader::of(&place.log).await;
    assert!(reader.known.contains_key("a"));
    for _ in 0..3 {
        assert!(reader.next().await.unwrap().entries.is_empty());
    }
    place.log.append(&[entry("a", 2)]).await.unwrap();
    reader.until("the later", |reader| reader.time("a") == Some(2)).await;
}

async fn rows_that_were_deleted_with_the_epoch_are_noticed(place: &Postgres) {
    place.log.append(&[entry("a", 1)]).await.unwrap();
    let mut reader = Reader::of(&place.log).await;
    // Another process writes back before this one looks.
    let delete = format!("DELETE FROM {}", place.table());
    place.execute(&delete).await;
    place.log.append(&[entry("b", 1)]).await.unwrap();
    reader.until("everything again", |reader| reader.everything == 2).await;
    assert!(reader.in_log.keys().eq(["b"]));
}

async fn a_locked_table_is_an_error_within_the_limit(place: &Postgres) {
    place.log.append(&[entry("a", 1)]).await.unwrap();
    let mut reader = Reader::of(&place.log).await;
    let mut locked = place.admin().await;
    let lock = format!("BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", place.table());
    execute(&mut locked, &lock).await;
    let start = Instant::now();
    let error = place.log.append(&[entry("b", 1)]).await.unwrap_err().to_string();
    assert!(error.contains("lock timeout"), "{error}");
    assert!(reader.next().await.is_err());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    execute(&mut locked, "ROLLBACK").await;
    place.log.append(&[entry("b", 1)]).await.unwrap();
    reader.until_known("b").await;
}

async fn tables_are_created_by_several_processes_at_once(place: &Postgres) {
    let log = place.log.clone().table_prefix(format!("{}_ano", place.name)).unwrap();
    let creations = futures_util::future::join_all((0..8).map(|_| log.create_tables())).await;
    assert!(creations.iter().all(Result::is_ok), "{creations:?}");
    log.append(&[entry("a", 1)]).await.unwrap();
    log.create_tables().await.unwrap();
    assert_eq!(Reader::of(&log).await.time("a"), Some(1));
    assert!(log.ddl().contains(&format!("{}_ano_revocations", place.name)));
}

async fn missing_tables_are_an_error_that_says_what_to_do(place: &Postgres) {
    let log = place.log.clone().table_prefix("no_such_tables").unwrap();
    for error in
        [log.append(&[entry("a", 1)]).await.unwrap_err(), log.follow().next().await.unwrap_err()]
    {
        assert!(error.to_string().contains("create_tables()"), "{error}");
    }
}

async fn a_pool_of_the_application_serves_calls_and_followers(place: &Postgres) {
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1);
    let pool: PgPool = pool.connect(&place.url).await.unwrap();
    let log = PostgresRevocationLog::from_pool(pool.clone()).table_prefix(&place.name).unwrap();
    let mut readers = [Reader::of(&log).await, Reader::of(&log).await];
    log.append(&[entry("a", 1)]).await.unwrap();
    for reader in &mut readers {
        reader.until_known("a").await;
    }
    place.end_connections().await;
    log.append(&[entry("b", 1)]).await.unwrap();
    readers[0].until_known("b").await;
    // A pool whose connections are all in use is an error, not a wait for ever.
    let held = pool.acquire().await.unwrap();
    assert!(log.append(&[entry("c", 1)]).await.is_err());
    drop(held);
    log.append(&[entry("c", 1)]).await.unwrap();
    assert!(!format!("{log:?} {}", log.name()).contains(PASSWORD));
}

async fn no_setting_stays_on_the_connection(place: &Postgres) {
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1);
    let pool: PgPool = pool.connect(&place.url).await.unwrap();
    let log = PostgresRevocationLog::from_pool(pool.clone()).table_prefix(&place.name).unwrap();
    log.append(&[entry("a", 1)]).await.unwrap();
    log.create_tables().await.unwrap();
    for setting in ["statement_timeout", "lock_timeout"] {
        let show = sqlx::query_scalar::<_, String>(AssertSqlSafe(format!("SHOW {setting}")));
        assert_eq!(show.fetch_one(&pool).await.unwrap(), "0", "{setting}");
    }
    let prepared = "SELECT count(*) FROM pg_prepared_statements \
                    WHERE statement NOT LIKE 'SHOW%' AND statement NOT LIKE '%pg_prepared%'";
    let count: i64 = sqlx::query_scalar(prepared).fetch_one(&pool).await.unwrap();
    assert_eq!(count, 0);
}

#[test]
fn a_url_that_is_none_is_an_error_without_the_password() {
    for url in [
        "",
        "mysql://ada:hunter2@localhost/app",
        "postgres://ada:hunter2@local host/app",
        "postgres://ada:hunter2@localhost/app?sslmode=nonsense",
        "ada:hunter2@localhost",
    ] {
        let error = PostgresRevocationLog::new(url).unwrap_err().to_string();
        assert!(!error.contains(PASSWORD), "{error}");
        assert!(error.contains("postgres://user:password@127.0.0.1:5432/app"), "{error}");
    }
    let url = "postgres://ada:hunter2@db.example.com/app?sslmode=verify-full";
    let log = PostgresRevocationLog::new(url).unwrap();
    assert_eq!(log.name(), "PostgreSQL at db.example.com:5432/app");
    assert!(!format!("{log:?}").contains(PASSWORD), "{log:?}");
}

fn test_server() -> (String, String) {
    server("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test", 5432)
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
