//! josekit, and OpenSSL beneath it.

use josekit::jws::{ES256, ES384, ES512, EdDSA, JwsVerifier};

use super::{SignatureBackend, SignatureVerifier, has_the_form_of_a_signature, rsa::RsaVerifier};
use crate::{
    algorithm::{Algorithm, KeyKind},
    base64url,
    jwk::{PublicKey, UnusableKey},
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
        if let PublicKey::Rsa { n, e } = key {
            let verifier = RsaVerifier::new(algorithm, n, e);
            return verifier.map(|verifier| Box::new(verifier) as Box<dyn SignatureVerifier>);
        }
        let jwk = josekit_jwk(key)?;
        let verifier: Result<Box<dyn JwsVerifier>, _> = match algorithm {
            Algorithm::Es256 => ES256.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::Es384 => ES384.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::Es512 => ES512.verifier_from_jwk(&jwk).map(boxed),
            Algorithm::EdDsa => EdDSA.verifier_from_jwk(&jwk).map(boxed),
            _ => return Err(UnusableKey::UnacceptableAlgorithm),
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

fn josekit_jwk(key: &PublicKey) -> Result<josekit::jwk::Jwk, UnusableKey> {
    let (key_type, members) = match key {
        PublicKey::Rsa { .. } => return Err(UnusableKey::UnacceptableAlgorithm),
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
