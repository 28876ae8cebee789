//! The refresher of keys: one thread, which asks core's policy what is due, fetches it, and
//! publishes it.
//!
//! It runs a current-thread runtime because awc's client is `!Send`, and so that a hung server or a
//! stuck name lookup cannot block a worker. Requests read an immutable snapshot. A request that
//! needs an unknown key watches the generation, for a bounded time.
//!
//! The HTTP client for everything outbound ([`http`]) runs on the same thread.

mod addresses;
mod document;
mod error;
mod fetch;
mod http;
mod keys;
mod local_keys;
mod metadata;
mod network;
mod origin;
mod profiles;
mod proxy;
mod root_certificates;
mod tasks;

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
    AwaitRefresh, Clock, ConfigError, Issuer, IssuerKeys, UnixTime,
    refresh::{RefreshPolicy, RefreshSettings},
    signature::SignatureBackend,
};
use tokio::sync::watch;

use http::{HttpWorker, ThreadHttpClient};
use keys::KeyWatch;
use mcp_auth_core::{FetchProfile, HttpClient};
pub(crate) use metadata::MetadataWatch;
use openssl::ssl::SslConnector;
pub(crate) use origin::same_origin;
use profiles::{ProfileClient, ProfileWorker};
pub(crate) use proxy::{Proxy, ProxyChoice, ProxySettings};
pub(crate) use root_certificates::RootCertificates;
use tasks::{MakeRuntime, run_until_dropped};

use crate::{
    clock::ChosenClock,
    health::IssuerHealth,
    observe::{self, KeyObserver},
};

/// After a failure of the refresher as a whole, how long until it starts again.
const RESTART: Duration = Duration::from_secs(1);

/// How long a refresher that is dropped waits for its thread to end. A thread that still runs when
/// the process ends can crash in OpenSSL's `atexit` handlers. A fetch ends at once and a stuck
/// lookup is not waited for, so that only reading the system's certificates on a busy machine, and
/// an application's own clock, can take long.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);

/// The running refresher; dropping it ends the thread, without waiting for a stuck name lookup.
#[derive(Debug)]
pub(crate) struct JwksRefresher {
    /// All that are read here, those of `shared` included.
    keys: Vec<Arc<KeyWatch>>,
    metadata: Vec<Arc<MetadataWatch>>,
    /// Keeps some of them fresh, for as long as this one is there.
    _shared: Option<Arc<Self>>,
    /// Dropped to end the thread.
    alive: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Closed when the thread is about to end. In a mutex since it is not `Sync`; only `drop` uses it.
    ended: Mutex<mpsc::Receiver<()>>,
}

/// What is to be kept fresh, before the thread starts.
pub(crate) struct RefresherPlan {
    resource: Box<str>,
    clock: ChosenClock,
    settings: RefreshSettings,
    signatures: Arc<dyn SignatureBackend>,
    http_client: ThreadHttpClient,
    http_worker: HttpWorker,
    keys: Vec<Arc<KeyWatch>>,
    metadata: Vec<Arc<MetadataWatch>>,
    profile_client: ProfileClient,
    profiles: ProfileWorker,
    runtime: MakeRuntime,
    /// Whose keys and metadata are read where they are the same.
    shared: Option<Arc<JwksRefresher>>,
    shared_keys: Vec<Arc<KeyWatch>>,
}

impl RefresherPlan {
    /// Nothing is kept fresh yet; these issuers can be asked about people.
    pub(crate) fn new(
        resource: &str,
        clock: ChosenClock,
        settings: RefreshSettings,
        signatures: Arc<dyn SignatureBackend>,
        issuers: &[Issuer],
    ) -> Self {
        issuers.iter().for_each(log_userinfo_endpoint_elsewhere);
        let (profile_client, profiles) = profiles::open(issuers);
        let (http_client, http_worker) = http::open(None);
        Self {
            resource: resource.into(),
            clock,
            settings,
            signatures,
            http_client,
            http_worker,
            keys: Vec::new(),
            metadata: Vec::new(),
            profile_client,
            profiles,
            runtime: tasks::current_thread_runtime,
            shared: None,
            shared_keys: Vec::new(),
        }
    }

    /// Trusts the certificate authorities that `tls` trusts. Default: the system's.
    pub(crate) fn connecting_with(mut self, tls: Option<SslConnector>) -> Self {
        self.http_worker.tls = tls;
        self
    }

    /// Goes out through a proxy. Default: directly.
    pub(crate) fn going_through(mut self, proxy: Option<Proxy>) -> Self {
        self.http_worker.proxy = proxy.map(Arc::new);
        self
    }

    /// Reads keys and metadata that this one keeps fresh, where they are the same.
    pub(crate) fn sharing(mut self, refresher: Option<Arc<JwksRefresher>>) -> Self {
        self.shared = refresher;
        self
    }

    /// Whether there are such keys among those that are watched.
    pub(crate) fn shares_keys(&self) -> bool {
        !self.shared_keys.is_empty()
    }

    /// Keeps an issuer's keys fresh. Those that are at hand are in force when this returns.
    ///
    /// # Errors
    /// Where keys that should be at hand are not.
    pub(crate) fn watch_keys(
        &mut self,
        issuer: &Issuer,
    ) -> Result<(Arc<IssuerKeys>, Arc<dyn AwaitRefresh>), ConfigError> {
        let shared = self.shared.as_ref().and_then(|refresher| refresher.keys_of(issuer));
        if let Some(watch) = shared {
            self.shared_keys.push(watch.clone());
            return Ok((watch.keys().clone(), watch));
        }
        let keys = Arc::new(IssuerKeys::new(self.settings.clone(), self.clock.now()));
        let observer = KeyObserver::new(&self.resource, issuer.name());
        let watch = Arc::new(KeyWatch::new(issuer.clone(), keys.clone(), observer));
        local_keys::publish(&watch, &self.signatures, &self.clock)?;
        self.keys.push(watch.clone());
        Ok((keys, watch))
    }

    /// Keeps an issuer's metadata fresh.
    pub(crate) fn watch_metadata(&mut self, issuer: &Issuer) -> Arc<MetadataWatch> {
        let shared = self.shared.as_ref().and_then(|refresher| refresher.metadata_of(issuer));
        if let Some(watch) = shared {
            return watch;
        }
        let policy = RefreshPolicy::new(self.settings.clone(), self.clock.now());
        let watch = Arc::new(MetadataWatch::new(issuer.clone(), policy));
        self.metadata.push(watch.clone());
        watch
    }

    /// The client for everything outbound. Its requests wait until the thread is started, and fail
    /// once it has ended.
    pub(crate) fn http(&self) -> Arc<dyn HttpClient> {
        Arc::new(self.http_client.clone())
    }

    /// Fetches the profiles of newcomers.
    pub(crate) fn profiles(&self) -> Arc<dyn FetchProfile> {
        Arc::new(self.profile_client.clone())
    }

    /// Starts the thread.
    pub(crate) fn start(mut self) -> io::Result<JwksRefresher> {
        let (alive, dropped) = watch::channel(());
        let (running, ended) = mpsc::channel();
        let keys = [&self.keys[..], &self.shared_keys].concat();
        // Not kept by the thread: one that is slow to end would keep the other refresher's going.
        let (metadata, shared) = (self.metadata.clone(), self.shared.take());
        let thread = thread::Builder::new().name("mcp-auth-refresher".into()).spawn(move || {
            // Dropped last.
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
            metadata,
            _shared: shared,
            alive: Some(alive),
            thread: Some(thread),
            ended: Mutex::new(ended),
        })
    }
}

/// Says at start-up that newcomers' tokens are sent to another origin than the issuer's.
fn log_userinfo_endpoint_elsewhere(issuer: &Issuer) {
    let endpoint = issuer.configured_userinfo_endpoint().filter(|_| issuer.workos_api().is_none());
    if let Some(endpoint) = endpoint.filter(|url| !origin::same_origin(url, issuer.name())) {
        observe::userinfo_endpoint_elsewhere(issuer.name(), endpoint);
    }
}

impl JwksRefresher {
    fn keys_of(&self, issuer: &Issuer) -> Option<Arc<KeyWatch>> {
        self.keys.iter().find(|watch| watch.issuer().has_keys_of(issuer)).cloned()
    }

    fn metadata_of(&self, issuer: &Issuer) -> Option<Arc<MetadataWatch>> {
        self.metadata.iter().find(|watch| watch.issuer().has_keys_of(issuer)).cloned()
    }

    pub(crate) fn health(&self, now: UnixTime) -> Vec<IssuerHealth> {
        self.keys.iter().map(|watch| watch.health(now)).collect()
    }
}

impl Drop for JwksRefresher {
    fn drop(&mut self) {
        self.alive = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let ends_in_time =
            ended.recv_timeout(SHUTDOWN_TIMEOUT) == Err(RecvTimeoutError::Disconnected);
        if let Some(thread) = self.thread.take().filter(|_| ends_in_time) {
            // A panic was logged when it happened.
            let _ = thread.join();
        }
    }
}
