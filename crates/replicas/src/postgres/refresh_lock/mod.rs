//! [`PostgresRefreshLock`]: a row for each refresh.
//!
//! | file | subject |
//! |---|---|
//! | `table` | the SQL of each call |

mod table;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use mcp_auth_core::{
    ConfigError,
    session::{RefreshClaim, RefreshLock, SessionError},
};
use sqlx::{PgPool, Row, postgres::PgRow};

use self::table::Table;
use super::connections::{CREATE_LIMIT, Connections, ROW_LIMIT};
use crate::refresh_bounds::{check_names, check_outcome};

/// One refresh of a session at a time, over PostgreSQL (13 or later). Feature `postgres`.
///
/// ```no_run
/// # mod actix_mcp_auth { pub mod session { pub use mcp_auth_replicas::PostgresRefreshLock; } }
/// use actix_mcp_auth::session::PostgresRefreshLock;
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let lock = PostgresRefreshLock::new("postgres://app:password@db.example.com/app?sslmode=require")?;
/// lock.create_tables().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Table
/// [`create_tables`](Self::create_tables) makes it, or a migration of the application with these
/// statements, which [`ddl`](Self::ddl) has with another prefix:
///
/// ```sql
#[doc = include_str!("table.sql")]
/// ```
///
/// A row is a claim while it has no outcome. It counts until `expires_at`, by the clock of the
/// server. Each claim deletes at most 20 rows that have expired. What
/// [`PostgresRevocationLog`](crate::PostgresRevocationLog) says about schemas and PgBouncer applies
/// here too. The URL must be that of the server that writes, not of a replica. The lock has at most
/// four connections, or those of the pool; further calls wait.
///
/// # Bounds
/// A key and the name of a holder have 1 to 200 bytes, an outcome at most 64 KiB, none of them a
/// NUL. Anything else is an error.
///
/// # Time limits
/// 2 s to connect, 2 s for a statement (`statement_timeout`) with 1 s for locks (`lock_timeout`),
/// and 2.5 s at the client. A connection that has ended is made again. Making the table may take
/// 30 s.
#[derive(Clone)]
pub struct PostgresRefreshLock {
    connections: Arc<Connections>,
    table: Table,
}

impl PostgresRefreshLock {
    /// The lock in the database at this URL: `postgres://user:password@host:port/database`, with
    /// `?sslmode=require` or `verify-full` for TLS. It does not connect yet.
    ///
    /// # Errors
    /// If it is not such a URL.
    pub fn new(url: impl AsRef<str>) -> Result<Self, ConfigError> {
        Ok(Self::over(Connections::to(url.as_ref())?))
    }

    /// The lock in the database of a pool. The pool's runtime must outlive the lock.
    pub fn from_pool(pool: PgPool) -> Self {
        Self::over(Connections::Pool(pool))
    }

    fn over(connections: Connections) -> Self {
        Self { connections: Arc::new(connections), table: Table::default() }
    }

    /// What the name of the table begins with. Default `mcp_auth`. Applications that share a schema
    /// and not their sessions need different ones.
    ///
    /// # Errors
    /// If it has characters other than `a-z`, `0-9` and `_`, begins with a digit, or is longer than
    /// 40 characters.
    pub fn table_prefix(mut self, prefix: impl AsRef<str>) -> Result<Self, ConfigError> {
        self.table = Table::new(prefix.as_ref())?;
        Ok(self)
    }

    /// The statements that make the table, for a migration.
    pub fn ddl(&self) -> String {
        self.table.ddl()
    }

    /// Makes the table if it does not exist yet. Several processes may do it at once.
    ///
    /// # Errors
    /// If the server does not answer, or the user may not create tables.
    pub async fn create_tables(&self) -> Result<(), SessionError> {
        self.run(&self.table.create(), CREATE_LIMIT).await.map(drop)
    }

    async fn run(&self, sql: &str, limit: Duration) -> Result<Vec<PgRow>, SessionError> {
        self.connections.run(sql, limit).await.map_err(SessionError::new)
    }
}

#[async_trait]
impl RefreshLock for PostgresRefreshLock {
    async fn claim(
        &self,
        key: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<RefreshClaim, SessionError> {
        check_names(key, holder)?;
        let rows = self.run(&self.table.claim(key, holder, ttl), ROW_LIMIT).await?;
        // Where the row has just gone, the next claim gets a clear answer.
        let Some(row) = rows.first() else { return Ok(RefreshClaim::Held) };
        let known: String = row.try_get(0).map_err(SessionError::new)?;
        let outcome: Option<String> = row.try_get(1).map_err(SessionError::new)?;
        Ok(match outcome {
            Some(outcome) => RefreshClaim::Finished(outcome),
            None if known == holder => RefreshClaim::Granted,
            None => RefreshClaim::Held,
        })
    }

    async fn finish(
        &self,
        key: &str,
        holder: &str,
        outcome: &str,
        keep: Duration,
    ) -> Result<(), SessionError> {
        check_names(key, holder)?;
        check_outcome(outcome)?;
        self.run(&self.table.finish(key, holder, outcome, keep), ROW_LIMIT).await.map(drop)
    }

    async fn abandon(&self, key: &str, holder: &str) -> Result<(), SessionError> {
        check_names(key, holder)?;
        self.run(&self.table.abandon(key, holder), ROW_LIMIT).await.map(drop)
    }
}

impl fmt::Debug for PostgresRefreshLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresRefreshLock")
            .field("address", &self.connections.address())
            .field("table", &self.table)
            .finish()
    }
}
