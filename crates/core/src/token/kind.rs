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

/// Whether the issuer has to say that a token is an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing speaks against it.
    AccessToken,
    /// By its claims it can be an ID token.
    Unclear,
}

/// Which kind of JWT this is by its claims. Where `aud` can be a client id, which is what an ID token
/// has in `aud`, something must show that this is an access token. Everywhere else nothing may show
/// that it is none: "an ID token may have further audiences" (OpenID Connect Core §2).
///
/// # Errors
/// [`TokenError::IdToken`]: the token itself says that it is of another kind.
pub(super) fn of(
    form: TokenForm<'_>,
    claims: &Claims,
    aud_can_be_a_client_id: bool,
) -> Result<Kind, TokenError> {
    let shown = token_type(form, true).is_ok() || claims.has_access_token_mark();
    let marks = claims.marks;
    if marks.other_kind || (marks.events && !shown) {
        return Err(TokenError::IdToken);
    }
    let unclear = match aud_can_be_a_client_id {
        true => !shown || marks.token_hash,
        false => !shown && (marks.token_hash || (marks.nonce && marks.auth_time)),
    };
    Ok(if unclear { Kind::Unclear } else { Kind::AccessToken })
}

/// Whether an audience can be a client id: it is no absolute URL, which names an API.
pub(super) fn can_be_a_client_id(audience: &str) -> bool {
    !audience.contains("://")
}
