//! Connections to the server.

use std::time::Duration;

use mcp_auth_core::{ConfigError, revocation::LogError};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, FromRedisValue, RedisError,
    aio::MultiplexedConnection,
};
use tokio::{sync::Mutex, time::timeout};

use crate::server_url;

/// The longest that a connection may take to be made, TLS and log-in included.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// The longest that an answer to a command may take, beyond the time for which it blocks.
const RESPONSE_LIMIT: Duration = Duration::from_secs(2);
/// The longest that a call may take, waiting for a connection and a second attempt included.
const CALL_LIMIT: Duration = Duration::from_millis(4_500);

const EXAMPLE: &str = "redis://127.0.0.1:6379/0";

/// The server, and one connection to it that all calls share. Followers have their own, since a
/// command that blocks would hold up all others.
pub(super) struct Server {
    client: Client,
    shared: Mutex<Option<MultiplexedConnection>>,
}

impl Server {
    pub(super) fn new(url: &str) -> Result<Self, ConfigError> {
        let expected = "must be the URL of a Redis server, redis:// or, with TLS, rediss://";
        let client = Client::open(url)
            .map_err(|_| server_url::invalid("the Redis URL", url, expected, EXAMPLE))?;
        Ok(Self { client, shared: Mutex::default() })
    }

    /// Host, port and database, or the path of the socket.
    pub(super) fn address(&self) -> String {
        let info = self.client.get_connection_info();
        let host = match info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                format!("{host}:{port}")
            }
            ConnectionAddr::Unix(path) => path.display().to_string(),
            _ => String::new(),
        };
        format!("{host}/{}", info.redis_settings().db())
    }

    /// A new connection, for commands that block for at most `block`.
    pub(super) async fn connect(&self, block: Duration) -> Result<MultiplexedConnection, LogError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_response_timeout(Some(block + RESPONSE_LIMIT));
        let connect = self.client.get_multiplexed_async_connection_with_config(&config);
        match timeout(CONNECT_LIMIT, connect).await {
            Ok(connected) => connected.map_err(LogError::new),
            Err(_) => Err(LogError::timed_out(CONNECT_LIMIT)),
        }
    }

    /// Runs a command, which must be one that may be run twice.
    pub(super) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, LogError> {
        match timeout(CALL_LIMIT, self.attempt(command)).await {
            Ok(result) => result,
            Err(_) => Err(LogError::timed_out(CALL_LIMIT)),
        }
    }

    async fn attempt<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, LogError> {
        let (mut connection, is_new) = self.shared().await?;
        let error = match command.query_async(&mut connection).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        // Whatever the error is, a new connection may lead to a better server: after a failover
        // the old one answers READONLY.
        *self.shared.lock().await = None;
        if is_new || !was_closed(&error) {
            return Err(LogError::new(error));
        }
        // The server had closed a connection that was idle, which says nothing about the server.
        let (mut connection, _) = self.shared().await?;
        command.query_async(&mut connection).await.map_err(LogError::new)
    }

    /// The shared connection, and whether it is new.
    async fn shared(&self) -> Result<(MultiplexedConnection, bool), LogError> {
        let mut shared = self.shared.lock().await;
        if let Some(connection) = &*shared {
            return Ok((connection.clone(), false));
        }
        let connection = self.connect(Duration::ZERO).await?;
        *shared = Some(connection.clone());
        Ok((connection, true))
    }
}

/// A time for a key to expire after: at least one millisecond, and about a century at most, beyond
/// which the server refuses it.
pub(super) fn milliseconds(time: Duration) -> u64 {
    const MAX: u64 = 3_000_000_000_000;
    u64::try_from(time.as_millis()).unwrap_or(MAX).clamp(1, MAX)
}

fn was_closed(error: &RedisError) -> bool {
    (error.is_connection_dropped() || error.is_io_error()) && !error.is_timeout()
}
