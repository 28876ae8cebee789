//! Which tokens can be opaque tokens of an issuer. Whatever else is sent as a token is refused
//! without a question to the issuer.

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::token::bearer::is_token;

/// The shortest opaque token, in bytes. "The probability of an attacker guessing generated tokens
/// MUST be less than or equal to 2^(-128)" (RFC 6749 §10.10): with 64 characters that takes 22 of
/// them. Some issuers have tokens of 20.
const MIN_LEN: usize = 16;

/// The longest opaque token, in bytes. Google documents 2,048; tokens that contain encrypted claims
/// are longer.
const MAX_LEN: usize = 4 * 1024;

/// Reads base64url whether or not it is padded or canonical: what is a JWT to any reader is none of
/// ours to send.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether a token can be an opaque one: of the characters of a bearer token (RFC 6750 §2.1), of 16
/// to 4,096 bytes, and no JWT of any kind. A JWT names its issuer, so that it is for that issuer's
/// keys to confirm, and may be another issuer's secret.
pub(crate) fn is_opaque_token(token: &str) -> bool {
    (MIN_LEN..=MAX_LEN).contains(&token.len()) && is_token(token) && !has_a_part_of_a_jwt(token)
}

/// Whether one of several parts is a JSON object in base64url: the header or the payload of a JWS
/// or a JWE, whole or cut.
fn has_a_part_of_a_jwt(token: &str) -> bool {
    token.contains('.') && token.split('.').any(is_json_object)
}

fn is_json_object(part: &str) -> bool {
    let is_object = |text: &str| match LENIENT.decode(text) {
        Ok(bytes) => bytes.trim_ascii_start().first() == Some(&b'{'),
        Err(_) => false,
    };
    // The start tells where the rest is damaged; the whole, where it begins with white space.
    is_object(part.get(..24).unwrap_or(part)) || is_object(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r32_opaque_tokens_of_real_issuers_have_the_shape() {
        for token in [
            "oat_16C7e42F292c6912E7710c838347Ae178B4a",
            "ory_at_8sFT4qcFnrZ0ZMn3kM2gRG0S3uZ6q3XYv0kCkYRcI7Q.3zYVhJmZ3Qm0V6s8",
            "ya29.a0AfH6SMBx-abcdefghijklmnopqrstuvwxyz_0123456789",
            "T3BhcXVlVG9rZW5XaXRoUGFkZGluZw==",
            "3f8a1c0e-3b62-4b7e-9a3a-1f1c7a9f0d55",
            &"a".repeat(4096),
            // JSON in base64, but no part of a JWT.
            "eyJhIjoxfQeyJhIjoxfQ",
        ] {
            assert!(is_opaque_token(token), "{token}");
        }
    }

    #[test]
    fn r32_what_is_no_opaque_token_is_never_sent() {
        for token in [
            "",
            "short",
            "123456789012345",
            &"a".repeat(4097),
            "two words of a token, no",
            "oat_16C7e42F292c6912\u{e9}E7710c838347",
            "oat_16C7e42F292c6912\r\nX-Injected:1",
        ] {
            assert!(!is_opaque_token(token), "{token:?}");
        }
    }

    #[test]
    fn r32_no_form_of_a_jwt_is_an_opaque_token() {
        let header = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ";
        let payload = "eyJpc3MiOiJodHRwczovL290aGVyLmV4YW1wbGUifQ";
        for token in [
            format!("{header}.{payload}.c2lnbmF0dXJl"),
            format!("{header}.{payload}"),
            format!("{header}.{payload}."),
            format!(".{payload}.c2lnbmF0dXJl"),
            format!("{header}.a.b.c.d"),
            format!("{header}..b.c.d"),
            format!("x.{payload}.c2lnbmF0dXJl"),
            format!("x{payload}.{payload}.c2lnbmF0dXJl"),
            format!("{header}=.{payload}=.c2lnbmF0dXJl"),
            // A header that begins with white space, and one that is not canonical.
            "ICAKewoiYWxnIjoibm9uZSJ9.e30.c2lnbmF0dXJl".to_owned(),
            format!("{}eyJhIjoxfQ.x.c2lnbmF0dXJl", "ICAg".repeat(100)),
            format!("{header}AAAA+A.x.c2lnbmF0dXJl"),
            "e31.e30.c2lnbmF0dXJlc2lnbmF0dXJl".to_owned(),
        ] {
            assert!(!is_opaque_token(&token), "{token}");
        }
    }
}
