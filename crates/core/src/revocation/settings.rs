//! Bounds and choices of the revocations of a process.

use std::time::Duration;

/// How many revocations a process keeps, and what it does while it cannot read its log. Shared by
/// all resources that use the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationSettings {
    /// How many cut-offs and lifts are kept in memory. Beyond it the oldest are merged into one
    /// record for their whole issuer, which refuses more tokens and never fewer. Default 100,000.
    pub max_cut_offs: usize,
    /// How many standing revocations may be in force. Beyond it
    /// [`revoke`](super::Revocations::revoke) fails; records of other processes are kept all the
    /// same. Default 100,000.
    pub max_standing: usize,
    /// Whether requests are accepted before the log was read completely once. Default `false`: they
    /// get 503. With `true`, a token that was revoked before the process started is accepted until
    /// the log has been read.
    pub open_before_first_read: bool,
    /// How long a process goes on without contact with its log before requests get 503. Default
    /// `None`: for ever, while [`health`](super::RevocationHealth) reports it. Revocations of other
    /// processes are not in force here meanwhile.
    pub max_silence: Option<Duration>,
}

impl Default for RevocationSettings {
    fn default() -> Self {
        Self {
            max_cut_offs: 100_000,
            max_standing: 100_000,
            open_before_first_read: false,
            max_silence: None,
        }
    }
}
