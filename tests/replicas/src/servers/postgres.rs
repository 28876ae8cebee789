//! A private PostgreSQL cluster.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use actix_mcp_auth::revocation::{PostgresRevocationLog, RevocationLog};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use super::{Failed, START, free_address, run, wait_until_open};

/// The user that the server runs as where this program is root: PostgreSQL refuses to be root.
const USER: &str = "postgres";
/// Where Debian has the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// A cluster with the default durability: a commit is on disk.
pub(crate) struct Postgres {
    pub(super) address: SocketAddr,
    folder: PathBuf,
    programs: PathBuf,
    user: Option<u32>,
    child: Option<Child>,
}

impl Postgres {
    /// Creates one with its data in `folder`, and starts it.
    pub(crate) async fn new(folder: &Path) -> Result<Self, Failed> {
        let folder = folder.join("postgres");
        fs::create_dir(&folder)?;
        let mut versions: Vec<_> =
            fs::read_dir(VERSIONS)?.flatten().map(|entry| entry.path().join("bin")).collect();
        versions.sort();
        let programs = versions.pop().ok_or("no version of PostgreSQL is installed")?;
        // The folder is of the user who runs this program.
        let user = match fs::metadata(&folder)?.uid() {
            0 => Some(id_of(USER).await?),
            _ => None,
        };
        chown(&folder, user, None)?;
        let mut postgres = Self { address: free_address()?, folder, programs, user, child: None };
        let data = postgres.folder.join("data");
        let mut initdb = postgres.program("initdb");
        run(initdb.args(["-A", "trust", "-U", "postgres", "-D"]).arg(data)).await?;
        postgres.start().await?;
        Ok(postgres)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(&self.folder).stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user);
        }
        command
    }

    /// After SIGKILL it refuses to start as long as a process of the old server lives.
    pub(super) async fn start(&mut self) -> Result<(), Failed> {
        let until = Instant::now() + START;
        loop {
            match self.try_start().await {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() > until => return Err(error),
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    async fn try_start(&mut self) -> Result<(), Failed> {
        let log = fs::File::options().create(true).append(true).open(self.folder.join("log"))?;
        let mut child = self
            .program("postgres")
            .arg("-D")
            .arg(self.folder.join("data"))
            .args(["-p", &self.address.port().to_string(), "-k"])
            .arg(&self.folder)
            .args(["-c", "listen_addresses=127.0.0.1"])
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        wait_until_open(self.address, &mut child).await?;
        let until = Instant::now() + START;
        // It refuses while it recovers.
        while let Err(error) = self.sql("SELECT 1").await {
            if Instant::now() > until || child.try_wait()?.is_some() {
                return Err(error);
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.child = Some(child);
        Ok(())
    }

    pub(super) async fn kill(&mut self) -> Result<(), Failed> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Ends it in good order, so that it leaves no shared memory behind.
    pub(super) async fn stop(&mut self) -> Result<(), Failed> {
        let data = self.folder.join("data");
        run(self.program("pg_ctl").args(["stop", "-m", "fast", "-D"]).arg(data)).await?;
        self.child = None;
        Ok(())
    }

    pub(super) async fn truncate(&self) -> Result<(), Failed> {
        self.sql("TRUNCATE mcp_auth_revocations").await
    }

    async fn sql(&self, statement: &str) -> Result<(), Failed> {
        let port = self.address.port().to_string();
        let mut psql = Command::new("psql");
        psql.args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-d", "postgres", "-c"]);
        run(psql.arg(statement).env("PGCONNECT_TIMEOUT", "5")).await.map(drop)
    }
}

async fn id_of(user: &str) -> Result<u32, Failed> {
    let output = run(Command::new("id").args(["-u", user])).await?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

pub(super) async fn log(url: &str) -> Result<Arc<dyn RevocationLog>, Failed> {
    let log = PostgresRevocationLog::new(url)?;
    log.create_tables().await?;
    Ok(Arc::new(log))
}
