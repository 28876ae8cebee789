//! Checking a signature: a small trait, and josekit (OpenSSL) beneath it by default.

use std::fmt;

use josekit::jws::{
    ES256, ES384, ES512, EdDSA, JwsVerifier, PS256, PS384, PS512, RS256, RS384, RS512,
};

use crate::{
    algorithm::{Algorithm, KeyKind},
    base64url,
    jwk::{PublicKey, UnusableKey},
};

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

/// The default backend: josekit, and so OpenSSL.
#[derive(Debug, Clone, Copy, Default)]
pub struct Josekit;

impl SignatureBackend for Josekit {
    fn verifier(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
    ) -> Result<Box<dyn SignatureVerifier>, UnusableKey> {
        if algorithm.key_kind() != key.kind() {
            return Err(UnusableKey::UnacceptableAlgorithm);
        }
        let jwk = josekit_jwk(key)?;
        let verifier: Result<Box<dyn JwsVerifier>, _> = match algorithm {
            Algorithm::Rs256 => RS256.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::Rs384 => RS384.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::Rs512 => RS512.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::Ps256 => PS256.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::Ps384 => PS384.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::Ps512 => PS512.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::Es256 => ES256.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::Es384 => ES384.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::Es512 => ES512.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::EdDsa => EdDSA.verifier_from_jwk(&jwk).map(boxed),
        };
        let verifier = verifier.map_err(|_| UnusableKey::RefusedByLibrary)?;
        Ok(Box::new(JosekitVerifier { verifier, kind: key.kind() }))
    }
}

fn boxed(verifier: impl JwsVerifier + 'static) -> Box<dyn JwsVerifier> {
    Box::new(verifier)
}

struct JosekitVerifier {
    verifier: Box<dyn JwsVerifier>,
    kind: KeyKind,
}

impl SignatureVerifier for JosekitVerifier {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        has_the_form_of_a_signature(self.kind, signature)
            && self.verifier.verify(message, signature).is_ok()
    }
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

fn josekit_jwk(key: &PublicKey) -> Result<josekit::jwk::Jwk, UnusableKey> {
    let (key_type, members) = match key {
        PublicKey::Rsa { n, e } => ("RSA", vec![("n", number(n)), ("e", number(e))]),
        PublicKey::Ec { curve, x, y } => {
            ("EC", vec![("crv", curve.name().to_owned()), ("x", number(x)), ("y", number(y))])
        }
        PublicKey::Ed25519 { x } => ("OKP", vec![("crv", "Ed25519".to_owned()), ("x", number(x))]),
    };
    let mut jwk = josekit::jwk::Jwk::new(key_type);
    for (name, value) in members {
        jwk.set_parameter(name, Some(value.into())).map_err(|_| UnusableKey::RefusedByLibrary)?;
    }
    Ok(jwk)
}

fn number(bytes: &[u8]) -> String {
    base64url::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515 appendix A.3: ES256.
    #[test]
    fn r17_the_rfc_7515_es256_example_verifies_and_nothing_else_does() {
        let key = PublicKey::Ec {
            curve: crate::jwk::Curve::P256,
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
    fn r17_an_algorithm_needs_its_own_kind_of_key() {
        let key = PublicKey::Ed25519 { x: vec![1; 32] };
        for algorithm in Algorithm::ALL.iter().copied().filter(|a| *a != Algorithm::EdDsa) {
            assert!(Josekit.verifier(algorithm, &key).is_err(), "{algorithm}");
        }
    }

    #[test]
    fn r25_a_point_off_its_curve_is_no_key() {
        let key = PublicKey::Ec { curve: crate::jwk::Curve::P256, x: vec![1; 32], y: vec![2; 32] };
        assert_eq!(
            Josekit.verifier(Algorithm::Es256, &key).err(),
            Some(UnusableKey::RefusedByLibrary)
        );
    }
}
