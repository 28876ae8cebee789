//! The one refresher of keys: a thread of its own, which asks core's policy what is due, fetches,
//! and publishes.
//!
//! It lives on a plain current-thread runtime because awc's client is `!Send`, and because nothing
//! that happens to it, a hung server or a stuck look-up, may then touch a worker. Requests read an
//! immutable snapshot. Whoever needs an unknown key watches the generation, for a bounded time; the
//! refresher knows nothing of those who wait.

mod error;
mod fetch;
mod http;
mod jobs;
mod keys;
mod metadata;
mod profiles;
mod roots;

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use mcp_auth_core::{
    AwaitRefresh, Clock, Issuer, IssuerKeys, UnixTime,
    refresh::{RefreshPolicy, RefreshSettings},
    signature::SignatureBackend,
};
use tokio::sync::watch;

use jobs::run_until_dropped;
use keys::KeyWatch;
use mcp_auth_core::FetchProfile;
pub(crate) use metadata::MetadataWatch;
use openssl::ssl::SslConnector;
use profiles::{ProfileDesk, ProfileOffice};
pub(crate) use roots::Roots;

use crate::{
    clock::ChosenClock,
    health::IssuerHealth,
    observe::{self, KeyObserver},
};

/// After a failure of the refresher as a whole, how long until it starts again.
const RESTART: Duration = Duration::from_secs(1);

/// How long a refresher that is dropped waits for its thread to end. A thread that still runs when
/// the process ends finds its libraries torn down under its feet: OpenSSL, at work on the system's
/// certificates, can crash then. A fetch ends at once and a stuck look-up is left behind, so that
/// nothing takes long but those certificates on a busy machine, and an application's own clock.
const FAREWELL: Duration = Duration::from_millis(500);

/// The running refresher; dropping it ends the thread, without waiting for a stuck look-up.
#[derive(Debug)]
pub(crate) struct JwksRefresher {
    keys: Vec<Arc<KeyWatch>>,
    /// Dropped to end the thread.
    alive: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Closed when the thread is as good as ended. Behind a lock since it cannot be shared, and
    /// nobody but `drop` asks for it.
    ended: Mutex<mpsc::Receiver<()>>,
}

/// What is to be kept fresh, before the thread starts.
pub(crate) struct RefresherPlan {
    resource: Box<str>,
    clock: ChosenClock,
    settings: RefreshSettings,
    signatures: Arc<dyn SignatureBackend>,
    tls: Option<SslConnector>,
    keys: Vec<Arc<KeyWatch>>,
    metadata: Vec<Arc<MetadataWatch>>,
    issuers: Vec<Arc<Issuer>>,
    desk: ProfileDesk,
    office: ProfileOffice,
}

impl RefresherPlan {
    pub(crate) fn new(
        resource: &str,
        clock: ChosenClock,
        settings: RefreshSettings,
        signatures: Arc<dyn SignatureBackend>,
    ) -> Self {
        let (desk, office) = profiles::open();
        let (keys, metadata, issuers) = (Vec::new(), Vec::new(), Vec::new());
        let resource = resource.into();
        let tls = None;
        Self { resource, clock, settings, signatures, tls, keys, metadata, issuers, desk, office }
    }

    /// Trusts whom `tls` trusts, when documents are fetched. Default: the system's certificate
    /// authorities.
    pub(crate) fn connecting_with(mut self, tls: Option<SslConnector>) -> Self {
        self.tls = tls;
        self
    }

    /// Keeps an issuer's keys fresh.
    pub(crate) fn watch_keys(
        &mut self,
        issuer: &Issuer,
    ) -> (Arc<IssuerKeys>, Arc<dyn AwaitRefresh>) {
        let keys = Arc::new(IssuerKeys::new(self.settings.clone(), self.clock.now()));
        let observer = KeyObserver::new(&self.resource, issuer.name());
        let watch = Arc::new(KeyWatch::new(issuer.clone(), keys.clone(), observer));
        self.keys.push(watch.clone());
        self.issuers.push(Arc::new(issuer.clone()));
        (keys, watch)
    }

    /// Keeps an issuer's metadata fresh.
    pub(crate) fn watch_metadata(&mut self, issuer: &Issuer) -> Arc<MetadataWatch> {
        let policy = RefreshPolicy::new(self.settings.clone(), self.clock.now());
        let watch = Arc::new(MetadataWatch::new(issuer.clone(), policy));
        self.metadata.push(watch.clone());
        watch
    }

    /// Where newcomers are asked about.
    pub(crate) fn profiles(&self) -> Arc<dyn FetchProfile> {
        Arc::new(self.desk.clone())
    }

    /// Starts the thread.
    pub(crate) fn start(self) -> io::Result<JwksRefresher> {
        let (alive, dropped) = watch::channel(());
        let (running, ended) = mpsc::channel();
        let keys = self.keys.clone();
        let thread = thread::Builder::new().name("mcp-auth-refresher".into()).spawn(move || {
            // Let go of last.
            let _running = running;
            let plan = self;
            while run_until_dropped(&plan, dropped.clone()).is_err() {
                observe::refresher_restarts();
                thread::sleep(RESTART);
                if dropped.has_changed().is_err() {
                    break;
                }
            }
        })?;
        Ok(JwksRefresher {
            keys,
            alive: Some(alive),
            thread: Some(thread),
            ended: Mutex::new(ended),
        })
    }
}

impl JwksRefresher {
    pub(crate) fn health(&self, now: UnixTime) -> Vec<IssuerHealth> {
        self.keys.iter().map(|watch| watch.health(now)).collect()
    }
}

impl Drop for JwksRefresher {
    fn drop(&mut self) {
        self.alive = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let ends_in_time = ended.recv_timeout(FAREWELL) == Err(RecvTimeoutError::Disconnected);
        if let Some(thread) = self.thread.take().filter(|_| ends_in_time) {
            // A panic of it was told when it happened.
            let _ = thread.join();
        }
    }
}
