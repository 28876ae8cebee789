//! josekit, and OpenSSL beneath it.

use josekit::jws::{
    ES256, ES384, ES512, EdDSA, JwsVerifier, PS256, PS384, PS512, RS256, RS384, RS512,
};

use super::{SignatureBackend, SignatureVerifier, has_the_form_of_a_signature};
use crate::{
    algorithm::{Algorithm, KeyKind},
    base64url,
    jwk::{PublicKey, UnusableKey},
};

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
