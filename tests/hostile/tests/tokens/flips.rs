//! A valid token has no second text: truncated, extended, with one bit changed, or in another
//! encoding (R23).

use std::time::SystemTime;

use actix_mcp_auth::{
    Rejection,
    operation::UnixTime,
    testing::{Algorithm, Key, TestAuthority},
};
use hostile::{
    Class,
    Expected::{BadToken, Refused, UnknownKey},
    Gate, RESOURCE, Server, Wire,
    forge::{decode, encode},
    full,
    server::builder,
};
use serde_json::json;

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

/// An issuer with one key, a token of it, and both ways to authenticate: in process, and over HTTP.
pub(crate) struct World {
    pub(crate) authority: TestAuthority,
    token: String,
    gate: Gate,
    pub(crate) server: Server,
}

impl World {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let authority = TestAuthority::builder().algorithm(algorithm).start().unwrap();
        let token = authority.person_token("user_ada", RESOURCE);
        let jwks = json!({"keys": [authority.keys().current().public_jwk()]}).to_string();
        let gate = Gate::new(authority.issuer(), &jwks, now()).unwrap();
        let server = Server::when_ready(&builder(&authority).build().unwrap());
        assert_eq!(gate.ask(&token), Ok(()));
        assert_eq!(server.wire().call(format!("Bearer {token}").as_bytes()).status, 200);
        Self { authority, token, gate, server }
    }

    /// The token's three parts as bytes.
    pub(crate) fn parts(&self) -> [Vec<u8>; 3] {
        let parts: Vec<Vec<u8>> = self.token.split('.').map(decode).collect();
        parts.try_into().unwrap()
    }

    /// The token with another signature.
    pub(crate) fn signed_with(&self, signature: &[u8]) -> String {
        let (input, _) = self.token.rsplit_once('.').unwrap();
        format!("{input}.{}", encode(signature))
    }

    pub(crate) fn ask_both(&self, class: &mut Class, case: String, token: &str) {
        class.case(format!("{case}, in process"), refused(self.gate.ask(token)));
        let answer = self.server.wire().call(format!("Bearer {token}").as_bytes());
        class.answer(case, &answer, BadToken);
    }
}

pub(crate) fn now() -> UnixTime {
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
fn r11_r23_tokens_with_one_changed_bit_are_rejected_over_http() {
    let mut class = Class::new("one bit of the text changed, over HTTP");
    let step = if full() { 1 } else { 17 };
    for algorithm in ALGORITHMS {
        let world = World::new(algorithm);
        let mut wire = world.server.wire();
        let header = world.token.find('.').unwrap();
        for bit in (0..world.token.len() * 8).step_by(step) {
            let mut token = world.token.clone().into_bytes();
            token[bit / 8] ^= 1 << (bit % 8);
            let value = [b"Bearer ", &token[..]].concat();
            class.case(
                format!("{algorithm:?}: bit {bit}, in process"),
                refused(world.gate.ask_with(&[&value])),
            );
            // A control character may end the header, or make the request invalid HTTP.
            let (answer, expected) = match token[bit / 8].is_ascii_control() {
                true => (Wire::to(world.server.address()).call(&value), Refused),
                // A changed header may name another key, or another algorithm.
                false if bit / 8 < header => (wire.call(&value), UnknownKey),
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
            // Unused bits of the last character: every character that a lenient decoder reads as
            // the same bytes.
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

/// Both names of the algorithm are accepted. The signature covers the header, so the name cannot be
/// changed afterwards.
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
