//! What the worst key set that fits into the fetcher's 64 KiB can cost for one token.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::PKey,
};

use super::*;

/// What a fetched document may have at most.
const SIZE_LIMIT: usize = 64 * 1024;

/// OpenSSL, with every verification counted.
#[derive(Debug, Clone, Default)]
struct Counting(Arc<AtomicUsize>);

struct Counted(Box<dyn SignatureVerifier>, Arc<AtomicUsize>);

impl SignatureBackend for Counting {
    fn verifier(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
    ) -> Result<Box<dyn SignatureVerifier>, UnusableKey> {
        let verifier = Josekit.verifier(algorithm, key)?;
        Ok(Box::new(Counted(verifier, self.0.clone())))
    }
}

impl SignatureVerifier for Counted {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.1.fetch_add(1, SeqCst);
        self.0.verify(message, signature)
    }
}

fn point(curve: &str, nid: Nid, coordinate: i32) -> Value {
    let group = EcGroup::from_curve_name(nid).unwrap();
    let key = EcKey::generate(&group).unwrap();
    let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
    let mut context = BigNumContext::new().unwrap();
    key.public_key().affine_coordinates(&group, &mut x, &mut y, &mut context).unwrap();
    let number = |n: BigNum| base64url::encode(&n.to_vec_padded(coordinate).unwrap());
    json!({"kty": "EC", "crv": curve, "x": number(x), "y": number(y)})
}

fn ed25519() -> Value {
    let key = PKey::generate_ed25519().unwrap();
    let x = base64url::encode(&key.raw_public_key().unwrap());
    json!({"kty": "OKP", "crv": "Ed25519", "x": x})
}

/// An RSA key that nobody has the private half of: any number without a small factor will do, and
/// the longest exponent costs most.
fn rsa(bits: i32) -> Value {
    loop {
        let mut n = BigNum::new().unwrap();
        n.rand(bits, openssl::bn::MsbOption::ONE, true).unwrap();
        let key = json!({
            "kty": "RSA", "n": base64url::encode(&n.to_vec()),
            "e": base64url::encode(&[0xff, 0xff, 0xff, 0xff]),
        });
        if Jwk::from_json(&key).is_ok() {
            return key;
        }
    }
}

/// A set of as many of these keys as fit, or of 300.
fn largest_set(kid: impl Fn(usize) -> Option<String>, key: impl Fn(usize) -> Value) -> String {
    let (mut keys, mut size) = (Vec::new(), r#"{"keys":[]}"#.len());
    for n in 0..300 {
        let mut key = key(n);
        if let Some(kid) = kid(n) {
            key["kid"] = kid.into();
        }
        let key = key.to_string();
        size += key.len() + 1;
        if size > SIZE_LIMIT {
            break;
        }
        keys.push(key);
    }
    let set = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    assert!(set.len() <= SIZE_LIMIT && set.len() > SIZE_LIMIT / 3, "{} bytes", set.len());
    set
}

/// Tokens of this algorithm with a signature of the right form: without a `kid`, with the one that
/// many keys have, and with another.
fn forged(algorithm: Algorithm) -> impl Iterator<Item = String> {
    let lengths: &[usize] = match algorithm {
        Algorithm::Es256 | Algorithm::EdDsa => &[64],
        Algorithm::Es384 => &[96],
        Algorithm::Es512 => &[132],
        _ => &[256, 1024],
    };
    let headers = [Some("k"), Some("k7"), None].map(|kid| match kid {
        Some(kid) => json!({"alg": algorithm.name(), "kid": kid}),
        None => json!({"alg": algorithm.name()}),
    });
    headers.into_iter().flat_map(move |header| {
        let header = base64url::encode(header.to_string().as_bytes());
        lengths.iter().map(move |&len| {
            format!("{header}.{}.{}", base64url::encode(b"{}"), base64url::encode(&vec![1; len]))
        })
    })
}

#[test]
fn r25_one_token_costs_four_verifications_by_the_worst_set() {
    let one = |_| Some("k".to_owned());
    let each = |n| Some(format!("k{n}"));
    let any = |n: usize| match n % 4 {
        0 => ed25519(),
        1 => point("P-256", Nid::X9_62_PRIME256V1, 32),
        2 => point("P-384", Nid::SECP384R1, 48),
        _ => point("P-521", Nid::SECP521R1, 66),
    };
    let p521 = |_| point("P-521", Nid::SECP521R1, 66);
    let big = [rsa(8192), rsa(8192), rsa(8192), rsa(8192), rsa(8192)];
    let small: Vec<Value> = (0..5).map(|_| rsa(2048)).collect();
    let sets = [
        ("P-521 under one kid", largest_set(one, p521)),
        ("P-521 without kid", largest_set(|_| None, p521)),
        ("P-521, each its own kid", largest_set(each, p521)),
        ("every curve under one kid", largest_set(one, any)),
        ("RSA of 8192 bits under one kid", largest_set(one, |n| big[n % 5].clone())),
        ("RSA of 2048 bits under one kid", largest_set(one, |n| small[n % 5].clone())),
        ("RSA of 8192 bits without kid", largest_set(|_| None, |n| big[n % 5].clone())),
    ];
    for (name, json) in sets {
        let backend = Counting::default();
        let set = KeySet::parse(json.as_bytes(), Algorithm::ALL, &backend).unwrap();
        let mut most = 0;
        for &algorithm in Algorithm::ALL {
            for token in forged(algorithm) {
                backend.0.store(0, SeqCst);
                assert!(verify(&set, &token).is_err(), "{name}: {algorithm}");
                most = most.max(backend.0.load(SeqCst));
            }
        }
        assert!(most <= 4, "{name}: {most} verifications for one token");
        assert!(most > 0 || name.ends_with("without kid"), "{name}: nothing was tried");
    }
}
