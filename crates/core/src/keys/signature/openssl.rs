//! josekit, and OpenSSL beneath it.

use josekit::jws::{ES256, ES384, ES512, EdDSA, JwsVerifier};

use super::{SignatureBackend, SignatureVerifier, has_the_form_of_a_signature, rsa::RsaVerifier};
use crate::{
    base64url,
    keys::algorithm::{Algorithm, KeyKind},
    keys::jwk::{Curve, PublicKey, UnusableKey},
};

/// The default backend: josekit, and so OpenSSL; for RSA OpenSSL alone, whose contexts are then used
/// again.
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
        let verifier: Result<Box<dyn JwsVerifier>, _> = match key {
            PublicKey::Rsa { n, e } => {
                return RsaVerifier::new(algorithm, n, e).map(|verifier| Box::new(verifier) as _);
            }
            PublicKey::Ec { curve, x, y } => {
                let jwk = josekit_jwk("EC", curve.name(), &[("x", x), ("y", y)])?;
                match curve {
                    Curve::P256 => ES256.verifier_from_jwk(&jwk).map(boxed),
                    Curve::P384 => ES384.verifier_from_jwk(&jwk).map(boxed),
                    Curve::P521 => ES512.verifier_from_jwk(&jwk).map(boxed),
                }
            }
            PublicKey::Ed25519 { x } => {
                let jwk = josekit_jwk("OKP", "Ed25519", &[("x", x)])?;
                EdDSA.verifier_from_jwk(&jwk).map(boxed)
            }
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

fn josekit_jwk(
    key_type: &str,
    curve: &str,
    numbers: &[(&str, &[u8])],
) -> Result<josekit::jwk::Jwk, UnusableKey> {
    let mut jwk = josekit::jwk::Jwk::new(key_type);
    let numbers = numbers.iter().map(|(name, bytes)| (*name, base64url::encode(bytes)));
    for (name, value) in numbers.chain([("crv", curve.to_owned())]) {
        jwk.set_parameter(name, Some(value.into())).map_err(|_| UnusableKey::RefusedByLibrary)?;
    }
    Ok(jwk)
}
