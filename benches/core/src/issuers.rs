//! With the issuers trusted: each with a key of its own, fetched and parsed.

use benches_support::{AUDIENCE, Ours, emit};
use mcp_auth_core::{TokenCacheSettings, signature::Josekit};
use mcp_auth_testing::TestAuthority;
use serde_json::{Value, json};

use crate::{
    allocator,
    fake::Random,
    rounds::{medians, timed},
};

const COUNTS: [usize; 4] = [1, 10, 100, 1_000];
const ROUNDS: usize = 200;
const CALLS: usize = 64;

pub fn measure() {
    let authority = TestAuthority::start().expect("loopback can be listened on");
    let key = authority.keys().current();
    let jwks = json!({ "keys": [key.public_jwk()] });
    let names: Vec<String> =
        (0..1_000).map(|n| format!("https://tenant-{n}.authkit.app")).collect();
    let sign = |name: &String| {
        let lifetime = std::time::Duration::from_secs(24 * 60 * 60);
        let token = authority.token().issuer(name).audience(AUDIENCE).expires_in(lifetime);
        format!("Bearer {}", token.sign())
    };
    let headers: Vec<String> = names.iter().map(sign).collect();
    for n in COUNTS {
        let (cold, bytes) = trusting(&names[..n], &jwks, TokenCacheSettings::off());
        let (warm, _) = trusting(&names[..n], &jwks, TokenCacheSettings::default());
        let (mut a, mut b) = (Random(3), Random(5));
        let pick = |random: &mut Random| -> Vec<&String> {
            (0..CALLS).map(|_| &headers[random.below(n)]).collect()
        };
        // Every token is known before the first round.
        for header in &headers[..n] {
            warm.authenticate(header.as_bytes(), warm.now);
        }
        let (colds, warms) = (pick(&mut a), pick(&mut b));
        let times = medians(ROUNDS, &mut [(&cold, colds), (&warm, warms)], |(ours, headers)| {
            timed(ours, headers, ours.now)
        });
        emit(json!({
            "table": "growth", "of": "issuers", "n": n, "cold_ns": times[0], "hit_ns": times[1],
            "bytes_per_issuer": bytes as f64 / n as f64,
        }));
    }
}

fn trusting(names: &[String], jwks: &Value, cache: TokenCacheSettings) -> (Ours, isize) {
    let before = allocator::bytes();
    let issuers = names.iter().map(|name| (&**name, jwks));
    let ours = Ours::new(issuers, AUDIENCE, &Josekit, cache);
    (ours, allocator::bytes() - before)
}
