//! Two replicas of an application with pages behind nginx, and the issuer at which people sign in.

use std::{
    fmt, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use actix_mcp_auth::testing::{
    Algorithm, Endpoint, Person, StartError, TestAuthority, TestAuthorityBuilder,
};
use tokio::{
    process::{Child, Command},
    task::spawn_blocking,
};

use super::{
    application::{Arguments, NONE},
    browser::Browser,
    nginx::Nginx,
};
use crate::{
    client::Client,
    proxy::{Mode, Proxy},
    replica::API_KEY,
    servers::{Failed, Server, free_address, run, wait_until_open},
};

/// The path at which the issuer exchanges codes and refresh tokens.
pub(super) const AUTHENTICATE: &str = "/user_management/authenticate";
/// The lifetime of tokens, in seconds.
pub(super) const LIFETIME: u64 = 300;
/// After so many seconds tokens have to be renewed, and are good.
pub(super) const DUE: u64 = 210;

const PERSON: &str = "user_ada";
/// The length of the session's cookie where it has the session. Browsers keep 4,096 bytes.
const COOKIE: std::ops::RangeInclusive<usize> = 3_900..=4_096;

/// The servers that all pairs share.
pub(super) struct Servers {
    pub(super) redis: Server,
    pub(super) postgres: Server,
}

/// Where sessions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    Cookie,
    Redis,
}

/// Where the lock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    None,
    Redis,
    Postgres,
}

impl Lock {
    /// The lock's server. The revocation log is there too.
    fn server(self, servers: &Servers) -> &Server {
        match self {
            Self::Postgres => &servers.postgres,
            Self::None | Self::Redis => &servers.redis,
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no lock",
            Self::Redis => "Redis",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// Two replicas with what they need. They reach the store through one proxy, and the lock through one of
/// their own.
pub(super) struct Pair {
    pub(super) store: Store,
    pub(super) authority: TestAuthority,
    pub(super) replicas: [SocketAddr; 2],
    pub(super) nginx: SocketAddr,
    pub(super) store_proxy: Arc<Proxy>,
    pub(super) lock_proxies: [Arc<Proxy>; 2],
    public_url: String,
    processes: [Child; 2],
    _nginx: Nginx,
}

impl Pair {
    /// Starts everything with its files in `folder`, and returns when all listen.
    pub(super) async fn start(
        servers: &Servers,
        folder: PathBuf,
        store: Store,
        lock: Lock,
    ) -> Result<Self, Failed> {
        fs::create_dir(&folder)?;
        let address = free_address()?;
        let public_url = format!("http://{address}");
        let authority = TestAuthority::builder()
            .workos_api_key(API_KEY)
            .local_session_issuer()
            .redirect_uri(format!("{public_url}/callback"))
            .session_token_lifetime(Duration::from_secs(LIFETIME))
            .person(ada())
            .auto_approve(PERSON);
        let authority = spawn_blocking(move || with_keys(authority)).await??;
        let server = lock.server(servers);
        let store_proxy = Proxy::start(servers.redis.address()).await?;
        let lock_proxies =
            [Proxy::start(server.address()).await?, Proxy::start(server.address()).await?];
        let replicas = [free_address()?, free_address()?];
        let arguments = |n: usize| Arguments {
            address: replicas[n],
            public_url: public_url.clone(),
            api_url: authority.session_issuer().to_owned(),
            client_id: authority.client_id().to_owned(),
            store: match store {
                Store::Cookie => NONE.to_owned(),
                Store::Redis => servers.redis.url(store_proxy.address),
            },
            lock: match lock {
                Lock::None => NONE.to_owned(),
                Lock::Redis | Lock::Postgres => server.url(lock_proxies[n].address),
            },
            log: server.url(server.address()),
        };
        let processes = [start(&folder, arguments(0)).await?, start(&folder, arguments(1)).await?];
        let nginx = Nginx::start(&folder.join("nginx"), address, replicas).await?;
        let pair = Self {
            store,
            authority,
            replicas,
            nginx: nginx.address,
            store_proxy,
            lock_proxies,
            public_url,
            processes,
            _nginx: nginx,
        };
        Ok(pair)
    }

    pub(super) fn browser(&self) -> Browser {
        Browser::new(&self.public_url, self.authority.address())
    }

    /// A browser in which the person has signed in, at the first replica.
    pub(super) async fn signed_in(&self) -> Result<Browser, Failed> {
        let browser = self.browser().sign_in(self.replicas[0]).await?;
        let length = browser.session().unwrap_or_default();
        match self.store {
            Store::Cookie if !COOKIE.contains(&length) => {
                Err(format!("the cookie has {length} bytes, not {COOKIE:?}").into())
            }
            _ => Ok(browser),
        }
    }

    /// Lets time pass, for the issuer and for the replicas that run.
    pub(super) async fn pass(&mut self, seconds: u64) -> Result<(), Failed> {
        self.authority.advance_clock(Duration::from_secs(seconds));
        let body = seconds.to_string();
        for (replica, process) in self.replicas.into_iter().zip(&mut self.processes) {
            if process.try_wait()?.is_some() {
                continue;
            }
            let host = self.public_url.trim_start_matches("http://");
            let request = format!(
                "POST /clock HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let answer = Client::new(replica, host).ask(&request).await?;
            if answer.body != "ok" {
                return Err(format!("the clock cannot be set: {answer:?}").into());
            }
        }
        Ok(())
    }

    /// Sets the mode of both replicas' connections to the lock.
    pub(super) async fn set_lock(&self, mode: Mode) -> Result<(), Failed> {
        for proxy in &self.lock_proxies {
            proxy.set(mode).await?;
        }
        Ok(())
    }

    /// Makes the issuer answer so much later.
    pub(super) fn slow_down(&self, delay: Duration) {
        self.authority.slow_down(Endpoint::Path(AUTHENTICATE.to_owned()), delay);
    }

    /// Stops the first replica where it is (SIGSTOP).
    pub(super) async fn suspend_first(&self) -> Result<(), Failed> {
        let id = self.processes[0].id().ok_or("the first replica has ended")?;
        run(Command::new("kill").args(["-STOP", &id.to_string()])).await.map(drop)
    }

    /// Kills the first replica (SIGKILL).
    pub(super) async fn kill_first(&mut self) -> Result<(), Failed> {
        Ok(self.processes[0].kill().await?)
    }
}

/// Starts the issuer with the keys that it would make at its first answer. Making them takes so long
/// that others would wait.
fn with_keys(authority: TestAuthorityBuilder) -> Result<TestAuthority, StartError> {
    let authority = authority.algorithm(Algorithm::Es256).start()?;
    authority.session_keys().current();
    Ok(authority)
}

/// A person whose session just fits into a cookie, so that the longest outcomes of refreshes go
/// through the lock.
fn ada() -> Person {
    let permissions = (0..PERMISSIONS).map(|n| format!("permission:{n:03}"));
    Person::new(PERSON, "Ada Lovelace").org("org_analytical").permissions(permissions)
}

const PERMISSIONS: usize = 89;

async fn start(folder: &Path, arguments: Arguments) -> Result<Child, Failed> {
    let address = arguments.address;
    let output = fs::File::create(folder.join(format!("{}.log", address.port())))?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(arguments.to_list())
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .kill_on_drop(true)
        .spawn()?;
    wait_until_open(address, &mut child).await?;
    Ok(child)
}
