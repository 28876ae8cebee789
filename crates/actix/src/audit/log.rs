//! The audit log of an application.

use std::{
    fmt,
    future::Future,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use mcp_auth_core::{
    Authenticated,
    agents::AgentNames,
    audit::{AuditError, AuditIds, AuditRecord, AuditSink, AuditedMessage, Privacy},
};
use serde_json::Value;
use tokio::time::sleep;

use super::{
    queue::{AuditCounts, DRAIN_LIMIT, Queue},
    sinks::{Function, JsonLines, Tracing},
};
use crate::extract::AuthedUser;

/// How long the end waits for clones in the workers of a server.
const CLONES_LIMIT: Duration = Duration::from_millis(500);
/// The default of [`AuditLogBuilder::capacity`].
const CAPACITY: usize = 10_000;

/// Where the audit records of an application go: one queue and one sink, for the middlewares of all
/// its resources. Cloning is cheap, and clones are the same.
///
/// ```
/// # use actix_web::{App, HttpResponse, web};
/// # use actix_mcp_auth::McpAuth;
/// use actix_mcp_auth::audit::AuditLog;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = McpAuth::builder("https://app.example.com/mcp")
/// #     .authkit("your-subdomain.authkit.app").build()?;
/// let audit = AuditLog::to_json_lines(std::io::sink()).start()?;
/// let mcp = auth.mcp().audit(&audit);
/// App::new().service(web::resource("/mcp").wrap(mcp).route(web::post().to(HttpResponse::Ok)));
/// # Ok(())
/// # }
/// ```
///
/// The sink runs on a thread of its own. A request adds to a bounded queue and never waits: a sink
/// that is slow, fails, panics or hangs delays and refuses no request. Records that find the queue
/// full are dropped; they are [counted](Self::counts), and an event tells of them.
///
/// # At the end
/// Call [`close`](Self::close) after the server's run: it empties the queue into the sink. Without
/// it, the last clone that is dropped does so, which blocks its thread for 5 s at most.
#[derive(Clone)]
pub struct AuditLog(Arc<Inner>);

struct Inner {
    queue: Queue,
    ids: AuditIds,
    privacy: Privacy,
    user_key: Option<UserKey>,
    redactor: Option<Redactor>,
    names: Option<AgentNames>,
}

type UserKey = Arc<dyn Fn(&Authenticated) -> Option<String> + Send + Sync>;
type Redactor = Arc<dyn Fn(&str, Value) -> Option<Value> + Send + Sync>;

impl AuditLog {
    /// An audit log with a sink of the application's own.
    pub fn to(sink: impl AuditSink) -> AuditLogBuilder<impl AuditSink> {
        AuditLogBuilder {
            sink,
            capacity: CAPACITY,
            privacy: Privacy::default(),
            user_key: None,
            redactor: None,
            names: None,
        }
    }

    /// An audit log that calls an async function with each record, one after the other.
    ///
    /// ```
    /// use actix_mcp_auth::audit::{AuditError, AuditLog};
    ///
    /// let audit = AuditLog::to_function(async |record| {
    ///     println!("{} {:?}", record.principal.subject, record.method);
    ///     Ok::<(), AuditError>(())
    /// });
    /// # audit.start().unwrap();
    /// ```
    pub fn to_function<F, R, E>(function: F) -> AuditLogBuilder<impl AuditSink>
    where
        F: FnMut(AuditRecord) -> R + Send + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<AuditError> + 'static,
    {
        Self::to(Function(function))
    }

    /// An audit log that writes one line of JSON for each record.
    pub fn to_json_lines(
        writer: impl io::Write + Send + 'static,
    ) -> AuditLogBuilder<impl AuditSink> {
        Self::to(JsonLines::new(writer))
    }

    /// An audit log that writes events of `tracing` with the target `mcp_auth::audit`.
    pub fn to_tracing() -> AuditLogBuilder<impl AuditSink> {
        Self::to(Tracing)
    }

    /// Waits until the sink has taken all records from before this call, and has flushed them.
    /// `false` where it has not after 5 s.
    pub async fn flush(&self) -> bool {
        self.0.queue.flush_within(DRAIN_LIMIT).await
    }

    /// The end, after the server has stopped: waits until the sink has taken and flushed all records,
    /// for 5 s at most. What is left then counts as dropped.
    ///
    /// ```
    /// # use actix_web::{App, HttpServer};
    /// # use actix_mcp_auth::audit::AuditLog;
    /// # async fn run(audit: AuditLog) -> std::io::Result<()> {
    /// HttpServer::new(App::new).bind("127.0.0.1:0")?.run().await?;
    /// let counts = audit.close().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn close(self) -> AuditCounts {
        let start = Instant::now();
        // The workers of a server that has stopped drop their clones a moment later, and with them
        // the requests that were cut.
        while Arc::strong_count(&self.0) > 1 && start.elapsed() < CLONES_LIMIT {
            sleep(Duration::from_millis(2)).await;
        }
        if !self.0.queue.flush_within(DRAIN_LIMIT.saturating_sub(start.elapsed())).await {
            self.0.queue.abandon();
        }
        self.counts()
    }

    /// What became of the records since the start. What is in the queue is not counted yet.
    pub fn counts(&self) -> AuditCounts {
        self.0.queue.counts()
    }

    pub(super) fn push(&self, record: Box<AuditRecord>) {
        self.0.queue.push(record);
    }

    pub(super) fn ids(&self) -> &AuditIds {
        &self.0.ids
    }

    pub(crate) fn privacy(&self) -> Privacy {
        self.0.privacy
    }

    /// The application's own key of the user. If its function panics there is no key, and the request
    /// goes on.
    pub(super) fn user_key(&self, caller: &Authenticated) -> Option<String> {
        let key = self.0.user_key.as_ref()?;
        catch_unwind(AssertUnwindSafe(|| key(caller))).ok().flatten()
    }

    pub(super) fn names(&self) -> Option<&AgentNames> {
        self.0.names.as_ref()
    }

    /// Lets the application's redactor decide about the arguments of messages.
    pub(super) fn redact(&self, messages: &mut [AuditedMessage]) {
        let Some(redactor) = &self.0.redactor else { return };
        for message in messages.iter_mut().filter(|message| message.arguments.is_some()) {
            message.redact(|tool, arguments| {
                catch_unwind(AssertUnwindSafe(|| redactor(tool, arguments))).ok().flatten()
            });
        }
    }
}

/// Settings of an [`AuditLog`]. Each has a safe default.
#[must_use = "no record is written before `start`"]
pub struct AuditLogBuilder<S> {
    sink: S,
    capacity: usize,
    privacy: Privacy,
    user_key: Option<UserKey>,
    redactor: Option<Redactor>,
    names: Option<AgentNames>,
}

impl<S: AuditSink> AuditLogBuilder<S> {
    /// How many records may wait for the sink. A record takes about a kilobyte. Default 10,000.
    pub fn capacity(mut self, records: usize) -> Self {
        self.capacity = records;
        self
    }

    /// The application's own key of the user, for
    /// [`AuditPrincipal::user_key`](mcp_auth_core::audit::AuditPrincipal::user_key): `U` is what the
    /// identity store returns. It is called for each request, on the thread of the request. Default:
    /// none.
    pub fn user_key<U: Send + Sync + 'static>(
        mut self,
        key: impl Fn(&U) -> String + Send + Sync + 'static,
    ) -> Self {
        self.user_key = Some(Arc::new(move |caller| {
            AuthedUser::<U>::from_authenticated(caller).map(|user| key(&user))
        }));
        self
    }

    /// Adds the names of clients and their sources to records. A request does not wait for a name.
    /// An unknown name is looked up in the background, for 20 s at most; records that are written
    /// before have no name. Default: no names.
    pub fn names(mut self, names: &AgentNames) -> Self {
        self.names = Some(names.clone());
        self
    }

    /// Writes the arguments of calls, as this function leaves them: it gets the name of the tool or
    /// prompt, and the arguments as the client sent them. It is called on the thread of the request.
    /// At most 4 KiB are written. Default: no arguments.
    pub fn arguments(
        mut self,
        redactor: impl Fn(&str, Value) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        self.privacy.arguments = true;
        self.redactor = Some(Arc::new(redactor));
        self
    }

    /// Writes e-mail addresses as they are. Default: each is replaced by a hash, which is the same in
    /// all records of one address. WorkOS names a member of staff who impersonates a person by
    /// e-mail address.
    pub fn email_addresses(mut self) -> Self {
        self.privacy.email_addresses = true;
        self
    }

    /// Starts the thread of the sink.
    ///
    /// # Errors
    /// Where the operating system gives no thread.
    pub fn start(self) -> io::Result<AuditLog> {
        let Self { sink, capacity, privacy, user_key, redactor, names } = self;
        let queue = Queue::start(sink, capacity)?;
        let ids = AuditIds::new();
        Ok(AuditLog(Arc::new(Inner { queue, ids, privacy, user_key, redactor, names })))
    }
}

impl From<&AuditLog> for AuditLog {
    fn from(log: &AuditLog) -> Self {
        log.clone()
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for AuditLogBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLogBuilder")
            .field("capacity", &self.capacity)
            .field("privacy", &self.privacy)
            .finish_non_exhaustive()
    }
}
