//! Strict base64url (RFC 7515 §2): no padding, no white space, no stray bits, so that no value has
//! a second spelling.

use base64_simd::{Out, URL_SAFE_NO_PAD};

/// The bytes that `text` stands for; `None` where it is not their one canonical spelling.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode_to_vec(text).ok()
}

/// The same for a text that is short as a rule, handed to `read` without taking memory for it.
pub(crate) fn with_decoded<T>(text: &str, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
    let mut short = [0; SHORT];
    match text.len() * 3 / 4 < SHORT {
        true => URL_SAFE_NO_PAD
            .decode(text.as_bytes(), Out::from_slice(&mut short))
            .ok()
            .map(|b| read(b)),
        false => decode(text).map(|bytes| read(&bytes)),
    }
}

/// As much as the header of a token needs.
const SHORT: usize = 256;

/// The one spelling of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r23_only_the_canonical_spelling_decodes() {
        assert_eq!(decode("-_8"), Some(vec![0xfb, 0xff]));
        for other in ["-_8=", "-_9", "+/8", "-_ 8", "-_8\n", " -_8", "-", "-_8.", "-_8\0"] {
            assert_eq!(decode(other), None, "{other:?}");
        }
    }

    #[test]
    fn r23_every_length_and_every_byte_has_exactly_one_spelling() {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as OTHER};

        // Long enough that every way through the vector instructions is taken.
        for len in (0..36).chain([47, 48, 63, 64, 65, 100]) {
            let bytes: Vec<u8> = (0..len).map(|n| (n * 37 + len) as u8).collect();
            let text = OTHER.encode(&bytes);
            assert_eq!(encode(&bytes), text);
            assert_eq!(decode(&text).as_deref(), Some(&bytes[..]));
            assert_eq!(with_decoded(&text, <[u8]>::to_vec).as_deref(), Some(&bytes[..]));
            for at in 0..text.len() {
                for other in 0..128_u8 {
                    let mut changed = text.clone().into_bytes();
                    changed[at] = other;
                    let changed = String::from_utf8(changed).unwrap();
                    let expected = OTHER.decode(&changed).ok();
                    assert_eq!(decode(&changed), expected, "{changed:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_long_is_decoded_as_well() {
        for len in [SHORT - 2, SHORT - 1, SHORT, SHORT + 1, 4 * SHORT] {
            let text = encode(&vec![7; len]);
            assert_eq!(with_decoded(&text, <[u8]>::len), Some(len));
            assert_eq!(with_decoded(&format!("{text}="), <[u8]>::len), None);
        }
    }
}
