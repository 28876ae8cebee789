//! Faults of the log and of the way to it. After each, every acknowledged revocation is refused by
//! every replica and by one that is started then, nobody else is refused, and the health of each
//! replica is what it says.

use std::time::Duration;

use actix_mcp_auth::revocation::{RevokeError, Revoked};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    here::Here,
    people::Caller,
    proxy::{Mode, Proxy},
    replica::run_revoke,
    servers::{Failed, Server},
    site::Site,
    wait::{
        RECOVERY, expect, wait_until_accepted, wait_until_good, wait_until_noticed,
        wait_until_refused,
    },
};

/// How long a fault lasts at least.
const FAULT: Duration = Duration::from_secs(2);
/// How long a revocation takes at most where nothing is wrong.
const SOON: Duration = Duration::from_secs(1);

/// The scenarios, in their order.
#[derive(Clone, Copy)]
pub(crate) enum Scenario {
    Command,
    Cut,
    Reset,
    Stalled,
    Killed,
    KilledBeforeAnybodyRead,
    Emptied,
    OlderCopy,
    StartedInTheMiddle,
    StartedWithoutLog,
    RevokedWithoutLog,
}

impl Scenario {
    pub(crate) const ALL: [Self; 11] = [
        Self::Command,
        Self::Cut,
        Self::Reset,
        Self::Stalled,
        Self::Killed,
        Self::KilledBeforeAnybodyRead,
        Self::Emptied,
        Self::OlderCopy,
        Self::StartedInTheMiddle,
        Self::StartedWithoutLog,
        Self::RevokedWithoutLog,
    ];

    pub(crate) fn name(self, server: &Server) -> &'static str {
        match (self, server) {
            (Self::Command, _) => "bookmarket revoke",
            (Self::Cut, _) => "connections cut",
            (Self::Reset, _) => "connections reset",
            (Self::Stalled, _) => "connections half-open",
            (Self::Killed, Server::Redis(_)) => "killed, restarted empty",
            (Self::Killed, Server::Postgres(_)) => "killed, restarted",
            (Self::KilledBeforeAnybodyRead, _) => "killed before anybody read",
            (Self::Emptied, Server::Redis(_)) => "FLUSHALL",
            (Self::Emptied, Server::Postgres(_)) => "TRUNCATE, reconnected",
            (Self::OlderCopy, _) => "replaced by an older copy",
            (Self::StartedInTheMiddle, _) => "replica started in the middle",
            (Self::StartedWithoutLog, _) => "replica started without the log",
            (Self::RevokedWithoutLog, _) => "revoked without the log",
        }
    }

    /// Whether it can be made with this server.
    pub(crate) fn applies(self, server: &Server) -> bool {
        !matches!((self, server), (Self::OlderCopy, Server::Postgres(_)))
    }

    /// Makes the fault, ends it, and checks; returns how long the replicas took to find back.
    pub(crate) async fn run(self, site: &mut Site) -> Result<Duration, Failed> {
        site.load.none_refused()?;
        match self {
            Self::Command => command(site).await?,
            Self::Cut => cut(site).await?,
            Self::Reset => broken(site, Mode::Reset).await?,
            Self::Stalled => broken(site, Mode::Stall).await?,
            Self::Killed => killed(site).await?,
            Self::KilledBeforeAnybodyRead => killed_before_anybody_read(site).await?,
            Self::Emptied => emptied(site).await?,
            Self::OlderCopy => older_copy(site).await?,
            Self::StartedInTheMiddle => started_in_the_middle(site).await?,
            Self::StartedWithoutLog => started_without_log(site).await?,
            Self::RevokedWithoutLog => {
                for mode in [Mode::Refuse, Mode::Stall] {
                    revoked_without_log(site, mode).await?;
                }
            }
        }
        let recovered = site.recover().await?;
        site.check().await?;
        Ok(recovered)
    }
}

/// The command ends with 0 when the record is in the log, and `--lift` ends what it did.
async fn command(site: &Site) -> Result<(), Failed> {
    let url = site.server.url(site.server.address());
    let run = |arguments: Vec<String>| {
        let url = &url;
        async move {
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            run_revoke(&site.common, url, &arguments).await
        }
    };
    let user = |caller: &Caller| vec!["--user".to_owned(), caller.subject.clone()];
    let (lifted, once) = (site.new_caller(), site.new_caller());
    for replica in &site.replicas {
        for caller in [&lifted, &once] {
            expect(&replica.name, replica.client().call(&caller.token).await?, 200)?;
        }
    }
    run(user(&lifted)).await?;
    run([user(&once), vec!["--issued-before-now".to_owned()]].concat()).await?;
    // Tokens that are issued later are refused as well.
    let refused = site.sign_in_again(&lifted);
    for replica in &site.replicas {
        wait_until_refused(replica, &lifted, SOON).await?;
        wait_until_refused(replica, &once, SOON).await?;
        wait_until_refused(replica, &refused, SOON).await?;
    }
    run([user(&lifted), vec!["--lift".to_owned()]].concat()).await?;
    // Tokens tell whole seconds: one that is issued within the second of the lift is refused.
    sleep(Duration::from_millis(1100)).await;
    let again = site.sign_in_again(&lifted);
    for replica in &site.replicas {
        wait_until_accepted(replica, &again, SOON).await?;
        expect(&replica.name, replica.client().call(&lifted.token).await?, 401)?;
    }
    site.note_revoked(&lifted).await;
    site.note_revoked(&once).await;
    Ok(())
}

async fn cut(site: &Site) -> Result<(), Failed> {
    for _ in 0..3 {
        for replica in &site.replicas {
            replica.proxy.cut().await?;
        }
        site.revoke_some(2).await?;
    }
    Ok(())
}

/// No replica reaches the log, while others append to it.
async fn broken(site: &Site, mode: Mode) -> Result<(), Failed> {
    let began = Instant::now();
    site.set_all(mode).await?;
    site.revoke_some(5).await?;
    wait_until_noticed(&site.replicas, began).await?;
    sleep(FAULT.saturating_sub(began.elapsed())).await;
    site.set_all(Mode::Pass).await
}

/// Redis loses everything with it; PostgreSQL has it on disk.
async fn killed(site: &mut Site) -> Result<(), Failed> {
    site.revoke_some(5).await?;
    site.recover().await?;
    let began = Instant::now();
    site.server.kill().await?;
    wait_until_noticed(&site.replicas, began).await?;
    if let Server::Redis(redis) = &site.server {
        redis.remove_data()?;
    }
    site.server.start().await?;
    site.revoke_some(1).await
}

/// Only the log knows the latest revocations when it is killed.
async fn killed_before_anybody_read(site: &mut Site) -> Result<(), Failed> {
    let began = Instant::now();
    site.set_all(Mode::Refuse).await?;
    site.revoke_some(5).await?;
    site.server.save().await?;
    site.server.kill().await?;
    wait_until_noticed(&site.replicas, began).await?;
    site.server.start().await?;
    site.set_all(Mode::Pass).await
}

async fn emptied(site: &Site) -> Result<(), Failed> {
    site.revoke_some(5).await?;
    site.recover().await?;
    site.server.delete_all().await?;
    if let Server::Postgres(_) = site.server {
        for replica in &site.replicas {
            replica.proxy.cut().await?;
        }
    }
    site.revoke_some(1).await
}

async fn older_copy(site: &mut Site) -> Result<(), Failed> {
    let Server::Redis(redis) = &site.server else { return Ok(()) };
    redis.copy_aside().await?;
    site.revoke_some(5).await?;
    site.recover().await?;
    site.server.kill().await?;
    let Server::Redis(redis) = &site.server else { return Ok(()) };
    redis.put_copy_back()?;
    site.server.start().await
}

/// While revocations are appended; what is acknowledged is in force when it is ready.
async fn started_in_the_middle(site: &Site) -> Result<(), Failed> {
    let appending = async {
        for _ in 0..20 {
            site.revoke_some(1).await?;
            sleep(Duration::from_millis(25)).await;
        }
        Ok::<_, Failed>(())
    };
    let starting = async {
        let fourth = site.another(Mode::Pass).await?;
        wait_until_good(&fourth, RECOVERY).await?;
        Ok::<_, Failed>(fourth)
    };
    let (appended, fourth) = tokio::join!(appending, starting);
    appended?;
    let fourth = fourth?;
    let latest = site.new_caller();
    expect(&fourth.name, fourth.client().call(&latest.token).await?, 200)?;
    site.revoke(&latest).await?;
    wait_until_refused(&fourth, &latest, SOON).await?;
    site.check_callers(&fourth).await
}

/// It answers 503 until it has read the log, and is right from then on.
async fn started_without_log(site: &Site) -> Result<(), Failed> {
    site.revoke_some(2).await?;
    for mode in [Mode::Refuse, Mode::Stall] {
        let fourth = site.another(mode).await?;
        let until = Instant::now() + FAULT;
        while Instant::now() < until {
            let status = fourth.client().call(&site.somebody().token).await?;
            expect(&format!("{} without the log ({mode:?})", fourth.name), status, 503)?;
            let health = fourth.health().await?;
            if health.status != 503 || health.ready || health.silence.is_some() {
                return Err(format!("{} without the log: health is {health:?}", fourth.name).into());
            }
            sleep(Duration::from_millis(100)).await;
        }
        fourth.proxy.set(Mode::Pass).await?;
        wait_until_good(&fourth, RECOVERY).await?;
        site.check_callers(&fourth).await?;
    }
    Ok(())
}

/// `auth.revoke` fails, is in force in its own process at once, and reaches the others when the log
/// is back.
async fn revoked_without_log(site: &Site, mode: Mode) -> Result<(), Failed> {
    let proxy = Proxy::start(site.server.address()).await?;
    let caller = site.new_caller();
    let mut here = Here::start(&site.common, &site.server, &proxy, &caller.token).await?;
    for replica in &site.replicas {
        expect(&replica.name, replica.client().call(&caller.token).await?, 200)?;
    }
    proxy.set(mode).await?;
    let revoking = here.auth.revoke(Revoked::subject(&*caller.subject));
    match timeout(Duration::from_secs(10), revoking).await? {
        Err(RevokeError::NotInLog(_)) => {}
        other => return Err(format!("revoke without the log ({mode:?}) returned {other:?}").into()),
    }
    expect("the process that revokes", here.client.call(&caller.token).await?, 401)?;
    expect("the process that revokes", here.client.call(&site.somebody().token).await?, 200)?;
    proxy.set(Mode::Pass).await?;
    for replica in &site.replicas {
        wait_until_refused(replica, &caller, RECOVERY).await?;
    }
    site.note_revoked(&caller).await;
    here.stop().await;
    Ok(())
}
