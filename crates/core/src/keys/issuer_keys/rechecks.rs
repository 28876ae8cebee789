//! Which keys were fetched again because a signature did not verify with them: at most one such
//! fetch per key and minute, since anybody can send a bad signature under a known `kid`.

use std::{sync::Arc, time::Duration};

use crate::{keys::jwk::Jwk, keys::refresh::CLOCK_SKEW, time::UnixTime};

/// After this time a bad signature may cause another fetch for the same key.
const INTERVAL: Duration = Duration::from_secs(60);

/// The fetches of the last minute that bad signatures caused. The bucket that they are spent from
/// bounds their number.
#[derive(Debug, Default)]
pub(super) struct Rechecks(Vec<Recheck>);

#[derive(Debug)]
struct Recheck {
    key: Arc<Jwk>,
    at: UnixTime,
    /// The generation of the snapshot that the fetch ends with.
    ends_with: u64,
}

impl Rechecks {
    /// With which generation the fetch ends, or has ended, that was made for this key less than a
    /// minute ago.
    pub(super) fn recent(&mut self, key: &Jwk, now: UnixTime) -> Option<u64> {
        self.0.retain(|recheck| recheck.is_recent(now));
        let found = self.0.iter().find(|recheck| *recheck.key == *key);
        found.map(|recheck| recheck.ends_with)
    }

    /// A fetch was demanded for this key.
    pub(super) fn add(&mut self, key: Arc<Jwk>, at: UnixTime, ends_with: u64) {
        self.0.push(Recheck { key, at, ends_with });
    }
}

impl Recheck {
    /// One that lies ahead was noted before the clock was set back, and would last too long.
    fn is_recent(&self, now: UnixTime) -> bool {
        now.duration_since(self.at) < INTERVAL && self.at.duration_since(now) <= CLOCK_SKEW
    }
}
