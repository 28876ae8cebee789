//! Strict base64url (RFC 7515 §2): no padding, no white space, no trailing bits. So each value has
//! exactly one encoding.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Decodes `text`; `None` where it is not the canonical encoding of any bytes.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Encodes `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r23_only_the_canonical_encoding_is_decoded() {
        assert_eq!(decode("-_8"), Some(vec![0xfb, 0xff]));
        for other in ["-_8=", "-_9", "+/8", "-_ 8", "-_8\n", " -_8", "-", "-_8.", "-_8\0"] {
            assert_eq!(decode(other), None, "{other:?}");
        }
    }

    /// RFC 4648 §5 bit by bit, to compare the library with.
    fn reference(text: &str) -> Option<Vec<u8>> {
        const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let (mut bytes, mut bits, mut len) = (Vec::new(), 0, 0);
        for character in text.chars() {
            bits = bits << 6 | ALPHABET.find(character)?;
            len += 6;
            if len >= 8 {
                len -= 8;
                bytes.push((bits >> len) as u8);
                bits &= (1 << len) - 1;
            }
        }
        // A character that adds to no byte, or trailing bits, would be a second encoding.
        (len < 6 && bits == 0).then_some(bytes)
    }

    #[test]
    fn r23_every_length_and_every_byte_has_exactly_one_encoding() {
        // Long enough for the library's loops over several characters, and for what they leave.
        for len in (0..36).chain([47, 48, 63, 64, 65, 100]) {
            let bytes: Vec<u8> = (0..len).map(|n| (n * 37 + len) as u8).collect();
            let text = encode(&bytes);
            assert_eq!(reference(&text).as_deref(), Some(&bytes[..]));
            assert_eq!(decode(&text).as_deref(), Some(&bytes[..]));
            for at in 0..text.len() {
                for other in 0..128_u8 {
                    let mut changed = text.clone().into_bytes();
                    changed[at] = other;
                    let changed = String::from_utf8(changed).unwrap();
                    assert_eq!(decode(&changed), reference(&changed), "{changed:?}");
                }
            }
        }
    }
}
