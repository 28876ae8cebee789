//! What cached tokens take: the bytes of a million of them, and which ones a flood of distinct tokens
//! evicts.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml -p core-benches --bin memory`

mod allocator;
mod fake;

use std::sync::atomic::Ordering::Relaxed;

use benches_support::{AUDIENCE, AcceptAll, ISSUER, Ours};
use mcp_auth_core::TokenCacheSettings;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

const CACHED: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const HOT: u64 = 1_000;
const FLOOD: u64 = 1_000_000;
/// A hot token is asked for after so many of the flood.
const EVERY: u64 = 100;

fn main() {
    println!("| cached tokens | in the cache | bytes each | of that, counted by the cache |");
    println!("|---|---|---|---|");
    CACHED.into_iter().for_each(fill);
    println!();
    println!("| flood, 1 hot request to {EVERY} | hot requests | found in the cache |");
    println!("|---|---|---|");
    flood("default settings", TokenCacheSettings::default());
    let mut narrow = TokenCacheSettings::default();
    narrow.capacity = 1 << 20;
    narrow.max_bytes = 16 << 20;
    flood("at most 16 MiB", narrow);
}

/// Caches so many tokens, and prints what one takes.
fn fill(count: u64) {
    let mut settings = TokenCacheSettings::default();
    settings.capacity = (count as usize * 5 / 4).max(16);
    settings.max_bytes = settings.capacity * 2_048;
    let jwks = fake::jwks();
    let before = allocator::bytes();
    let ours = Ours::new([(ISSUER, &jwks)], AUDIENCE, &AcceptAll::default(), settings);
    for n in 0..count {
        ours.authenticate(fake::header(n).as_bytes(), ours.now);
    }
    let bytes = allocator::bytes() - before;
    let used = ours.authenticator.token_cache_use();
    let each = |bytes: f64| bytes / used.entries as f64;
    let (all, counted) = (each(bytes as f64), each(used.bytes as f64));
    println!("| {count} | {} | {all:.0} | {counted:.0} |", used.entries);
}

/// Tokens that are each seen once, with tokens in use beside them.
fn flood(name: &str, settings: TokenCacheSettings) {
    let signatures = AcceptAll::default();
    let jwks = fake::jwks();
    let ours = Ours::new([(ISSUER, &jwks)], AUDIENCE, &signatures, settings);
    let is_cached = |n: u64| {
        let before = signatures.0.load(Relaxed);
        ours.authenticate(fake::header(n).as_bytes(), ours.now);
        signatures.0.load(Relaxed) == before
    };
    for n in (0..HOT).chain(0..HOT) {
        is_cached(n);
    }
    let (mut asked, mut found) = (0_u64, 0_u64);
    for n in 0..FLOOD {
        is_cached(HOT + n);
        if n % EVERY == 0 {
            asked += 1;
            found += u64::from(is_cached(n / EVERY % HOT));
        }
    }
    println!("| {name} | {asked} | {:.2} % |", 100.0 * found as f64 / asked as f64);
}
