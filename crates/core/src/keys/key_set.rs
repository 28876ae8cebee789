//! An issuer's key set (RFC 7517 §5): parsed once, and immutable.

use std::{fmt, sync::Arc};

use crate::{
    keys::algorithm::Algorithm,
    keys::jwk::{Jwk, PublicKey, UnusableKey},
    keys::jws::CompactJws,
    keys::signature::{SignatureBackend, SignatureVerifier},
};

mod document;

/// The keys that an issuer publishes, ready to verify: one verifier per key and algorithm.
pub struct KeySet {
    /// Sorted by `kid`, so that the keys of one `kid` stand together.
    keys: Vec<VerificationKey>,
    published: Vec<Arc<Jwk>>,
    skipped: Vec<UnusableKey>,
}

/// One key for one algorithm.
pub struct VerificationKey {
    jwk: Arc<Jwk>,
    algorithm: Algorithm,
    verifier: Box<dyn SignatureVerifier>,
}

/// A document that is no usable key set. It never replaces a good one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwksError {
    /// Not a JSON object with an array `keys`, or one with a duplicate member. A duplicate member
    /// within a key spoils that key alone ([`UnusableKey::DuplicateMember`]).
    NotAKeySet,
    /// A key set without any key.
    Empty,
    /// A key set of which nothing can be used, with the reason for each key.
    NoUsableKey(Vec<UnusableKey>),
}

/// Why a token's signature was not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unverified {
    /// No key fits; a newer set may have one.
    UnknownKey,
    /// No key of the `kid` that the token names is for the token's algorithm; a newer set may have
    /// one that is.
    UnacceptableKey,
    /// The token names no key, and there are too many of its algorithm to try.
    MissingKeyId,
    /// The key is known, and the signature was not made with it. A newer set has another key of its
    /// `kid` only where the issuer gave the name away.
    BadSignature,
}

impl KeySet {
    /// A token without `kid` is tried only where at most so many keys are of its algorithm.
    pub const MAX_KEYS_WITHOUT_KEY_ID: usize = 4;

    /// So many keys may have the same `kid` and algorithm: as many verifications a token can cost
    /// that names a `kid`. The first ones of the document are used, further ones are left out. `kid`s
    /// should be distinct within a set (RFC 7517 §4.5).
    pub const MAX_CANDIDATES: usize = 4;

    /// Reads a JWK set. Keys that cannot be used are left out one by one.
    ///
    /// # Errors
    /// [`JwksError`] where nothing usable remains.
    pub fn parse(
        json: &[u8],
        allowed: &[Algorithm],
        backend: &dyn SignatureBackend,
    ) -> Result<Self, JwksError> {
        let listed = document::listed_keys(json).ok_or(JwksError::NotAKeySet)?;
        if listed.is_empty() {
            return Err(JwksError::Empty);
        }
        let (mut keys, mut published, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        for json in listed {
            let jwk = json.and_then(|json| Jwk::from_json(&json));
            match jwk.and_then(|jwk| verifiers(jwk, allowed, &keys, backend)) {
                Ok((jwk, verifiers)) => {
                    published.push(jwk);
                    keys.extend(verifiers);
                }
                Err(reason) => skipped.push(reason),
            }
        }
        if keys.is_empty() {
            return Err(JwksError::NoUsableKey(skipped));
        }
        keys.sort_by(|a, b| a.jwk.key_id.cmp(&b.jwk.key_id));
        Ok(Self { keys, published, skipped })
    }

    /// The set of an issuer that has withdrawn every key: it confirms nothing.
    pub(crate) fn empty() -> Self {
        let (keys, published, skipped) = Default::default();
        Self { keys, published, skipped }
    }

    /// Checks a token's signature against the keys that fit its header, and tells which of them
    /// confirms it.
    ///
    /// # Errors
    /// [`Unverified`] tells whether a newer key set could change the answer.
    pub fn verify(&self, jws: &CompactJws<'_>) -> Result<&Arc<Jwk>, Unverified> {
        match jws.header().key_id.as_deref() {
            Some(key_id) => self.verify_with_named_key(key_id, jws),
            None => self.verify_with_any_key(jws),
        }
    }

    fn verify_with_named_key(
        &self,
        key_id: &str,
        jws: &CompactJws<'_>,
    ) -> Result<&Arc<Jwk>, Unverified> {
        let named = self.named(key_id);
        if named.is_empty() {
            return Err(Unverified::UnknownKey);
        }
        let mut fitting = fitting(named, jws).peekable();
        if fitting.peek().is_none() {
            return Err(Unverified::UnacceptableKey);
        }
        fitting.find(|key| key.verifies(jws)).map(|key| &key.jwk).ok_or(Unverified::BadSignature)
    }

    /// The first key that a token with this header is checked against, if it names one.
    pub(crate) fn first_candidate(&self, jws: &CompactJws<'_>) -> Option<&Arc<Jwk>> {
        let named = self.named(jws.header().key_id.as_deref()?);
        fitting(named, jws).next().map(|key| &key.jwk)
    }

    /// The keys of one `kid`.
    fn named(&self, key_id: &str) -> &[VerificationKey] {
        let name = Some(key_id);
        let first = self.keys.partition_point(|key| key.jwk.key_id.as_deref() < name);
        let end = self.keys.partition_point(|key| key.jwk.key_id.as_deref() <= name);
        &self.keys[first..end]
    }

    /// Without a name, a signature that no key confirms may be of a key that is not here yet.
    fn verify_with_any_key(&self, jws: &CompactJws<'_>) -> Result<&Arc<Jwk>, Unverified> {
        if fitting(&self.keys, jws).count() > Self::MAX_KEYS_WITHOUT_KEY_ID {
            return Err(Unverified::MissingKeyId);
        }
        let mut fitting = fitting(&self.keys, jws);
        fitting.find(|key| key.verifies(jws)).map(|key| &key.jwk).ok_or(Unverified::UnknownKey)
    }

    /// Whether this very key, under the same name and for the same algorithms, is in the set.
    pub fn lists(&self, key: &Arc<Jwk>) -> bool {
        // The same allocation, as long as the issuer has changed nothing.
        self.published.iter().any(|known| Arc::ptr_eq(known, key) || known == key)
    }

    /// Whether this set has a key that `older` does not have.
    pub fn has_keys_missing_in(&self, older: &Self) -> bool {
        self.published.iter().any(|key| !older.published.contains(key))
    }

    /// Whether both sets have the same keys, in whatever order.
    pub fn has_same_keys_as(&self, other: &Self) -> bool {
        self.len() == other.len()
            && !self.has_keys_missing_in(other)
            && !other.has_keys_missing_in(self)
    }

    /// How many published keys are in use.
    pub fn len(&self) -> usize {
        self.published.len()
    }

    /// Whether there are none: the issuer has withdrawn all that it had. No document becomes such a
    /// set at once ([`RefreshPolicy::saw_empty_set`](crate::keys::refresh::RefreshPolicy::saw_empty_set)).
    pub fn is_empty(&self) -> bool {
        self.published.is_empty()
    }

    /// Why keys were left out, one reason each.
    pub fn skipped(&self) -> &[UnusableKey] {
        &self.skipped
    }

    /// The public keys in use.
    pub fn public_keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.published.iter().map(|jwk| &jwk.key)
    }
}

/// The keys of the token's algorithm.
fn fitting<'k>(
    keys: &'k [VerificationKey],
    jws: &CompactJws<'_>,
) -> impl Iterator<Item = &'k VerificationKey> {
    let algorithm = jws.header().algorithm;
    keys.iter().filter(move |key| key.algorithm == algorithm)
}

impl JwksError {
    /// Whether the document is a well-formed key set that has no key for us: an empty one, or one
    /// whose keys all serve other purposes. Seen twice, it is believed.
    pub fn is_a_set_without_keys(&self) -> bool {
        let serves_something_else = |reason: &UnusableKey| {
            !matches!(
                reason,
                UnusableKey::Malformed
                    | UnusableKey::DuplicateMember
                    | UnusableKey::RefusedByLibrary
            )
        };
        match self {
            Self::NotAKeySet => false,
            Self::Empty => true,
            Self::NoUsableKey(reasons) => reasons.iter().all(serves_something_else),
        }
    }
}

impl VerificationKey {
    fn verifies(&self, jws: &CompactJws<'_>) -> bool {
        self.verifier.verify(jws.signing_input(), jws.signature())
    }
}

/// The verifiers of one key: for each of its algorithms that the issuer may use. `taken` are those
/// of the keys before it.
fn verifiers(
    jwk: Jwk,
    allowed: &[Algorithm],
    taken: &[VerificationKey],
    backend: &dyn SignatureBackend,
) -> Result<(Arc<Jwk>, Vec<VerificationKey>), UnusableKey> {
    let jwk = Arc::new(jwk);
    let algorithms: Vec<Algorithm> =
        jwk.algorithms.iter().copied().filter(|algorithm| allowed.contains(algorithm)).collect();
    if algorithms.is_empty() {
        return Err(UnusableKey::UnacceptableAlgorithm);
    }
    // Keys without `kid` are bounded where they are used, by MAX_KEYS_WITHOUT_KEY_ID.
    let is_full = |algorithm: &Algorithm| {
        let same =
            |key: &&VerificationKey| key.algorithm == *algorithm && key.jwk.key_id == jwk.key_id;
        taken.iter().filter(same).count() >= KeySet::MAX_CANDIDATES
    };
    if jwk.key_id.is_some() && algorithms.iter().any(is_full) {
        return Err(UnusableKey::TooManyCandidates);
    }
    let verifier = |algorithm| {
        let verifier = backend.verifier(algorithm, &jwk.key)?;
        Ok(VerificationKey { jwk: jwk.clone(), algorithm, verifier })
    };
    let keys = algorithms.into_iter().map(verifier).collect::<Result<Vec<_>, UnusableKey>>()?;
    Ok((jwk, keys))
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("keys", &self.keys).field("skipped", &self.skipped).finish()
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({:?}, {})", self.jwk.key_id, self.algorithm)
    }
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAKeySet => f.write_str("it is not a JSON Web Key Set"),
            Self::Empty => f.write_str("the key set is empty"),
            Self::NoUsableKey(reasons) => {
                f.write_str("no key of the set can be used:")?;
                reasons.iter().try_for_each(|reason| write!(f, " {reason};"))
            }
        }
    }
}

impl std::error::Error for JwksError {}

#[cfg(test)]
mod tests;
