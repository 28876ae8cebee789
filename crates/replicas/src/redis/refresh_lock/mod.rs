//! [`RedisRefreshLock`]: a key for each refresh.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use mcp_auth_core::{
    ConfigError,
    session::{RefreshClaim, RefreshLock, SessionError},
};
use redis::{Cmd, FromRedisValue, cmd};

use super::{
    keys::Keys,
    server::{Server, milliseconds},
};
use crate::refresh_bounds::{check_names, check_outcome};

/// What the value of a claim begins with; the name of the holder follows.
const HELD: &str = "held:";
/// What the value of a finished refresh begins with; the outcome follows.
const FINISHED: &str = "done:";

/// One refresh of a session at a time, over Redis (5 or later) or Valkey. Feature `redis`.
///
/// ```no_run
/// # mod actix_mcp_auth { pub mod session { pub use mcp_auth_replicas::RedisRefreshLock; } }
/// use actix_mcp_auth::session::RedisRefreshLock;
///
/// # fn main() -> Result<(), mcp_auth_core::ConfigError> {
/// let lock = RedisRefreshLock::new("rediss://:password@redis.example.com:6379/0")?
///     .key_prefix("my-app")?;
/// # Ok(())
/// # }
/// ```
///
/// # Keys
/// `{mcp-auth}:refresh:KEY` is a string that expires: `held:` and the name of the holder, then
/// `done:` and the outcome. `mcp-auth` is the default of [`key_prefix`](Self::key_prefix). A
/// [`RedisRevocationLog`](crate::RedisRevocationLog) may have the same prefix on the same server.
/// What that type says about clusters applies here too.
///
/// # Bounds
/// A key and the name of a holder have 1 to 200 bytes, an outcome at most 64 KiB, none of them a
/// NUL. Anything else is an error.
///
/// # What is lost with the server
/// A server that loses a claim (a failover to a replica that is behind, a restart without
/// persistence, eviction) lets another process refresh, too: the issuer may end that session, and
/// the person signs in again. Set `maxmemory-policy` to `noeviction`: a `volatile-` policy evicts
/// these keys.
///
/// # Time limits
/// 2 s to connect and 2 s for an answer; 4.5 s for a call with both. A connection that has ended is
/// made again.
#[derive(Clone)]
pub struct RedisRefreshLock {
    server: Arc<Server>,
    keys: Keys,
}

impl RedisRefreshLock {
    /// The lock on the server at this URL: `redis://user:password@host:port/database`, `rediss://…`
    /// with TLS, `redis+unix:///path` for a socket. It does not connect yet.
    ///
    /// # Errors
    /// If it is not such a URL.
    pub fn new(url: impl AsRef<str>) -> Result<Self, ConfigError> {
        let server = Server::new(url.as_ref())?;
        Ok(Self { server: Arc::new(server), keys: Keys::default() })
    }

    /// What the names of all keys begin with. Default `mcp-auth`. Applications that share a server
    /// and not their sessions need different ones.
    ///
    /// # Errors
    /// If it is empty, or has characters other than printable ASCII, a space or a brace.
    pub fn key_prefix(mut self, prefix: impl AsRef<str>) -> Result<Self, ConfigError> {
        self.keys = Keys::new(prefix.as_ref())?;
        Ok(self)
    }

    /// Runs one of the scripts. Each may be run twice.
    async fn run<T: FromRedisValue>(&self, script: &Cmd) -> Result<T, SessionError> {
        self.server.run(script).await.map_err(SessionError::new)
    }

    fn script(&self, lua: &str, key: &str, holder: &str) -> Cmd {
        let mut script = cmd("EVAL");
        script.arg(lua).arg(1).arg(self.keys.refresh(key)).arg(format!("{HELD}{holder}"));
        script
    }
}

#[async_trait]
impl RefreshLock for RedisRefreshLock {
    async fn claim(
        &self,
        key: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<RefreshClaim, SessionError> {
        check_names(key, holder)?;
        let mut script = self.script(include_str!("claim.lua"), key, holder);
        script.arg(milliseconds(ttl));
        // Bytes, since the client's error for text that is not UTF-8 contains it.
        let value: Vec<u8> = self.run(&script).await?;
        let value = String::from_utf8_lossy(&value);
        if let Some(outcome) = value.strip_prefix(FINISHED) {
            return Ok(RefreshClaim::Finished(outcome.to_owned()));
        }
        match value.strip_prefix(HELD) {
            Some(known) if known == holder => Ok(RefreshClaim::Granted),
            Some(_) => Ok(RefreshClaim::Held),
            None => Err(SessionError::new("the key of a refresh has a value of something else")),
        }
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
        let mut script = self.script(include_str!("finish.lua"), key, holder);
        script.arg(format!("{FINISHED}{outcome}")).arg(milliseconds(keep));
        self.run(&script).await
    }

    async fn abandon(&self, key: &str, holder: &str) -> Result<(), SessionError> {
        check_names(key, holder)?;
        self.run(&self.script(include_str!("abandon.lua"), key, holder)).await
    }
}

impl fmt::Debug for RedisRefreshLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRefreshLock")
            .field("address", &self.server.address())
            .field("keys", &self.keys)
            .finish()
    }
}
