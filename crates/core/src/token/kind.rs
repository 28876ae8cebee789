//! Access tokens and ID tokens told apart (RFC 8725 §3.11).

use crate::{keys::jws::JoseHeader, rejection::TokenError, token::claims::Claims};

/// Where a token's claims come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenForm<'t> {
    /// From the payload of a JWT with this header.
    Jwt(&'t JoseHeader),
    /// From the issuer's answer about the token (RFC 7662 §2.2), which has no header: what kind of
    /// token it is was checked where the answer was read.
    Introspected,
}

impl<'t> From<&'t JoseHeader> for TokenForm<'t> {
    fn from(header: &'t JoseHeader) -> Self {
        Self::Jwt(header)
    }
}

/// "The `typ` of an access token: `at+jwt`" (RFC 9068 §2.1, §4). Real issuers, WorkOS among them,
/// send `JWT` or nothing, which only the strict mode rejects.
pub(super) fn token_type<'t>(
    form: impl Into<TokenForm<'t>>,
    strict: bool,
) -> Result<(), TokenError> {
    let TokenForm::Jwt(header) = form.into() else { return Ok(()) };
    let is =
        |name: &str| header.token_type.as_deref().is_some_and(|t| t.eq_ignore_ascii_case(name));
    let access_token = is("at+jwt") || is("application/at+jwt");
    let untyped = header.token_type.is_none() || is("JWT");
    if access_token || (untyped && !strict) { Ok(()) } else { Err(TokenError::UnacceptableType) }
}

/// A configured audience may be a client id, which is also what an ID token has in `aud`: there,
/// something must show that this is an access token.
pub(super) fn not_an_id_token(form: TokenForm<'_>, claims: &Claims) -> Result<(), TokenError> {
    let shown = token_type(form, true).is_ok() || claims.has_access_token_mark();
    match shown && !claims.has_id_token_mark {
        true => Ok(()),
        false => Err(TokenError::IdToken),
    }
}
