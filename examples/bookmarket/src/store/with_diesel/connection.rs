//! A connection to a database, and the differences between the databases.

use std::time::Duration;

#[cfg(feature = "postgres")]
use diesel::PgConnection;
#[cfg(feature = "mysql")]
use diesel::{MysqlConnection, dsl::sql, sql_types::BigInt};
use diesel::{
    SqliteConnection,
    connection::SimpleConnection,
    prelude::*,
    r2d2::{self, ConnectionManager, CustomizeConnection, Pool},
};

use super::{Error, NewRow, bookmarks};
use crate::store::database::{Database, HAS_ALL_COLUMNS, upgrade, without_creating};

/// A connection to one of the databases that this build has a driver for.
// A pool tries one driver after the other. SQLite is last: it accepts almost any text as a file.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
    #[cfg(feature = "mysql")]
    MariaDb(MysqlConnection),
    Sqlite(SqliteConnection),
}

/// Connections to one database, for all who share it.
pub(super) type Connections = Pool<ConnectionManager<AnyConnection>>;

/// Connects, and creates the tables where there are none. They are those that SeaORM creates, so
/// that either store goes on where the other ended.
pub(super) fn open(url: &str, timeout: Duration) -> Result<Connections, Error> {
    let pool = pool(url, timeout)?;
    create_tables(&mut *pool.get()?)?;
    Ok(pool)
}

/// Connects to a database that has the tables already.
pub(super) fn open_existing(url: &str, timeout: Duration) -> Result<Connections, Error> {
    pool(&without_creating(url), timeout)
}

fn pool(url: &str, timeout: Duration) -> Result<Connections, Error> {
    // Before libpq or libmariadb does it: otherwise the thread that fetches keys can crash in
    // OpenSSL's `atexit` handlers when `main` returns.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    openssl::init();
    let url = native(url);
    // A pool retries until its timeout, and does not return the cause.
    connect(&url)?;
    let pool = Pool::builder()
        // A database in memory belongs to one connection, and ends with it.
        .max_size(if url.contains(":memory:") { 1 } else { 10 })
        .min_idle(Some(1))
        .idle_timeout(None)
        .max_lifetime(None)
        .connection_timeout(timeout)
        .connection_customizer(Box::new(SetTimeout(timeout)))
        .build(ConnectionManager::new(url))?;
    Ok(pool)
}

/// The address as Diesel's drivers know it: SQLite has `file:` for what others call `sqlite:`.
fn native(url: &str) -> String {
    match url.strip_prefix("sqlite:") {
        Some(path) => format!("file:{}", path.strip_prefix("//").unwrap_or(path)),
        None => url.to_owned(),
    }
}

/// Connects by the one driver for the address, and says in one line why it cannot.
fn connect(url: &str) -> Result<AnyConnection, Error> {
    let connected = match Database::of(url) {
        #[cfg(feature = "postgres")]
        Ok(Database::Postgres) => PgConnection::establish(url).map(AnyConnection::Postgres),
        #[cfg(feature = "mysql")]
        Ok(Database::MariaDb) => MysqlConnection::establish(url).map(AnyConnection::MariaDb),
        _ => SqliteConnection::establish(url).map(AnyConnection::Sqlite),
    };
    connected.map_err(|error| {
        let words: Vec<_> = error.to_string().split_whitespace().map(str::to_owned).collect();
        words.join(" ").into()
    })
}

fn create_tables(conn: &mut AnyConnection) -> QueryResult<()> {
    conn.batch_execute(match conn {
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => include_str!("tables/postgres.sql"),
        #[cfg(feature = "mysql")]
        AnyConnection::MariaDb(_) => include_str!("tables/mariadb.sql"),
        AnyConnection::Sqlite(_) => include_str!("tables/sqlite.sql"),
    })?;
    if conn.batch_execute(HAS_ALL_COLUMNS).is_ok() {
        return Ok(());
    }
    conn.batch_execute(match conn {
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => upgrade::POSTGRES,
        #[cfg(feature = "mysql")]
        AnyConnection::MariaDb(_) => upgrade::MARIADB,
        AnyConnection::Sqlite(_) => upgrade::SQLITE,
    })
}

/// What a pool does with a connection before it is used.
#[derive(Debug)]
pub(super) struct SetTimeout(pub(super) Duration);

impl CustomizeConnection<AnyConnection, r2d2::Error> for SetTimeout {
    fn on_acquire(&self, conn: &mut AnyConnection) -> Result<(), r2d2::Error> {
        set_timeout(conn, self.0).map_err(r2d2::Error::QueryError)
    }
}

/// SQLite has one writer at a time. Others wait for it only with a `busy_timeout`, and foreign keys
/// are enforced only if enabled. The servers do both by default.
fn set_timeout(conn: &mut AnyConnection, timeout: Duration) -> QueryResult<()> {
    match conn {
        AnyConnection::Sqlite(conn) => conn.batch_execute(&format!(
            "PRAGMA busy_timeout = {}; PRAGMA foreign_keys = ON;",
            timeout.as_millis()
        )),
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        _ => Ok(()),
    }
}

/// Adds a bookmark, and gives its number.
pub(super) fn insert(row: NewRow, conn: &mut AnyConnection) -> QueryResult<i64> {
    let insert = diesel::insert_into(bookmarks::table).values(row);
    match conn {
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(conn) => insert.returning(bookmarks::id).get_result(conn),
        #[cfg(feature = "mysql")]
        AnyConnection::MariaDb(conn) => {
            insert.execute(conn)?;
            // The last id of this connection, whatever other connections add in the meantime.
            diesel::select(sql::<BigInt>("CAST(LAST_INSERT_ID() AS SIGNED)")).get_result(conn)
        }
        AnyConnection::Sqlite(conn) => insert.returning(bookmarks::id).get_result(conn),
    }
}
