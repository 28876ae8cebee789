//! Access tokens and ID tokens told apart (RFC 8725 §3.11).

use crate::{keys::jws::JoseHeader, rejection::TokenError, token::claims::Claims};

/// "The `typ` of an access token: `at+jwt`" (RFC 9068 §2.1, §4). Real issuers, WorkOS among them,
/// send `JWT` or nothing, which only the strict mode rejects.
pub(super) fn token_type(header: &JoseHeader, strict: bool) -> Result<(), TokenError> {
    let is =
        |name: &str| header.token_type.as_deref().is_some_and(|t| t.eq_ignore_ascii_case(name));
    let access_token = is("at+jwt") || is("application/at+jwt");
    let untyped = header.token_type.is_none() || is("JWT");
    if access_token || (untyped && !strict) { Ok(()) } else { Err(TokenError::UnacceptableType) }
}

/// A configured audience may be a client id, which is also what an ID token has in `aud`: there,
/// something must show that this is an access token.
pub(super) fn not_an_id_token(header: &JoseHeader, claims: &Claims) -> Result<(), TokenError> {
    let shown = token_type(header, true).is_ok() || claims.has_access_token_mark();
    match shown && !claims.has_id_token_mark {
        true => Ok(()),
        false => Err(TokenError::IdToken),
    }
}
