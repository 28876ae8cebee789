//! Real servers of the log, each private to this program.

mod postgres;
mod redis;

use std::{
    error::Error,
    io,
    net::{SocketAddr, TcpListener},
    ops::Range,
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use actix_mcp_auth::{
    revocation::{
        PostgresRevocationLog, RedisRevocationLog, RevocationLog, RevocationSettings,
        SharedRevocations,
    },
    session::PostgresRefreshLock,
};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

pub(crate) use postgres::Postgres;
pub(crate) use redis::Redis;

/// Stands in every URL, so that it can be looked for where no secret may be.
pub(crate) const PASSWORD: &str = "hunter2-of-the-log";

/// How long a server may take to start.
const START: Duration = Duration::from_secs(20);

/// Any failure, in words.
pub(crate) type Failed = Box<dyn Error + Send + Sync>;

/// The server of a log.
pub(crate) enum Server {
    Redis(Redis),
    Postgres(Postgres),
}

impl Server {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Redis(_) => "Redis",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Redis(redis) => redis.address,
            Self::Postgres(postgres) => postgres.address,
        }
    }

    /// The log's URL through this address: the server's own, or a proxy's.
    pub(crate) fn url(&self, through: SocketAddr) -> String {
        match self {
            Self::Redis(_) => format!("redis://:{PASSWORD}@{through}"),
            Self::Postgres(_) => format!("postgres://postgres:{PASSWORD}@{through}/postgres"),
        }
    }

    /// The log, through this address.
    pub(crate) async fn log(&self, through: SocketAddr) -> Result<Arc<dyn RevocationLog>, Failed> {
        let url = self.url(through);
        match self {
            Self::Redis(_) => redis::log(&url),
            Self::Postgres(_) => postgres::log(&url).await,
        }
    }

    /// Makes the table of the lock for refreshes. Redis needs none.
    pub(crate) async fn refresh_lock_tables(&self) -> Result<(), Failed> {
        match self {
            Self::Redis(_) => Ok(()),
            Self::Postgres(_) => {
                let lock = PostgresRefreshLock::new(self.url(self.address()))?;
                Ok(lock.create_tables().await?)
            }
        }
    }

    /// The revocations of this process, which follow the log through this address.
    pub(crate) async fn follow(
        &self,
        through: SocketAddr,
        settings: RevocationSettings,
    ) -> Result<SharedRevocations, Failed> {
        let url = self.url(through);
        let followed = match self {
            Self::Redis(_) => SharedRevocations::follow(RedisRevocationLog::new(&url)?, settings),
            Self::Postgres(_) => {
                SharedRevocations::follow(PostgresRevocationLog::new(&url)?, settings)
            }
        };
        Ok(followed?)
    }

    /// Starts the server with the data that it has.
    pub(crate) async fn start(&mut self) -> Result<(), Failed> {
        match self {
            Self::Redis(redis) => redis.start().await,
            Self::Postgres(postgres) => postgres.start().await,
        }
    }

    /// Kills the server (SIGKILL).
    pub(crate) async fn kill(&mut self) -> Result<(), Failed> {
        match self {
            Self::Redis(redis) => redis.kill().await,
            Self::Postgres(postgres) => postgres.kill().await,
        }
    }

    /// Ends the server in good order.
    pub(crate) async fn stop(&mut self) -> Result<(), Failed> {
        match self {
            Self::Redis(redis) => redis.kill().await,
            Self::Postgres(postgres) => postgres.stop().await,
        }
    }

    /// Makes durable what was appended. PostgreSQL does it with each commit.
    pub(crate) async fn save(&self) -> Result<(), Failed> {
        match self {
            Self::Redis(redis) => redis.command(&["SAVE"]).await,
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Deletes all records.
    pub(crate) async fn delete_all(&self) -> Result<(), Failed> {
        match self {
            Self::Redis(redis) => redis.command(&["FLUSHALL"]).await,
            Self::Postgres(postgres) => postgres.truncate().await,
        }
    }
}

/// A port that was free just now, and that this program returns once only. It is below those that the
/// system gives to outgoing connections, which could take it before a server does.
pub(crate) fn free_address() -> io::Result<SocketAddr> {
    const PORTS: Range<u16> = 10_000..32_000;
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id().wrapping_mul(61) % u32::from(PORTS.end - PORTS.start);
    for _ in PORTS {
        let next = u32::from(COUNT.fetch_add(1, Ordering::Relaxed)) + first;
        let offset = u16::try_from(next % u32::from(PORTS.end - PORTS.start)).unwrap_or_default();
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", PORTS.start + offset)) {
            return listener.local_addr();
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Waits until somebody listens, and fails early where the process has ended.
pub(crate) async fn wait_until_open(address: SocketAddr, child: &mut Child) -> Result<(), Failed> {
    let until = Instant::now() + START;
    loop {
        if let Ok(Ok(_)) = timeout(Duration::from_secs(1), TcpStream::connect(address)).await {
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            return Err(format!("a server ended: {status}").into());
        }
        if Instant::now() > until {
            return Err("a server does not listen".into());
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Runs a command to its end.
pub(crate) async fn run(command: &mut Command) -> Result<Output, Failed> {
    let output = command.output().await?;
    match output.status.success() {
        true => Ok(output),
        false => {
            let (out, error) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            Err(format!("{:?}: {out}{error}", command.as_std()).into())
        }
    }
}
