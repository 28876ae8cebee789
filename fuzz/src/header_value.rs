//! The values of a request's `Authorization` headers, one a line.

use mcp_auth_core::{
    BearerToken, Rejection,
    rejection::{RequestError, TokenError},
};

use crate::world::WORLD;

/// Short, so that the limit is reached often.
const MAX_LEN: usize = 64;

/// [`BearerToken::from_authorization`] agrees with the grammar, and shows nothing of a token.
pub fn check(data: &[u8]) {
    let headers: Vec<&[u8]> = match data {
        [] => Vec::new(),
        data => data.split(|byte| *byte == b'\n').collect(),
    };
    let found = BearerToken::from_authorization(headers.iter().copied(), MAX_LEN);
    let shown = format!("{found:?}");
    let token = found.as_ref().map(|token| token.as_ref().map(BearerToken::expose));
    match expected(&headers) {
        Ok(expected) => assert_eq!(token, Ok(expected), "{headers:?}"),
        Err(expected) => assert_eq!(token, Err(&expected), "{headers:?}"),
    }
    if let Ok(Some(token)) = token {
        // A shorter text may be part of the type's own name.
        assert!(token.len() < 20 || !shown.contains(token), "{shown}");
    }

    let outcome = WORLD.call(&headers).map(|_| ());
    let rejection = outcome.expect_err("nobody has signed anything here");
    let status = match expected(&headers) {
        Err(Rejection::MalformedRequest(_)) => 400,
        _ => 401,
    };
    assert_eq!(rejection.status(), status, "{headers:?}");
}

/// RFC 6750 §2.1 and RFC 9110 §11.1, as a simple parser.
fn expected<'h>(headers: &[&'h [u8]]) -> Result<Option<&'h str>, Rejection> {
    let value = match headers {
        [] => return Ok(None),
        [value] => value.trim_ascii(),
        _ => return Err(RequestError::SeveralAuthorizationHeaders.into()),
    };
    let scheme_len = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(scheme_len);
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let credentials = rest.trim_ascii();
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    let is_token = |text: &str| {
        let end = text.find('=').unwrap_or(text.len());
        let (characters, padding) = text.split_at(end);
        end > 0 && characters.bytes().all(is_one) && padding.bytes().all(|byte| byte == b'=')
    };
    match std::str::from_utf8(credentials) {
        Ok("") => Err(RequestError::EmptyCredentials.into()),
        _ if credentials.len() > MAX_LEN => Err(TokenError::TooLong.into()),
        Ok(token) if is_token(token) => Ok(Some(token)),
        _ => Err(TokenError::Malformed.into()),
    }
}
