//! A key set, as a hostile issuer may publish it.

use mcp_auth_core::{
    Algorithm, KeySet,
    jwk::{Curve, PublicKey, UnusableKey},
    signature::Josekit,
};
use serde_json::Value;

use crate::{
    duplicates::has_duplicates,
    json_mutator::{self, Random},
    world::{decode, encode},
};

const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Every key is either used or left out for a reason. Used keys are public, strong and for
/// verification.
pub fn check(json: &[u8]) {
    let Ok(set) = KeySet::parse(json, Algorithm::ALL, &Josekit) else { return };
    let shown = String::from_utf8_lossy(json);
    let value: Value = serde_json::from_slice(json).expect("a key set is JSON");
    let listed = value["keys"].as_array().expect("a key set has keys");
    assert!(!set.is_empty());
    assert_eq!(set.len() + set.skipped().len(), listed.len(), "{shown}");
    // Outside of the keys they make the whole document invalid.
    let spoiled = set.skipped().contains(&UnusableKey::DuplicateMember);
    assert_eq!(has_duplicates(&shown), spoiled, "{shown}");

    let mut fit: Vec<&Value> = listed.iter().filter(|jwk| is_fit(jwk)).collect();
    for key in set.public_keys() {
        assert_strong(key);
        // One published key for each used one, so that none counts twice.
        let found = fit.iter().position(|jwk| is_of(jwk, key));
        let found = found.unwrap_or_else(|| panic!("{key:?} must not be in use: {shown}"));
        fit.swap_remove(found);
    }
    let again = KeySet::parse(json, Algorithm::ALL, &Josekit).expect("read a moment ago");
    assert!(!set.has_keys_missing_in(&again) && !again.has_keys_missing_in(&set), "{shown}");
    // A `Debug` that shows key material, private or not, contains some member's value.
    let debug = format!("{set:?}");
    for jwk in listed.iter().filter(|jwk| jwk.is_object()) {
        for name in PRIVATE.iter().chain(&["n", "x", "y"]) {
            let text = jwk[*name].as_str().filter(|text| text.len() > 30 && decode(text).is_some());
            let in_kid = |text: &str| {
                listed.iter().any(|jwk| {
                    jwk.get("kid").and_then(Value::as_str).is_some_and(|kid| kid.contains(text))
                })
            };
            assert!(text.is_none_or(|text| !debug.contains(text) || in_kid(text)), "{debug}");
        }
    }
}

/// RFC 7517 §4.2 to §4.4 over a `Value`.
fn is_fit(jwk: &Value) -> bool {
    let Some(members) = jwk.as_object() else { return false };
    let absent = |name: &str| members.get(name).is_none_or(Value::is_null);
    let says = |name: &str, text: &str| members.get(name).and_then(Value::as_str) == Some(text);
    let may_verify = absent("key_ops")
        || jwk["key_ops"].as_array().is_some_and(|ops| ops.iter().any(|op| op == "verify"));
    PRIVATE.iter().all(|name| absent(name))
        && (absent("use") || says("use", "sig"))
        && may_verify
        && (absent("alg") || fits(&jwk["alg"], &jwk["kty"]))
}

fn fits(alg: &Value, kty: &Value) -> bool {
    let alg = alg.as_str().unwrap_or_default();
    match kty.as_str() {
        Some("RSA") => ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].contains(&alg),
        Some("EC") => ["ES256", "ES384", "ES512"].contains(&alg),
        Some("OKP") => ["EdDSA", "Ed25519"].contains(&alg),
        _ => false,
    }
}

fn assert_strong(key: &PublicKey) {
    match key {
        PublicKey::Rsa { n, e } => {
            assert!((256..=1024).contains(&n.len()) && n[0] != 0);
            assert!(n.len() > 256 || n[0] >= 0x80, "RSA of less than 2048 bits");
            assert!(n.last().is_some_and(|last| last % 2 == 1), "an even modulus");
            assert!(e.len() <= 4 && e.last().is_some_and(|last| last % 2 == 1) && e[..] != [1]);
        }
        PublicKey::Ec { curve, x, y } => {
            let len = match curve {
                Curve::P256 => 32,
                Curve::P384 => 48,
                Curve::P521 => 66,
                other => panic!("a new curve: {other:?}"),
            };
            assert_eq!((x.len(), y.len()), (len, len));
        }
        PublicKey::Ed25519 { x } => assert_eq!(x.len(), 32),
        other => panic!("a new kind of key: {other:?}"),
    }
}

/// Whether this is the published form of the key. Numbers of RSA may have leading zeros.
fn is_of(jwk: &Value, key: &PublicKey) -> bool {
    let says = |name: &str, text: &str| jwk[name].as_str() == Some(text);
    let number = |name: &str, bytes: &[u8]| {
        let found = jwk[name].as_str().and_then(decode).unwrap_or_default();
        let zeros = found.len().saturating_sub(bytes.len());
        found[zeros..] == *bytes && found[..zeros].iter().all(|byte| *byte == 0)
    };
    match key {
        PublicKey::Rsa { n, e } => says("kty", "RSA") && number("n", n) && number("e", e),
        PublicKey::Ec { curve, x, y } => {
            let point = says("x", &encode(x)) && says("y", &encode(y));
            says("kty", "EC") && says("crv", curve.name()) && point
        }
        PublicKey::Ed25519 { x } => {
            says("kty", "OKP") && says("crv", "Ed25519") && says("x", &encode(x))
        }
        _ => false,
    }
}

/// Changes the set by its structure.
pub fn mutate(data: &[u8], seed: u32, bytes: &mut dyn FnMut(&mut Vec<u8>)) -> Vec<u8> {
    json_mutator::mutate(data, VALUES, &mut Random::new(seed), bytes)
}

const VALUES: &[&str] = &[
    r#""RSA""#,
    r#""EC""#,
    r#""OKP""#,
    r#""oct""#,
    r#""P-256""#,
    r#""P-384""#,
    r#""P-521""#,
    r#""secp256k1""#,
    r#""Ed25519""#,
    r#""X25519""#,
    r#""RS256""#,
    r#""PS512""#,
    r#""ES256""#,
    r#""ES512""#,
    r#""EdDSA""#,
    r#""HS256""#,
    r#""none""#,
    r#""sig""#,
    r#""enc""#,
    r#""verify""#,
    r#"["verify"]"#,
    r#"["sign","verify"]"#,
    r#"[]"#,
    r#""AQAB""#,
    r#""AQ""#,
    r#""AAAAAQAB""#,
    r#""""#,
    r#""use""#,
    r#""key_ops""#,
    r#""alg""#,
    r#""kid""#,
    r#""kty""#,
    r#""crv""#,
    r#""d""#,
    r#""k""#,
    r#""oth""#,
    r#""x5c""#,
    "null",
    r#"{"kty":"OKP","kid":"ed","crv":"Ed25519","x":"9h61BWdEBvCVav5pFZuSKFYwYWUE6qGAICJbCdlGPUk"}"#,
    r#"{"kty":"EC","kid":"ec","crv":"P-256","x":"-wn-wLwUjulgCtbOQI1qXup_zqMKfRwo1wOv8byWWcw","y":"0TfoikTdWg2Joz8E0CwDCEpn72XasVwUZcaBtMhVzns"}"#,
];
