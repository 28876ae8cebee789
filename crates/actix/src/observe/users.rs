//! Whom the identity store does not know, for operators who look for the reason.

use mcp_auth_core::{
    Principal, Rejection,
    rejection::{ForbiddenReason, OneLine, TokenError},
};

use super::TARGET;

/// The subject of a verified token that has no user, at the level `debug`: it is personal data.
pub(crate) fn unknown_subject(principal: &Principal, rejection: &Rejection) {
    let is_unknown = matches!(
        rejection,
        Rejection::Forbidden(ForbiddenReason::UnknownUser | ForbiddenReason::UnknownMachine)
            | Rejection::InvalidToken(TokenError::UnknownUser)
    );
    if is_unknown {
        tracing::debug!(
            name: "unknown_subject",
            target: TARGET,
            event = "unknown_subject",
            reason = rejection.reason(),
            issuer = principal.subject().issuer(),
            sub = %OneLine(principal.subject().id()),
            "the identity store has no user for this subject"
        );
    }
}
