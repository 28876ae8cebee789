//! With the length of a token: nearly all of it is in a claim that nobody asks for.

use benches_support::{AUDIENCE, ISSUER, Ours, emit, long_token};
use mcp_auth_core::{TokenCacheSettings, signature::Josekit};
use mcp_auth_testing::TestAuthority;
use serde_json::json;

use crate::{
    allocator,
    rounds::{medians, timed},
};

/// The longest that fits into the default bound of 16 KiB, base64 and signature included.
const SIZES: [usize; 7] = [300, 600, 1_200, 2_400, 4_800, 9_000, 11_900];
const ROUNDS: usize = 200;
const CALLS: usize = 64;
const REMEMBERED: usize = 200;

pub fn measure() {
    let authority = TestAuthority::start().expect("loopback can be listened on");
    let jwks = json!({ "keys": [authority.keys().current().public_jwk()] });
    let off = TokenCacheSettings::off;
    let cold = Ours::new([(ISSUER, &jwks)], AUDIENCE, &Josekit, off());
    for size in SIZES {
        let signed: Vec<String> = (0..REMEMBERED)
            .map(|n| format!("Bearer {}", long_token(&authority, n, size)))
            .collect();
        let warm = Ours::new([(ISSUER, &jwks)], AUDIENCE, &Josekit, TokenCacheSettings::default());
        let before = allocator::bytes();
        for header in &signed {
            warm.authenticate(header.as_bytes(), warm.now);
        }
        let bytes = allocator::bytes() - before;
        let headers: Vec<&String> = signed.iter().take(CALLS).collect();
        let times = medians(ROUNDS, &mut [&cold, &warm], |ours| timed(ours, &headers, ours.now));
        emit(json!({
            "table": "growth", "of": "payload", "n": payload_len(&signed[0]),
            "token_bytes": signed[0].len() - "Bearer ".len(),
            "cold_ns": times[0], "hit_ns": times[1],
            "bytes_per_entry": bytes as f64 / REMEMBERED as f64,
        }));
    }
}

fn payload_len(header: &str) -> usize {
    let payload = header.split('.').nth(1).expect("a token");
    payload.len() * 3 / 4
}
