//! Whether a process has read its revocation log, and when it last heard from it.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::settings::RevocationSettings;
use crate::time::UnixTime;

/// The contact with a log. A process without a log always has contact.
#[derive(Debug, Default)]
pub(super) struct Contact {
    has_log: bool,
    /// Set once, after what was read is in the index.
    was_read: AtomicBool,
    /// In milliseconds since 1970; 0 where there was none.
    last: AtomicU64,
    error: Mutex<Option<String>>,
}

/// Why no decision about revocations is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoContact {
    /// The log was never read completely.
    NeverRead,
    /// It did not answer for longer than [`RevocationSettings::max_silence`].
    SilentFor(Duration),
}

impl Contact {
    /// The contact with a log that was not read yet.
    pub(super) fn with_log() -> Self {
        Self { has_log: true, ..Self::default() }
    }

    /// The log answered, with everything (`is_everything`) or with what was added.
    pub(super) fn answered(&self, is_everything: bool, now: UnixTime) {
        self.last.store(now.as_millis(), Ordering::Relaxed);
        if is_everything {
            // After the records are in the index: a thread that sees the flag sees the records.
            self.was_read.store(true, Ordering::Release);
        }
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn failed(&self, error: String) {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(super) fn last_error(&self) -> Option<String> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn was_read(&self) -> bool {
        !self.has_log || self.was_read.load(Ordering::Acquire)
    }

    /// How long ago the log answered; `None` where there is no log, or it never did.
    pub(super) fn silence(&self, now: UnixTime) -> Option<Duration> {
        let last = self.last.load(Ordering::Relaxed);
        (self.has_log && last != 0)
            .then(|| now.duration_since(UnixTime::since_epoch(Duration::from_millis(last))))
    }

    /// Whether requests can be decided.
    pub(super) fn check(
        &self,
        settings: &RevocationSettings,
        now: UnixTime,
    ) -> Result<(), NoContact> {
        if !self.has_log {
            return Ok(());
        }
        if !self.was_read() {
            return match settings.open_before_first_read {
                true => Ok(()),
                false => Err(NoContact::NeverRead),
            };
        }
        match settings.max_silence.zip(self.silence(now)) {
            Some((most, silence)) if silence > most => Err(NoContact::SilentFor(silence)),
            _ => Ok(()),
        }
    }
}
