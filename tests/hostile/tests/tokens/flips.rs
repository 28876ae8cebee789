//! No second spelling of a valid token: truncated, extended, one bit changed, spelled differently
//! or signed by other numbers that mean the same (R23).

use std::time::SystemTime;

use actix_mcp_auth::{
    Rejection, UnixTime,
    testing::{Algorithm, Key, TestAuthority},
};
use hostile::{
    Class,
    Expected::{BadToken, Passed, Refused},
    Gate, RESOURCE, Server, Wire,
    forge::{ForgedKey, KeyType, decode, encode},
    full,
    server::builder,
};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::EcGroup,
    nid::Nid,
};
use serde_json::json;

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

/// An authority with one key, a token of it, and both ways to ask: in process, and over HTTP.
struct World {
    authority: TestAuthority,
    token: String,
    gate: Gate,
    server: Server,
}

impl World {
    fn new(algorithm: Algorithm) -> Self {
        let authority = TestAuthority::builder().algorithm(algorithm).start().unwrap();
        let token = authority.person_token("user_ada", RESOURCE);
        let jwks = json!({"keys": [authority.keys().current().public_jwk()]}).to_string();
        let gate = Gate::new(authority.issuer(), &jwks, now()).unwrap();
        let server = Server::of(&builder(&authority).build().unwrap());
        assert_eq!(gate.ask(&token), Ok(()));
        assert_eq!(server.wire().call(format!("Bearer {token}").as_bytes()).status, 200);
        Self { authority, token, gate, server }
    }

    /// The token's three parts as bytes.
    fn parts(&self) -> [Vec<u8>; 3] {
        let parts: Vec<Vec<u8>> = self.token.split('.').map(decode).collect();
        parts.try_into().unwrap()
    }

    /// The token with another signature.
    fn signed_with(&self, signature: &[u8]) -> String {
        let (input, _) = self.token.rsplit_once('.').unwrap();
        format!("{input}.{}", encode(signature))
    }

    fn ask_both(&self, class: &mut Class, case: String, token: &str) {
        class.case(format!("{case}, in process"), refused(self.gate.ask(token)));
        let answer = self.server.wire().call(format!("Bearer {token}").as_bytes());
        class.answer(case, &answer, BadToken);
    }
}

fn now() -> UnixTime {
    UnixTime::since_epoch(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap())
}

fn refused(outcome: Result<(), Rejection>) -> Result<(), String> {
    if outcome.is_ok() { Err("accepted".into()) } else { Ok(()) }
}

#[test]
fn r23_no_truncation_of_a_token_is_a_token() {
    let mut class = Class::new("truncations");
    for algorithm in ALGORITHMS {
        let world = World::new(algorithm);
        let mut wire = world.server.wire();
        let step = if full() { 1 } else { 9 };
        for len in 0..world.token.len() {
            let (front, back) = (&world.token[..len], &world.token[world.token.len() - len..]);
            for (what, cut) in [("the first", front), ("the last", back)] {
                let case = format!("{algorithm:?}: {what} {len} bytes");
                class.case(&*case, refused(world.gate.ask(cut)));
                if len % step == 1 % step && len > 0 {
                    class.answer(case, &wire.call(format!("Bearer {cut}").as_bytes()), BadToken);
                }
            }
        }
    }
    class.done();
}

#[test]
fn r17_r23_no_token_with_one_bit_changed_is_a_token() {
    let mut class = Class::new("one bit changed");
    for algorithm in ALGORITHMS {
        let world = World::new(algorithm);
        for (part, name) in ["header", "payload", "signature"].iter().enumerate() {
            for bit in 0..world.parts()[part].len() * 8 {
                let mut parts = world.parts();
                parts[part][bit / 8] ^= 1 << (bit % 8);
                let token = parts.map(|part| encode(&part)).join(".");
                let case = format!("{algorithm:?}: bit {bit} of the {name}");
                class.case(case, refused(world.gate.ask(&token)));
            }
        }
    }
    class.done();
}

#[test]
fn r11_r23_no_token_with_one_bit_of_its_text_changed_passes_over_http() {
    let mut class = Class::new("one bit of the text changed, over HTTP");
    let step = if full() { 1 } else { 17 };
    for algorithm in ALGORITHMS {
        let world = World::new(algorithm);
        let mut wire = world.server.wire();
        for bit in (0..world.token.len() * 8).step_by(step) {
            let mut token = world.token.clone().into_bytes();
            token[bit / 8] ^= 1 << (bit % 8);
            let value = [b"Bearer ", &token[..]].concat();
            class.case(
                format!("{algorithm:?}: bit {bit}, in process"),
                refused(world.gate.ask_with(&[&value])),
            );
            // A control character may end the header, or make the request no HTTP at all.
            let (answer, expected) = match token[bit / 8].is_ascii_control() {
                true => (Wire::to(world.server.address()).call(&value), Refused),
                false => (wire.call(&value), BadToken),
            };
            class.answer(format!("{algorithm:?}: bit {bit}"), &answer, expected);
        }
    }
    class.done();
}

#[test]
fn r23_only_the_canonical_spelling_of_base64url_is_a_token() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut class = Class::new("other spellings of base64url");
    for algorithm in ALGORITHMS {
        let world = World::new(algorithm);
        let parts: Vec<&str> = world.token.split('.').collect();
        for (n, part) in parts.iter().enumerate() {
            let mut others = vec![
                format!("{part}="),
                format!("{part}=="),
                format!("={part}"),
                format!("{part}A"),
                format!("{part}AA"),
                format!("A{part}"),
                format!("{part}%3D"),
                format!("{part}%"),
                format!("{}~{}", &part[..4], &part[4..]),
                format!("{}={}", &part[..4], &part[4..]),
            ];
            // Bits of the last character that stand for nothing: every neighbour that a sloppy
            // decoder reads as the same bytes.
            let last = part.as_bytes()[part.len() - 1];
            let stray = match part.len() % 4 {
                2 => 4,
                3 => 2,
                _ => 0,
            };
            let value = ALPHABET.iter().position(|c| *c == last).unwrap();
            for low in 1..1 << stray {
                let neighbour = char::from(ALPHABET[value | low]);
                others.push(format!("{}{neighbour}", &part[..part.len() - 1]));
            }
            if part.contains(['-', '_']) {
                others.push(part.replace('-', "+"));
                others.push(part.replace('_', "/"));
                others.push(part.replace('-', "+").replace('_', "/"));
            }
            for other in others.into_iter().filter(|other| other != part) {
                let mut parts: Vec<&str> = parts.clone();
                parts[n] = &other;
                let case = format!("{algorithm:?}: part {n} ends …{}", &other[other.len() - 4..]);
                world.ask_both(&mut class, case, &parts.join("."));
            }
        }
        for (what, token) in [
            ("a dot at the end", format!("{}.", world.token)),
            ("a dot at the beginning", format!(".{}", world.token)),
            ("two dots", world.token.replacen('.', "..", 1)),
            ("the signature twice", format!("{}.{}", world.token, parts[2])),
            ("the parts of a JWE", format!("{}.{}.{}", world.token, parts[1], parts[2])),
            ("the parts in another order", format!("{}.{}.{}", parts[1], parts[0], parts[2])),
            (
                "the JSON serialisation",
                json!({"payload": parts[1], "protected": parts[0],
                "signature": parts[2]})
                .to_string(),
            ),
            ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ] {
            world.ask_both(&mut class, format!("{algorithm:?}: {what}"), &token);
        }
        // White space within a token ends it.
        for space in [" ", "\t", "\u{a0}", "\u{200b}"] {
            let token = format!("{}.{}{space}.{}", parts[0], parts[1], parts[2]);
            world.ask_both(&mut class, format!("{algorithm:?}: {space:?}"), &token);
        }
    }
    class.done();
}

/// FIPS 186-5 §6.4.2 asks only that both numbers lie in [1, n-1], so (r, n-s) is a valid signature
/// of the same message: everybody who has a token can make that second text of it. That is ECDSA,
/// and every verifier that follows the standard accepts it. What R23 asks for is that the *same*
/// signature has one spelling; and that nothing takes a token's text for its identity.
#[test]
fn r23_ecdsa_numbers_lie_in_their_range_and_the_twin_signature_is_the_standards_own() {
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

/// One name of the key's kind is as good as the other; the signature is over the header, so the
/// name cannot be changed afterwards.
#[test]
fn r17_a_tokens_algorithm_cannot_be_renamed() {
    let mut class = Class::new("algorithms renamed");
    for algorithm in Algorithm::ALL {
        let key = Key::stranger(*algorithm);
        let jwks = {
            let mut jwk = key.public_jwk().clone();
            jwk.as_object_mut().unwrap().remove("alg");
            json!({"keys": [jwk]}).to_string()
        };
        let authority = TestAuthority::start().unwrap();
        let gate = Gate::new(authority.issuer(), &jwks, now()).unwrap();
        let token = authority.token().subject("user_ada").audience(RESOURCE).signed_by(&key).sign();
        class.case(format!("{algorithm:?}"), gate.ask(&token).map_err(|error| error.to_string()));
        let (_, rest) = token.split_once('.').unwrap();
        for other in Algorithm::ALL.iter().filter(|other| *other != algorithm) {
            let header = json!({"alg": other.name(), "kid": key.id()}).to_string();
            let renamed = format!("{}.{rest}", encode(header.as_bytes()));
            class.case(format!("{algorithm:?} as {other:?}"), refused(gate.ask(&renamed)));
        }
    }
    class.done();
}

/// Points of small order on Ed25519, each in every spelling: with such a key, signatures that
/// nobody made verify for every message, or for every eighth.
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
