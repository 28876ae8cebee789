//! With the tokens remembered: what one takes, and how long finding one of them takes.

use benches_support::{AUDIENCE, AcceptAll, ISSUER, Ours, emit};
use mcp_auth_core::{IncomingRequest, TokenCacheSettings, TokenMemo};
use serde_json::json;

use crate::{
    allocator,
    fake::{self, Random},
    rounds::{medians, timed},
};

const COUNTS: [u64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
const ROUNDS: usize = 300;
const HITS: usize = 512;
/// The texts of so many tokens are kept to ask for.
const SAMPLE: u64 = 20_000;

pub fn measure() {
    let claims = claims_kept();
    let mut measured: Vec<(u64, Filled)> = COUNTS.iter().map(|&n| (n, Filled::new(n))).collect();
    let hits = medians(ROUNDS, &mut measured, |(_, filled)| filled.time_hits());
    for ((n, filled), hit) in measured.iter().zip(hits) {
        emit(json!({
            "table": "growth", "of": "cached tokens", "n": n, "entries": filled.entries,
            "hit_ns": hit, "bytes_per_entry": filled.bytes as f64 / filled.entries as f64,
            "payload_bytes": fake::payload(1).len(), "claims_bytes": claims,
        }));
    }
}

/// An authenticator that remembers so many tokens.
struct Filled {
    ours: Ours,
    entries: usize,
    bytes: isize,
    sample: Vec<String>,
    random: Random,
}

impl Filled {
    fn new(n: u64) -> Self {
        let mut settings = TokenCacheSettings::default();
        // A quarter more, so that hardly any set of places is too full.
        settings.capacity = (n as usize * 5 / 4).max(16);
        settings.max_bytes = usize::MAX;
        let jwks = fake::jwks();
        let before = allocator::bytes();
        let ours = Ours::new([(ISSUER, &jwks)], AUDIENCE, &AcceptAll, settings);
        for n in 0..n {
            ours.authenticate(fake::header(n).as_bytes(), ours.now);
        }
        let bytes = allocator::bytes() - before;
        let entries = ours.authenticator.token_cache_use().entries;
        let step = n.div_ceil(SAMPLE).max(1);
        // Some sets of places were too full: what is not remembered is no hit to measure.
        let is_remembered = |header: &String| {
            let request = IncomingRequest::new([header.as_bytes()]);
            let memo = TokenMemo::new();
            ours.authenticator.authenticate_at_once(request, &memo, ours.now).is_some()
        };
        let sample =
            (0..n).step_by(step as usize).map(fake::header).filter(is_remembered).collect();
        Self { ours, entries, bytes, sample, random: Random(7) }
    }

    fn time_hits(&mut self) -> f64 {
        let mut pick = || &self.sample[self.random.below(self.sample.len())];
        let headers: Vec<&String> = (0..HITS).map(|_| pick()).collect();
        timed(&self.ours, &headers, self.ours.now)
    }
}

/// What a caller takes who is kept without any cache: the claims and what is read of them.
fn claims_kept() -> f64 {
    const CALLERS: u64 = 1_000;
    let jwks = fake::jwks();
    let ours = Ours::new([(ISSUER, &jwks)], AUDIENCE, &AcceptAll, TokenCacheSettings::off());
    let mut kept = Vec::with_capacity(CALLERS as usize);
    let before = allocator::bytes();
    for n in 0..CALLERS {
        let caller = ours.authenticate(fake::header(n).as_bytes(), ours.now);
        kept.push(caller.principal().clone());
    }
    (allocator::bytes() - before) as f64 / CALLERS as f64
}
