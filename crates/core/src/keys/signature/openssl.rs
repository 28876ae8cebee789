//! Signatures verified by josekit, which calls OpenSSL.

use josekit::{
    JoseError,
    jwk::Jwk,
    jws::{ES256, ES384, ES512, EdDSA, JwsVerifier, PS256, PS384, PS512, RS256, RS384, RS512},
};

use super::{SignatureBackend, SignatureFormat, SignatureVerifier};
use crate::{
    base64url,
    keys::algorithm::Algorithm,
    keys::jwk::{PublicKey, UnusableKey},
};

/// The default backend: josekit, which calls OpenSSL.
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
        let verifier = josekit_jwk(key).and_then(|jwk| josekit_verifier(algorithm, &jwk));
        let verifier = verifier.map_err(|_| UnusableKey::RefusedByLibrary)?;
        Ok(Box::new(JosekitVerifier { verifier, format: SignatureFormat::of(key) }))
    }
}

struct JosekitVerifier {
    verifier: Box<dyn JwsVerifier>,
    format: SignatureFormat,
}

impl SignatureVerifier for JosekitVerifier {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.format.matches(signature) && self.verifier.verify(message, signature).is_ok()
    }
}

fn josekit_verifier(algorithm: Algorithm, jwk: &Jwk) -> Result<Box<dyn JwsVerifier>, JoseError> {
    match algorithm {
        Algorithm::Rs256 => RS256.verifier_from_jwk(jwk).map(boxed),
        Algorithm::Rs384 => RS384.verifier_from_jwk(jwk).map(boxed),
        Algorithm::Rs512 => RS512.verifier_from_jwk(jwk).map(boxed),
        // josekit makes an RSASSA-PSS key (RFC 8017 A.2.3) whose parameters fix both hashes and the
        // length of the salt (RFC 7518 §3.5).
        Algorithm::Ps256 => PS256.verifier_from_jwk(jwk).map(boxed),
        Algorithm::Ps384 => PS384.verifier_from_jwk(jwk).map(boxed),
        Algorithm::Ps512 => PS512.verifier_from_jwk(jwk).map(boxed),
        Algorithm::Es256 => ES256.verifier_from_jwk(jwk).map(boxed),
        Algorithm::Es384 => ES384.verifier_from_jwk(jwk).map(boxed),
        Algorithm::Es512 => ES512.verifier_from_jwk(jwk).map(boxed),
        Algorithm::EdDsa => EdDSA.verifier_from_jwk(jwk).map(boxed),
    }
}

fn boxed(verifier: impl JwsVerifier + 'static) -> Box<dyn JwsVerifier> {
    Box::new(verifier)
}

fn josekit_jwk(key: &PublicKey) -> Result<Jwk, JoseError> {
    let (key_type, curve, numbers) = match key {
        PublicKey::Rsa { n, e } => ("RSA", None, vec![("n", n), ("e", e)]),
        PublicKey::Ec { curve, x, y } => ("EC", Some(curve.name()), vec![("x", x), ("y", y)]),
        PublicKey::Ed25519 { x } => ("OKP", Some("Ed25519"), vec![("x", x)]),
    };
    let mut jwk = Jwk::new(key_type);
    if let Some(curve) = curve {
        jwk.set_parameter("crv", Some(curve.into()))?;
    }
    for (name, bytes) in numbers {
        jwk.set_parameter(name, Some(base64url::encode(bytes).into()))?;
    }
    Ok(jwk)
}
