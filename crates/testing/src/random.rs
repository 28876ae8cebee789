//! Unguessable strings, in the shapes that WorkOS uses.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Crockford's base 32, the alphabet of a ULID.
const ULID_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// 256 random bits, base64url: codes, refresh tokens, transactions, client secrets.
pub(crate) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// 26 characters that look like the ULIDs in WorkOS identifiers (`user_01…`), but wholly random.
pub(crate) fn ulid() -> String {
    let digits = bytes::<24>();
    "01".chars().chain(digits.iter().map(|byte| base32_digit((*byte).into()))).collect()
}

/// 26 characters in the form of a ULID that depend on `input` alone.
pub(crate) fn ulid_from(input: &[u8]) -> String {
    let digits = openssl::sha::sha256(input);
    let digits = digits[..24].iter().map(|byte| base32_digit((*byte).into()));
    "01".chars().chain(digits).collect()
}

/// A ULID for this time in milliseconds since 1970. Two of one millisecond sort in the order in
/// which they were made.
pub(crate) fn sorted_ulid(millis: u64) -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    // Only that the numbers of one process rise matters, which every ordering guarantees.
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let mut id = String::with_capacity(26);
    push_base32(&mut id, millis, 10);
    push_base32(&mut id, number, 8);
    id.extend(bytes::<8>().iter().map(|byte| base32_digit((*byte).into())));
    id
}

/// The last `digits` digits of a number, the most significant one first.
fn push_base32(id: &mut String, number: u64, digits: u32) {
    id.extend((0..digits).rev().map(|place| base32_digit(number >> (5 * place))));
}

fn base32_digit(number: u64) -> char {
    char::from(ULID_ALPHABET[(number % 32) as usize])
}

fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0; N];
    openssl::rand::rand_bytes(&mut buffer).expect("OpenSSL's random generator is seeded");
    buffer
}
