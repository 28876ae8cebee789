//! With the keys of an issuer: finding the right one, reading the set, and what it takes.

use std::hint::black_box;

use benches_support::{AUDIENCE, ISSUER, Ours, Stopwatch, emit};
use mcp_auth_core::{Algorithm, KeySet, TokenCacheSettings, signature::Josekit};
use mcp_auth_testing::{Algorithm as Signs, TestAuthority};
use serde_json::{Value, json};

use crate::{
    allocator,
    rounds::{medians, timed},
};

const COUNTS: [usize; 5] = [1, 3, 10, 30, 100];
const ROUNDS: usize = 200;
const CALLS: usize = 64;

pub fn measure() {
    let authority = TestAuthority::start().expect("loopback can be listened on");
    authority.keys().current();
    for n in COUNTS {
        while authority.keys().published().len() < n {
            authority.keys().add(Signs::Rs256);
        }
        let keys: Vec<Value> =
            authority.keys().published().iter().map(|key| key.public_jwk().clone()).collect();
        let jwks = json!({ "keys": keys });
        let text = jwks.to_string();
        let token = authority.token().issuer(ISSUER).audience(AUDIENCE).sign();
        let header = format!("Bearer {token}");
        let headers = vec![&header; CALLS];

        let before = allocator::bytes();
        let cold = Ours::new([(ISSUER, &jwks)], AUDIENCE, &Josekit, TokenCacheSettings::off());
        let bytes = allocator::bytes() - before;
        let warm = Ours::new([(ISSUER, &jwks)], AUDIENCE, &Josekit, TokenCacheSettings::default());
        let times = medians(ROUNDS, &mut [&cold, &warm], |ours| timed(ours, &headers, ours.now));
        let parses = medians(ROUNDS, &mut [text], |text| {
            let watch = Stopwatch::start();
            let set = KeySet::parse(text.as_bytes(), Algorithm::ALL, &Josekit);
            black_box(set.expect("a key set"));
            watch.stop().processor.as_nanos() as f64
        });
        emit(json!({
            "table": "growth", "of": "keys", "n": n, "cold_ns": times[0], "hit_ns": times[1],
            "parse_ns": parses[0], "bytes_per_key": bytes as f64 / n as f64,
        }));
    }
}
