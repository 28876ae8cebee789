//! Binds MCP sessions to their users (MCP 2025-03-26 to 2025-11-25, `Mcp-Session-Id`).
//!
//! A session id is no credential: whoever learns one must not be able to read along, to act in
//! somebody else's name or to end their session. MCP's security considerations ask servers to bind
//! a session to its user. A session is bound here to the principal that opened it, by issuer, `sub`
//! and client, and never to a token, so that a refreshed token keeps its session.
//!
//! # Unknown ids pass
//!
//! Another process may have given out an id that this process has not seen, or this process before
//! a restart. The server behind knows, and answers 404 if it does not. The request is authenticated
//! all the same, and the next answer that carries the id binds it.
//!
//! # Bounds
//!
//! The table is bounded, and one person cannot evict the sessions of others: each person, by issuer
//! and `sub`, whatever the number of their clients, holds at most a sixteenth of the slots and then
//! evicts their own least recently used sessions. Anonymous callers count as one person together.
//!
//! An evicted session is not an unknown one. Its digest stays for 24 h after its eviction or its
//! last use, and only its owner can use it or bind it again. As many evicted sessions are kept as
//! live ones, with the same share for each person; beyond that the oldest are forgotten.

use std::{
    fmt,
    hash::Hasher,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use siphasher::sip128::{Hasher128, SipHasher24};

use self::{
    bindings::Bindings,
    table::{Holder, NOBODY},
};
use crate::{
    config::ConfigError, identity::Subject, identity::principal::Principal,
    keyed_hash::random_bytes, time::UnixTime,
};

mod bindings;
mod table;

/// Which session ids belong to whom. It keeps keyed digests only: neither an id nor a name can be
/// read from it.
pub struct SessionBindings {
    key: [u8; 16],
    settings: SessionSettings,
    bindings: RwLock<Bindings>,
}

/// The bounds of [`SessionBindings`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionSettings {
    /// The most sessions that are remembered, and as many evicted ones beside them. Default 65,536,
    /// which take 17 MiB together at most; zero switches the binding off.
    pub capacity: usize,
    /// A session that was not used for this long is forgotten. Default 24 h.
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
    /// Empty bindings; `None` where the settings switch them off.
    pub fn new(settings: SessionSettings) -> Option<Self> {
        (settings.capacity > 0).then(|| Self {
            key: random_bytes(),
            bindings: RwLock::new(Bindings::new(settings.capacity, settings.idle)),
            settings,
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
        let (session, caller) = (self.digest(&[id]), self.holder(caller));
        let holder = {
            let bindings = self.read();
            let holder = bindings.holder(session, now);
            if holder.is_some() {
                bindings.touch(session, now);
            }
            holder
        };
        match holder {
            None => Ok(()),
            Some(holder) if holder == caller => Ok(()),
            Some(NOBODY) => self.claim(session, caller, now),
            Some(_) => Err(ForeignSession),
        }
    }

    /// Whether this session is known and belongs to `caller`, who is signed in.
    ///
    /// [`check`](Self::check) lets an unknown id pass. This is for what must not rest on an id that
    /// the server behind has yet to confirm.
    pub fn is_bound_to(&self, id: &[u8], caller: SessionOwner<'_>, now: UnixTime) -> bool {
        let (session, caller) = (self.digest(&[id]), self.holder(caller));
        caller != NOBODY && self.read().holder(session, now) == Some(caller)
    }

    /// An answer to a request of `caller` carried this id: it is theirs, unless it belongs to
    /// somebody already. A session of one person is never handed over to another.
    pub fn bind(&self, id: &[u8], caller: SessionOwner<'_>, now: UnixTime) {
        let (session, caller) = (self.digest(&[id]), self.holder(caller));
        let settled = |bindings: &Bindings| match bindings.holder(session, now) {
            // An evicted session of the caller's becomes a live one again.
            Some(holder) if holder == caller => bindings.is_live(session, now),
            Some(holder) => holder != NOBODY,
            None => false,
        };
        if settled(&self.read()) {
            return;
        }
        let mut bindings = self.write();
        if !settled(&bindings) {
            bindings.bind(session, caller, now);
        }
    }

    /// The session was ended.
    pub fn end(&self, id: &[u8]) {
        self.write().remove(self.digest(&[id]));
    }

    /// How many live sessions are remembered, expired ones that were not removed yet included.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether no session is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An anonymous session becomes that of the person who signed in within it. Of two who try at
    /// once, one gets it. It counts against their share like one that they opened.
    fn claim(&self, session: u128, caller: Holder, now: UnixTime) -> Result<(), ForeignSession> {
        let mut bindings = self.write();
        match bindings.holder(session, now) {
            Some(other) if other != NOBODY && other != caller => Err(ForeignSession),
            _ => {
                bindings.bind(session, caller, now);
                Ok(())
            }
        }
    }

    fn holder(&self, caller: SessionOwner<'_>) -> Holder {
        let SessionOwner::Principal { subject, client } = caller else {
            return NOBODY;
        };
        let (issuer, sub) = (subject.issuer().as_bytes(), subject.id().as_bytes());
        let has_client = [u8::from(client.is_some())];
        let client = client.unwrap_or_default().as_bytes();
        // Zero stands for nobody.
        let owner = self.digest(&[issuer, sub, client, &has_client]).max(1);
        let person = (self.digest(&[issuer, sub]) as u64).max(1);
        Holder { owner, person }
    }

    fn read(&self) -> RwLockReadGuard<'_, Bindings> {
        self.bindings.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Bindings> {
        self.bindings.write().unwrap_or_else(PoisonError::into_inner)
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
