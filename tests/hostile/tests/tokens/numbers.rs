//! Signatures and keys as numbers: out of range, in another length, of small order (R23, R25).

use actix_mcp_auth::testing::Algorithm;
use hostile::{
    Class,
    Expected::Passed,
    Gate, RESOURCE,
    forge::{ForgedKey, KeyType, decode, encode},
};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::EcGroup,
    nid::Nid,
};
use serde_json::json;

use crate::flips::{World, now};

/// FIPS 186-5 §6.4.2 asks only that both numbers lie in [1, n-1], so (r, n-s) is a valid signature
/// of the same message: everybody who has a token can make that second text of it. Every verifier
/// that follows the standard accepts it. R23 requires that the *same* signature has one encoding,
/// and that a token's text is not used as its identity.
#[test]
fn r23_ecdsa_numbers_are_in_range_and_n_minus_s_is_accepted() {
    let mut class = Class::new("ECDSA numbers");
    for (algorithm, nid, len) in [
        (Algorithm::Es256, Nid::X9_62_PRIME256V1, 32),
        (Algorithm::Es384, Nid::SECP384R1, 48),
        (Algorithm::Es512, Nid::SECP521R1, 66),
    ] {
        let world = World::new(algorithm);
        let group = EcGroup::from_curve_name(nid).unwrap();
        let mut order = BigNum::new().unwrap();
        group.order(&mut order, &mut BigNumContext::new().unwrap()).unwrap();
        let signature = world.parts()[2].clone();
        let (r, s) = signature.split_at(len);
        let number = |bytes: &[u8]| BigNum::from_slice(bytes).unwrap();
        let padded = |n: &BigNum| n.to_vec_padded(i32::try_from(len).unwrap()).ok();

        let twin = padded(&(&order - &number(s))).unwrap();
        let answer = world
            .server
            .wire()
            .call(format!("Bearer {}", world.signed_with(&[r, &twin].concat())).as_bytes());
        class.answer(format!("{algorithm:?}: (r, n-s)"), &answer, Passed);

        let zero = vec![0; len];
        let n = padded(&order).unwrap();
        let mut bad = vec![
            ("(0, s)", [&zero, s].concat()),
            ("(r, 0)", [r, &zero].concat()),
            ("(0, 0)", [&zero[..], &zero].concat()),
            ("(n, s)", [&n, s].concat()),
            ("(r, n)", [r, &n].concat()),
            ("(s, r)", [s, r].concat()),
            ("(n-r, s)", [&padded(&(&order - &number(r))).unwrap(), s].concat()),
            ("a longer r", [&[0], r, s].concat()),
            ("a longer s", [r, &[0], s].concat()),
            ("both longer", [&[0], r, &[0], s].concat()),
            ("shorter", [&r[1..], s].concat()),
            ("r alone", r.to_vec()),
            ("twice", [&signature[..], &signature].concat()),
            ("nothing", Vec::new()),
            ("DER", der(r, s)),
        ];
        for (what, numbers) in [("(r+n, s)", (r, true)), ("(r, s+n)", (s, false))] {
            // Only where the sum still fits.
            if let Some(sum) = padded(&(&number(numbers.0) + &order)) {
                let both = if numbers.1 { [&sum, s].concat() } else { [r, &sum].concat() };
                bad.push((what, both));
            }
        }
        for (what, signature) in bad {
            let token = world.signed_with(&signature);
            world.ask_both(&mut class, format!("{algorithm:?}: {what}"), &token);
        }
    }
    class.done();
}

fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let number = |bytes| BigNum::from_slice(bytes).unwrap();
    let signature =
        openssl::ecdsa::EcdsaSig::from_private_components(number(r), number(s)).unwrap();
    signature.to_der().unwrap()
}

/// RFC 8032 §5.1.7: "S in the range 0 <= S < L"; else (R, S+L) would be a second signature.
#[test]
fn r23_an_ed25519_signature_has_no_twin() {
    let world = World::new(Algorithm::EdDsa);
    let mut class = Class::new("Ed25519 numbers");
    let signature = world.parts()[2].clone();
    let (r, s) = signature.split_at(32);
    // L = 2^252 + 27742317777372353535851937790883648493, little-endian like S.
    let order = BigNum::from_dec_str(
        "7237005577332262213973186563042994240857116359379907606001950938285454250989",
    )
    .unwrap();
    let from = |bytes: &[u8]| {
        let big: Vec<u8> = bytes.iter().rev().copied().collect();
        BigNum::from_slice(&big).unwrap()
    };
    let to = |n: &BigNum| -> Vec<u8> { n.to_vec_padded(32).unwrap().into_iter().rev().collect() };
    let mut sum = from(s);
    for times in 1..=7 {
        sum = &sum + &order;
        let token = world.signed_with(&[r, &to(&sum)].concat());
        world.ask_both(&mut class, format!("(R, S + {times} L)"), &token);
    }
    let mut identity = [0; 32];
    identity[0] = 1;
    for (what, signature) in [
        ("(R, L)", [r, &to(&order)].concat()),
        ("(R, 0)", [r, &[0; 32]].concat()),
        ("(identity, 0)", [identity, [0; 32]].concat()),
        ("(identity, S)", [&identity, s].concat()),
        ("(0, 0)", vec![0; 64]),
        ("(R with the other sign, S)", {
            let mut other = signature.clone();
            other[31] ^= 0x80;
            other
        }),
        ("63 bytes", signature[..63].to_vec()),
        ("65 bytes", [&signature[..], &[0]].concat()),
        ("nothing", Vec::new()),
    ] {
        world.ask_both(&mut class, what.into(), &world.signed_with(&signature));
    }
    class.done();
}

/// "If the length of the signature S is not k octets, output \"invalid signature\" and stop"
/// (RFC 8017 §8.1.2 and §8.2.2), and a representative that is not below n is out of range.
#[test]
fn r23_an_rsa_signature_is_as_long_as_its_modulus_and_below_it() {
    let mut class = Class::new("RSA numbers");
    for algorithm in [Algorithm::Rs256, Algorithm::Rs512, Algorithm::Ps256, Algorithm::Ps512] {
        let world = World::new(algorithm);
        let signature = world.parts()[2].clone();
        let modulus = decode(world.authority.keys().current().public_jwk()["n"].as_str().unwrap());
        let number = |bytes: &[u8]| BigNum::from_slice(bytes).unwrap();
        let (n, s) = (number(&modulus), number(&signature));
        for (what, other) in [
            ("a zero before it", [&[0], &signature[..]].concat()),
            ("zeros before it", [&[0; 256], &signature[..]].concat()),
            ("a zero behind it", [&signature[..], &[0]].concat()),
            ("a byte less in front", signature[1..].to_vec()),
            ("a byte less at the end", signature[..255].to_vec()),
            ("twice", [&signature[..], &signature].concat()),
            ("s + n", (&s + &n).to_vec()),
            ("n - s", (&n - &s).to_vec_padded(256).unwrap()),
            ("n", modulus.clone()),
            ("0", vec![0; 256]),
            ("1", number(&[1]).to_vec_padded(256).unwrap()),
            ("n - 1", (&n - &number(&[1])).to_vec_padded(256).unwrap()),
            ("a byte", vec![1]),
            ("nothing", Vec::new()),
        ] {
            let token = world.signed_with(&other);
            world.ask_both(&mut class, format!("{algorithm:?}: {what}"), &token);
        }
    }
    class.done();
}

/// Points of small order on Ed25519, each in every encoding: with such a key, forged signatures
/// verify for every message, or for every eighth.
#[test]
fn r25_points_of_small_order_are_no_keys() {
    let mut class = Class::new("weak points");
    let good = ForgedKey::new(KeyType::P256).jwk_with("good", &[]);
    let minus_one = "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    for (what, hex) in [
        ("the identity", "0100000000000000000000000000000000000000000000000000000000000000"),
        ("order 2", minus_one),
        ("order 4", "0000000000000000000000000000000000000000000000000000000000000000"),
        ("order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        ("order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        ("0 as p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        ("1 as p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ] {
        for sign in [0, 0x80] {
            let mut x = BigNum::from_hex_str(hex).unwrap().to_vec_padded(32).unwrap();
            x[31] |= sign;
            let weak = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&x), "kid": "weak"});
            let jwks = json!({"keys": [weak, good]}).to_string();
            let gate = Gate::new("https://login.example.com", &jwks, now()).unwrap();
            // R = identity and S = 0 verify for whatever message is a multiple of the key's order.
            let mut forged = vec![0; 64];
            forged[0] = 1;
            let claims = |n: u32| {
                json!({"iss": "https://login.example.com", "aud": RESOURCE, "sub": "user_ada",
                    "exp": now().as_secs_f64() + 60.0, "n": n})
                .to_string()
            };
            let accepted = (0..64).any(|n| {
                let input = hostile::forge::signing_input(
                    br#"{"alg":"EdDSA","kid":"weak"}"#,
                    claims(n).as_bytes(),
                );
                gate.ask(&format!("{input}.{}", encode(&forged))).is_ok()
            });
            class.same(format!("{what}, sign {sign:#x}"), accepted, false);
        }
    }
    class.done();
}
