//! Checking a signature: a small trait, josekit (OpenSSL) beneath it by default, and aws-lc-rs for
//! those who choose it.
//!
//! # One message, several signatures
//!
//! A signature that verifies proves who signed what; it is no name for the token. Whoever has an
//! ECDSA signature (r, s) can write down (r, n - s), which the standard takes as well (FIPS 186-5
//! §6.4.2), and an issuer may sign the same claims twice. Both backends follow the standard there.
//! Nothing in these crates takes a token's text for its identity: people are known by issuer and
//! subject, revocation goes by claims, and what remembers verified tokens by their bytes remembers
//! a second text as a second entry. What has no second form is the one signature itself: ECDSA
//! numbers and RSA signatures are of full length and in range, S of Ed25519 is below the order
//! (RFC 8032 §5.1.7), and base64url has one spelling (R23).

use std::fmt;

use crate::{
    keys::algorithm::{Algorithm, KeyKind},
    keys::jwk::{PublicKey, UnusableKey},
};

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod openssl;
mod rsa;

#[cfg(feature = "aws-lc-rs")]
pub use aws_lc::AwsLcRs;
pub use openssl::Josekit;

/// A cryptographic library: makes verifiers, once per key and algorithm.
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

/// ECDSA signatures are two numbers side by side, each in full length (RFC 7518 §3.4) and neither
/// of them zero; EdDSA has 64 bytes (RFC 8032 §5.1.6).
fn has_the_form_of_a_signature(kind: KeyKind, signature: &[u8]) -> bool {
    let coordinate = match kind {
        KeyKind::Rsa => return !signature.is_empty(),
        KeyKind::Ed25519 => return signature.len() == 64,
        KeyKind::P256 => 32,
        KeyKind::P384 => 48,
        KeyKind::P521 => 66,
    };
    signature.len() == 2 * coordinate
        && signature.chunks(coordinate).all(|number| number.iter().any(|byte| *byte != 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url;

    /// RFC 7515 appendix A.3: ES256.
    #[test]
    fn r17_the_rfc_7515_es256_example_verifies_and_nothing_else_does() {
        let key = PublicKey::Ec {
            curve: crate::keys::jwk::Curve::P256,
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
    fn r17_what_has_not_the_form_of_a_signature_reaches_no_library() {
        let has_form = |kind, parts: &[(u8, usize)]| {
            let bytes = parts.iter().flat_map(|&(byte, times)| vec![byte; times]);
            has_the_form_of_a_signature(kind, &bytes.collect::<Vec<u8>>())
        };
        for (kind, coordinate) in [(KeyKind::P256, 32), (KeyKind::P384, 48), (KeyKind::P521, 66)] {
            let len = 2 * coordinate;
            assert!(has_form(kind, &[(1, len)]), "{kind:?}");
            assert!(has_form(kind, &[(0, coordinate - 1), (1, 2), (0, coordinate - 1)]));
            assert!(!has_form(kind, &[(0, coordinate), (1, coordinate)]), "{kind:?}: r is zero");
            assert!(!has_form(kind, &[(1, coordinate), (0, coordinate)]), "{kind:?}: s is zero");
            for other in [0, coordinate, len - 1, len + 1, 2 * len] {
                assert!(!has_form(kind, &[(1, other)]), "{kind:?} of {other} bytes");
            }
        }
        assert!(has_form(KeyKind::Ed25519, &[(0, 64)]));
        assert!(!has_form(KeyKind::Ed25519, &[(1, 63)]) && !has_form(KeyKind::Ed25519, &[(1, 65)]));
        assert!(has_form(KeyKind::Rsa, &[(0, 256)]) && !has_form(KeyKind::Rsa, &[]));
    }

    #[test]
    fn r17_an_algorithm_needs_its_own_kind_of_key() {
        let key = PublicKey::Ed25519 { x: vec![1; 32] };
        for algorithm in Algorithm::ALL.iter().copied().filter(|a| *a != Algorithm::EdDsa) {
            assert!(Josekit.verifier(algorithm, &key).is_err(), "{algorithm}");
        }
    }

    #[test]
    fn r25_a_point_off_its_curve_is_no_key() {
        let key =
            PublicKey::Ec { curve: crate::keys::jwk::Curve::P256, x: vec![1; 32], y: vec![2; 32] };
        assert_eq!(
            Josekit.verifier(Algorithm::Es256, &key).err(),
            Some(UnusableKey::RefusedByLibrary)
        );
    }
}
