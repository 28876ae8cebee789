//! Signature verification: a small trait, with josekit (OpenSSL) as the default backend and
//! aws-lc-rs as an option.
//!
//! # Several signatures of one message
//!
//! A signature that verifies proves who signed what. It does not identify the token: from an ECDSA
//! signature (r, s) anyone can compute (r, n - s), which verifies as well (FIPS 186-5 §6.4.2), and
//! an issuer may sign the same claims twice. Both backends follow the standard there. So nothing in
//! these crates uses a token's text as its identity: a user is known by issuer and subject, a
//! revocation names claims, and the cache of verified tokens stores a second text as a second
//! entry. One signature has only one encoding: ECDSA numbers and RSA signatures have their full
//! length and are in range, S of Ed25519 is below the order (RFC 8032 §5.1.7), and base64url is
//! strict.

use std::fmt;

use crate::{
    keys::algorithm::Algorithm,
    keys::jwk::{Curve, PublicKey, UnusableKey},
};

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod openssl;

#[cfg(feature = "aws-lc-rs")]
pub use aws_lc::AwsLcRs;
pub use openssl::Josekit;

/// A cryptographic library. It makes one verifier per key and algorithm, which is kept as long as
/// the key.
pub trait SignatureBackend: fmt::Debug + Send + Sync + 'static {
    /// A verifier that owns the parsed key.
    ///
    /// # Errors
    /// Where the library refuses the key.
    fn verifier(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
    ) -> Result<Box<dyn SignatureVerifier>, UnusableKey>;
}

/// One key for one algorithm.
pub trait SignatureVerifier: Send + Sync {
    /// Whether `signature` over `message` was made with this key.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}

/// What a signature by one key looks like. The library never sees a signature of another format.
#[derive(Debug, Clone, Copy)]
enum SignatureFormat {
    Rsa { modulus_len: usize },
    Ecdsa { coordinate_len: usize },
    Ed25519,
}

impl SignatureFormat {
    fn of(key: &PublicKey) -> Self {
        match key {
            PublicKey::Rsa { n, .. } => Self::Rsa { modulus_len: n.len() },
            PublicKey::Ec { curve, .. } => Self::Ecdsa {
                coordinate_len: match curve {
                    Curve::P256 => 32,
                    Curve::P384 => 48,
                    Curve::P521 => 66,
                },
            },
            PublicKey::Ed25519 { .. } => Self::Ed25519,
        }
    }

    fn matches(self, signature: &[u8]) -> bool {
        match self {
            // "If the length of the signature S is not k octets, output "invalid signature""
            // (RFC 8017 §8.1.2 and §8.2.2). OpenSSL accepts a PSS signature without its leading
            // zeros.
            Self::Rsa { modulus_len } => signature.len() == modulus_len,
            // Two numbers side by side, each in full length (RFC 7518 §3.4) and neither of them
            // zero (FIPS 186-5 §6.4.2).
            Self::Ecdsa { coordinate_len } => {
                let is_zero = |number: &[u8]| number.iter().all(|byte| *byte == 0);
                signature.len() == 2 * coordinate_len
                    && !signature.chunks(coordinate_len).any(is_zero)
            }
            // RFC 8032 §5.1.6.
            Self::Ed25519 => signature.len() == 64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url;

    /// RFC 7515 appendix A.3: ES256.
    #[test]
    fn r17_the_rfc_7515_es256_example_verifies() {
        let key = PublicKey::Ec {
            curve: Curve::P256,
            x: base64url::decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").unwrap(),
            y: base64url::decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").unwrap(),
        };
        let message = b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0d\
                        HA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = base64url::decode(
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        )
        .unwrap();
        let verifier = Josekit.verifier(Algorithm::Es256, &key).unwrap();
        assert!(verifier.verify(message, &signature));
        assert!(!verifier.verify(&message[1..], &signature));
        assert!(!verifier.verify(message, &[0; 64]));
        assert!(!verifier.verify(message, &signature[..63]));
        assert!(!verifier.verify(message, &[]));
    }

    #[test]
    fn r17_malformed_signatures_do_not_reach_the_library() {
        let matches = |key: &PublicKey, parts: &[(u8, usize)]| {
            let bytes = parts.iter().flat_map(|&(byte, times)| vec![byte; times]);
            SignatureFormat::of(key).matches(&bytes.collect::<Vec<u8>>())
        };
        for (curve, coordinate) in [(Curve::P256, 32), (Curve::P384, 48), (Curve::P521, 66)] {
            let len = 2 * coordinate;
            let key = PublicKey::Ec { curve, x: vec![1; coordinate], y: vec![1; coordinate] };
            assert!(matches(&key, &[(1, len)]), "{curve:?}");
            assert!(matches(&key, &[(0, coordinate - 1), (1, 2), (0, coordinate - 1)]));
            assert!(!matches(&key, &[(0, coordinate), (1, coordinate)]), "{curve:?}: r is zero");
            assert!(!matches(&key, &[(1, coordinate), (0, coordinate)]), "{curve:?}: s is zero");
            for other in [0, coordinate, len - 1, len + 1, 2 * len] {
                assert!(!matches(&key, &[(1, other)]), "{curve:?} of {other} bytes");
            }
        }
        let ed25519 = PublicKey::Ed25519 { x: vec![1; 32] };
        let rsa = PublicKey::Rsa { n: vec![0xff; 256], e: vec![1, 0, 1] };
        for (key, len) in [(&ed25519, 64), (&rsa, 256)] {
            assert!(matches(key, &[(0, len)]));
            for other in [0, len - 1, len + 1, 2 * len] {
                assert!(!matches(key, &[(1, other)]), "{key:?} with {other} bytes");
            }
        }
    }

    #[test]
    fn r17_an_algorithm_needs_its_own_kind_of_key() {
        let keys = [
            PublicKey::Ed25519 { x: vec![1; 32] },
            PublicKey::Rsa { n: vec![0xff; 256], e: vec![1, 0, 1] },
        ];
        for key in keys {
            for &algorithm in Algorithm::ALL {
                let found = Josekit.verifier(algorithm, &key).err();
                let fits = algorithm.key_kind() == key.kind();
                let expected = (!fits).then_some(UnusableKey::UnacceptableAlgorithm);
                assert_eq!(found, expected, "{key:?} {algorithm}");
            }
        }
    }

    #[test]
    fn r25_a_point_off_its_curve_is_rejected() {
        let key = PublicKey::Ec { curve: Curve::P256, x: vec![1; 32], y: vec![2; 32] };
        assert_eq!(
            Josekit.verifier(Algorithm::Es256, &key).err(),
            Some(UnusableKey::RefusedByLibrary)
        );
    }
}
