//! The revocation log's thread: it follows the log, and writes to it.
//!
//! Requests ask memory only ([`Revocations`]). Everything that touches the log runs on one thread
//! with a runtime of its own, for all resources of an application: a log that hangs blocks no
//! worker, and appends work from any runtime.

mod changes;
mod follow;
mod proxy;

use std::{
    fmt, io,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use mcp_auth_core::revocation::{RevocationLog, RevocationSettings, Revocations};
use tokio::sync::watch;

pub(crate) use changes::Changes;
use follow::Follower;
use proxy::LogProxy;

/// The revocations of an application, for [`revocations`](crate::McpAuthBuilder::revocations) of
/// each of its resources: they then share them. Cloning is cheap, and clones are the same.
///
/// With a log, several processes share them: see [`follow`](Self::follow). The thread that follows
/// the log ends with the last clone.
///
/// ```
/// use actix_mcp_auth::{McpAuth, revocation::{RevocationSettings, SharedRevocations}};
///
/// let revocations = SharedRevocations::in_memory(RevocationSettings::default());
/// let auth = McpAuth::builder("https://app.example.com/mcp")
///     .authkit("your-subdomain.authkit.app")
///     .revocations(&revocations)
///     .build()?;
/// # Ok::<(), actix_mcp_auth::BuildError>(())
/// ```
#[derive(Clone)]
pub struct SharedRevocations {
    revocations: Revocations,
    /// `None` without a log.
    _thread: Option<Arc<FollowerThread>>,
}

/// Ends the thread when it is dropped.
struct FollowerThread {
    alive: Option<watch::Sender<()>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl SharedRevocations {
    /// The revocations of one process, which end with it.
    pub fn in_memory(settings: RevocationSettings) -> Self {
        Self { revocations: Revocations::in_memory(settings), _thread: None }
    }

    /// The revocations of all processes that use this log. Starts a thread that reads the log at
    /// once and follows it. A log that does not answer is no error here: requests get 503 until it
    /// was read completely once, unless
    /// [`open_before_first_read`](RevocationSettings::open_before_first_read) says otherwise.
    ///
    /// # Errors
    /// Where the operating system gives no thread.
    pub fn follow(log: impl RevocationLog, settings: RevocationSettings) -> io::Result<Self> {
        let log: Arc<dyn RevocationLog> = Arc::new(log);
        let (proxy, jobs) = LogProxy::open(log.name());
        let revocations = Revocations::with_log(settings, Arc::new(proxy));
        let (alive, dropped) = watch::channel(());
        let follower = Follower::new(log, revocations.clone(), jobs);
        let thread = thread::Builder::new()
            .name("mcp-auth-revocations".into())
            .spawn(move || follower.run_until(dropped))?;
        let thread = FollowerThread { alive: Some(alive), thread: Mutex::new(Some(thread)) };
        Ok(Self { revocations, _thread: Some(Arc::new(thread)) })
    }
}

/// What they say, and their log.
impl Deref for SharedRevocations {
    type Target = Revocations;

    fn deref(&self) -> &Revocations {
        &self.revocations
    }
}

impl From<&SharedRevocations> for SharedRevocations {
    fn from(shared: &SharedRevocations) -> Self {
        shared.clone()
    }
}

impl Drop for FollowerThread {
    fn drop(&mut self) {
        self.alive = None;
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // The thread ends at its next step, all of which are bounded in time. It is joined unless
        // it drops the last clone itself.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id())
        {
            // A panic was logged when it happened.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for SharedRevocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.revocations.fmt(f)
    }
}
