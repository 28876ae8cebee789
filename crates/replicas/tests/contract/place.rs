//! A log and locks of its own for one test.

use std::{
    env, fmt, process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use mcp_auth_core::{revocation::RevocationLog, session::RefreshLock};

use crate::proxy::Proxy;

/// What must never be seen in a message.
pub(crate) const PASSWORD: &str = "hunter2";

/// A log and locks on a server, and what a test does to the server.
pub(crate) trait Place: Sized {
    type Log: RevocationLog + Clone + fmt::Debug;
    type Lock: RefreshLock + Clone + fmt::Debug;

    /// A log that is empty.
    async fn new() -> Self;

    /// The log by way of the proxy.
    fn log(&self) -> &Self::Log;

    fn proxy(&self) -> &Proxy;

    /// The same server and another prefix.
    fn with_prefix(&self, prefix: &str) -> Self::Log;

    /// A log at this address, with the password.
    fn at(address: &str) -> Self::Log;

    /// A lock with connections of its own, by way of the proxy. `suffix` is added to the prefix; it
    /// is empty or `_ano`.
    async fn lock(&self, suffix: &str) -> Self::Lock;

    /// A lock at this address, with the password.
    fn lock_at(address: &str) -> Self::Lock;

    /// Ends all connections of the log and of the locks, by the server.
    async fn end_connections(&self);

    /// Deletes all records, as somebody would who cleans up.
    async fn empty(&self);

    /// Removes what the test has left on the server.
    async fn remove(self);
}

pub(crate) fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test_{}_{}", process::id(), COUNT.fetch_add(1, Relaxed))
}

/// The URL in a variable, split at the host: what comes before it, `host:port`, and the rest.
pub(crate) fn server(variable: &str, example: &str, default_port: u16) -> (String, String) {
    let url = env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} must say where the server for the tests is, such as {example}")
    });
    let (_, rest) = url.split_once("://").expect("a URL");
    let host = rest.rsplit('@').next().unwrap().split('/').next().unwrap();
    let host = match host.contains(':') {
        true => host.to_owned(),
        false => format!("{host}:{default_port}"),
    };
    (url, host)
}
