//! Signatures verified by AWS-LC, with the feature `aws-lc-rs`.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    EcdsaVerificationAlgorithm, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
};

use super::{SignatureBackend, SignatureFormat, SignatureVerifier};
use crate::{
    keys::algorithm::Algorithm,
    keys::jwk::{PublicKey, UnusableKey},
};

/// The optional backend: aws-lc-rs, which parses keys and verifies signatures faster than
/// OpenSSL 3.0.
///
/// The feature `aws-lc-rs` only makes this type available; the application chooses it in the
/// builder. How to build a FIPS module is documented by aws-lc-rs.
#[derive(Debug, Clone, Copy, Default)]
pub struct AwsLcRs;

impl SignatureBackend for AwsLcRs {
    fn verifier(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
    ) -> Result<Box<dyn SignatureVerifier>, UnusableKey> {
        if algorithm.key_kind() != key.kind() {
            return Err(UnusableKey::UnacceptableAlgorithm);
        }
        let parsed = match key {
            PublicKey::Rsa { n, e } => {
                let parameters = rsa(algorithm).ok_or(UnusableKey::UnacceptableAlgorithm)?;
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters)
            }
            PublicKey::Ec { x, y, .. } => {
                let curve = ecdsa(algorithm).ok_or(UnusableKey::UnacceptableAlgorithm)?;
                // An uncompressed point (SEC 1 §2.3.3).
                ParsedPublicKey::new(curve, [&[4], &x[..], &y[..]].concat())
            }
            PublicKey::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x),
        };
        let parsed = parsed.map_err(|_| UnusableKey::RefusedByLibrary)?;
        Ok(Box::new(AwsLcVerifier { key: parsed, format: SignatureFormat::of(key) }))
    }
}

struct AwsLcVerifier {
    key: ParsedPublicKey,
    format: SignatureFormat,
}

impl SignatureVerifier for AwsLcVerifier {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.format.matches(signature) && self.key.verify_sig(message, signature).is_ok()
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn ecdsa(algorithm: Algorithm) -> Option<&'static EcdsaVerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
        Algorithm::Es512 => &ECDSA_P521_SHA512_FIXED,
        _ => return None,
    })
}
