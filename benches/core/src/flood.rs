//! A flood of good tokens that are each seen once, and tokens in use beside it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use benches_support::{AUDIENCE, ISSUER, Ours, emit};
use mcp_auth_core::{
    Algorithm, TokenCacheSettings,
    jwk::{PublicKey, UnusableKey},
    signature::{SignatureBackend, SignatureVerifier},
};
use serde_json::json;

use crate::{allocator, fake};

const HOT: u64 = 1_000;
const FLOOD: u64 = 1_000_000;
/// A token in use is asked for after so many of the flood: each of them every 20,000 tokens.
const EVERY: u64 = 20;

pub fn measure() {
    let default = TokenCacheSettings::default();
    flood("default bounds", default.clone());
    let mut narrow = default;
    narrow.capacity = 1 << 20;
    narrow.max_bytes = 16 << 20;
    flood("bounded by 16 MiB", narrow);
}

fn flood(name: &str, settings: TokenCacheSettings) {
    let (capacity, max_bytes) = (settings.capacity, settings.max_bytes);
    let signatures = Counting::default();
    let jwks = fake::jwks();
    let ours = Ours::new([(ISSUER, &jwks)], AUDIENCE, &signatures, settings);
    let empty = allocator::bytes();
    let ask = |n: u64| {
        let before = signatures.0.load(Relaxed);
        ours.authenticate(fake::header(n).as_bytes(), ours.now);
        signatures.0.load(Relaxed) == before
    };
    for n in (0..HOT).chain(0..HOT) {
        ask(n);
    }
    let (mut asked, mut hits, mut entries, mut claimed, mut real) = (0_u64, 0_u64, 0, 0, 0);
    for n in 0..FLOOD {
        ask(HOT + n);
        if n % EVERY == 0 {
            asked += 1;
            hits += u64::from(ask(n / EVERY % HOT));
        }
        let now = ours.authenticator.token_cache_use();
        entries = entries.max(now.entries);
        claimed = claimed.max(now.bytes);
        real = real.max(allocator::bytes() - empty);
    }
    emit(json!({
        "table": "flood", "of": name, "flood": FLOOD, "hot": HOT, "asked": asked, "hits": hits,
        "capacity": capacity, "most_entries": entries,
        "max_bytes": max_bytes, "most_bytes_counted": claimed, "most_bytes_allocated": real,
    }));
}

/// Confirms every signature, and counts them: whoever was remembered needs none.
#[derive(Debug, Default, Clone)]
struct Counting(Arc<AtomicU64>);

impl SignatureBackend for Counting {
    fn verifier(
        &self,
        _: Algorithm,
        _: &PublicKey,
    ) -> Result<Box<dyn SignatureVerifier>, UnusableKey> {
        Ok(Box::new(self.clone()))
    }
}

impl SignatureVerifier for Counting {
    fn verify(&self, _: &[u8], _: &[u8]) -> bool {
        self.0.fetch_add(1, Relaxed);
        true
    }
}
