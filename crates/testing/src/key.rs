//! Signing keys: made, used and published with OpenSSL directly.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer, Verifier};
use serde_json::{Value, json};

use crate::algorithm::{Algorithm, Curve, Scheme};
use crate::random;

const RSA_BITS: u32 = 2048;

/// A signing key. Cheap to clone; `Debug` does not show its private part.
///
/// [`Keys::add`](crate::Keys::add) and its siblings give keys that belong to an authority;
/// [`Key::stranger`] gives one that nobody publishes.
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    id: String,
    algorithm: Algorithm,
    private: PKey<Private>,
    jwk: Value,
}

impl Key {
    /// A key that no authority publishes, for tokens that an attacker signs.
    ///
    /// ```
    /// use mcp_auth_testing::{Algorithm, Key, TestAuthority};
    ///
    /// # fn main() -> Result<(), mcp_auth_testing::StartError> {
    /// let authority = TestAuthority::start()?;
    /// let forged = authority.token().signed_by(&Key::stranger(Algorithm::Es256)).sign();
    /// # let _ = forged;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// If OpenSSL cannot make a key.
    pub fn stranger(algorithm: Algorithm) -> Self {
        Self::generate(algorithm).expect("OpenSSL makes a key")
    }

    /// The key's `kid`.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// What the key signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The public half as a JSON Web Key (RFC 7517), as the key set publishes it.
    pub fn public_jwk(&self) -> &Value {
        &self.0.jwk
    }

    /// The public half in PEM, which algorithm confusion uses as an HMAC secret (RFC 8725 §2.1).
    ///
    /// # Panics
    /// If OpenSSL cannot write its own key.
    pub fn public_pem(&self) -> Vec<u8> {
        self.0.private.public_key_to_pem().expect("OpenSSL writes its own key")
    }

    /// The private half in PEM (PKCS #8): for a client that authenticates with it
    /// ([`Client::with_key`](crate::Client::with_key)).
    ///
    /// # Panics
    /// If OpenSSL cannot write its own key.
    pub fn private_pem(&self) -> Vec<u8> {
        self.0.private.private_key_to_pem_pkcs8().expect("OpenSSL writes its own key")
    }

    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, ErrorStack> {
        let private = match algorithm.scheme() {
            Scheme::Pkcs1(_) | Scheme::Pss(_) => PKey::from_rsa(Rsa::generate(RSA_BITS)?)?,
            Scheme::Ecdsa(curve, _) => {
                PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(curve.nid())?)?)?
            }
            Scheme::EdDsa => PKey::generate_ed25519()?,
        };
        Self::of(format!("sso_oidc_key_pair_{}", random::ulid()), algorithm, private)
    }

    /// A key out of a file. It must fit the algorithm.
    pub(crate) fn from_pem(
        id: String,
        algorithm: Algorithm,
        pem: &[u8],
    ) -> Result<Self, ErrorStack> {
        Self::of(id, algorithm, PKey::private_key_from_pem(pem)?)
    }

    fn of(id: String, algorithm: Algorithm, private: PKey<Private>) -> Result<Self, ErrorStack> {
        let mut jwk = match algorithm.scheme() {
            Scheme::Pkcs1(_) | Scheme::Pss(_) => rsa(&private)?,
            Scheme::Ecdsa(curve, _) => point_on(curve, &private)?,
            Scheme::EdDsa => ed25519(&private)?,
        };
        jwk["kid"] = json!(id);
        jwk["alg"] = json!(algorithm.name());
        jwk["use"] = json!("sig");
        Ok(Self(Arc::new(Inner { id, algorithm, private, jwk })))
    }

    /// The signature of `input` in the form that RFC 7518 prescribes.
    pub(crate) fn sign(&self, input: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let key = &self.0.private;
        match self.0.algorithm.scheme() {
            Scheme::Pkcs1(digest) => Signer::new(digest, key)?.sign_oneshot_to_vec(input),
            Scheme::Pss(digest) => {
                let mut signer = Signer::new(digest, key)?;
                signer.set_rsa_padding(Padding::PKCS1_PSS)?;
                signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
                signer.sign_oneshot_to_vec(input)
            }
            Scheme::Ecdsa(curve, digest) => {
                let der = Signer::new(digest, key)?.sign_oneshot_to_vec(input)?;
                let signature = EcdsaSig::from_der(&der)?;
                let mut raw = signature.r().to_vec_padded(curve.coordinate())?;
                raw.extend(signature.s().to_vec_padded(curve.coordinate())?);
                Ok(raw)
            }
            Scheme::EdDsa => Signer::new_without_digest(key)?.sign_oneshot_to_vec(input),
        }
    }

    /// Whether `signature` is this key's for `input`; `false` for one that cannot be parsed.
    pub(crate) fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        self.try_verify(input, signature).unwrap_or(false)
    }

    fn try_verify(&self, input: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
        let key = &self.0.private;
        match self.0.algorithm.scheme() {
            Scheme::Pkcs1(digest) => Verifier::new(digest, key)?.verify_oneshot(signature, input),
            Scheme::Pss(digest) => {
                let mut verifier = Verifier::new(digest, key)?;
                verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
                verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
                verifier.verify_oneshot(signature, input)
            }
            Scheme::Ecdsa(curve, digest) => {
                let coordinate = usize::try_from(curve.coordinate()).unwrap_or_default();
                if signature.len() != 2 * coordinate {
                    return Ok(false);
                }
                let (r, s) = signature.split_at(coordinate);
                let der = EcdsaSig::from_private_components(
                    BigNum::from_slice(r)?,
                    BigNum::from_slice(s)?,
                )?
                .to_der()?;
                Verifier::new(digest, key)?.verify_oneshot(&der, input)
            }
            Scheme::EdDsa => Verifier::new_without_digest(key)?.verify_oneshot(signature, input),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.0.id)
            .field("algorithm", &self.0.algorithm)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Key {}

fn rsa(key: &PKey<Private>) -> Result<Value, ErrorStack> {
    let rsa = key.rsa()?;
    Ok(json!({
        "kty": "RSA",
        "n": URL_SAFE_NO_PAD.encode(rsa.n().to_vec()),
        "e": URL_SAFE_NO_PAD.encode(rsa.e().to_vec()),
    }))
}

fn point_on(curve: Curve, key: &PKey<Private>) -> Result<Value, ErrorStack> {
    let group = EcGroup::from_curve_name(curve.nid())?;
    let key = key.ec_key()?;
    let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
    let mut context = BigNumContext::new()?;
    key.public_key().affine_coordinates(&group, &mut x, &mut y, &mut context)?;
    Ok(json!({
        "kty": "EC",
        "crv": curve.name(),
        "x": URL_SAFE_NO_PAD.encode(x.to_vec_padded(curve.coordinate())?),
        "y": URL_SAFE_NO_PAD.encode(y.to_vec_padded(curve.coordinate())?),
    }))
}

fn ed25519(key: &PKey<Private>) -> Result<Value, ErrorStack> {
    Ok(json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "x": URL_SAFE_NO_PAD.encode(key.raw_public_key()?),
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_signs_what_it_then_verifies() {
        for &algorithm in Algorithm::ALL {
            let key = Key::stranger(algorithm);
            let mut signature = key.sign(b"header.payload").unwrap();
            assert!(key.verifies(b"header.payload", &signature), "{algorithm:?}");
            assert!(!key.verifies(b"header.changed", &signature), "{algorithm:?}");
            signature[0] ^= 1;
            assert!(!key.verifies(b"header.payload", &signature), "{algorithm:?}");
        }
    }

    #[test]
    fn a_key_out_of_its_pem_is_the_same() {
        for &algorithm in Algorithm::ALL {
            let key = Key::stranger(algorithm);
            let again = Key::from_pem(key.id().into(), algorithm, &key.private_pem()).unwrap();
            assert_eq!(again.public_jwk(), key.public_jwk());
            assert!(key.verifies(b"input", &again.sign(b"input").unwrap()), "{algorithm:?}");
        }
        let rsa = Key::stranger(Algorithm::Rs256).private_pem();
        for other in [Algorithm::Es256, Algorithm::EdDsa] {
            assert!(Key::from_pem("key".into(), other, &rsa).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_published_key_has_no_private_member() {
        for &algorithm in Algorithm::ALL {
            let key = Key::stranger(algorithm);
            let jwk = key.public_jwk().as_object().unwrap();
            for secret in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(!jwk.contains_key(secret), "{algorithm:?} publishes {secret}");
            }
            assert_eq!(jwk["kid"], key.id());
        }
    }

    #[test]
    fn ecdsa_signatures_are_two_numbers_in_full_length() {
        for (algorithm, length) in
            [(Algorithm::Es256, 64), (Algorithm::Es384, 96), (Algorithm::Es512, 132)]
        {
            let key = Key::stranger(algorithm);
            for i in 0..64u8 {
                assert_eq!(key.sign(&[i]).unwrap().len(), length, "{algorithm:?}");
            }
        }
    }

    #[test]
    fn debug_shows_no_key_material() {
        let key = Key::stranger(Algorithm::EdDsa);
        let shown = format!("{key:?}");
        assert!(shown.contains(key.id()));
        assert!(!shown.contains(key.public_jwk()["x"].as_str().unwrap()));
    }
}
