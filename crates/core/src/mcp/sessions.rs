//! Binds MCP sessions to their users (MCP 2025-03-26 to 2025-11-25, `Mcp-Session-Id`).
//!
//! A session id is no credential: whoever learns one must not be able to read along, to act in
//! somebody else's name or to end their session. MCP's security considerations ask servers to bind
//! a session to its user. A session is bound here to the principal that opened it, by issuer, `sub`
//! and client, and never to a token, so that a refreshed token keeps its session; and to the resource,
//! where each path below the configured one is a resource of its own.
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

use self::{bindings::Bindings, table::Holder};
use crate::{
    authenticator::Authenticated, config::ConfigError, identity::Subject,
    identity::principal::Principal, keyed_hash::random_bytes, metadata::resource::Resource,
    time::UnixTime,
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

/// Who opened a session, and at which resource.
#[derive(Debug, Clone, Copy)]
pub struct SessionOwner<'p> {
    /// Issuer and `sub`, and `client_id` where the token has one.
    principal: Option<(&'p Subject, Option<&'p str>)>,
    resource: Option<&'p Resource>,
}

impl<'p> SessionOwner<'p> {
    /// Nobody was signed in.
    pub const NOBODY: Self = Self { principal: None, resource: None };

    /// The principal of a token: whose it is, and through which client they call.
    pub fn new(subject: &'p Subject, client: Option<&'p str>) -> Self {
        Self { principal: Some((subject, client)), resource: None }
    }

    /// At one of several resources
    /// ([`ResourcePolicy::resources_below`](crate::ResourcePolicy::resources_below)): the session is
    /// good at no other.
    #[must_use]
    pub fn at(self, resource: Option<&'p Resource>) -> Self {
        Self { resource, ..self }
    }
}

impl<'p> From<&'p Principal> for SessionOwner<'p> {
    fn from(principal: &'p Principal) -> Self {
        Self::new(principal.subject(), principal.client())
    }
}

impl<'p> From<&'p Authenticated> for SessionOwner<'p> {
    fn from(caller: &'p Authenticated) -> Self {
        Self::from(&**caller.principal()).at(caller.one_of_resources())
    }
}

/// The session belongs to somebody else, or to another resource. 404, as for one that never was.
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
        let (nobody, caller) = (self.nobody(caller.resource), self.holder(caller));
        let session = self.digest(&[id]);
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
            Some(holder) if holder == nobody => self.claim(session, caller, now),
            Some(_) => Err(ForeignSession),
        }
    }

    /// Whether this session is known and belongs to `caller`, who is signed in.
    ///
    /// [`check`](Self::check) lets an unknown id pass. This is for what must not rest on an id that
    /// the server behind has yet to confirm.
    pub fn is_bound_to(&self, id: &[u8], caller: SessionOwner<'_>, now: UnixTime) -> bool {
        let (session, caller) = (self.digest(&[id]), self.holder(caller));
        !caller.is_nobody() && self.read().holder(session, now) == Some(caller)
    }

    /// An answer to a request of `caller` carried this id: it is theirs, unless it belongs to
    /// somebody already. A session of one person is never handed over to another.
    pub fn bind(&self, id: &[u8], caller: SessionOwner<'_>, now: UnixTime) {
        let (nobody, caller) = (self.nobody(caller.resource), self.holder(caller));
        let session = self.digest(&[id]);
        let settled = |bindings: &Bindings| match bindings.holder(session, now) {
            // An evicted session of the caller's becomes a live one again.
            Some(holder) if holder == caller => bindings.is_live(session, now),
            Some(holder) => holder != nobody,
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
            Some(other) if !other.is_nobody() && other != caller => Err(ForeignSession),
            _ => {
                bindings.bind(session, caller, now);
                Ok(())
            }
        }
    }

    fn holder(&self, caller: SessionOwner<'_>) -> Holder {
        let Some((subject, client)) = caller.principal else {
            return self.nobody(caller.resource);
        };
        let (issuer, sub) = (subject.issuer().as_bytes(), subject.id().as_bytes());
        let has_client = [u8::from(client.is_some())];
        let client = client.unwrap_or_default().as_bytes();
        let resource = caller.resource.map_or(&[][..], |resource| resource.as_str().as_bytes());
        let owner = self.digest(&[issuer, sub, client, &has_client, resource]);
        // Zero stands for nobody.
        let person = (self.digest(&[issuer, sub]) as u64).max(1);
        Holder { owner, person }
    }

    /// The holder of sessions at a resource that were opened before anybody signed in.
    fn nobody(&self, resource: Option<&Resource>) -> Holder {
        let resource = resource.map(|resource| resource.as_str().as_bytes());
        Holder::nobody(resource.map_or(0, |resource| self.digest(&[resource])))
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
