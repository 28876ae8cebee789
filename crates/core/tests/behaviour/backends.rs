//! josekit and aws-lc-rs accept and reject the same keys and signatures.

use mcp_auth_core::{
    Algorithm,
    jwk::{Curve, PublicKey},
    signature::{AwsLcRs, Josekit, SignatureBackend, SignatureVerifier},
};
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

const MESSAGE: &[u8] = b"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyX2FkYSJ9";

/// A key pair that signs with one algorithm.
struct Pair {
    algorithm: Algorithm,
    private: PKey<Private>,
    public: PublicKey,
}

impl Pair {
    fn all() -> Vec<Self> {
        let rsa = [2048, 3072].map(|bits| Rsa::generate(bits).unwrap());
        Algorithm::ALL.iter().flat_map(|&algorithm| Self::of(algorithm, &rsa)).collect()
    }

    fn of(algorithm: Algorithm, rsa: &[Rsa<Private>]) -> Vec<Self> {
        let (curve, nid, size) = match algorithm {
            Algorithm::Es256 => (Curve::P256, Nid::X9_62_PRIME256V1, 32),
            Algorithm::Es384 => (Curve::P384, Nid::SECP384R1, 48),
            Algorithm::Es512 => (Curve::P521, Nid::SECP521R1, 66),
            Algorithm::EdDsa => {
                let private = PKey::generate_ed25519().unwrap();
                let public = PublicKey::Ed25519 { x: private.raw_public_key().unwrap() };
                return vec![Self { algorithm, private, public }];
            }
            _ => {
                let pair = |rsa: &Rsa<Private>| Self {
                    algorithm,
                    public: PublicKey::Rsa { n: rsa.n().to_vec(), e: rsa.e().to_vec() },
                    private: PKey::from_rsa(rsa.clone()).unwrap(),
                };
                return rsa.iter().map(pair).collect();
            }
        };
        let group = EcGroup::from_curve_name(nid).unwrap();
        let key = EcKey::generate(&group).unwrap();
        let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        let mut context = BigNumContext::new().unwrap();
        key.public_key().affine_coordinates(&group, &mut x, &mut y, &mut context).unwrap();
        let public = PublicKey::Ec {
            curve,
            x: x.to_vec_padded(size).unwrap(),
            y: y.to_vec_padded(size).unwrap(),
        };
        vec![Self { algorithm, private: PKey::from_ec_key(key).unwrap(), public }]
    }

    fn digest(&self) -> MessageDigest {
        match self.algorithm {
            Algorithm::Rs384 | Algorithm::Ps384 | Algorithm::Es384 => MessageDigest::sha384(),
            Algorithm::Rs512 | Algorithm::Ps512 | Algorithm::Es512 => MessageDigest::sha512(),
            _ => MessageDigest::sha256(),
        }
    }

    fn is_pss(&self) -> bool {
        matches!(self.algorithm, Algorithm::Ps256 | Algorithm::Ps384 | Algorithm::Ps512)
    }

    /// The size of a coordinate, for ECDSA.
    fn coordinate(&self) -> Option<i32> {
        match &self.public {
            PublicKey::Ec { x, .. } => Some(x.len() as i32),
            _ => None,
        }
    }

    fn sign(&self) -> Vec<u8> {
        if self.is_pss() {
            return self.sign_pss(RsaPssSaltlen::DIGEST_LENGTH);
        }
        if self.algorithm == Algorithm::EdDsa {
            let mut signer = Signer::new_without_digest(&self.private).unwrap();
            return signer.sign_oneshot_to_vec(MESSAGE).unwrap();
        }
        let mut signer = Signer::new(self.digest(), &self.private).unwrap();
        let signature = signer.sign_oneshot_to_vec(MESSAGE).unwrap();
        match self.coordinate() {
            Some(size) => {
                let numbers = EcdsaSig::from_der(&signature).unwrap();
                let padded = |n: &openssl::bn::BigNumRef| n.to_vec_padded(size).unwrap();
                [padded(numbers.r()), padded(numbers.s())].concat()
            }
            None => signature,
        }
    }

    fn sign_pss(&self, salt: RsaPssSaltlen) -> Vec<u8> {
        let mut signer = Signer::new(self.digest(), &self.private).unwrap();
        signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
        signer.set_rsa_pss_saltlen(salt).unwrap();
        signer.sign_oneshot_to_vec(MESSAGE).unwrap()
    }

    fn verifiers(&self) -> Verifiers {
        Verifiers::of(self.algorithm, &self.public).unwrap()
    }
}

/// The verifiers of both backends for one key.
struct Verifiers([Box<dyn SignatureVerifier>; 2]);

impl Verifiers {
    /// `None` if both reject the key. Panics if only one does.
    fn of(algorithm: Algorithm, key: &PublicKey) -> Option<Self> {
        let one = Josekit.verifier(algorithm, key);
        let other = AwsLcRs.verifier(algorithm, key);
        assert_eq!(one.is_ok(), other.is_ok(), "{algorithm}: one takes a key, the other does not");
        Some(Self([one.ok()?, other.ok()?]))
    }

    /// The result of both. Panics if they disagree.
    fn verify(&self, what: &str, message: &[u8], signature: &[u8]) -> bool {
        let [one, other] = self.0.each_ref().map(|v| v.verify(message, signature));
        assert_eq!(one, other, "josekit says {one}, aws-lc-rs {other}: {what}");
        one
    }
}

#[test]
fn r17_both_backends_reject_every_changed_bit_of_a_signature() {
    for pair in Pair::all() {
        let (verifiers, signature) = (pair.verifiers(), pair.sign());
        let what = pair.algorithm.name();
        assert!(verifiers.verify(what, MESSAGE, &signature), "{what}");
        assert!(!verifiers.verify(what, &MESSAGE[1..], &signature), "{what}");
        for bit in 0..signature.len() * 8 {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifiers.verify(what, MESSAGE, &changed), "{what}: bit {bit}");
        }
    }
}

#[test]
fn r17_both_backends_reject_signatures_of_another_length() {
    for pair in Pair::all() {
        let (verifiers, signature) = (pair.verifiers(), pair.sign());
        let zero = [0];
        for other in [
            vec![],
            signature[1..].to_vec(),
            signature[..signature.len() - 1].to_vec(),
            [&zero[..], &signature].concat(),
            [&signature, &zero[..]].concat(),
            signature.repeat(2),
            vec![0; signature.len()],
            vec![0xff; signature.len()],
        ] {
            assert!(!verifiers.verify(pair.algorithm.name(), MESSAGE, &other), "{}", other.len());
        }
    }
}

/// "The size of the salt value is the same size as the hash function output" (RFC 7518 §3.5).
#[test]
fn r17_both_backends_require_the_salt_length_of_rfc_7518() {
    for pair in Pair::all().into_iter().filter(Pair::is_pss) {
        let verifiers = pair.verifiers();
        let hash = pair.digest().size() as i32;
        for (salt, good) in
            [(0, false), (20, false), (hash - 1, false), (hash, true), (64, hash == 64)]
        {
            let signature = pair.sign_pss(RsaPssSaltlen::custom(salt));
            let what = format!("{} with a salt of {salt}", pair.algorithm);
            assert_eq!(verifiers.verify(&what, MESSAGE, &signature), good, "{what}");
        }
    }
}

/// "If the length of the signature S is not k octets, output "invalid signature"" (RFC 8017
/// §8.1.2 and §8.2.2): leading zeros must not be left out.
#[test]
fn r17_both_backends_require_the_leading_zeros_of_a_signature() {
    let rsa = [Rsa::generate(2048).unwrap()];
    for pair in Algorithm::ALL.iter().flat_map(|&algorithm| Pair::of(algorithm, &rsa)) {
        if pair.is_pss() {
            // One in 256.
            let mut signatures = std::iter::repeat_with(|| pair.sign());
            let signature = signatures.find(|signature| signature[0] == 0).unwrap();
            let (verifiers, what) = (pair.verifiers(), pair.algorithm.name());
            assert!(verifiers.verify(what, MESSAGE, &signature), "{what}");
            assert!(!verifiers.verify(what, MESSAGE, &signature[1..]), "{what}");
        }
    }
}

/// A verifier is kept: a bad signature must not affect the next one, nor a good one.
#[test]
fn r17_one_verifiers_results_do_not_depend_on_earlier_ones() {
    for pair in Pair::all() {
        let (verifiers, good) = (pair.verifiers(), pair.sign());
        let what = pair.algorithm.name();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        for _ in 0..3 {
            assert!(verifiers.verify(what, MESSAGE, &good), "{what}");
            assert!(!verifiers.verify(what, MESSAGE, &bad), "{what}");
            assert!(!verifiers.verify(what, b"another", &good), "{what}");
            assert!(!verifiers.verify(what, MESSAGE, &good[1..]), "{what}");
            assert!(!verifiers.verify(what, MESSAGE, &vec![0xff; good.len()]), "{what}");
        }
    }
}

/// ECDSA has a second signature for each message, with `n - s` for `s` (SEC 1 §4.1.4 accepts
/// both). Nothing here uses a token's bytes as its identity.
#[test]
fn the_second_ecdsa_signature_is_accepted_by_both_backends() {
    for pair in Pair::all() {
        let Some(size) = pair.coordinate() else { continue };
        let mut signature = pair.sign();
        let s = BigNum::from_slice(&signature[size as usize..]).unwrap();
        let (mut order, mut twin) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        let ec = pair.private.ec_key().unwrap();
        ec.group().order(&mut order, &mut BigNumContext::new().unwrap()).unwrap();
        twin.checked_sub(&order, &s).unwrap();
        signature.truncate(size as usize);
        signature.extend(twin.to_vec_padded(size).unwrap());
        assert!(pair.verifiers().verify(pair.algorithm.name(), MESSAGE, &signature));
    }
}

/// RFC 8032 §5.1.7: "S must be in the range 0 <= s < L".
#[test]
fn r17_both_backends_reject_an_ed25519_signature_with_s_plus_l() {
    /// L = 2^252 + 27742317777372353535851937790883648493, little-endian.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let pair = Pair::of(Algorithm::EdDsa, &[]).remove(0);
    let mut signature = pair.sign();
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert!(!pair.verifiers().verify("S + L", MESSAGE, &signature));
}

#[test]
fn r25_both_backends_reject_the_same_keys() {
    let good = Pair::all();
    for pair in &good {
        let takes = |key: PublicKey| Verifiers::of(pair.algorithm, &key).is_some();
        match pair.public.clone() {
            PublicKey::Ec { curve, x, y } => {
                let zeros = vec![0; x.len()];
                assert!(
                    !takes(PublicKey::Ec { curve, x: y.clone(), y: x.clone() }),
                    "off the curve"
                );
                assert!(!takes(PublicKey::Ec { curve, x: zeros.clone(), y: zeros }), "at infinity");
                assert!(!takes(PublicKey::Ec { curve, x: vec![0xff; x.len()], y }), "too large");
            }
            PublicKey::Ed25519 { .. } => {
                let other = Pair::of(Algorithm::EdDsa, &[]).remove(0);
                assert!(!other.verifiers().verify("another key", MESSAGE, &pair.sign()));
            }
            _ => {}
        }
        for other in &good {
            let fits = other.algorithm.key_kind() == pair.algorithm.key_kind();
            assert_eq!(takes(other.public.clone()), fits, "{} {}", pair.algorithm, other.algorithm);
        }
    }
}

/// Anyone can forge signatures for a point of small order. RFC 8032 lets a library accept such a
/// key; both must agree.
#[test]
fn both_backends_agree_on_ed25519_keys_of_small_order() {
    let identity = {
        let mut point = vec![0; 32];
        point[0] = 1;
        point
    };
    for x in [identity.clone(), vec![0; 32]] {
        let Some(verifiers) = Verifiers::of(Algorithm::EdDsa, &PublicKey::Ed25519 { x }) else {
            continue;
        };
        let forged = [&identity[..], &[0; 32]].concat();
        verifiers.verify("a key of small order", MESSAGE, &forged);
    }
}
