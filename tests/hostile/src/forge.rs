//! Valid and invalid keys of every kind, and tokens that name any algorithm. Made with OpenSSL
//! directly, without the product's code.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey},
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::{Padding, Rsa},
    sign::{RsaPssSaltlen, Signer},
};
use serde_json::{Value, json};

/// The kind of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// RSA with this number of bits.
    Rsa(u32),
    /// The curve P-256.
    P256,
    /// The curve P-384.
    P384,
    /// The curve P-521.
    P521,
    /// The curve secp256k1, for `ES256K`.
    Secp256k1,
    /// The curve Ed25519.
    Ed25519,
    /// The curve X25519, for key agreement only: it cannot sign.
    X25519,
    /// A shared secret.
    Oct,
}

impl KeyType {
    /// All of them, with three sizes of RSA.
    pub const ALL: [Self; 10] = [
        Self::Rsa(2048),
        Self::Rsa(1024),
        Self::Rsa(3072),
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Secp256k1,
        Self::Ed25519,
        Self::X25519,
        Self::Oct,
    ];
}

/// Every name that a token's `alg` has in these tests: the acceptable ones first.
pub const ALGORITHMS: [&str; 18] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519", "none", "HS256", "HS384", "HS512", "RS1", "ES256K", "XS999",
];

/// A key pair, or a secret.
pub struct ForgedKey {
    /// What it is.
    pub key_type: KeyType,
    /// The JWK that would publish it: `kty` and the numbers, and nothing else.
    pub jwk: Value,
    private: PKey<Private>,
}

impl ForgedKey {
    /// A new key.
    pub fn new(key_type: KeyType) -> Self {
        let (private, jwk) = match key_type {
            KeyType::Rsa(bits) => {
                let rsa = Rsa::generate(bits).unwrap();
                let (n, e) = (encode(&rsa.n().to_vec()), encode(&rsa.e().to_vec()));
                (PKey::from_rsa(rsa).unwrap(), json!({"kty": "RSA", "n": n, "e": e}))
            }
            KeyType::P256 => point("P-256", Nid::X9_62_PRIME256V1, 32),
            KeyType::P384 => point("P-384", Nid::SECP384R1, 48),
            KeyType::P521 => point("P-521", Nid::SECP521R1, 66),
            KeyType::Secp256k1 => point("secp256k1", Nid::SECP256K1, 32),
            KeyType::Ed25519 => edwards("Ed25519", PKey::generate_ed25519().unwrap()),
            KeyType::X25519 => edwards("X25519", PKey::generate_x25519().unwrap()),
            KeyType::Oct => {
                let mut secret = [0; 64];
                openssl::rand::rand_bytes(&mut secret).unwrap();
                let jwk = json!({"kty": "oct", "k": encode(&secret)});
                (PKey::hmac(&secret).unwrap(), jwk)
            }
        };
        Self { key_type, jwk, private }
    }

    /// The JWK with a `kid` and further members.
    pub fn jwk_with(&self, key_id: &str, members: &[(&str, Value)]) -> Value {
        let mut jwk = self.jwk.clone();
        jwk["kid"] = key_id.into();
        for (name, value) in members {
            jwk[*name] = value.clone();
        }
        jwk
    }

    /// The forms of this public key that were used as an HMAC secret by mistake: PEM with and
    /// without its last line break, DER, the JWK's text, and each of its numbers as text and as
    /// bytes.
    pub fn public_spellings(&self) -> Vec<(String, Vec<u8>)> {
        let mut spellings = vec![("JWK".to_owned(), self.jwk.to_string().into_bytes())];
        for (name, value) in self.jwk.as_object().unwrap() {
            if let Some(bytes) = value.as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()) {
                spellings.push((format!("{name} as text"), value.as_str().unwrap().into()));
                spellings.push((format!("{name} as bytes"), bytes));
            }
        }
        if self.key_type != KeyType::Oct {
            let pem = self.private.public_key_to_pem().unwrap();
            spellings.push(("PEM, trimmed".to_owned(), pem.trim_ascii_end().to_vec()));
            spellings.push(("PEM".to_owned(), pem));
            spellings.push(("DER".to_owned(), self.private.public_key_to_der().unwrap()));
        }
        spellings
    }

    /// The best signature that this key can make for an algorithm of this name: a correct one if
    /// the key is of the right family, of any size or curve; otherwise one by another algorithm,
    /// under this name.
    pub fn sign(&self, algorithm: &str, input: &[u8]) -> Vec<u8> {
        let digest = match &algorithm[algorithm.len().saturating_sub(3)..] {
            "384" => MessageDigest::sha384(),
            "512" => MessageDigest::sha512(),
            "RS1" => MessageDigest::sha1(),
            _ => MessageDigest::sha256(),
        };
        match self.key_type {
            _ if algorithm == "none" => Vec::new(),
            KeyType::Rsa(bits) => {
                let mut signer = Signer::new(digest, &self.private).unwrap();
                if algorithm.starts_with("PS") {
                    signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
                    // A small key has no room for a salt as long as SHA-512.
                    let salt = match bits < 2048 {
                        true => RsaPssSaltlen::MAXIMUM_LENGTH,
                        false => RsaPssSaltlen::DIGEST_LENGTH,
                    };
                    signer.set_rsa_pss_saltlen(salt).unwrap();
                }
                signer.sign_oneshot_to_vec(input).unwrap()
            }
            KeyType::P256 | KeyType::Secp256k1 => self.ecdsa(digest, 32, input),
            KeyType::P384 => self.ecdsa(digest, 48, input),
            KeyType::P521 => self.ecdsa(digest, 66, input),
            KeyType::Ed25519 => Signer::new_without_digest(&self.private)
                .unwrap()
                .sign_oneshot_to_vec(input)
                .unwrap(),
            KeyType::X25519 => self.private.raw_private_key().unwrap().repeat(2),
            KeyType::Oct => {
                Signer::new(digest, &self.private).unwrap().sign_oneshot_to_vec(input).unwrap()
            }
        }
    }

    fn ecdsa(&self, digest: MessageDigest, coordinate: i32, input: &[u8]) -> Vec<u8> {
        let der = Signer::new(digest, &self.private).unwrap().sign_oneshot_to_vec(input).unwrap();
        let signature = EcdsaSig::from_der(&der).unwrap();
        let number = |n: &openssl::bn::BigNumRef| n.to_vec_padded(coordinate).unwrap();
        [number(signature.r()), number(signature.s())].concat()
    }

    /// A token of this header and payload, signed for the algorithm of this name.
    pub fn token(&self, algorithm: &str, header: &[u8], payload: &[u8]) -> String {
        let input = signing_input(header, payload);
        let signature = self.sign(algorithm, input.as_bytes());
        format!("{input}.{}", encode(&signature))
    }
}

/// A token of any header and payload with an HMAC over it.
pub fn hmac_token(algorithm: &str, header: &[u8], payload: &[u8], secret: &[u8]) -> String {
    let input = signing_input(header, payload);
    let digest = match algorithm {
        "HS384" => MessageDigest::sha384(),
        "HS512" => MessageDigest::sha512(),
        _ => MessageDigest::sha256(),
    };
    let key = PKey::hmac(secret).unwrap();
    let tag = Signer::new(digest, &key).unwrap().sign_oneshot_to_vec(input.as_bytes()).unwrap();
    format!("{input}.{}", encode(&tag))
}

/// The first two parts of a token.
pub fn signing_input(header: &[u8], payload: &[u8]) -> String {
    format!("{}.{}", encode(header), encode(payload))
}

/// Base64url without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes behind base64url.
pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn point(curve: &str, nid: Nid, coordinate: i32) -> (PKey<Private>, Value) {
    let group = EcGroup::from_curve_name(nid).unwrap();
    let key = EcKey::generate(&group).unwrap();
    let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
    let mut context = BigNumContext::new().unwrap();
    key.public_key().affine_coordinates(&group, &mut x, &mut y, &mut context).unwrap();
    let number = |n: BigNum| encode(&n.to_vec_padded(coordinate).unwrap());
    let jwk = json!({"kty": "EC", "crv": curve, "x": number(x), "y": number(y)});
    (PKey::from_ec_key(key).unwrap(), jwk)
}

fn edwards(curve: &str, key: PKey<Private>) -> (PKey<Private>, Value) {
    let x = encode(&key.raw_public_key().unwrap());
    (key, json!({"kty": "OKP", "crv": curve, "x": x}))
}
