//! Reads a request's bearer token from its `Authorization` header (RFC 6750 §2.1).

use std::fmt;

use crate::{
    rejection::{Rejection, RequestError, TokenError},
    secret::Secret,
};

/// A bearer token as received, not parsed yet.
///
/// It borrows the header's bytes. `Debug` shows its length only.
#[derive(Clone, Copy)]
pub struct BearerToken<'h>(&'h str);

impl<'h> BearerToken<'h> {
    /// The default maximum length of a token in bytes: 16 KiB. WorkOS tokens have about 900.
    pub const DEFAULT_MAX_LEN: usize = 16 * 1024;

    /// Reads the token from the values of all `Authorization` headers of a request.
    ///
    /// `Ok(None)` if there are no bearer credentials: no header, or another scheme. Tokens in the
    /// query or in a form (RFC 6750 §2.2 and §2.3) are ignored, as OAuth 2.1 §5.1 requires.
    ///
    /// # Errors
    /// - [`RequestError::SeveralAuthorizationHeaders`] and [`RequestError::EmptyCredentials`]: 400
    /// - [`TokenError::TooLong`] (over `max_len` bytes) and [`TokenError::Malformed`] (a character
    ///   outside the token syntax of RFC 6750 §2.1): 401
    ///
    /// ```
    /// use mcp_auth_core::BearerToken;
    ///
    /// let headers = [b"bearer eyJhbGciOi.eyJpc3Mi.c2ln".as_slice()];
    /// let token = BearerToken::from_authorization(headers, BearerToken::DEFAULT_MAX_LEN);
    /// assert!(token.unwrap().is_some());
    /// ```
    pub fn from_authorization(
        headers: impl IntoIterator<Item = &'h [u8]>,
        max_len: usize,
    ) -> Result<Option<Self>, Rejection> {
        match Self::from_credentials(headers, max_len)? {
            Some(Self(text)) if !is_token(text) => Err(TokenError::Malformed.into()),
            token => Ok(token),
        }
    }

    /// The same without the check of the characters, which the following steps make superfluous:
    /// cached tokens and static keys have passed it, and a JWS allows even fewer characters.
    pub(crate) fn from_credentials(
        headers: impl IntoIterator<Item = &'h [u8]>,
        max_len: usize,
    ) -> Result<Option<Self>, Rejection> {
        let mut headers = headers.into_iter();
        let Some(value) = headers.next() else {
            return Ok(None);
        };
        if headers.next().is_some() {
            return Err(RequestError::SeveralAuthorizationHeaders.into());
        }
        let Some(credentials) = after_bearer_scheme(value) else {
            return Ok(None);
        };
        if credentials.is_empty() {
            return Err(RequestError::EmptyCredentials.into());
        }
        if credentials.len() > max_len {
            return Err(TokenError::TooLong.into());
        }
        match std::str::from_utf8(credentials) {
            Ok(text) => Ok(Some(Self(text))),
            Err(_) => Err(TokenError::Malformed.into()),
        }
    }

    /// The token of a request whose header was read before.
    pub(crate) fn of_secret(token: &'h Secret) -> Self {
        Self(token.expose())
    }

    /// The token itself. Never log it, put it into a response, or send it to another server.
    pub fn expose(&self) -> &'h str {
        self.0
    }
}

impl fmt::Debug for BearerToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BearerToken({} bytes)", self.0.len())
    }
}

/// The credentials after the case-insensitive scheme `Bearer` (RFC 9110 §11.1); `None` for another
/// scheme.
fn after_bearer_scheme(value: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer";
    let value = value.trim_ascii();
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    match rest.first() {
        None => Some(rest),
        Some(b' ') => Some(rest.trim_ascii_start()),
        Some(_) => None,
    }
}

/// Whether `text` is a `b64token` (RFC 6750 §2.1): at least one character, then any number of `=`.
///
/// The loop has no early exit, so that the compiler can vectorize it.
pub(crate) fn is_token(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    text.bytes().fold(!text.is_empty(), |so_far, byte| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        // `-`, `.`, `/` and the digits are consecutive in ASCII.
        let dash_to_nine = byte.wrapping_sub(b'-') <= b'9' - b'-';
        let other = (byte == b'_') | (byte == b'~') | (byte == b'+');
        so_far & (letter | dash_to_nine | other)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'h>(headers: &[&'h str]) -> Result<Option<&'h str>, Rejection> {
        BearerToken::from_authorization(headers.iter().map(|h| h.as_bytes()), 64)
            .map(|token| token.map(|t| t.expose()))
    }

    #[test]
    fn r07_the_scheme_is_case_insensitive() {
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            assert_eq!(read(&[&format!("{scheme} a.b.c")]).unwrap(), Some("a.b.c"));
        }
        assert_eq!(read(&["Bearer   a.b.c"]).unwrap(), Some("a.b.c"));
    }

    #[test]
    fn r07_other_schemes_are_ignored() {
        for value in ["Basic dTpw", "DPoP a.b.c", "Bearers a.b.c", "Bear", "", "Bearer:a.b.c"] {
            assert_eq!(read(&[value]).unwrap(), None, "{value:?}");
        }
        assert_eq!(read(&[]).unwrap(), None);
    }

    #[test]
    fn r07_two_authorization_headers_are_a_bad_request() {
        for second in ["Bearer a.b.c", "Basic dTpw"] {
            assert_eq!(
                read(&["Bearer a.b.c", second]).unwrap_err(),
                RequestError::SeveralAuthorizationHeaders.into()
            );
        }
    }

    #[test]
    fn r11_a_scheme_without_credentials_is_a_bad_request() {
        for value in ["Bearer", "Bearer ", "bearer    "] {
            assert_eq!(read(&[value]).unwrap_err(), RequestError::EmptyCredentials.into());
        }
    }

    #[test]
    fn r11_characters_outside_the_token_syntax_are_rejected() {
        for value in ["Bearer a b", "Bearer a,b", "Bearer \"a\"", "Bearer a\u{e9}", "Bearer a\0"] {
            assert_eq!(read(&[value]).unwrap_err(), TokenError::Malformed.into(), "{value:?}");
        }
    }

    #[test]
    fn r11_a_token_that_is_not_utf_8_is_malformed() {
        let refused = BearerToken::from_authorization([b"Bearer a\xff".as_slice()], 64);
        assert_eq!(refused.unwrap_err(), TokenError::Malformed.into());
    }

    #[test]
    fn r11_a_token_has_exactly_the_characters_of_rfc_6750() {
        for byte in 0..=255_u8 {
            let allowed = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            let text = char::from(byte).to_string();
            assert_eq!(is_token(&text), allowed, "{byte:#x}");
        }
        for (text, allowed) in
            [("a=", true), ("a==", true), ("=", false), ("=a", false), ("a=a", false)]
        {
            assert_eq!(is_token(text), allowed, "{text}");
        }
    }

    #[test]
    fn r23_the_length_is_checked_before_decoding() {
        assert!(read(&[&format!("Bearer {}", "a".repeat(64))]).is_ok());
        let long = format!("Bearer {}", "a".repeat(65));
        assert_eq!(read(&[&long]).unwrap_err(), TokenError::TooLong.into());
    }

    #[test]
    fn r09_debug_does_not_show_the_token() {
        let token = BearerToken::from_authorization([b"Bearer s.e.cret".as_slice()], 64);
        assert_eq!(format!("{:?}", token.unwrap().unwrap()), "BearerToken(8 bytes)");
    }
}
