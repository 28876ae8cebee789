//! 128-bit hashes under a random key, and the hasher for tables that have them as keys.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

/// SipHash-2-4 with 128 bits, under a key of the operating system's generator. Without the key
/// nobody can search for two texts with one hash.
pub(crate) struct KeyedHash([u8; 16]);

impl KeyedHash {
    /// A hash function with a new random key.
    ///
    /// # Panics
    /// Where the operating system has no random numbers.
    pub(crate) fn random() -> Self {
        Self(random_bytes())
    }

    /// The hash of several parts. Each counts with its length, so that no two lists of parts give
    /// the same bytes.
    pub(crate) fn of_parts<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> u128 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish128().as_u128()
    }

    /// The hash of one text.
    pub(crate) fn of(&self, text: &[u8]) -> u128 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(text);
        hasher.finish128().as_u128()
    }
}

/// Takes a hash, which is uniformly distributed already, for its own hash.
#[derive(Default, Clone)]
pub(crate) struct HashOfHash(u64);

impl Hasher for HashOfHash {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Random bytes from the operating system's generator.
///
/// # Panics
/// Where the operating system has no random numbers.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system provides random numbers");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart_by_their_lengths() {
        let hash = KeyedHash::random();
        let of = |parts: &[&str]| hash.of_parts(parts.iter().map(|part| part.as_bytes()));
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["ab", ""]), of(&["ab"]));
        assert_ne!(KeyedHash::random().of(b"x"), hash.of(b"x"), "the key is random");
    }
}
