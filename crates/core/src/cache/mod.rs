//! The cache of verified tokens.
//!
//! An agent sends the same token with every call for minutes. The first call pays for the
//! signature; later calls find the [`Principal`] here. An entry replaces the check of
//! signature and claims alone: scopes, `cnf` and permissions are checked on every request.
//!
//! # When an entry ends
//!
//! The look-up checks, so nothing has to be swept:
//! - the token's `exp`, with the leeway;
//! - the ceiling [`TokenCacheSettings::ttl`] after verification;
//! - a clock that was set back to before the verification;
//! - the key: it must be in the newest key set, and that set must be fresh enough to be trusted;
//! - revocations.
//!
//! The last two are checked by the [`Authenticator`](crate::Authenticator), which owns the cache.
//! The settings of an authenticator never change, so a cache belongs to one policy of one resource.
//! Where each path below that is a resource of its own, the resource is part of an entry's key.
//!
//! # Why a keyed digest
//!
//! The cache holds no credentials: the key of an entry is the 128-bit SipHash-2-4 of the whole
//! token under a random key of its own. Without that key nobody can search for two tokens with one
//! digest; by chance, two of a million tokens collide with a probability of about 10⁻²⁷.
//!
//! # Eviction
//!
//! `quick_cache` evicts by frequency of use: tokens that are used again stay while a flood of
//! distinct tokens passes. Bad tokens never get in.

use std::{fmt, hash::BuildHasherDefault, sync::Arc, time::Duration};

use quick_cache::{OptionsBuilder, Weighter, sync::DefaultLifecycle};

use crate::{
    identity::principal::Principal,
    keyed_hash::{HashOfHash, KeyedHash},
    metadata::resource::Resource,
    session::SessionStart,
    time::UnixTime,
};

mod settings;

pub use settings::TokenCacheSettings;

/// The tolerated clock skew between threads. Only a larger step back counts as a clock set back.
const CLOCK_SKEW: Duration = Duration::from_secs(2);

/// What an entry takes in the cache's own tables, in bytes, about.
const PER_ENTRY: usize = 128;

/// What a cached token typically takes, in bytes: the cache chooses its number of shards by it.
const TYPICAL_WEIGHT: usize = 1024;

type Entries = quick_cache::sync::Cache<
    TokenDigest,
    CacheEntry,
    ByWeight,
    BuildHasherDefault<HashOfHash>,
    DefaultLifecycle<TokenDigest, CacheEntry>,
>;

/// The verified tokens of one resource.
pub(crate) struct TokenCache {
    hash: KeyedHash,
    ttl: Duration,
    entries: Entries,
}

/// The keyed digest of a whole token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenDigest(u128);

/// How full the cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TokenCacheUse {
    /// The number of cached tokens, those included that have expired since and were not asked for
    /// again.
    pub entries: usize,
    /// How much of [`TokenCacheSettings::max_bytes`] they take.
    pub bytes: usize,
}

/// A verified token.
#[derive(Clone)]
pub(crate) struct CacheEntry {
    pub(crate) principal: Arc<Principal>,
    /// Index of the issuer in the authenticator.
    pub(crate) issuer: usize,
    verified_at: UnixTime,
    ends_at: UnixTime,
    weight: u64,
}

impl TokenCache {
    /// An empty cache; `None` where the settings switch it off.
    pub(crate) fn new(settings: &TokenCacheSettings) -> Option<Self> {
        if settings.ttl.is_zero() || settings.capacity == 0 || settings.max_bytes == 0 {
            return None;
        }
        let options = OptionsBuilder::new()
            .estimated_items_capacity(settings.capacity.min(settings.max_bytes / TYPICAL_WEIGHT))
            .weight_capacity(settings.max_bytes as u64)
            .build()
            .ok()?;
        let min = settings.max_bytes.div_ceil(settings.capacity) as u64;
        Some(Self {
            hash: KeyedHash::random(),
            ttl: settings.ttl,
            entries: Entries::with_options(
                options,
                ByWeight { min },
                BuildHasherDefault::default(),
                DefaultLifecycle::default(),
            ),
        })
    }

    /// The digest of a token.
    pub(crate) fn digest(&self, token: &str) -> TokenDigest {
        TokenDigest(self.hash.of(token.as_bytes()))
    }

    /// The digest of a token at one of several resources, each of which tokens must name.
    pub(crate) fn digest_at(&self, token: &str, resource: &Resource) -> TokenDigest {
        let parts = [token.as_bytes(), b"resource", resource.as_str().as_bytes()];
        TokenDigest(self.hash.of_parts(parts))
    }

    /// The digest of a session's token: with what distinguishes the session.
    pub(crate) fn digest_of_session(&self, token: &str, session: &SessionStart) -> TokenDigest {
        let signed_in_at = session.signed_in_at.as_millis().to_le_bytes();
        let sid = session.sid.as_deref().unwrap_or_default();
        let parts = [token.as_bytes(), b"session", &signed_in_at, sid.as_bytes()];
        TokenDigest(self.hash.of_parts(parts))
    }

    /// The entry of a token, if there is one and `is_fresh`; a stale one is removed.
    pub(crate) fn get(
        &self,
        digest: TokenDigest,
        is_fresh: impl FnOnce(&CacheEntry) -> bool,
    ) -> Option<CacheEntry> {
        let entry = self.entries.get(&digest)?;
        if is_fresh(&entry) {
            return Some(entry);
        }
        self.entries.remove(&digest);
        None
    }

    /// Caches a token that was verified at `now`. `expires` is its `exp` with the leeway, in
    /// seconds since the epoch.
    pub(crate) fn insert(
        &self,
        digest: TokenDigest,
        issuer: usize,
        principal: Arc<Principal>,
        expires: f64,
        now: UnixTime,
    ) {
        let left = (expires - now.as_secs_f64()).clamp(0.0, self.ttl.as_secs_f64());
        self.entries.insert(
            digest,
            CacheEntry {
                weight: (principal.weight() + PER_ENTRY) as u64,
                principal,
                issuer,
                verified_at: now,
                ends_at: now + Duration::from_secs_f64(left),
            },
        );
    }

    /// How full it is.
    pub(crate) fn in_use(&self) -> TokenCacheUse {
        TokenCacheUse {
            entries: self.entries.len(),
            bytes: usize::try_from(self.entries.weight()).unwrap_or(usize::MAX),
        }
    }
}

impl CacheEntry {
    /// Whether `now` is within the entry's time: it has not ended, and the clock was not set back.
    pub(crate) fn is_within(&self, now: UnixTime) -> bool {
        self.verified_at.saturating_sub(CLOCK_SKEW) <= now && now < self.ends_at
    }
}

/// Weighs an entry by its bytes, and by `min` at least, which bounds the number of entries.
#[derive(Clone)]
struct ByWeight {
    min: u64,
}

impl Weighter<TokenDigest, CacheEntry> for ByWeight {
    fn weight(&self, _: &TokenDigest, entry: &CacheEntry) -> u64 {
        entry.weight.max(self.min)
    }
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
    fn each_cache_digests_with_a_key_of_its_own() {
        let cache = || TokenCache::new(&TokenCacheSettings::default()).unwrap();
        let (one, other) = (cache(), cache());
        assert_eq!(one.digest("a.b.c"), one.digest("a.b.c"));
        assert_ne!(one.digest("a.b.c"), one.digest("a.b.d"));
        assert_ne!(one.digest("a.b.c"), other.digest("a.b.c"));
    }

    #[test]
    fn every_byte_of_a_token_changes_its_digest() {
        let cache = TokenCache::new(&TokenCacheSettings::default()).unwrap();
        let token = "a".repeat(16 * 1024);
        let digest = cache.digest(&token);
        for at in (0..token.len()).step_by(97).chain([token.len() - 1]) {
            let mut other = token.clone();
            other.replace_range(at..=at, "b");
            assert_ne!(cache.digest(&other), digest, "byte {at}");
        }
    }

    #[test]
    fn no_time_no_entries_or_no_bytes_switch_the_cache_off() {
        let default = TokenCacheSettings::default;
        for off in [
            TokenCacheSettings::off(),
            TokenCacheSettings { capacity: 0, ..default() },
            TokenCacheSettings { max_bytes: 0, ..default() },
        ] {
            assert!(TokenCache::new(&off).is_none(), "{off:?}");
        }
    }

    #[test]
    fn the_hash_of_a_digest_is_its_lower_half() {
        use std::hash::BuildHasher;

        let hasher = BuildHasherDefault::<HashOfHash>::default();
        assert_eq!(hasher.hash_one(TokenDigest((5 << 64) | 7)), 7);
        assert_ne!(hasher.hash_one("a"), hasher.hash_one("b"), "other keys have hashes too");
    }

    #[test]
    fn r09_debug_shows_neither_digests_nor_the_key() {
        let cache = TokenCache::new(&TokenCacheSettings::default()).unwrap();
        let shown = format!("{cache:?}");
        let whole = "TokenCache { ttl: 60s, use: TokenCacheUse { entries: 0, bytes: 0 } }";
        assert_eq!(shown, whole);
    }
}
