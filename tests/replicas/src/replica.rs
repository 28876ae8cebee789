//! A replica: bookmarket as a process of its own, or the middleware in this process.

use std::{
    fs::File, io, net::SocketAddr, path::PathBuf, process::Stdio, sync::Arc, time::Duration,
};

use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::{
    client::{Answer, Client},
    proxy::Proxy,
    servers::{Failed, PASSWORD, free_address, run},
};

/// How long a process may take until it listens.
const START: Duration = Duration::from_secs(20);

/// The key of WorkOS's API, which the authority plays.
pub(crate) const API_KEY: &str = "sk_test_key_of_the_environment";
/// The secret of the webhook endpoint.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_of_the_endpoint";

/// What all replicas have in common.
pub(crate) struct Common {
    /// For databases and the output of processes.
    pub(crate) folder: PathBuf,
    pub(crate) issuer: String,
    pub(crate) public_url: String,
    /// The `Host` of the public URL.
    pub(crate) host: String,
    /// Whether replicas that are started from now on read WorkOS's events.
    pub(crate) reads_events: bool,
}

/// A running bookmarket, which reaches the log through a proxy of its own. It is killed when this is
/// dropped.
pub(crate) struct Replica {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) proxy: Arc<Proxy>,
    host: String,
    child: Child,
}

impl Replica {
    /// Starts it, and returns when it listens. `log_url` is the log's URL through `proxy`.
    pub(crate) async fn start(
        common: &Common,
        name: &str,
        proxy: Arc<Proxy>,
        log_url: &str,
    ) -> Result<Self, Failed> {
        let address = free_address()?;
        let database = common.folder.join(format!("{name}.sqlite"));
        let output = File::create(common.folder.join(format!("{name}.log")))?;
        let child = bookmarket(common, log_url)?
            .env("BOOKMARKET_BIND", address.to_string())
            .env("DATABASE_URL", format!("sqlite://{}?mode=rwc", database.display()))
            .stdout(Stdio::null())
            .stderr(output)
            .kill_on_drop(true)
            .spawn()?;
        let host = common.host.clone();
        let mut replica = Self { name: name.to_owned(), address, proxy, host, child };
        let until = Instant::now() + START;
        while replica.client().health().await.is_err() {
            if let Some(status) = replica.child.try_wait()? {
                return Err(format!("the replica {name} ended: {status}").into());
            }
            if Instant::now() > until {
                return Err(format!("the replica {name} does not listen").into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(replica)
    }

    /// Kills it (SIGKILL), and returns when it has ended.
    pub(crate) async fn kill(mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// A new connection.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address, &self.host)
    }

    /// What `/health` says about the revocations.
    pub(crate) async fn health(&self) -> Result<Health, Failed> {
        Health::read(self.client().health().await?)
            .map_err(|why| format!("{}: {why}", self.name).into())
    }
}

/// The program, which Cargo puts beside this one, with the settings that all have in common.
fn bookmarket(common: &Common, log_url: &str) -> io::Result<Command> {
    let this = std::env::current_exe()?;
    let mut command = Command::new(this.with_file_name("bookmarket"));
    command
        .env_clear()
        .env("WORKOS_AUTHKIT_DOMAIN", &common.issuer)
        .env("BOOKMARKET_PUBLIC_URL", &common.public_url)
        .env("BOOKMARKET_REVOCATIONS", log_url)
        .env("WORKOS_API_URL", &common.issuer)
        .env("WORKOS_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .stdin(Stdio::null());
    if common.reads_events {
        command.env("WORKOS_API_KEY", API_KEY);
    }
    Ok(command)
}

/// Runs `bookmarket revoke` with these arguments, which must end with 0.
pub(crate) async fn run_revoke(
    common: &Common,
    log_url: &str,
    arguments: &[&str],
) -> Result<(), Failed> {
    let mut command = bookmarket(common, log_url)?;
    run(command.arg("revoke").args(arguments)).await.map(drop)
}

/// The health of a replica, as its endpoint tells it.
#[derive(Debug)]
pub(crate) struct Health {
    pub(crate) status: u16,
    pub(crate) ready: bool,
    /// How long ago the log answered; `None` where it never did.
    pub(crate) silence: Option<Duration>,
    pub(crate) last_error: Option<String>,
}

impl Health {
    fn read(answer: Answer) -> Result<Self, String> {
        let Answer { status, body, .. } = answer;
        if body.contains(PASSWORD) {
            return Err("/health shows the log's password".to_owned());
        }
        let revocations = body.lines().find_map(|line| line.strip_prefix("revocations in "));
        let issuers = body.lines().filter(|line| line.starts_with("issuer ")).count();
        let Some((_, said)) = revocations.and_then(|line| line.split_once(": ")) else {
            return Err(format!("/health does not tell about the revocations: {body}"));
        };
        if issuers != 1 {
            return Err(format!("/health tells about {issuers} issuers, not one: {body}"));
        }
        let (said, last_error) = match said.split_once("; last error: ") {
            Some((said, error)) => (said, Some(error.to_owned())),
            None => (said, None),
        };
        let (ready, silence) = match said.split_once("; answered ") {
            Some((ready, silence)) => {
                let seconds = silence.strip_suffix(" s ago").and_then(|text| text.parse().ok());
                (ready, Some(Duration::from_secs_f64(seconds.ok_or("no number of seconds")?)))
            }
            None => (said, None),
        };
        Ok(Self {
            status,
            ready: ready.ends_with("ready") && !ready.ends_with("not ready"),
            silence,
            last_error,
        })
    }

    /// Whether the log answers.
    pub(crate) fn is_good(&self) -> bool {
        let answers = self.silence.is_some_and(|silence| silence < Duration::from_secs(2));
        self.status == 200 && self.ready && answers && self.last_error.is_none()
    }
}
