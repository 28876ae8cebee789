//! [`RedisRevocationLog`]: the state in a hash, what was added in a stream.
//!
//! | file | subject |
//! |---|---|
//! | `entry` | entries as they are stored |
//! | `position` | how far a follower has read, and how it notices what is missing |
//! | `follower` | reading |

mod entry;
mod follower;
mod position;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use mcp_auth_core::{
    ConfigError,
    revocation::{LogEntry, LogError, LogFollower, RevocationLog},
};
use redis::{Cmd, cmd};

use self::follower::RedisFollower;
use super::{
    keys::Keys,
    server::{Server, milliseconds},
};

/// How many entries the stream keeps, roughly. A follower that was away for longer reads the hash.
const STREAM_LENGTH: usize = 10_000;
/// How many entries one script writes. The server answers nobody else meanwhile.
const CHUNK: usize = 500;

/// Revocations shared over Redis (5 or later) or Valkey. Feature `redis`.
///
/// ```no_run
/// # mod actix_mcp_auth { pub mod revocation { pub use mcp_auth_replicas::RedisRevocationLog; } }
/// use actix_mcp_auth::revocation::RedisRevocationLog;
///
/// # fn main() -> Result<(), mcp_auth_core::ConfigError> {
/// let log = RedisRevocationLog::new("rediss://:password@redis.example.com:6379/0")?
///     .key_prefix("my-app")?;
/// # Ok(())
/// # }
/// ```
///
/// # Keys
///
/// | key | type | content |
/// |---|---|---|
/// | `{mcp-auth}:state` | hash | slot → time in milliseconds (20 digits), a space, the record as JSON. The field with the empty name is a random value, the *epoch* |
/// | `{mcp-auth}:stream` | stream | the last 10,000 records or so that were written: `seq`, `slot`, `time`, `text` |
/// | `{mcp-auth}:seq` | string | how many entries the stream ever had |
/// | `{mcp-auth}:checkpoints` | hash | checkpoint → value |
/// | `{mcp-auth}:lease:NAME` | string | who holds the lease; it expires |
///
/// `mcp-auth` is the default of [`key_prefix`](Self::key_prefix). The braces keep all keys in one
/// hash slot of a cluster. The client does not follow redirections, so in a cluster the URL must be
/// that of the node with this slot, or of a proxy.
///
/// One script writes state, stream and counter. The epoch stands in the same key as the records, so
/// that whatever loses them loses it too.
///
/// # What is lost with the server
/// A record is as durable as the server's persistence (`appendfsync`) and replication make it. If
/// the server was flushed, or replaced by an older copy, followers notice it by the epoch, the
/// counter and the last entry that they have read. They read everything again, and the process
/// writes back what is missing. Do not let the server evict these keys: set `maxmemory-policy` to
/// `noeviction` or to a `volatile-` policy.
///
/// # Time limits
/// 2 s to connect and 2 s for an answer; 4.5 s for a call with both. A follower has a connection of
/// its own and waits for records at the server, so that they arrive at once.
#[derive(Clone)]
pub struct RedisRevocationLog {
    server: Arc<Server>,
    keys: Keys,
}

impl RedisRevocationLog {
    /// The log on the server at this URL: `redis://user:password@host:port/database`, `rediss://…`
    /// with TLS, `redis+unix:///path` for a socket. It does not connect yet.
    ///
    /// # Errors
    /// If it is not such a URL.
    pub fn new(url: impl AsRef<str>) -> Result<Self, ConfigError> {
        let server = Server::new(url.as_ref())?;
        Ok(Self { server: Arc::new(server), keys: Keys::default() })
    }

    /// What the names of all keys begin with. Default `mcp-auth`. Applications that share a server
    /// and not their revocations need different ones.
    ///
    /// # Errors
    /// If it is empty, or has characters other than printable ASCII, a space or a brace.
    pub fn key_prefix(mut self, prefix: impl AsRef<str>) -> Result<Self, ConfigError> {
        self.keys = Keys::new(prefix.as_ref())?;
        Ok(self)
    }

    fn append_script(&self, entries: &[LogEntry], epoch: &str) -> Cmd {
        let mut script = cmd("EVAL");
        script.arg(include_str!("append.lua")).arg(3);
        script.arg(self.keys.state()).arg(self.keys.stream()).arg(self.keys.seq());
        script.arg(epoch).arg(STREAM_LENGTH);
        for LogEntry { slot, time, text, .. } in entries {
            script.arg(&**slot).arg(entry::stored_time(*time)).arg(&**text);
        }
        script
    }
}

#[async_trait]
impl RevocationLog for RedisRevocationLog {
    fn name(&self) -> String {
        format!("Redis at {}", self.server.address())
    }

    async fn append(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        if entries.iter().any(|entry| entry.slot.is_empty()) {
            return Err(LogError::new("an entry has no slot"));
        }
        for chunk in entries.chunks(CHUNK) {
            let epoch = random_epoch()?;
            self.server.run::<()>(&self.append_script(chunk, &epoch)).await?;
        }
        Ok(())
    }

    async fn delete(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        for chunk in entries.chunks(CHUNK) {
            let mut script = cmd("EVAL");
            script.arg(include_str!("delete.lua")).arg(1).arg(self.keys.state());
            for LogEntry { slot, time, .. } in chunk.iter().filter(|entry| !entry.slot.is_empty()) {
                script.arg(&**slot).arg(entry::stored_time(*time));
            }
            self.server.run::<()>(&script).await?;
        }
        Ok(())
    }

    fn follow(&self) -> Box<dyn LogFollower> {
        Box::new(RedisFollower::new(self.server.clone(), self.keys.clone()))
    }

    async fn checkpoint(&self, name: &str) -> Result<Option<String>, LogError> {
        self.server.run(&Cmd::hget(self.keys.checkpoints(), name)).await
    }

    async fn set_checkpoint(&self, name: &str, value: &str) -> Result<(), LogError> {
        self.server.run(&Cmd::hset(self.keys.checkpoints(), name, value)).await
    }

    async fn lease(&self, name: &str, holder: &str, time: Duration) -> Result<bool, LogError> {
        let mut script = cmd("EVAL");
        script.arg(include_str!("lease.lua")).arg(1).arg(self.keys.lease(name));
        script.arg(holder).arg(milliseconds(time));
        self.server.run(&script).await
    }
}

impl fmt::Debug for RedisRevocationLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRevocationLog")
            .field("address", &self.server.address())
            .field("keys", &self.keys)
            .finish()
    }
}

fn random_epoch() -> Result<String, LogError> {
    let random = getrandom::u64().map_err(LogError::new)?;
    Ok(format!("{random:016x}"))
}
