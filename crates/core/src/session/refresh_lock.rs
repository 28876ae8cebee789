//! One refresh of a session at a time, over several processes.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use super::source::SessionError;
use crate::secret::Redacted;

/// Lets one of several processes refresh a session, and gives its outcome to the others.
///
/// A refresh token works once (RFC 9700 §4.14.2): an issuer that sees it twice ends the session. A
/// refresh is named by `key`, a digest of its refresh token. A process that is granted the claim
/// refreshes and publishes the outcome; the others wait for it.
///
/// An outcome is sealed: it is text that only the processes of the application can read. It is at most
/// three times as long as the session's tokens, and a little more: 44 KiB with an access token of 16 KiB,
/// the longest that is accepted by default.
#[async_trait]
pub trait RefreshLock: Send + Sync + 'static {
    /// Claims the refresh `key` for `holder`, a name that no other claim has. A claim ends after
    /// `ttl`, if the holder neither finishes nor abandons it.
    ///
    /// # Errors
    /// Where the lock is out of reach, or does not answer in time.
    async fn claim(
        &self,
        key: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<RefreshClaim, SessionError>;

    /// Publishes the outcome of a refresh, for `keep`. It has no effect where another holder has the
    /// claim by now.
    ///
    /// # Errors
    /// As for [`claim`](Self::claim).
    async fn finish(
        &self,
        key: &str,
        holder: &str,
        outcome: &str,
        keep: Duration,
    ) -> Result<(), SessionError>;

    /// Gives a claim back without an outcome, so that another process can try. It has no effect
    /// where another holder has the claim by now.
    ///
    /// # Errors
    /// As for [`claim`](Self::claim).
    async fn abandon(&self, key: &str, holder: &str) -> Result<(), SessionError>;
}

/// What [`RefreshLock::claim`] found. `Debug` does not show the outcome.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshClaim {
    /// The refresh is the caller's to do.
    Granted,
    /// Another holder is doing it.
    Held,
    /// It was done: the outcome as it was published.
    Finished(String),
}

impl fmt::Debug for RefreshClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted => f.write_str("Granted"),
            Self::Held => f.write_str("Held"),
            Self::Finished(_) => f.debug_tuple("Finished").field(&Redacted).finish(),
        }
    }
}
