//! Which published keys are accepted, and why others are rejected.

use super::{ed25519::SMALL_ORDER, *};
use openssl::bn::BigNum;
use serde_json::json;

/// A number of `len` bytes that begins with `first`, without a factor below 752 (by OpenSSL).
fn rough(first: u8, len: usize) -> Vec<u8> {
    let mut n = [&[first][..], &vec![1; len - 1]].concat();
    let has_factor = |n: &[u8]| {
        let n = BigNum::from_slice(n).unwrap();
        (2..752).any(|divisor| n.mod_word(divisor).unwrap() == 0)
    };
    while has_factor(&n) {
        n[len - 1] = n[len - 1].checked_add(2).unwrap();
    }
    n
}

fn rsa_of(bits: usize) -> Value {
    json!({"kty": "RSA", "n": base64url::encode(&rough(0x80, bits / 8)), "e": "AQAB"})
}

fn ed25519_of(x: [u8; 32]) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&x)})
}

fn with(mut key: Value, member: &str, value: Value) -> Value {
    key[member] = value;
    key
}

#[test]
fn a_key_without_alg_allows_every_algorithm_of_its_kind() {
    let key = Jwk::from_json(&rsa_of(2048)).unwrap();
    assert_eq!(key.algorithms.len(), 6);
    let key = Jwk::from_json(&with(rsa_of(2048), "alg", json!("PS384"))).unwrap();
    assert_eq!(key.algorithms, [Algorithm::Ps384]);
}

#[test]
fn r25_unusable_keys_are_rejected_with_a_reason() {
    let ec = json!({"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"});
    for (key, why) in [
        (json!("key"), UnusableKey::Malformed),
        (json!({"kty": "RSA"}), UnusableKey::Malformed),
        (with(rsa_of(2048), "kid", json!(7)), UnusableKey::Malformed),
        (with(rsa_of(2048), "n", json!("a b")), UnusableKey::Malformed),
        (with(rsa_of(2048), "n", json!("AQ===")), UnusableKey::Malformed),
        (with(rsa_of(2048), "n", json!("A=Q")), UnusableKey::Malformed),
        (rsa_of(1024), UnusableKey::WeakRsa),
        (rsa_of(2040), UnusableKey::WeakRsa),
        (rsa_of(16_384), UnusableKey::WeakRsa),
        (with(rsa_of(2048), "e", json!("AQ")), UnusableKey::WeakRsa),
        (with(rsa_of(2048), "e", json!("Ag")), UnusableKey::WeakRsa),
        (with(rsa_of(2048), "e", json!("")), UnusableKey::WeakRsa),
        (with(rsa_of(2048), "use", json!("enc")), UnusableKey::NotForVerifying),
        (with(rsa_of(2048), "key_ops", json!(["sign"])), UnusableKey::NotForVerifying),
        (with(rsa_of(2048), "key_ops", json!([])), UnusableKey::NotForVerifying),
        (with(rsa_of(2048), "d", json!("AQAB")), UnusableKey::NotPublic),
        (json!({"kty": "oct", "k": "c2VjcmV0"}), UnusableKey::NotPublic),
        (with(rsa_of(2048), "alg", json!("ES256")), UnusableKey::UnacceptableAlgorithm),
        (with(rsa_of(2048), "alg", json!("RSA-OAEP")), UnusableKey::UnacceptableAlgorithm),
        (with(rsa_of(2048), "alg", json!("HS256")), UnusableKey::UnacceptableAlgorithm),
        (ec.clone(), UnusableKey::Malformed),
        (with(ec, "crv", json!("secp256k1")), UnusableKey::UnknownKind),
        (json!({"kty": "OKP", "crv": "X25519", "x": "AAAA"}), UnusableKey::UnknownKind),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}), UnusableKey::Malformed),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": ""}), UnusableKey::Malformed),
        (ed25519_of([0xff; 32]), UnusableKey::Malformed),
        (ed25519_of([0; 32]), UnusableKey::WeakPoint),
    ] {
        assert_eq!(Jwk::from_json(&key), Err(why), "{key}");
    }
}

#[test]
fn r25_an_array_is_rejected_as_a_key() {
    let names = [
        "kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y", "d", "p", "q", "dp",
        "dq", "qi", "oth", "k",
    ];
    let key = rsa_of(2048);
    let members: Vec<Value> = names.iter().map(|name| key[*name].clone()).collect();
    assert!(Jwk::from_json(&key).is_ok());
    assert_eq!(Jwk::from_json(&json!(members)), Err(UnusableKey::Malformed));
}

#[test]
fn r25_ec_coordinates_have_full_length() {
    for (curve, name, len) in
        [(Curve::P256, "P-256", 32), (Curve::P384, "P-384", 48), (Curve::P521, "P-521", 66)]
    {
        let point = |x: usize, y: usize| {
            let number = |len| base64url::encode(&vec![7; len]);
            Jwk::from_json(&json!({"kty": "EC", "crv": name, "x": number(x), "y": number(y)}))
        };
        let read = point(len, len).unwrap();
        assert_eq!(read.key, PublicKey::Ec { curve, x: vec![7; len], y: vec![7; len] });
        assert_eq!((read.key.kind(), read.algorithms.len()), (curve.kind(), 1));
        for (x, y) in [(len - 1, len), (len, len - 1), (len + 1, len), (len, len + 1), (0, len)] {
            assert_eq!(point(x, y), Err(UnusableKey::Malformed), "{name}");
        }
        let no_y = json!({"kty": "EC", "crv": name, "x": base64url::encode(&vec![7; len])});
        assert_eq!(Jwk::from_json(&no_y), Err(UnusableKey::Malformed));
    }
    let okp = |x: &[u8]| {
        Jwk::from_json(&json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(x)}))
    };
    assert_eq!(okp(&[7; 32]).unwrap().algorithms, [Algorithm::EdDsa]);
    assert_eq!(okp(&[7; 31]), Err(UnusableKey::Malformed));
    let no_x = json!({"kty": "OKP", "crv": "Ed25519"});
    assert_eq!(Jwk::from_json(&no_x), Err(UnusableKey::Malformed));
}

#[test]
fn r25_ed25519_rejects_p_and_above_and_small_order() {
    let refused = |x: [u8; 32]| Jwk::from_json(&ed25519_of(x)).err();
    // 2²⁵⁵ - 19, little-endian.
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed, 0x7f);
    for (at, byte, outcome) in [
        (0, 0xed, Some(UnusableKey::Malformed)),
        (0, 0xff, Some(UnusableKey::Malformed)),
        (31, 0xff, Some(UnusableKey::Malformed)),
        (0, 0xec, Some(UnusableKey::WeakPoint)),
        (0, 0xeb, None),
        (1, 0xfe, None),
        (30, 0xfe, None),
        (31, 0x7e, None),
        (31, 0xfe, None),
    ] {
        let mut x = p;
        x[at] = byte;
        assert_eq!(refused(x), outcome, "{byte:#x} at {at}");
    }
    let mut one = [0; 32];
    one[0] = 1;
    assert_eq!(SMALL_ORDER[1], one);
    for point in SMALL_ORDER {
        for sign in [0, 0x80] {
            let mut x = point;
            x[31] |= sign;
            assert_eq!(refused(x), Some(UnusableKey::WeakPoint), "{x:?}");
            for at in [7, 31] {
                let mut other = x;
                other[at] ^= 1;
                assert_eq!(refused(other), None, "{other:?}");
            }
        }
    }
}

fn rsa_key(n: &[u8], e: &[u8]) -> Result<PublicKey, UnusableKey> {
    let (n, e) = (base64url::encode(n), base64url::encode(e));
    Jwk::from_json(&json!({"kty": "RSA", "n": n, "e": e})).map(|jwk| jwk.key)
}

#[test]
fn r25_rsa_has_2048_to_8192_bits_and_a_32_bit_exponent() {
    for (n, fits) in [
        (rough(0x80, 256), true),
        (rough(0x7f, 256), false),
        (rough(0xff, 1024), true),
        (rough(0x01, 1025), false),
        (rough(0, 257 + 9), true),
    ] {
        assert_eq!(rsa_key(&n, &[1, 0, 1]).is_ok(), fits, "{} bytes", n.len());
    }
    let n = rough(0xff, 256);
    for (e, fits) in [
        (vec![3], true),
        (vec![0xff; 4], true),
        (vec![1; 5], false),
        (vec![1; 8], false),
        (vec![1; 9], false),
        (vec![0, 0, 3], true),
        (vec![0, 1, 0, 0, 1], true),
        (vec![0, 1], false),
        (vec![1, 0], false),
        (vec![0], false),
    ] {
        let outcome = rsa_key(&n, &e);
        assert_eq!(outcome.is_ok(), fits, "{e:?}");
        assert!(fits || outcome == Err(UnusableKey::WeakRsa), "{e:?}");
    }
    let Ok(PublicKey::Rsa { n, e }) = rsa_key(&rough(0, 300), &[0, 3]) else { panic!("zeros") };
    assert_eq!((n.len(), e), (299, vec![3]));
    let no_e = json!({"kty": "RSA", "n": base64url::encode(&[0xff; 256])});
    assert_eq!(Jwk::from_json(&no_e), Err(UnusableKey::Malformed));
}

#[test]
fn r25_rsa_modulus_with_a_factor_below_752_is_rejected() {
    let times = |n: &[u8], factor: u32| {
        let mut n = BigNum::from_slice(n).unwrap();
        n.mul_word(factor).unwrap();
        n.to_vec()
    };
    // Lengths that are and are not multiples of four bytes.
    for len in 256..260 {
        let n = rough(0xc1, len);
        assert!(rsa_key(&n, &[1, 0, 1]).is_ok());
        for factor in (2..752).chain([754, 3 * 757, 751 * 751]) {
            let outcome = rsa_key(&times(&n, factor), &[1, 0, 1]);
            assert_eq!(outcome, Err(UnusableKey::WeakRsa), "{factor} divides it");
        }
        for factor in [757, 761, 757 * 761] {
            assert!(rsa_key(&times(&n, factor), &[1, 0, 1]).is_ok(), "{factor} is not small");
        }
    }
}

#[test]
fn r25_a_key_with_any_private_member_is_rejected() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let key = with(rsa_of(2048), member, json!([]));
        assert_eq!(Jwk::from_json(&key), Err(UnusableKey::NotPublic), "{member}");
    }
    let symmetric = json!({"kty": "oct"});
    assert_eq!(Jwk::from_json(&symmetric), Err(UnusableKey::NotPublic));
}

#[test]
fn r25_use_sig_and_key_ops_verify_are_accepted() {
    for (member, value) in [
        ("use", json!("sig")),
        ("key_ops", json!(["verify"])),
        ("key_ops", json!(["sign", "verify"])),
    ] {
        assert!(Jwk::from_json(&with(rsa_of(2048), member, value)).is_ok());
    }
}

#[test]
fn every_reason_has_its_own_text_and_debug_hides_the_key() {
    let reasons = [
        UnusableKey::Malformed,
        UnusableKey::DuplicateMember,
        UnusableKey::NotPublic,
        UnusableKey::NotForVerifying,
        UnusableKey::UnknownKind,
        UnusableKey::WeakRsa,
        UnusableKey::WeakPoint,
        UnusableKey::UnacceptableAlgorithm,
        UnusableKey::TooManyCandidates,
        UnusableKey::RefusedByLibrary,
    ];
    let mut told: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    assert!(told.iter().all(|words| words.len() > 5));
    told.sort();
    told.dedup();
    assert_eq!(told.len(), reasons.len());
    let shown = format!("{:?}", PublicKey::Ed25519 { x: vec![7; 32] });
    assert_eq!(shown, "PublicKey(Ed25519)");
}

#[test]
fn r25_padding_and_plain_base64_are_read_in_keys() {
    let mut n = rough(0x80, 256);
    n[1] = 0xfb;
    n[2] = 0xff;
    while has_small_factor(&n) || has_roca_fingerprint(&n) {
        n[255] = n[255].wrapping_add(2);
    }
    let strict = base64url::encode(&n);
    let key = |n: String, e: &str| {
        let key = json!({"kty": "RSA", "n": n, "e": e});
        Jwk::from_json(&key).unwrap().key
    };
    let sound = key(strict.clone(), "AQAB");
    let plain = strict.replace('-', "+").replace('_', "/");
    assert_ne!(plain, strict);
    for n in [format!("{strict}=="), plain.clone(), format!("{plain}==")] {
        assert_eq!(key(n, "AQAB"), sound);
    }
    assert_eq!(key(strict, "AAEAAQ=="), sound);
    let x =
        json!({"kty": "OKP", "crv": "Ed25519", "x": format!("{}=", base64url::encode(&[7; 32]))});
    assert_eq!(Jwk::from_json(&x).unwrap().key, PublicKey::Ed25519 { x: vec![7; 32] });
}

/// A number of 2048 bits that is a power of 65537 modulo `m`, the product of the primes up to 167,
/// and has no factor below 752.
fn roca_modulus() -> Vec<u8> {
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let word = |n| BigNum::from_u32(n).unwrap();
    let mut m = word(1);
    for prime in (2..=167_u32).filter(|n| (2..*n).all(|d| n % d != 0)) {
        m.mul_word(prime).unwrap();
    }
    let mut power = BigNum::new().unwrap();
    power.mod_exp(&word(65537), &word(1234), &m, &mut context).unwrap();
    // A multiple of `m` of 2048 bits, and then the next ones.
    let mut n = BigNum::new().unwrap();
    n.lshift(&m, 2047 - m.num_bits() + 1).unwrap();
    n = &n + &power;
    while has_small_factor(&n.to_vec()) {
        n = &n + &m;
    }
    n.to_vec()
}

#[test]
fn r25_a_roca_vulnerable_rsa_key_is_rejected() {
    let n = roca_modulus();
    let of = |n: &[u8]| json!({"kty": "RSA", "n": base64url::encode(n), "e": "AQAB"});
    assert_eq!(Jwk::from_json(&of(&n)), Err(UnusableKey::RocaRsa));
    // The next number without small factors has another residue.
    let mut other = n;
    loop {
        let last = other.len() - 1;
        other[last] = other[last].wrapping_add(2);
        if !has_small_factor(&other) {
            break;
        }
    }
    assert!(Jwk::from_json(&of(&other)).is_ok());
}
