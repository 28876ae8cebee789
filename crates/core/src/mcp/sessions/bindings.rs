//! Two tables: live sessions, and those that were evicted while they may still be in use.

use std::time::Duration;

use super::table::{Holder, Table};
use crate::time::UnixTime;

/// How long an evicted session is remembered after its eviction or its last use.
const EVICTED_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Who may use which session.
///
/// An evicted session moves to the second table, of the same capacity and with the same share for
/// each person. Without it, an evicted id would be an unknown one, and whoever knows it could bind
/// it to themselves. Sessions that nobody was signed in to are not kept there: whoever signs in may
/// take them over, evicted or not.
pub(super) struct Bindings {
    live: Table,
    evicted: Table,
    idle: Duration,
}

impl Bindings {
    pub(super) fn new(capacity: usize, idle: Duration) -> Self {
        Self { live: Table::new(capacity), evicted: Table::new(capacity), idle }
    }

    /// Who may use a session; `None` where that is not known, or not any more.
    pub(super) fn holder(&self, session: u128, now: UnixTime) -> Option<Holder> {
        let of_evicted = || self.evicted.holder(session, before(now, EVICTED_RETENTION));
        self.live.holder(session, before(now, self.idle)).or_else(of_evicted)
    }

    /// Whether a session is remembered as a live one.
    pub(super) fn is_live(&self, session: u128, now: UnixTime) -> bool {
        self.live.holder(session, before(now, self.idle)).is_some()
    }

    /// Notes that a session is used.
    pub(super) fn touch(&self, session: u128, now: UnixTime) {
        self.live.touch(session, now.as_millis());
        self.evicted.touch(session, now.as_millis());
    }

    /// Makes a session `holder`'s.
    pub(super) fn bind(&mut self, session: u128, holder: Holder, now: UnixTime) {
        let (time, idle) = (now.as_millis(), before(now, self.idle));
        self.evicted.remove(session);
        for evicted in self.live.insert(session, holder, time, idle) {
            if !evicted.holder.is_nobody() {
                let expired = before(now, EVICTED_RETENTION);
                // What the second table evicts in its turn is forgotten.
                self.evicted.insert(evicted.session, evicted.holder, time, expired);
            }
        }
    }

    pub(super) fn remove(&mut self, session: u128) {
        self.live.remove(session);
        self.evicted.remove(session);
    }

    /// How many live sessions there are, expired ones that were not removed yet included.
    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    #[cfg(test)]
    pub(super) fn evicted_len(&self) -> usize {
        self.evicted.len()
    }
}

/// The time that lies `duration` before `now`, in milliseconds.
fn before(now: UnixTime, duration: Duration) -> u64 {
    now.saturating_sub(duration).as_millis()
}
