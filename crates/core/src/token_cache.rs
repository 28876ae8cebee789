//! Tokens that were verified a moment ago, remembered exactly as long as that stays true.
//!
//! An agent sends the same token with every call for minutes. The first call pays for a signature;
//! the others find the [`Principal`] again. What is remembered replaces signature and claims and
//! nothing else: scopes, `cnf` and the rules for tools are looked at on every request.
//!
//! # When an entry ends
//!
//! At the earliest of
//! - the token's `exp`, with the leeway,
//! - the ceiling, [`TokenCacheSettings::ttl`], after it was verified,
//! - the refresh that no longer lists its key: each entry knows of which generation of keys it was
//!   last known to be true, and looks again when there is a newer one,
//! - a revocation of its subject, in the same way,
//! - a clock that was set back to before it was verified.
//!
//! Settings cannot change under it: a cache belongs to one
//! [`Authenticator`](crate::Authenticator), and so to one policy of one resource.
//!
//! # Why a digest, and why a keyed one
//!
//! The cache must not be a store of credentials, so it has no token in it, only 128 bits of
//! SipHash-2-4 under a key that is drawn at random when the cache is made and never leaves it.
//! Without the key nobody can look for two tokens with one digest, nor choose the set that a token
//! falls into; by chance, two of a million tokens agree with a probability of about 10⁻²⁷. An
//! entry whose token merely resembled another's would be somebody else's identity: that is why it
//! is 128 bits and a keyed function, and why it is worth its quarter of a microsecond. A
//! worker's [`TokenMemo`] compares the bytes themselves and needs no digest.
//!
//! # Why a flood cannot push out what is in use
//!
//! Bad tokens never get in. Good ones that are seen once stand behind those seen twice: the table
//! is made of sets of sixteen places, and a newcomer takes an empty place of its set, else an
//! expired one, else the oldest that was never asked for again, and only then one in use. Places
//! in use need no ageing, since the ceiling ends all of them within a minute. So the bound in
//! entries holds exactly, whatever comes, and the bound in bytes as well: what does not fit is
//! not remembered, which costs its bearer some microseconds.
//!
//! # Why two threads that share a token do not wait for each other
//!
//! A hit takes no lock and writes nothing to the entry, but it counts a reference to the
//! [`Principal`], and two threads that count on one line of memory take turns. So an entry that is
//! asked for again gets a second principal, for every other thread; it counts against
//! [`TokenCacheSettings::max_bytes`], and there is none where more than half of these are in use.

use std::{
    fmt,
    hash::Hasher,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use siphasher::sip128::{Hasher128, SipHasher24};

use crate::{issuer_keys::KeySnapshot, principal::Principal, time::UnixTime};

mod caller;
mod mark;
mod memo;
mod settings;
mod table;

use caller::Caller;
pub use memo::TokenMemo;
pub use settings::TokenCacheSettings;
use table::Table;

/// How far the clocks of two threads may lie apart, so that nobody calls that a clock set back, in
/// milliseconds.
const NOTHING: u64 = 2_000;

/// What an allocation takes besides what is in it, in bytes: the counts of its references, and what
/// an allocator keeps for itself.
pub(crate) const PER_ALLOCATION: usize = 32;

/// The verified tokens of one resource.
pub(crate) struct TokenCache {
    /// No other cache of this process has it.
    id: u64,
    key: [u8; 16],
    ttl: Duration,
    table: Table,
}

/// How full a cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TokenCacheUse {
    /// How many tokens are remembered, expired ones that were not swept yet included.
    pub entries: usize,
    /// About how many bytes they take, the table itself left out.
    pub bytes: usize,
}

/// A token that was good, and of what that depends. Small, since a hit among a million reads it
/// from memory; what is seldom asked for stands with the principal.
pub(crate) struct Remembered {
    digest: u128,
    /// When it was verified and when it ends, in milliseconds since the epoch.
    since: u64,
    until: u64,
    keys: AtomicU64,
    revocations: AtomicU64,
    caller: Caller,
    /// Which of the authenticator's issuers.
    pub(crate) issuer: usize,
}

/// Of which generations of keys and of revocations something is known to be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generations {
    pub(crate) keys: u64,
    pub(crate) revocations: u64,
}

impl TokenCache {
    /// An empty cache; `None` where the settings switch it off.
    pub(crate) fn new(settings: &TokenCacheSettings) -> Option<Self> {
        if settings.ttl.is_zero() || settings.capacity == 0 {
            return None;
        }
        static CACHES: AtomicU64 = AtomicU64::new(0);
        Some(Self {
            id: CACHES.fetch_add(1, Relaxed),
            key: random_key(),
            ttl: settings.ttl,
            table: Table::new(settings.capacity, settings.max_bytes),
        })
    }

    /// The principal of the token that a worker has noted, if it stands in this header and is still
    /// true, which `look` tells, with the time during which it stays so.
    #[inline]
    pub(crate) fn recall_noted(
        &self,
        memo: &TokenMemo,
        header: &[u8],
        now: UnixTime,
        look: impl FnOnce(&Remembered) -> Option<Range<u64>>,
    ) -> Option<Arc<Principal>> {
        memo.recall(self.id, header, now, look)
    }

    /// What stands for a token in here.
    pub(crate) fn digest(&self, token: &str) -> u128 {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        hasher.write(token.as_bytes());
        hasher.finish128().as_u128()
    }

    /// The principal of a token, if it is there and `still_true`; one that is not is forgotten.
    pub(crate) fn recall(
        &self,
        digest: u128,
        still_true: impl FnOnce(&Remembered) -> bool,
    ) -> Option<Arc<Principal>> {
        self.table.find(digest, still_true, |entry| entry.caller.mine().clone())
    }

    /// The same for a worker, which may note the token.
    pub(crate) fn recall_for_worker(
        &self,
        digest: u128,
        still_true: impl FnOnce(&Remembered) -> bool,
        memo: &TokenMemo,
        header: &[u8],
        now: UnixTime,
    ) -> Option<Arc<Principal>> {
        self.table.find(digest, still_true, |entry| {
            memo.remember(self.id, header, entry, now);
            entry.caller.mine().clone()
        })
    }

    /// Remembers a token that was verified just now. `ends` is its `exp` with the leeway, in
    /// seconds since the epoch.
    pub(crate) fn remember(
        &self,
        digest: u128,
        issuer: usize,
        principal: &Arc<Principal>,
        generations: Generations,
        ends: f64,
        now: UnixTime,
    ) {
        let left = (ends - now.as_secs_f64()).clamp(0.0, self.ttl.as_secs_f64());
        self.table.insert(
            Arc::new(Remembered {
                digest,
                since: now.as_millis(),
                until: (now + Duration::from_secs_f64(left)).as_millis(),
                keys: AtomicU64::new(generations.keys),
                revocations: AtomicU64::new(generations.revocations),
                caller: Caller::new(principal.clone()),
                issuer,
            }),
            now,
        );
    }

    /// How full it is.
    pub(crate) fn in_use(&self) -> TokenCacheUse {
        self.table.in_use()
    }
}

impl Remembered {
    /// What it takes itself.
    const OWN_WEIGHT: usize = size_of::<Self>() + PER_ALLOCATION;

    /// Who the token's bearer is.
    pub(crate) fn principal(&self) -> &Principal {
        self.caller.first()
    }

    /// Whether the time has neither run out nor run backwards.
    #[inline]
    pub(crate) fn is_within(&self, now: UnixTime) -> bool {
        self.during().contains(&now.as_millis())
    }

    /// From when until when time alone does not end it, in milliseconds since the epoch.
    #[inline]
    fn during(&self) -> Range<u64> {
        self.since.saturating_sub(NOTHING)..self.until
    }

    /// The same, as long as these keys are trusted ([`KeySnapshot::usable`]): to the millisecond, and
    /// never longer.
    pub(crate) fn good_during(&self, keys: &KeySnapshot) -> Range<u64> {
        let during = self.during();
        let keys_until = keys.good_until().map_or(0, UnixTime::as_millis);
        during.start..during.end.min(keys_until)
    }

    /// About how many bytes it takes, with one caller.
    fn weight(&self) -> usize {
        Self::OWN_WEIGHT + self.caller.weight()
    }

    /// Of which generations it was last known to be true.
    #[inline]
    pub(crate) fn generations(&self) -> Generations {
        Generations { keys: self.keys.load(Relaxed), revocations: self.revocations.load(Relaxed) }
    }

    /// It was looked at again and is true of these as well.
    #[cold]
    pub(crate) fn is_true_of(&self, generations: Generations) {
        self.keys.store(generations.keys, Relaxed);
        self.revocations.store(generations.revocations, Relaxed);
    }
}

pub(crate) fn random_key() -> [u8; 16] {
    use std::hash::{BuildHasher, RandomState};
    // The standard library seeds its hashers from the operating system and hands out each seed
    // once; two outputs of the keyed function are a key that nobody else has.
    let random = RandomState::new();
    let mut key = [0; 16];
    for (half, n) in key.chunks_exact_mut(8).zip(0_u64..) {
        half.copy_from_slice(&random.hash_one(n).to_le_bytes());
    }
    key
}

/// Shows neither digests nor the key.
impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("ttl", &self.ttl).field("use", &self.in_use()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_token_in_one_cache_stands_for_nothing_in_another() {
        let cache = || TokenCache::new(&TokenCacheSettings::default()).unwrap();
        let (one, other) = (cache(), cache());
        assert_eq!(one.digest("a.b.c"), one.digest("a.b.c"));
        assert_ne!(one.digest("a.b.c"), one.digest("a.b.d"));
        assert_ne!(one.digest("a.b.c"), other.digest("a.b.c"), "each has a key of its own");
    }
}
