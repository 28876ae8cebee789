//! Connections to the server, and time limits.

use std::{str::FromStr, sync::Mutex, sync::PoisonError, time::Duration};

use futures_util::TryStreamExt;
use mcp_auth_core::{ConfigError, revocation::LogError};
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgRow},
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::server_url;

/// The longest that a connection may take to be made, TLS and log-in included; or to be had from a
/// pool, or from other calls.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// The longest that the client waits for the next row or for the end. It is above the server's
/// limit for a statement, so that the server's own error comes first.
pub(super) const ROW_LIMIT: Duration = Duration::from_millis(2_500);
/// The same for making tables, which may wait for another process that makes them.
pub(super) const CREATE_LIMIT: Duration = Duration::from_secs(30);
/// How many connections calls have at once, other than those of a pool. Further calls wait.
const MAX_CONNECTIONS: usize = 4;

const EXAMPLE: &str = "postgres://user:password@127.0.0.1:5432/app";

/// Where connections come from.
pub(super) enum Connections {
    /// From a URL. Not a pool of sqlx, which needs a runtime already when it is made.
    Own(Box<Own>),
    /// From the application's pool.
    Pool(PgPool),
}

pub(super) struct Own {
    options: PgConnectOptions,
    /// A permit for each connection that calls may have.
    permits: Semaphore,
    idle: Mutex<Vec<PgConnection>>,
}

impl Connections {
    pub(super) fn to(url: &str) -> Result<Self, ConfigError> {
        let invalid = || {
            let expected = "must be the URL of a PostgreSQL server, postgres://";
            server_url::invalid("the PostgreSQL URL", url, expected, EXAMPLE)
        };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(invalid());
        }
        let options = PgConnectOptions::from_str(url).map_err(|_| invalid())?;
        // PgBouncer refuses this parameter unless it is told to ignore it. Nothing here is a float.
        let options = options.extra_float_digits(None).disable_statement_logging();
        let permits = Semaphore::new(MAX_CONNECTIONS);
        Ok(Self::Own(Box::new(Own { options, permits, idle: Mutex::default() })))
    }

    /// Host and port, or the directory of the socket, and the database.
    pub(super) fn address(&self) -> String {
        let of = |options: &PgConnectOptions| {
            let host = match options.get_socket() {
                Some(path) => path.display().to_string(),
                None => format!("{}:{}", options.get_host(), options.get_port()),
            };
            let database = options.get_database().unwrap_or(options.get_username());
            format!("{host}/{database}")
        };
        match self {
            Self::Own(own) => of(&own.options),
            Self::Pool(pool) => of(&pool.connect_options()),
        }
    }

    /// A connection that nobody else uses.
    pub(super) async fn connect(&self) -> Result<PgConnection, LogError> {
        match self {
            Self::Own(own) => own.connect().await,
            Self::Pool(pool) => Ok(acquire(pool).await?.detach()),
        }
    }

    /// Runs statements, which must be such as may be run twice.
    pub(super) async fn run(&self, sql: &str, limit: Duration) -> Result<Vec<PgRow>, LogError> {
        match self {
            Self::Own(own) => own.run(sql, limit).await,
            Self::Pool(pool) => {
                let mut connection = acquire(pool).await?;
                let result = rows(&mut connection, sql, limit).await;
                if matches!(result, Err(Failure::TimedOut(_))) {
                    // An answer may still come, which nobody else should get.
                    drop(connection.detach());
                }
                result.map_err(LogError::from)
            }
        }
    }
}

impl Own {
    async fn connect(&self) -> Result<PgConnection, LogError> {
        match timeout(CONNECT_LIMIT, self.options.connect()).await {
            Ok(connected) => connected.map_err(explain),
            Err(_) => Err(LogError::timed_out(CONNECT_LIMIT)),
        }
    }

    async fn run(&self, sql: &str, limit: Duration) -> Result<Vec<PgRow>, LogError> {
        let acquired = timeout(CONNECT_LIMIT, self.acquire()).await;
        let (_permit, mut connection, was_idle) =
            acquired.map_err(|_| LogError::timed_out(CONNECT_LIMIT))??;
        let mut result = rows(&mut connection, sql, limit).await;
        if was_idle && matches!(&result, Err(Failure::Database(error)) if was_closed(error)) {
            // The server had closed it while it was idle, which says nothing about the server.
            connection = self.connect().await?;
            result = rows(&mut connection, sql, limit).await;
        }
        let result = result?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(result)
    }

    /// A connection, and whether it was idle.
    async fn acquire(&self) -> Result<(SemaphorePermit<'_>, PgConnection, bool), LogError> {
        // An error would mean that the semaphore was closed, which nobody does.
        let permit = self.permits.acquire().await.map_err(LogError::new)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(connection) => Ok((permit, connection, true)),
            None => Ok((permit, self.connect().await?, false)),
        }
    }
}

async fn acquire(pool: &PgPool) -> Result<PoolConnection<Postgres>, LogError> {
    match timeout(CONNECT_LIMIT, pool.acquire()).await {
        Ok(acquired) => acquired.map_err(explain),
        Err(_) => Err(LogError::timed_out(CONNECT_LIMIT)),
    }
}

/// The rows of all statements, of which each comes within `limit`.
pub(super) async fn rows(
    connection: &mut PgConnection,
    sql: &str,
    limit: Duration,
) -> Result<Vec<PgRow>, Failure> {
    // Its values are in hexadecimal digits, by `sql::literal`.
    let mut stream = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch(connection);
    let mut rows = Vec::new();
    // Each row has its limit, so that a long answer is no failure and a silent server is one.
    while let Some(row) =
        timeout(limit, stream.try_next()).await.map_err(|_| Failure::TimedOut(limit))??
    {
        rows.push(row);
    }
    Ok(rows)
}

/// Why there are no rows.
pub(super) enum Failure {
    TimedOut(Duration),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Failure> for LogError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::TimedOut(limit) => Self::timed_out(limit),
            Failure::Database(error) => explain(error),
        }
    }
}

/// `undefined_table` in the table of error codes.
const UNDEFINED_TABLE: &str = "42P01";

fn explain(error: sqlx::Error) -> LogError {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some(UNDEFINED_TABLE) => LogError::new(format_args!(
            "{error}: call create_tables() once, or run the statements of ddl()"
        )),
        _ => LogError::new(error),
    }
}

/// Whether the connection has ended. The codes are those of class 57P: shutdown, crash, terminated.
fn was_closed(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}
