//! Three replicas over one log, the people who use them, and who of them was revoked.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use actix_mcp_auth::{
    operation::UnixTime,
    revocation::{LogFollower, RevocationLog, RevocationSettings, Revocations, Revoked},
    testing::{SignedWebhook, TestAuthority, WorkOsEvent},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use crate::{
    load::Load,
    people::{Caller, new_caller, sign_in},
    proxy::{Mode, Proxy},
    replica::{API_KEY, Common, Replica, WEBHOOK_SECRET},
    servers::{Failed, Server, free_address},
    wait::{RECOVERY, expect, wait_until_good, wait_until_refused},
};

const REPLICAS: usize = 3;
/// People who are never revoked.
const OTHERS: usize = 12;

/// Everything that a scenario needs.
pub(crate) struct Site {
    pub(crate) common: Common,
    pub(crate) server: Server,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) load: Load,
    authority: TestAuthority,
    /// Appends directly, not through a proxy.
    revocations: Revocations,
    log: Arc<dyn RevocationLog>,
    others: Vec<Caller>,
    /// Whose revocation the log has acknowledged.
    revoked: Mutex<Vec<Caller>>,
    count: AtomicUsize,
}

impl Site {
    /// Starts everything, and returns when each replica is ready.
    pub(crate) async fn start(server: Server, folder: &Path) -> Result<Self, Failed> {
        let authority = TestAuthority::builder().workos_api_key(API_KEY).start()?;
        let host = free_address()?.to_string();
        let common = Common {
            folder: folder.to_owned(),
            issuer: authority.issuer().to_owned(),
            public_url: format!("http://{host}"),
            host,
            reads_events: false,
        };
        let log = server.log(server.address()).await?;
        let revocations = Revocations::with_log(RevocationSettings::default(), log.clone());
        let mut replicas = Vec::new();
        for n in 0..REPLICAS {
            let proxy = Proxy::start(server.address()).await?;
            let url = server.url(proxy.address);
            let name = format!("{}-{}", server.name(), n + 1);
            replicas.push(Replica::start(&common, &name, proxy, &url).await?);
        }
        let count = AtomicUsize::new(0);
        let caller = |_| new_caller(&authority, &common, &count);
        let others: Vec<_> = (0..OTHERS).map(caller).collect();
        let tokens: Vec<_> = others.iter().map(|caller| caller.token.clone()).collect();
        for replica in &replicas {
            wait_until_good(replica, RECOVERY).await?;
            let mut client = replica.client();
            for token in &tokens {
                expect(&replica.name, client.call(token).await?, 200)?;
            }
        }
        let load = Load::start(&replicas, &tokens);
        let revoked = Mutex::default();
        Ok(Self {
            common,
            server,
            replicas,
            load,
            authority,
            revocations,
            log,
            others,
            revoked,
            count,
        })
    }

    /// A new person, whom no replica has seen.
    pub(crate) fn new_caller(&self) -> Caller {
        new_caller(&self.authority, &self.common, &self.count)
    }

    /// The same person with a token that is issued now.
    pub(crate) fn sign_in_again(&self, caller: &Caller) -> Caller {
        sign_in(&self.authority, &self.common, &caller.subject)
    }

    /// Deletes a person in WorkOS; returns the webhook, which nobody sends.
    pub(crate) fn delete_in_workos(&self, caller: &Caller) -> SignedWebhook {
        let event = WorkOsEvent::user_deleted(&caller.subject);
        self.authority.emit_event(event).webhook(WEBHOOK_SECRET)
    }

    /// Somebody who is never revoked.
    pub(crate) fn somebody(&self) -> &Caller {
        &self.others[0]
    }

    /// Revokes a person. It returns when the log has acknowledged it.
    pub(crate) async fn revoke(&self, caller: &Caller) -> Result<(), Failed> {
        let what = Revoked::subject(&*caller.subject).of_issuer(&*self.common.issuer);
        self.revocations.revoke(what, now()).await?;
        self.note_revoked(caller).await;
        Ok(())
    }

    /// From now on this person must be refused everywhere.
    pub(crate) async fn note_revoked(&self, caller: &Caller) {
        self.revoked.lock().await.push(caller.clone());
    }

    /// Revokes so many new people, each of whom every replica has accepted before.
    pub(crate) async fn revoke_some(&self, count: usize) -> Result<(), Failed> {
        for _ in 0..count {
            let caller = self.new_caller();
            for replica in &self.replicas {
                expect(&replica.name, replica.client().call(&caller.token).await?, 200)?;
            }
            self.revoke(&caller).await?;
        }
        Ok(())
    }

    /// Sets the mode of each replica's connections to the log.
    pub(crate) async fn set_all(&self, mode: Mode) -> Result<(), Failed> {
        for replica in &self.replicas {
            replica.proxy.set(mode).await?;
        }
        Ok(())
    }

    /// Another replica, with a proxy of its own.
    pub(crate) async fn another(&self, mode: Mode) -> Result<Replica, Failed> {
        let proxy = Proxy::start(self.server.address()).await?;
        proxy.set(mode).await?;
        let url = self.server.url(proxy.address);
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-another-{n}", self.server.name());
        Replica::start(&self.common, &name, proxy, &url).await
    }

    /// Ends the load, whose requests would fail, and kills all replicas.
    pub(crate) async fn kill_replicas(&mut self) -> Result<(), Failed> {
        self.load.none_refused()?;
        self.load = Load::start(&[], &[]);
        for replica in self.replicas.drain(..) {
            replica.kill().await?;
        }
        Ok(())
    }

    /// Starts as many replicas as before, without the load.
    pub(crate) async fn start_replicas(&mut self) -> Result<(), Failed> {
        for _ in 0..REPLICAS {
            let replica = self.another(Mode::Pass).await?;
            self.replicas.push(replica);
        }
        Ok(())
    }

    /// Ends the replicas, then the log's server.
    pub(crate) async fn stop(self) -> Result<(), Failed> {
        let Self { mut server, replicas, load, log, revocations, .. } = self;
        drop((load, replicas, revocations, log));
        server.stop().await
    }

    /// Waits until each replica has found back, and returns how long that took.
    pub(crate) async fn recover(&self) -> Result<Duration, Failed> {
        let began = Instant::now();
        let latest = self.revoked.lock().await.last().cloned();
        for replica in &self.replicas {
            if let Some(caller) = &latest {
                wait_until_refused(replica, caller, RECOVERY).await?;
            }
            wait_until_good(replica, RECOVERY).await?;
        }
        Ok(began.elapsed())
    }

    /// Every acknowledged revocation is in the log and refused by each replica and by one that is
    /// started now; nobody else is refused; health tells that all is well.
    pub(crate) async fn check(&self) -> Result<(), Failed> {
        self.wait_until_log_is_whole().await?;
        let fourth = self.another(Mode::Pass).await?;
        wait_until_good(&fourth, RECOVERY).await?;
        for replica in self.replicas.iter().chain([&fourth]) {
            self.check_callers(replica).await?;
            let health = replica.health().await?;
            if !health.is_good() {
                return Err(format!("{}: health is {health:?}", replica.name).into());
            }
        }
        self.load.none_refused()?;
        Ok(())
    }

    /// This replica refuses everybody who was revoked, and nobody else.
    pub(crate) async fn check_callers(&self, replica: &Replica) -> Result<(), Failed> {
        let mut client = replica.client();
        for caller in self.revoked.lock().await.iter() {
            let status = client.call(&caller.token).await?;
            expect(&format!("{}, {} revoked", replica.name, caller.subject), status, 401)?;
        }
        for caller in &self.others {
            expect(&replica.name, client.call(&caller.token).await?, 200)?;
        }
        Ok(())
    }

    async fn wait_until_log_is_whole(&self) -> Result<(), Failed> {
        let until = Instant::now() + RECOVERY;
        loop {
            let found = subjects(self.log.follow().as_mut()).await;
            let revoked = self.revoked.lock().await;
            let lacking = |found: &BTreeSet<String>| {
                revoked.iter().filter(|caller| !found.contains(&caller.subject)).count()
            };
            match found.as_ref().map(lacking) {
                Ok(0) => return Ok(()),
                Ok(count) if Instant::now() > until => {
                    return Err(format!("the log lacks {count} of {}", revoked.len()).into());
                }
                Err(error) if Instant::now() > until => return Err(error.to_string().into()),
                _ => {}
            }
            drop(revoked);
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The subjects whom the log has as revoked.
async fn subjects(follower: &mut dyn LogFollower) -> Result<BTreeSet<String>, Failed> {
    let batch = follower.next().await?;
    // A slot is JSON: the effect, the issuer, the kind, and the values of the key.
    let subject =
        |slot: &str| slot.split('"').find(|part| part.starts_with("person_")).map(str::to_owned);
    Ok(batch.entries.iter().filter_map(|entry| subject(&entry.slot)).collect())
}

/// The time of a revocation.
fn now() -> UnixTime {
    UnixTime::since_epoch(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default())
}
