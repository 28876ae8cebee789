//! Every algorithm with every kind of key, published in every way: exactly the legitimate
//! combinations are accepted (R17, R25).

use actix_mcp_auth::{
    keys::Algorithm,
    testing::{Endpoint, Fault, TestAuthority},
};
use hostile::{
    Class,
    Expected::{BadToken, Passed, UnknownKey},
    RESOURCE, Server,
    forge::{ALGORITHMS, ForgedKey, KeyType, hmac_token},
    gate::backends,
    server::builder,
};
use mcp_auth_core::{CompactJws, KeySet};
use serde_json::{Value, json};

/// Which algorithms a kind of key is for: RFC 7518 §3.1 and §3.3 ("A key of size 2048 bits or
/// larger MUST be used"), RFC 8037 §3.1, RFC 9864 §2.2. The oracle, written from those.
fn algorithms_of(key: KeyType) -> &'static [&'static str] {
    match key {
        KeyType::Rsa(2048 | 3072) => &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
        KeyType::P256 => &["ES256"],
        KeyType::P384 => &["ES384"],
        KeyType::P521 => &["ES512"],
        KeyType::Ed25519 => &["EdDSA", "Ed25519"],
        _ => &[],
    }
}

/// One algorithm with two names.
fn same_algorithm(one: &str, other: &str) -> bool {
    let plain = |name| if name == "Ed25519" { "EdDSA" } else { name }.to_owned();
    plain(one) == plain(other)
}

/// How a key is published.
#[derive(Clone, Copy)]
struct Publication {
    alg: Option<&'static str>,
    key_use: Option<&'static str>,
    key_ops: Option<&'static [&'static str]>,
}

impl Publication {
    fn members(self) -> Vec<(&'static str, Value)> {
        let mut members = Vec::new();
        members.extend(self.alg.map(|alg| ("alg", json!(alg))));
        members.extend(self.key_use.map(|key_use| ("use", json!(key_use))));
        members.extend(self.key_ops.map(|key_ops| ("key_ops", json!(key_ops))));
        members
    }

    /// RFC 7517 §4.2 to §4.4: the key is for what its members say, and for nothing else.
    fn allows(self, algorithm: &str) -> bool {
        self.alg.is_none_or(|alg| same_algorithm(alg, algorithm))
            && self.key_use.is_none_or(|key_use| key_use == "sig")
            && self.key_ops.is_none_or(|key_ops| key_ops.contains(&"verify"))
    }

    /// All of them: each `alg` that a token may have, and none.
    fn all() -> impl Iterator<Item = Self> {
        let algs = ALGORITHMS.iter().copied().map(Some).chain([None]);
        algs.flat_map(|alg| {
            USES.iter().flat_map(move |&key_use| {
                OPERATIONS.iter().map(move |&key_ops| Self { alg, key_use, key_ops })
            })
        })
    }
}

const USES: [Option<&str>; 3] = [None, Some("sig"), Some("enc")];
const OPERATIONS: [Option<&[&str]>; 5] =
    [None, Some(&["verify"]), Some(&["sign"]), Some(&["verify", "sign"]), Some(&[])];

/// The claims do not matter here: core's `KeySet` looks at the signature alone.
fn token(key: &ForgedKey, algorithm: &str, key_id: Option<&str>) -> String {
    let mut header = json!({"alg": algorithm});
    if let Some(key_id) = key_id {
        header["kid"] = key_id.into();
    }
    key.token(algorithm, header.to_string().as_bytes(), br#"{"sub":"user_ada"}"#)
}

fn verifies(set: &KeySet, token: &str) -> bool {
    CompactJws::parse(token).is_ok_and(|jws| set.verify(&jws).is_ok())
}

#[test]
fn r17_r25_only_legitimate_algorithms_and_keys_are_accepted() {
    for (name, backend) in backends() {
        let mut class = Class::new("algorithms × keys × members").with(name);
        // A valid key beside each: it must verify, whatever the other key is.
        let good = ForgedKey::new(KeyType::P256);
        let good_jwk = good.jwk_with("good", &[("alg", json!("ES256"))]);
        let good_token = token(&good, "ES256", Some("good"));
        let mut legitimate = 0;
        for key_type in KeyType::ALL {
            let key = ForgedKey::new(key_type);
            let tokens = ALGORITHMS.map(|algorithm| {
                let named = token(&key, algorithm, Some("key"));
                (algorithm, [named, token(&key, algorithm, None)])
            });
            for publication in Publication::all() {
                let jwk = key.jwk_with("key", &publication.members());
                let json = json!({"keys": [jwk, good_jwk]}).to_string();
                let set = KeySet::parse(json.as_bytes(), Algorithm::ALL, &*backend).unwrap();
                class.same("the good key beside it", verifies(&set, &good_token), true);
                for (algorithm, tokens) in &tokens {
                    let fits = algorithms_of(key_type).contains(algorithm);
                    let expected = fits && publication.allows(algorithm);
                    legitimate += usize::from(expected);
                    for (token, kid) in tokens.iter().zip(["with kid", "without kid"]) {
                        let outcome = verifies(&set, token) == expected;
                        let why = format!(
                            "{algorithm} {key_type:?} {:?} {kid}: legitimate: {expected}",
                            publication.members()
                        );
                        class.case("", outcome.then_some(()).ok_or(why));
                    }
                }
            }
        }
        // Two sizes of RSA, three curves and Ed25519; with `alg` absent or right; `use` absent or
        // sig; `key_ops` absent or one of two. EdDSA is right under two names.
        assert_eq!(legitimate, (2 * 6 * 2 + 3 * 2 + 2 * 3) * 2 * 3);
        class.done();
    }
}

#[test]
fn r17_r25_the_same_over_http_from_one_published_set() {
    let authority = TestAuthority::start().unwrap();
    let keys = KeyType::ALL.map(ForgedKey::new);
    let publications: Vec<Publication> = sample().collect();
    let mut published = Vec::new();
    for (k, key) in keys.iter().enumerate() {
        for (p, publication) in publications.iter().enumerate() {
            published.push(key.jwk_with(&format!("{k}-{p}"), &publication.members()));
        }
    }
    publish(&authority, &published);
    let server = Server::when_ready(&builder(&authority).build().unwrap());
    let payload = claims(&authority);

    let mut class = Class::new("algorithms × keys, over HTTP");
    let mut wire = server.wire();
    for (k, key) in keys.iter().enumerate() {
        for algorithm in ALGORITHMS {
            for (p, publication) in publications.iter().enumerate() {
                let header = json!({"alg": algorithm, "kid": format!("{k}-{p}")}).to_string();
                let token = key.token(algorithm, header.as_bytes(), payload.as_bytes());
                let fits = algorithms_of(key.key_type).contains(&algorithm);
                let expected = match fits && publication.allows(algorithm) {
                    true => Passed,
                    // No key of this `kid` is for the algorithm; a newer key set could have one.
                    false if Algorithm::from_name(algorithm).is_some() => UnknownKey,
                    false => BadToken,
                };
                let answer = wire.call(format!("Bearer {token}").as_bytes());
                let name = format!("{algorithm} {:?} {:?}", key.key_type, publication.members());
                class.answer(name, &answer, expected);
            }
        }
    }
    class.done();
}

/// What fits into one key set of 64 KiB.
fn sample() -> impl Iterator<Item = Publication> {
    let bare = Publication { alg: None, key_use: None, key_ops: None };
    let algs = ["RS256", "PS384", "ES256", "Ed25519", "HS256"].map(Some);
    let by_alg = algs.into_iter().map(move |alg| Publication { alg, ..bare });
    let by_use = USES.into_iter().map(move |key_use| Publication { key_use, ..bare });
    let by_ops = OPERATIONS[2..].iter().map(move |&key_ops| Publication { key_ops, ..bare });
    by_alg.chain(by_use).chain(by_ops)
}

#[test]
fn r17_an_hmac_with_anything_public_as_its_secret_is_refused() {
    let authority = TestAuthority::start().unwrap();
    let keys = KeyType::ALL.map(ForgedKey::new);
    let published: Vec<Value> =
        keys.iter().enumerate().map(|(k, key)| key.jwk_with(&format!("{k}"), &[])).collect();
    publish(&authority, &published);
    let server = Server::when_ready(&builder(&authority).build().unwrap());
    let payload = claims(&authority);

    let mut class = Class::new("HMAC with the public key");
    let mut wire = server.wire();
    for (k, key) in keys.iter().enumerate() {
        for (spelling, secret) in key.public_spellings() {
            for hmac in ["HS256", "HS384", "HS512"] {
                // Under its own algorithm's name, and under that of the key's algorithm.
                for name in [hmac, algorithms_of(key.key_type).first().unwrap_or(&"RS256")] {
                    let header = json!({"alg": name, "kid": format!("{k}")}).to_string();
                    let token = hmac_token(hmac, header.as_bytes(), payload.as_bytes(), &secret);
                    let answer = wire.call(format!("Bearer {token}").as_bytes());
                    let case = format!("{hmac} as {name}: {spelling} of {:?}", key.key_type);
                    let is_unused = algorithms_of(key.key_type).is_empty() && name != hmac;
                    class.answer(case, &answer, if is_unused { UnknownKey } else { BadToken });
                }
            }
        }
    }
    class.done();
}

/// Serves this key set from now on.
fn publish(authority: &TestAuthority, keys: &[Value]) {
    let body = json!({ "keys": keys }).to_string().into_bytes();
    assert!(body.len() < 64 * 1024, "{} bytes are too many for a key set", body.len());
    let set = Fault::Custom { status: 200, content_type: "application/json".into(), body };
    authority.inject(Endpoint::Jwks, set);
}

/// Good claims.
fn claims(authority: &TestAuthority) -> String {
    let token = authority.token().subject("user_ada").audience(RESOURCE);
    Value::Object(token.claims().clone()).to_string()
}
