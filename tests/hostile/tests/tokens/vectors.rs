//! The examples of the standards: each verifies, and with any one bit changed it does not (R17).
//!
//! tests/hostile/data/rfc-vectors.json holds the published values, with the section that each is
//! from. They are not access tokens, so core's key set checks them, not the whole decision.

use actix_mcp_auth::keys::Algorithm;
use hostile::{
    Class,
    forge::{ForgedKey, KeyType, decode, encode},
    full,
    gate::backends,
};
use mcp_auth_core::{CompactJws, KeySet, signature::SignatureBackend};
use serde_json::{Value, json};

struct Vector {
    source: String,
    verifies: bool,
    keys: KeySet,
    parts: [Vec<u8>; 3],
    token: String,
}

fn vectors(backend: &dyn SignatureBackend) -> Vec<Vector> {
    let file: Vec<Value> =
        serde_json::from_str(include_str!("../../data/rfc-vectors.json")).unwrap();
    // A valid key beside the vector's own, so that the set is usable even if that one is skipped.
    let other = ForgedKey::new(KeyType::P384).jwk_with("other", &[]);
    let vectors = file.into_iter().map(|vector| {
        let token = vector["token"].as_str().unwrap().to_owned();
        let keys: Vec<&Value> =
            [&vector["key"], &other].into_iter().filter(|k| !k.is_null()).collect();
        let json = json!({ "keys": keys }).to_string();
        let parts: Vec<Vec<u8>> = token.split('.').map(decode).collect();
        Vector {
            source: vector["source"].as_str().unwrap().to_owned(),
            verifies: vector["expect"] == "verify",
            keys: KeySet::parse(json.as_bytes(), Algorithm::ALL, backend).unwrap(),
            parts: parts.try_into().unwrap(),
            token,
        }
    });
    vectors.collect()
}

fn verifies(keys: &KeySet, token: &str) -> bool {
    CompactJws::parse(token).is_ok_and(|jws| keys.verify(&jws).is_ok())
}

#[test]
fn r17_rfc_examples_verify_and_with_one_changed_bit_do_not() {
    for (name, backend) in backends() {
        let vectors = vectors(&*backend);
        assert_eq!(vectors.iter().filter(|vector| vector.verifies).count(), 7);
        assert_eq!(vectors.len(), 9);

        let mut class = Class::new("RFC vectors").with(name);
        for vector in &vectors {
            class.same(&*vector.source, verifies(&vector.keys, &vector.token), vector.verifies);
        }
        class.done();

        let mut class = Class::new("RFC vectors, one bit changed").with(name);
        let step = if full() { 1 } else { 11 };
        for vector in &vectors {
            for (part, name) in ["header", "payload", "signature"].iter().enumerate() {
                for bit in (0..vector.parts[part].len() * 8).step_by(step) {
                    let mut parts = vector.parts.clone();
                    parts[part][bit / 8] ^= 1 << (bit % 8);
                    let token = parts.map(|part| encode(&part)).join(".");
                    let case = format!("{}: bit {bit} of the {name}", vector.source);
                    class.same(case, verifies(&vector.keys, &token), false);
                }
            }
        }
        class.done();
    }
}
