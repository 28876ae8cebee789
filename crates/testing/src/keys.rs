//! The published key sets, and their rotation.

use std::fmt;
use std::sync::{Arc, Mutex};

use openssl::error::ErrorStack;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::algorithm::Algorithm;
use crate::key::Key;
use crate::lock::lock;

/// A key set of the authority: what its JWKS publishes, and what it signs with.
///
/// A cheap handle; clones share the set. The newest key signs. Older keys stay published until they
/// are withdrawn.
///
/// ```
/// use mcp_auth_testing::{Algorithm, TestAuthority};
///
/// # fn main() -> Result<(), mcp_auth_testing::StartError> {
/// let authority = TestAuthority::start()?;
/// let keys = authority.keys();
///
/// let old = keys.current();
/// let new = keys.add(Algorithm::Es256); // both are published, `new` signs
/// keys.withdraw(&old); // only `new` is published
/// assert_eq!(keys.published(), [new]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Keys(Arc<Mutex<Ring>>);

struct Ring {
    first: Algorithm,
    published: Vec<Key>,
    /// The key that signs when every key was withdrawn.
    last: Option<Key>,
}

/// A key set, as a file keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredKeys {
    /// The algorithm that was configured.
    first: String,
    published: Vec<StoredKey>,
    /// The key that signs when every key was withdrawn.
    last: Option<StoredKey>,
}

#[derive(Serialize, Deserialize)]
struct StoredKey {
    id: String,
    algorithm: String,
    /// PKCS #8.
    pem: String,
}

impl StoredKey {
    fn of(key: &Key) -> Self {
        Self {
            id: key.id().to_owned(),
            algorithm: key.algorithm().name().to_owned(),
            pem: String::from_utf8_lossy(&key.private_pem()).into_owned(),
        }
    }

    fn key(self) -> Option<Key> {
        let algorithm = Algorithm::named(&self.algorithm)?;
        Key::from_pem(self.id, algorithm, self.pem.as_bytes()).ok()
    }
}

impl Keys {
    /// The first key is made when it is first needed.
    pub(crate) fn new(first: Algorithm) -> Self {
        Self(Arc::new(Mutex::new(Ring { first, published: Vec::new(), last: None })))
    }

    /// What a file keeps.
    pub(crate) fn stored(&self) -> StoredKeys {
        let ring = lock(&self.0);
        let withdrawn = ring.last.as_ref().filter(|last| !ring.published.contains(last));
        StoredKeys {
            first: ring.first.name().to_owned(),
            published: ring.published.iter().map(StoredKey::of).collect(),
            last: withdrawn.map(StoredKey::of),
        }
    }

    /// What a file has kept; `None` if a key is not what it says. Where another algorithm is
    /// configured by now, a key for it is added and signs from now on.
    pub(crate) fn restored(first: Algorithm, stored: StoredKeys) -> Option<Self> {
        let is_changed = stored.first != first.name();
        let published: Option<Vec<Key>> =
            stored.published.into_iter().map(StoredKey::key).collect();
        let published = published?;
        let last = match stored.last {
            Some(last) => Some(last.key()?),
            None => published.last().cloned(),
        };
        let is_empty = last.is_none();
        let keys = Self(Arc::new(Mutex::new(Ring { first, published, last })));
        if is_changed && !is_empty {
            keys.try_add(first).ok()?;
        }
        Some(keys)
    }

    /// The key that signs by default: the newest published, or the last one where all were
    /// withdrawn.
    ///
    /// # Panics
    /// If OpenSSL cannot make the first key.
    pub fn current(&self) -> Key {
        self.try_current().expect("OpenSSL makes a key")
    }

    /// Every key in the JWKS, oldest first.
    pub fn published(&self) -> Vec<Key> {
        lock(&self.0).published.clone()
    }

    /// Publishes one more key and signs with it from now on. The other keys stay published.
    ///
    /// # Panics
    /// If OpenSSL cannot make a key.
    pub fn add(&self, algorithm: Algorithm) -> Key {
        self.try_add(algorithm).expect("OpenSSL makes a key")
    }

    /// Publishes one new key and withdraws all others at once, as after a leak.
    ///
    /// # Panics
    /// If OpenSSL cannot make a key.
    pub fn replace(&self, algorithm: Algorithm) -> Key {
        let key = Key::generate(algorithm).expect("OpenSSL makes a key");
        let mut ring = lock(&self.0);
        ring.published = vec![key.clone()];
        ring.last = Some(key.clone());
        key
    }

    /// Publishes a key made elsewhere, or one withdrawn earlier, and signs with it from now on.
    pub fn publish(&self, key: &Key) {
        let mut ring = lock(&self.0);
        ring.published.retain(|other| other != key);
        ring.published.push(key.clone());
        ring.last = Some(key.clone());
    }

    /// Removes a key from the JWKS. Returns whether it was published.
    ///
    /// A token can still be signed by it:
    /// [`TokenBuilder::signed_by`](crate::TokenBuilder::signed_by).
    pub fn withdraw(&self, key: &Key) -> bool {
        let mut ring = lock(&self.0);
        let before = ring.published.len();
        ring.published.retain(|other| other != key);
        ring.published.len() < before
    }

    pub(crate) fn try_current(&self) -> Result<Key, ErrorStack> {
        let mut ring = lock(&self.0);
        if let Some(key) = ring.published.last().or(ring.last.as_ref()) {
            return Ok(key.clone());
        }
        let key = Key::generate(ring.first)?;
        ring.published.push(key.clone());
        ring.last = Some(key.clone());
        Ok(key)
    }

    /// The newest published key for `algorithm`; one is added where there is none, behind the
    /// current one, so that other tokens are signed as before.
    pub(crate) fn for_algorithm(&self, algorithm: Algorithm) -> Result<Key, ErrorStack> {
        self.try_current()?;
        let mut ring = lock(&self.0);
        let found = ring.published.iter().rfind(|k| k.algorithm() == algorithm);
        if let Some(key) = found {
            return Ok(key.clone());
        }
        let key = Key::generate(algorithm)?;
        ring.published.insert(0, key.clone());
        Ok(key)
    }

    pub(crate) fn with_id(&self, id: &str) -> Option<Key> {
        lock(&self.0).published.iter().find(|key| key.id() == id).cloned()
    }

    /// The JWKS document (RFC 7517 §5).
    pub(crate) fn document(&self) -> Result<Value, ErrorStack> {
        self.try_current()?;
        let ring = lock(&self.0);
        let keys: Vec<&Value> = ring.published.iter().map(Key::public_jwk).collect();
        Ok(json!({ "keys": keys }))
    }

    fn try_add(&self, algorithm: Algorithm) -> Result<Key, ErrorStack> {
        self.try_current()?;
        let key = Key::generate(algorithm)?;
        self.publish(&key);
        Ok(key)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.published()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_for_one_token_does_not_become_the_current_one() {
        let keys = Keys::new(Algorithm::EdDsa);
        let current = keys.current();
        let other = keys.for_algorithm(Algorithm::Es256).expect("a key");
        assert_eq!(keys.current(), current);
        assert_eq!(keys.published(), [other, current]);
    }

    #[test]
    fn an_empty_set_stays_empty_and_the_last_key_still_signs() {
        let keys = Keys::new(Algorithm::EdDsa);
        let only = keys.current();
        assert!(keys.withdraw(&only));
        assert!(!keys.withdraw(&only));
        assert_eq!(keys.current(), only);
        assert_eq!(keys.document().expect("a document"), json!({ "keys": [] }));
    }
}
