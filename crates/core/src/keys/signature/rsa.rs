//! RSA by OpenSSL itself, with contexts that are used again.
//!
//! josekit makes a context for each signature, and OpenSSL 3 spends some 2 µs of 16 on making and
//! freeing one. A context that has verified verifies the next signature just as well.

use std::sync::{Mutex, MutexGuard, TryLockError};

use openssl::{
    bn::BigNum,
    error::ErrorStack,
    md::{Md, MdRef},
    pkey::{PKey, Public},
    pkey_ctx::PkeyCtx,
    rsa::{Padding, Rsa},
    sha::{sha256, sha384, sha512},
    sign::RsaPssSaltlen,
};

use super::SignatureVerifier;
use crate::{keys::algorithm::Algorithm, keys::jwk::UnusableKey};

/// So many contexts are kept for the next signature: as many as there are workers, as a rule.
const KEPT: usize = 64;

/// One RSA key for one algorithm.
pub(super) struct RsaVerifier {
    key: PKey<Public>,
    /// The length of each of its signatures in bytes.
    length: usize,
    scheme: Scheme,
    /// Contexts that nobody uses at the moment. Nobody waits for this lock: whoever finds it taken
    /// makes a context, or drops one.
    idle: Mutex<Vec<PkeyCtx<Public>>>,
}

/// RSASSA-PKCS1-v1_5 or RSASSA-PSS, with a hash (RFC 7518 §3.3 and §3.5).
#[derive(Clone, Copy)]
struct Scheme {
    padding: Padding,
    hash: Hash,
}

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl RsaVerifier {
    /// A verifier for one of the RSA algorithms.
    ///
    /// # Errors
    /// Where the algorithm is another, or where OpenSSL refuses the key.
    pub(super) fn new(algorithm: Algorithm, n: &[u8], e: &[u8]) -> Result<Self, UnusableKey> {
        let scheme = Scheme::of(algorithm).ok_or(UnusableKey::UnacceptableAlgorithm)?;
        // A context that cannot be made once will not be made for a signature either.
        let (key, first) = key(n, e)
            .and_then(|key| scheme.context(&key).map(|first| (key, first)))
            .map_err(|_| UnusableKey::RefusedByLibrary)?;
        Ok(Self { length: key.size(), key, scheme, idle: Mutex::new(vec![first]) })
    }

    fn take(&self) -> Option<PkeyCtx<Public>> {
        let kept = self.idle().and_then(|mut idle| idle.pop());
        kept.or_else(|| self.scheme.context(&self.key).ok())
    }

    fn put_back(&self, context: PkeyCtx<Public>) {
        if let Some(mut idle) = self.idle()
            && idle.len() < KEPT
        {
            idle.push(context);
        }
    }

    fn idle(&self) -> Option<MutexGuard<'_, Vec<PkeyCtx<Public>>>> {
        match self.idle.try_lock() {
            Ok(idle) => Some(idle),
            // Nothing is done to the list that could stop half-way.
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl SignatureVerifier for RsaVerifier {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        // "the length of the signature ... is not k octets" (RFC 8017 §8.1.2 and §8.2.2): without
        // its leading zeros OpenSSL would take one for PSS.
        if signature.len() != self.length {
            return false;
        }
        let Some(mut context) = self.take() else { return false };
        match self.scheme.hash.verify(&mut context, message, signature) {
            Ok(good) => {
                self.put_back(context);
                good
            }
            // One that has failed is not used again.
            Err(_) => false,
        }
    }
}

impl Scheme {
    fn of(algorithm: Algorithm) -> Option<Self> {
        let (padding, hash) = match algorithm {
            Algorithm::Rs256 => (Padding::PKCS1, Hash::Sha256),
            Algorithm::Rs384 => (Padding::PKCS1, Hash::Sha384),
            Algorithm::Rs512 => (Padding::PKCS1, Hash::Sha512),
            Algorithm::Ps256 => (Padding::PKCS1_PSS, Hash::Sha256),
            Algorithm::Ps384 => (Padding::PKCS1_PSS, Hash::Sha384),
            Algorithm::Ps512 => (Padding::PKCS1_PSS, Hash::Sha512),
            _ => return None,
        };
        Some(Self { padding, hash })
    }

    /// A context that is ready to verify.
    fn context(self, key: &PKey<Public>) -> Result<PkeyCtx<Public>, ErrorStack> {
        let md = self.hash.md();
        let mut context = PkeyCtx::new(key)?;
        let plain = context
            .verify_init()
            .and_then(|()| context.set_rsa_padding(self.padding))
            .and_then(|()| context.set_signature_md(md));
        let all = match self.padding == Padding::PKCS1_PSS {
            // Salt and mask are those of the hash, and no others (RFC 7518 §3.5).
            true => plain
                .and_then(|()| context.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH))
                .and_then(|()| context.set_rsa_mgf1_md(md)),
            false => plain,
        };
        all.map(|()| context)
    }
}

impl Hash {
    fn md(self) -> &'static MdRef {
        match self {
            Self::Sha256 => Md::sha256(),
            Self::Sha384 => Md::sha384(),
            Self::Sha512 => Md::sha512(),
        }
    }

    fn verify(
        self,
        context: &mut PkeyCtx<Public>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ErrorStack> {
        match self {
            Self::Sha256 => context.verify(&sha256(message), signature),
            Self::Sha384 => context.verify(&sha384(message), signature),
            Self::Sha512 => context.verify(&sha512(message), signature),
        }
    }
}

fn key(n: &[u8], e: &[u8]) -> Result<PKey<Public>, ErrorStack> {
    let (n, e) = (BigNum::from_slice(n), BigNum::from_slice(e));
    n.and_then(|n| Rsa::from_public_components(n, e?)).and_then(PKey::from_rsa)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier() -> RsaVerifier {
        RsaVerifier::new(Algorithm::Rs256, &[0xff; 256], &[1, 0, 1]).unwrap()
    }

    #[test]
    fn r17_an_algorithm_that_is_not_rsa_has_no_verifier_here() {
        let made = RsaVerifier::new(Algorithm::Es256, &[0xff; 256], &[1, 0, 1]);
        assert_eq!(made.err(), Some(UnusableKey::UnacceptableAlgorithm));
    }

    #[test]
    fn nobody_waits_for_the_contexts_and_a_panic_beside_them_ends_nothing() {
        let verifier = verifier();
        let taken = verifier.idle.lock().unwrap();
        let another = verifier.take().unwrap();
        verifier.put_back(another);
        assert_eq!(taken.len(), 1, "whoever found the list taken left it alone");
        drop(taken);
        let panicked = std::thread::scope(|scope| {
            let hold = || {
                let _held = verifier.idle.lock();
                panic!("on purpose");
            };
            scope.spawn(hold).join()
        });
        assert!(panicked.is_err() && verifier.idle.is_poisoned());
        assert!(!verifier.verify(b"message", &[1; 256]));
        assert!(verifier.take().is_some());
    }

    #[test]
    fn contexts_are_kept_for_the_next_signature_and_no_more_than_64() {
        let verifier = verifier();
        let kept = || verifier.idle.lock().unwrap().len();
        let first = verifier.take().unwrap();
        assert_eq!(kept(), 0);
        verifier.put_back(first);
        assert_eq!(kept(), 1);
        for _ in 0..70 {
            verifier.put_back(verifier.scheme.context(&verifier.key).unwrap());
        }
        assert_eq!(kept(), 64);
    }
}
