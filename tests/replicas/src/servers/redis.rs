//! A private `redis-server`.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use actix_mcp_auth::revocation::{RedisRevocationLog, RevocationLog};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use super::{Failed, PASSWORD, START, free_address, run, wait_until_open};

/// Redis without an append-only file: what was not saved is lost when it is killed.
pub(crate) struct Redis {
    pub(super) address: SocketAddr,
    folder: PathBuf,
    child: Option<Child>,
}

impl Redis {
    /// Starts an empty one with its data in `folder`.
    pub(crate) async fn new(folder: &Path) -> Result<Self, Failed> {
        let folder = folder.join("redis");
        fs::create_dir(&folder)?;
        let mut redis = Self { address: free_address()?, folder, child: None };
        redis.start().await?;
        Ok(redis)
    }

    pub(super) async fn start(&mut self) -> Result<(), Failed> {
        let mut child = Command::new("redis-server")
            .args(["--port", &self.address.port().to_string(), "--bind", "127.0.0.1"])
            .args(["--requirepass", PASSWORD, "--save", "", "--appendonly", "no"])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        wait_until_open(self.address, &mut child).await?;
        self.child = Some(child);
        let until = Instant::now() + START;
        // It answers LOADING until its data is read.
        while let Err(error) = self.command(&["PING"]).await {
            if Instant::now() > until {
                return Err(error);
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    pub(super) async fn kill(&mut self) -> Result<(), Failed> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    pub(super) async fn command(&self, command: &[&str]) -> Result<(), Failed> {
        let port = self.address.port().to_string();
        let mut cli = Command::new("redis-cli");
        cli.args(["-e", "-p", &port]).args(command).env("REDISCLI_AUTH", PASSWORD);
        run(&mut cli).await.map(drop)
    }

    /// Saves a copy of the data as it is now, to be put back later.
    pub(crate) async fn copy_aside(&self) -> Result<(), Failed> {
        self.command(&["SAVE"]).await?;
        fs::copy(self.folder.join("dump.rdb"), self.folder.join("older.rdb"))?;
        Ok(())
    }

    /// Puts the copy in the place of the data. The server must not run.
    pub(crate) fn put_copy_back(&self) -> Result<(), Failed> {
        fs::copy(self.folder.join("older.rdb"), self.folder.join("dump.rdb"))?;
        Ok(())
    }

    /// Removes what is stored on disk.
    pub(crate) fn remove_data(&self) -> Result<(), Failed> {
        match fs::remove_file(self.folder.join("dump.rdb")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

pub(super) fn log(url: &str) -> Result<Arc<dyn RevocationLog>, Failed> {
    Ok(Arc::new(RedisRevocationLog::new(url)?))
}
