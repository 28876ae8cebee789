//! Renews a session's tokens, once for all requests that need it.
//!
//! A refresh token works once: an issuer that sees it twice ends the session (RFC 9700 §4.14.2). So
//! there is one task for each refresh token and process, and with a
//! [`RefreshLock`](mcp_auth_core::session::RefreshLock) one in all processes. The task outlives the
//! request that starts it, and its outcome is kept for requests that still come with the old token.

use std::{sync::Arc, time::Duration};

use actix_web::rt;
use dashmap::{DashMap, Entry};
use mcp_auth_core::{
    Clock,
    session::{RefreshClaim, RefreshLock, SessionError},
};
use tokio::{sync::watch, time::sleep};

use crate::{
    authkit::{AuthKit, AuthKitError},
    log,
    outcome::{Outcome, Renewed},
    random::random,
    seal::Seal,
    store::Store,
    stored::{Lifetimes, StoredSession},
};

/// How long an outcome is kept. Requests that were sent before the answer with the new cookie come
/// within this time.
const KEEP: Duration = Duration::from_secs(60);
/// After how long a refresh that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long a process has for a refresh before another one may try.
const CLAIM: Duration = Duration::from_secs(20);
/// How long a process waits for a claim: longer than that of another one lasts.
const CLAIM_WAIT: Duration = Duration::from_secs(21);
/// After how long the lock is told again what it has not taken.
const TELL_AGAIN: Duration = Duration::from_millis(200);
/// How often a process looks whether another one has done the refresh.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// A session to renew.
pub(crate) struct Job {
    /// Its key in the store.
    pub(crate) key: String,
    pub(crate) session: StoredSession,
    /// The organization to switch to.
    pub(crate) organization: Option<String>,
}

/// Renews sessions. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Refresher(Arc<Inner>);

struct Inner {
    authkit: AuthKit,
    store: Arc<dyn Store>,
    lock: Option<Arc<dyn RefreshLock>>,
    seal: Seal,
    clock: Arc<dyn Clock>,
    lifetimes: Lifetimes,
    /// The refreshes that are under way or were done lately, by the digest of the refresh token.
    tasks: DashMap<String, watch::Receiver<Option<Outcome>>>,
}

impl Refresher {
    pub(crate) fn new(
        authkit: AuthKit,
        store: Arc<dyn Store>,
        lock: Option<Arc<dyn RefreshLock>>,
        seal: Seal,
        clock: Arc<dyn Clock>,
        lifetimes: Lifetimes,
    ) -> Self {
        let tasks = DashMap::new();
        Self(Arc::new(Inner { authkit, store, lock, seal, clock, lifetimes, tasks }))
    }

    /// Renews a session, or joins the task that does so already. Dropping the future does not end
    /// the task. The flag tells whether this call started it.
    pub(crate) async fn renew(&self, job: Job) -> (Outcome, bool) {
        let key = job.session.refresh_key();
        let (mut receiver, is_first) = match self.0.tasks.entry(key.clone()) {
            Entry::Occupied(task) => (task.get().clone(), false),
            Entry::Vacant(place) => {
                let (sender, receiver) = watch::channel(None);
                place.insert(receiver.clone());
                rt::spawn(self.clone().run(key, job, sender));
                (receiver, true)
            }
        };
        let outcome = match receiver.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        // A worker that stops ends its tasks.
        let outcome = outcome.unwrap_or_else(|| Outcome::Failed("the task was ended".into()));
        (outcome, is_first)
    }

    async fn run(self, key: String, job: Job, sender: watch::Sender<Option<Outcome>>) {
        // The entry is removed on each way out, that of a worker that stops included.
        let entry = scopeguard::guard((), |()| {
            self.0.tasks.remove(&key);
        });
        let switches = job.organization.is_some();
        let (outcome, untold) = self.0.renew_once(&key, job).await;
        let keep = match &outcome {
            Outcome::Renewed(_) => KEEP,
            // The session itself may go on.
            Outcome::Refused(_) if switches => Duration::ZERO,
            Outcome::Refused(_) => KEEP,
            Outcome::Failed(_) => RETRY_AFTER,
        };
        // Fails where no request waits any more.
        let _ = sender.send(Some(outcome));
        if let Some(untold) = untold {
            self.0.tell_again(&key, &untold).await;
        }
        sleep(keep).await;
        drop(entry);
    }
}

/// What other processes are to be told by the lock.
struct Told {
    /// The name of the claim.
    holder: String,
    /// The sealed outcome; `None` gives the claim back.
    outcome: Option<String>,
}

impl Inner {
    /// Renews a session in this process, or waits for the process that does. Also returns what the
    /// lock has not taken.
    async fn renew_once(&self, key: &str, job: Job) -> (Outcome, Option<Told>) {
        let Some(lock) = &self.lock else { return (self.refresh(job).await, None) };
        let Some(holder) = random() else {
            return (Outcome::Failed("the operating system gives no random bytes".into()), None);
        };
        let claimed = tokio::time::timeout(CLAIM_WAIT, self.claim(&**lock, key, &holder)).await;
        match claimed.unwrap_or_else(|_| Err("another process holds the refresh".into())) {
            Ok(Some(outcome)) => return (outcome, None),
            Ok(None) => {}
            Err(error) => {
                log::refresh_failed(&error);
                return (Outcome::Failed(error.into()), None);
            }
        }
        let switches = job.organization.is_some();
        let outcome = self.refresh(job).await;
        let told = Told { holder, outcome: outcome.seal(&self.seal, switches) };
        // Before requests are answered: the process may end after that.
        match self.tell(&**lock, key, &told).await {
            Ok(()) => (outcome, None),
            Err(error) => {
                log::refresh_lock_failed(&error);
                (outcome, Some(told))
            }
        }
    }

    async fn tell(
        &self,
        lock: &dyn RefreshLock,
        key: &str,
        told: &Told,
    ) -> Result<(), SessionError> {
        match &told.outcome {
            Some(text) => lock.finish(key, &told.holder, text, KEEP).await,
            None => lock.abandon(key, &told.holder).await,
        }
    }

    /// A process that waits would otherwise get the claim when it ends, and use the old refresh token
    /// again.
    async fn tell_again(&self, key: &str, told: &Told) {
        let Some(lock) = &self.lock else { return };
        let attempts = async {
            loop {
                sleep(TELL_AGAIN).await;
                if self.tell(&**lock, key, told).await.is_ok() {
                    return;
                }
            }
        };
        // Too late otherwise, which was logged.
        let _ = tokio::time::timeout(CLAIM, attempts).await;
    }

    /// `None` where this process is to do the refresh.
    async fn claim(
        &self,
        lock: &dyn RefreshLock,
        key: &str,
        holder: &str,
    ) -> Result<Option<Outcome>, String> {
        loop {
            match lock.claim(key, holder, CLAIM).await {
                Ok(RefreshClaim::Granted) => return Ok(None),
                Ok(RefreshClaim::Finished(text)) => {
                    let outcome = Outcome::open(&self.seal, &text);
                    return outcome.map(Some).ok_or_else(|| {
                        "the outcome of another process cannot be opened: do all have the same \
                         cookie password?"
                            .to_owned()
                    });
                }
                Ok(_) => sleep(LOOK_AGAIN).await,
                Err(error) => return Err(format!("the lock for refreshes: {error}")),
            }
        }
    }

    async fn refresh(&self, Job { key, session, organization }: Job) -> Outcome {
        // A process that has ended since may have kept new tokens and told nobody.
        match self.store.load(&key).await {
            Ok(Some(known)) if known.refresh_token == session.refresh_token => {}
            Ok(Some(newer)) if organization.is_none() => {
                return Outcome::Renewed(Arc::new(Renewed { key, session: newer }));
            }
            Ok(Some(_)) => return Outcome::Failed("the session was renewed meanwhile".into()),
            Ok(None) => return Outcome::Refused("session_deleted".into()),
            // New tokens could not be kept.
            Err(error) => {
                log::refresh_failed(&error);
                return Outcome::Failed(error.to_string().into());
            }
        }
        let refreshed = self.authkit.refresh(&session.refresh_token, organization.as_deref()).await;
        let tokens = match refreshed {
            Ok(tokens) => tokens,
            Err(AuthKitError::Refused(code)) if organization.is_some() => {
                return Outcome::Refused(code.into());
            }
            Err(AuthKitError::Refused(code)) => {
                // Another process may have been faster.
                return match self.store.load(&key).await {
                    Ok(Some(newer)) if newer.refresh_token != session.refresh_token => {
                        Outcome::Renewed(Arc::new(Renewed { key, session: newer }))
                    }
                    _ => {
                        log::refresh_refused(&code);
                        Outcome::Refused(code.into())
                    }
                };
            }
            Err(error) => {
                log::refresh_failed(&error);
                return Outcome::Failed(error.to_string().into());
            }
        };
        let now = self.clock.now();
        let Some(session) = session.renewed(tokens.access, tokens.refresh, now) else {
            log::refresh_failed(&"the access token does not say when it expires");
            return Outcome::Refused("unreadable_token".into());
        };
        let key = self.keep(key, &session).await;
        log::refreshed();
        Outcome::Renewed(Arc::new(Renewed { key, session }))
    }

    /// Keeps a session whose old tokens are used up, and returns its key.
    async fn keep(&self, key: String, session: &StoredSession) -> String {
        const TRIES: u32 = 3;
        let ttl = session.time_to_live(self.lifetimes, self.clock.now());
        for n in 1..=TRIES {
            match self.store.update(&key, session, ttl).await {
                Ok(key) => return key,
                Err(error) if n == TRIES => log::session_not_stored(&error),
                Err(_) => sleep(Duration::from_millis(200)).await,
            }
        }
        key
    }
}
