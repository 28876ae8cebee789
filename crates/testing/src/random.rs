//! Unguessable strings, in the shapes that WorkOS uses.

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
    bytes::<24>().iter().map(|byte| char::from(ULID_ALPHABET[usize::from(byte % 32)])).fold(
        String::from("01"),
        |mut id, c| {
            id.push(c);
            id
        },
    )
}

fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0; N];
    openssl::rand::rand_bytes(&mut buffer).expect("OpenSSL's random generator is seeded");
    buffer
}
