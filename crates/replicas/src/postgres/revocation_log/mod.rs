//! [`PostgresRevocationLog`]: a table that is polled.
//!
//! | file | subject |
//! |---|---|
//! | `tables` | the SQL of each call |
//! | `follower` | polling |

mod follower;
mod tables;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use mcp_auth_core::{
    ConfigError,
    revocation::{LogEntry, LogError, LogFollower, RevocationLog},
};
use sqlx::{PgPool, Row};

use self::{follower::PostgresFollower, tables::Tables};
use super::connections::{CREATE_LIMIT, Connections, ROW_LIMIT};

/// How many entries one statement writes.
const CHUNK: usize = 1_000;

/// Revocations shared over PostgreSQL (13 or later). Feature `postgres`.
///
/// ```no_run
/// # mod actix_mcp_auth { pub mod revocation { pub use mcp_auth_replicas::PostgresRevocationLog; } }
/// use actix_mcp_auth::revocation::PostgresRevocationLog;
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let log = PostgresRevocationLog::new("postgres://app:password@db.example.com/app?sslmode=require")?;
/// log.create_tables().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Tables
/// [`create_tables`](Self::create_tables) makes them, or a migration of the application with these
/// statements, which [`ddl`](Self::ddl) has with another prefix:
///
/// ```sql
#[doc = include_str!("tables.sql")]
/// ```
///
/// `slot` names what a record supersedes, and `id` is its SHA-256, since a slot may be longer than
/// what an index can hold. `time` is in milliseconds since 1970, `text` the record as JSON. The row
/// with an empty `id` is a random value that is lost with the records, so that their loss is
/// noticed; do not delete it. `changed_in` is the transaction that wrote the row. The tables must
/// be in the schema that is first in the `search_path`, for which the URL can have
/// `?options=-csearch_path%3Dauth`.
///
/// # How it reads
/// A follower polls every 300 ms. It reads the rows of the transactions that its last snapshot did
/// not see, so that a transaction that commits late is not missed. It reads everything after a
/// failure, when the server was restarted or replaced, when the epoch has changed, and every five
/// minutes. It must ask the server on which records are written, or a physical replica of it.
///
/// There is no `LISTEN`, no prepared statement and no other state of a session, so PgBouncer in
/// transaction mode will do. The log has at most four connections, or those of the pool, and one for
/// each follower; further calls wait.
///
/// # Time limits
/// 2 s to connect, 2 s for a statement (`statement_timeout`) with 1 s for locks (`lock_timeout`),
/// and 2.5 s at the client. Reading everything may take longer, as long as no 2.5 s pass without a
/// row. Making tables may take 30 s.
#[derive(Clone)]
pub struct PostgresRevocationLog {
    connections: Arc<Connections>,
    tables: Tables,
}

impl PostgresRevocationLog {
    /// The log in the database at this URL: `postgres://user:password@host:port/database`, with
    /// `?sslmode=require` or `verify-full` for TLS. It does not connect yet.
    ///
    /// # Errors
    /// If it is not such a URL.
    pub fn new(url: impl AsRef<str>) -> Result<Self, ConfigError> {
        Ok(Self::over(Connections::to(url.as_ref())?))
    }

    /// The log in the database of a pool. The pool's runtime must outlive the log. A follower takes
    /// a connection out of the pool for itself.
    pub fn from_pool(pool: PgPool) -> Self {
        Self::over(Connections::Pool(pool))
    }

    fn over(connections: Connections) -> Self {
        Self { connections: Arc::new(connections), tables: Tables::default() }
    }

    /// What the names of the tables begin with. Default `mcp_auth`. Applications that share a
    /// schema and not their revocations need different ones.
    ///
    /// # Errors
    /// If it has characters other than `a-z`, `0-9` and `_`, begins with a digit, or is longer than
    /// 40 characters.
    pub fn table_prefix(mut self, prefix: impl AsRef<str>) -> Result<Self, ConfigError> {
        self.tables = Tables::new(prefix.as_ref())?;
        Ok(self)
    }

    /// The statements that make the tables, for a migration.
    pub fn ddl(&self) -> String {
        self.tables.ddl()
    }

    /// Makes the tables that do not exist yet. Several processes may do it at once.
    ///
    /// # Errors
    /// If the server does not answer, or the user may not create tables.
    pub async fn create_tables(&self) -> Result<(), LogError> {
        self.connections.run(&self.tables.create(), CREATE_LIMIT).await.map(drop)
    }
}

#[async_trait]
impl RevocationLog for PostgresRevocationLog {
    fn name(&self) -> String {
        format!("PostgreSQL at {}", self.connections.address())
    }

    async fn append(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        if entries.iter().any(|entry| entry.slot.is_empty()) {
            return Err(LogError::new("an entry has no slot"));
        }
        for chunk in entries.chunks(CHUNK) {
            self.connections.run(&self.tables.append(chunk), ROW_LIMIT).await?;
        }
        Ok(())
    }

    async fn delete(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        for chunk in entries.chunks(CHUNK) {
            self.connections.run(&self.tables.delete(chunk), ROW_LIMIT).await?;
        }
        Ok(())
    }

    fn follow(&self) -> Box<dyn LogFollower> {
        Box::new(PostgresFollower::new(self.connections.clone(), self.tables.clone()))
    }

    async fn checkpoint(&self, name: &str) -> Result<Option<String>, LogError> {
        let rows = self.connections.run(&self.tables.checkpoint(name), ROW_LIMIT).await?;
        rows.first().map(|row| row.try_get(0)).transpose().map_err(LogError::new)
    }

    async fn set_checkpoint(&self, name: &str, value: &str) -> Result<(), LogError> {
        self.connections.run(&self.tables.set_checkpoint(name, value), ROW_LIMIT).await.map(drop)
    }

    async fn lease(&self, name: &str, holder: &str, time: Duration) -> Result<bool, LogError> {
        let rows = self.connections.run(&self.tables.lease(name, holder, time), ROW_LIMIT).await?;
        Ok(!rows.is_empty())
    }
}

impl fmt::Debug for PostgresRevocationLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresRevocationLog")
            .field("address", &self.connections.address())
            .field("tables", &self.tables)
            .finish()
    }
}
