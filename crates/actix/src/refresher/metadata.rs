//! One issuer's metadata, to be passed on.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use mcp_auth_core::{
    AuthorizationServerMetadata, Clock, Issuer, UnixTime,
    refresh::{Next, RefreshPolicy},
};
use tokio::sync::Notify;

use super::{
    error::FetchError,
    fetch::Fetcher,
    tasks::{RefreshTask, jitter},
};
use crate::observe;

#[derive(Debug)]
pub(crate) struct MetadataWatch {
    issuer: Issuer,
    newest: ArcSwapOption<AuthorizationServerMetadata>,
    policy: Mutex<RefreshPolicy>,
    /// Nobody rings: what there is, is passed on.
    wake: Notify,
}

impl MetadataWatch {
    pub(super) fn new(issuer: Issuer, policy: RefreshPolicy) -> Self {
        Self {
            newest: ArcSwapOption::new(issuer.preset_metadata().map(Arc::new)),
            policy: Mutex::new(policy),
            wake: Notify::new(),
            issuer,
        }
    }

    pub(super) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Whose document it is.
    pub(crate) fn issuer_name(&self) -> &str {
        self.issuer.name()
    }

    /// The newest document, or the preset's where none was fetched yet.
    pub(crate) fn newest(&self) -> Option<Arc<AuthorizationServerMetadata>> {
        self.newest.load_full()
    }

    fn with_policy<T>(&self, act: impl FnOnce(&mut RefreshPolicy) -> T) -> T {
        act(&mut self.policy.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl RefreshTask for MetadataWatch {
    fn next(&self, now: UnixTime) -> Next {
        self.with_policy(|policy| policy.next(now))
    }

    fn wake(&self) -> &Notify {
        &self.wake
    }

    async fn fetch(&self, fetcher: &Fetcher, clock: &dyn Clock) -> Result<(), FetchError> {
        let (metadata, fresh) = fetcher.metadata(&self.issuer).await?;
        let now = clock.now();
        self.newest.store(Some(Arc::new(metadata)));
        self.with_policy(|policy| policy.succeeded(now, fresh, false, jitter()));
        Ok(())
    }

    fn failed(&self, now: UnixTime, error: Option<&FetchError>) {
        if let Some(error) = error {
            observe::metadata_fetch_failed(self.issuer.name(), error);
        }
        self.with_policy(|policy| policy.failed(now, jitter()));
    }
}
