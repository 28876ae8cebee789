//! Whose session it is (MCP 2025-03-26 to 2025-11-25, `Mcp-Session-Id`).
//!
//! A session id is no credential (R8): whoever learns one must not be able to read along, to speak
//! in somebody's name or to end their session. The security considerations of MCP ask to bind a
//! session to its user; it is bound here to the principal that opened it, by issuer, `sub` and the
//! client, and never to a token, so that a refreshed token keeps its session.
//!
//! # What is not known here passes
//!
//! An id that this process has not seen given out may have been given out by another one, or before
//! a restart: the server behind knows, and answers 404 if it does not. The request is authenticated
//! all the same, and the next answer that carries the id binds it.
//!
//! For the same reason a full table opens nothing that was not open without it, but it does lose a
//! protection: an id that had to make way is an unknown id. So nobody can push out others by
//! opening many: who holds more than a sixteenth of the places makes way for themselves.

use std::{
    fmt,
    hash::Hasher,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic::Ordering::Relaxed},
    time::Duration,
};

use siphasher::sip128::{Hasher128, SipHasher24};

use self::table::{NOBODY, Table};
use crate::{
    cache::random_key, config::ConfigError, identity::Subject, principal::Principal, time::UnixTime,
};

mod table;

/// Which session ids belong to whom. It keeps keyed digests only: neither an id nor a name can be
/// read from it.
pub struct SessionBindings {
    key: [u8; 16],
    settings: SessionSettings,
    table: RwLock<Table>,
}

/// The bounds of [`SessionBindings`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionSettings {
    /// The most sessions that are remembered. Default 65,536, which take 10 MiB at most; zero switches
    /// the binding off.
    pub capacity: usize,
    /// A session that nobody used for so long is forgotten. Default 24 h.
    pub idle: Duration,
}

/// Who opened a session.
#[derive(Debug, Clone, Copy)]
pub enum SessionOwner<'p> {
    /// The principal of a token: whose it is, and through which client they call.
    Principal {
        /// Issuer and `sub`.
        subject: &'p Subject,
        /// `client_id`, where the token has one.
        client: Option<&'p str>,
    },
    /// Nobody was signed in.
    Nobody,
}

impl<'p> From<&'p Principal> for SessionOwner<'p> {
    fn from(principal: &'p Principal) -> Self {
        Self::Principal { subject: principal.subject(), client: principal.client() }
    }
}

/// The session belongs to somebody else. 404, as for one that never was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignSession;

impl SessionBindings {
    /// An empty table; `None` where the settings switch it off.
    pub fn new(settings: SessionSettings) -> Option<Self> {
        (settings.capacity > 0).then(|| Self {
            key: random_key(),
            settings,
            table: RwLock::default(),
        })
    }

    /// Whether a request of `caller` may use this session.
    ///
    /// A session that was opened before anybody was signed in may be used by nobody, or by whoever
    /// signs in within it: it is theirs from then on.
    ///
    /// # Errors
    /// [`ForeignSession`]: it belongs to another principal, or to one at all where nobody is
    /// signed in.
    pub fn check(
        &self,
        id: &[u8],
        caller: SessionOwner<'_>,
        now: UnixTime,
    ) -> Result<(), ForeignSession> {
        let (session, caller) = (self.digest(&[id]), self.owner(caller));
        let owner = match self.read().get(session) {
            Some(bound) if bound.last_used.load(Relaxed) >= self.idle_before(now) => {
                bound.last_used.fetch_max(now.as_millis(), Relaxed);
                bound.owner
            }
            _ => return Ok(()),
        };
        match owner {
            _ if owner == caller => Ok(()),
            NOBODY => self.claim(session, caller, now),
            _ => Err(ForeignSession),
        }
    }

    /// An answer to a request of `caller` carried this id: it is theirs, unless it is somebody's
    /// already. What was given to one person is never handed over to another.
    pub fn bind(&self, id: &[u8], caller: SessionOwner<'_>, now: UnixTime) {
        let (session, owner) = (self.digest(&[id]), self.owner(caller));
        let settled = |table: &Table| match table.get(session).map(|bound| bound.owner) {
            Some(NOBODY) => owner == NOBODY,
            Some(_) => true,
            None => false,
        };
        if settled(&self.read()) {
            return;
        }
        let mut table = self.write();
        if settled(&table) {
            return;
        }
        self.make_room(&mut table, owner, now);
        table.insert(session, owner, now.as_millis());
    }

    /// The session was ended.
    pub fn end(&self, id: &[u8]) {
        self.write().remove(self.digest(&[id]));
    }

    /// How many sessions are remembered, idle ones that were not swept yet included.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nobody's session becomes that of who signed in. Of two who try at once, one gets it.
    fn claim(&self, session: u128, owner: u128, now: UnixTime) -> Result<(), ForeignSession> {
        let mut table = self.write();
        match table.get(session).map(|bound| bound.owner) {
            Some(other) if other != NOBODY && other != owner => Err(ForeignSession),
            _ => {
                table.insert(session, owner, now.as_millis());
                Ok(())
            }
        }
    }

    /// Makes way for one more of `owner`'s: a part of those that were not used for longest, so that
    /// a full table is not searched at every turn.
    fn make_room(&self, table: &mut Table, owner: u128, now: UnixTime) {
        let SessionSettings { capacity, .. } = self.settings;
        let share = (capacity / 16).max(1);
        if table.held_by(owner) >= share {
            table.forget_oldest((share / 4).max(1), Some(owner));
        }
        if table.len() >= capacity {
            table.forget_unused_since(self.idle_before(now));
        }
        if table.len() >= capacity {
            table.forget_oldest(share, None);
        }
    }

    /// What was last used before this is forgotten.
    fn idle_before(&self, now: UnixTime) -> u64 {
        now.saturating_sub(self.settings.idle).as_millis()
    }

    fn owner(&self, caller: SessionOwner<'_>) -> u128 {
        match caller {
            SessionOwner::Nobody => NOBODY,
            SessionOwner::Principal { subject, client } => {
                let digest = self.digest(&[
                    subject.issuer().as_bytes(),
                    subject.id().as_bytes(),
                    client.unwrap_or_default().as_bytes(),
                    &[u8::from(client.is_some())],
                ]);
                // By a chance of 2⁻¹²⁸ somebody would be nobody.
                digest.max(NOBODY + 1)
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Parts are hashed with their lengths, so that no two lists of parts are the same bytes.
    fn digest(&self, parts: &[&[u8]]) -> u128 {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish128().as_u128()
    }
}

impl SessionSettings {
    /// No binding: session ids are left to the server behind.
    pub fn off() -> Self {
        Self { capacity: 0, ..Self::default() }
    }

    /// Looks for settings that cannot be meant.
    ///
    /// # Errors
    /// The first that cannot, with what was expected.
    pub fn check(&self) -> Result<(), ConfigError> {
        match self.capacity > 0 && self.idle.is_zero() {
            false => Ok(()),
            true => Err(ConfigError::invalid(
                "sessions.idle",
                "0 s",
                "must be longer than nothing (SessionSettings::off() switches the binding off)",
                "86400 s",
            )),
        }
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { capacity: 65_536, idle: Duration::from_secs(24 * 60 * 60) }
    }
}

/// Shows neither digests nor the key.
impl fmt::Debug for SessionBindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBindings")
            .field("settings", &self.settings)
            .field("len", &self.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
