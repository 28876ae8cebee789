//! Sign-in with a browser over two replicas, behind nginx: with sessions in cookies and in Redis, and
//! with the lock for refreshes in Redis, in PostgreSQL, and without it.
//!
//! | file | subject |
//! |---|---|
//! | `application` | the replicas: this program as another process |
//! | `pair`, `nginx` | two of them, nginx and the issuer |
//! | `browser` | a browser, as far as cookies go |
//! | `flows`, `refreshes`, `outages`, `killed` | what is tried |

mod application;
mod browser;
mod flows;
mod killed;
mod nginx;
mod outages;
mod pair;
mod refreshes;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};

use crate::{
    create_folder,
    servers::{Failed, Postgres, Redis, Server},
};
use pair::{Lock, Pair, Servers, Store};

pub(crate) use application::{COMMAND, run as run_application};

/// What was found out by one part.
pub(crate) struct Finding {
    pub(crate) lock: String,
    pub(crate) what: String,
    pub(crate) time: Duration,
    pub(crate) result: Result<String, Failed>,
}

/// Runs all parts at once, over servers of their own; returns what was found in the order of the parts.
pub(crate) async fn run(folder: &Path) -> Result<Vec<Finding>, Failed> {
    let folder = folder.join("sign-in");
    create_folder(&folder)?;
    let redis = Server::Redis(Redis::new(&folder).await?);
    let postgres = Server::Postgres(Postgres::new(&folder).await?);
    // Makes the tables.
    postgres.log(postgres.address()).await?;
    postgres.refresh_lock_tables().await?;
    let servers = Arc::new(Servers { redis, postgres });
    let mut parts = JoinSet::new();
    for (n, store) in [Store::Cookie, Store::Redis].into_iter().enumerate() {
        for (m, lock) in [Lock::None, Lock::Redis, Lock::Postgres].into_iter().enumerate() {
            let at =
                |part: usize| (100 * part + 10 * n + m, folder.join(format!("{part}-{n}-{m}")));
            let servers = || servers.clone();
            if lock == Lock::None {
                parts.spawn(run_without_lock(at(0), servers(), store));
            } else {
                // It takes the longest.
                parts.spawn(run_killed(at(2), servers(), store, lock));
                parts.spawn(run_with_lock(at(1), servers(), store, lock));
            }
        }
    }
    let mut found = parts.join_all().await;
    found.sort_by_key(|(place, _)| *place);
    if let Some(servers) = Arc::into_inner(servers) {
        let Servers { mut redis, mut postgres } = servers;
        redis.stop().await?;
        postgres.stop().await?;
    }
    Ok(found.into_iter().flat_map(|(_, findings)| findings).collect())
}

/// Where a part stands among all, and the folder for its files.
type Place = (usize, PathBuf);
type Found = (usize, Vec<Finding>);

async fn run_with_lock(place: Place, servers: Arc<Servers>, store: Store, lock: Lock) -> Found {
    let (place, folder) = place;
    let mut findings = Findings::new(store, lock);
    let pair = findings.note("start", Pair::start(&servers, folder, store, lock).await);
    if let Some(mut pair) = pair {
        findings.add("flows", flows::cross_replicas(&pair).await);
        findings.add("signing out", flows::sign_out(&pair).await);
        findings.add("20 at once", refreshes::once(&mut pair).await);
        findings.add("lock away at the end", outages::lock_away_at_the_end(&mut pair).await);
        findings.add("lock away", outages::lock_away(&mut pair).await);
        if store == Store::Redis {
            findings.add("store away", outages::store_away(&mut pair).await);
        }
    }
    (place, findings.list)
}

async fn run_without_lock(place: Place, servers: Arc<Servers>, store: Store) -> Found {
    let (place, folder) = place;
    let mut findings = Findings::new(store, Lock::None);
    let pair = findings.note("start", Pair::start(&servers, folder, store, Lock::None).await);
    if let Some(mut pair) = pair {
        findings.add("20 at once", refreshes::without_lock(&mut pair).await);
    }
    (place, findings.list)
}

async fn run_killed(place: Place, servers: Arc<Servers>, store: Store, lock: Lock) -> Found {
    let (place, folder) = place;
    let mut findings = Findings::new(store, lock);
    let pair = findings.note("start", Pair::start(&servers, folder, store, lock).await);
    if let Some(mut pair) = pair {
        findings.add("killed in a refresh", killed::in_a_refresh(&mut pair).await);
    }
    (place, findings.list)
}

/// Waits until it holds, for 5 s.
async fn until(what: &str, holds: impl Fn() -> bool) -> Result<(), Failed> {
    let began = Instant::now();
    while !holds() {
        if began.elapsed() > Duration::from_secs(5) {
            return Err(format!("does not become true: {what}").into());
        }
        sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// The findings of one part, with the time since the one before.
struct Findings {
    store: Store,
    lock: Lock,
    since: Instant,
    list: Vec<Finding>,
}

impl Findings {
    fn new(store: Store, lock: Lock) -> Self {
        Self { store, lock, since: Instant::now(), list: Vec::new() }
    }

    fn add(&mut self, what: &str, result: Result<String, Failed>) {
        let time = self.since.elapsed();
        self.since = Instant::now();
        let store = match self.store {
            Store::Cookie => "cookies",
            Store::Redis => "Redis",
        };
        let what = format!("sessions in {store}: {what}");
        self.list.push(Finding { lock: self.lock.to_string(), what, time, result });
    }

    /// Adds a failure alone.
    fn note<T>(&mut self, what: &str, result: Result<T, Failed>) -> Option<T> {
        let value = result.map_err(|error| self.add(what, Err(error))).ok();
        self.since = Instant::now();
        value
    }
}
