//! Why a request is refused: typed, each variant with its status, its RFC 6750 code and a fixed
//! description for the client. What the operator needs to know is said by `Display` instead.

mod operator;

use std::time::Duration;

pub use operator::OneLine;

use crate::{mcp::MessageError, scope::Scope, time::UnixTime};

/// A request that goes no further.
///
/// `Display` is for the operator's log: one line with the cause and the remedy. It never contains
/// the token; text from a token's claims is quoted and cut. The client gets
/// [`description`](Self::description) only.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Rejection {
    /// There are no credentials. 401, without an error code (R13; RFC 6750 §3.1).
    MissingCredentials,
    /// The request cannot be understood. 400 `invalid_request`.
    MalformedRequest(RequestError),
    /// The token is not good. 401 `invalid_token`.
    InvalidToken(TokenError),
    /// The token is good, but not for this. 403 `insufficient_scope`, naming every scope that the
    /// operation needs (R15).
    InsufficientScope {
        /// All scopes that the operation needs, granted ones included.
        required: Vec<Scope>,
    },
    /// The token is good, and no other token would help. A plain 403 (R15).
    Forbidden(ForbiddenReason),
    /// The message cannot be judged by the rules that there are for messages (R30). 400, 408, 413 or
    /// 415, with a JSON-RPC error.
    UnreadableMessage(MessageError),
    /// The `Mcp-Session-Id` is somebody else's. 404, as for a session that never was.
    ForeignSession,
    /// The token cannot be checked now. 503 with `Retry-After`: an outage must never look like a
    /// bad token (R11).
    Unavailable(UnavailableReason),
}

/// What is wrong with the request's credentials as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// More than one `Authorization` header: ambiguous.
    SeveralAuthorizationHeaders,
    /// The scheme `Bearer` with nothing behind it.
    EmptyCredentials,
}

/// What is wrong with a token.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than the bound (default 16 KiB).
    TooLong,
    /// Not three base64url parts in their canonical spelling, a character that no token has, or
    /// an encrypted token (JWE).
    Malformed,
    /// The header is not a JSON object of the expected form, or has a member twice.
    MalformedHeader,
    /// The payload is not a JSON object, has a member twice, or holds a registered claim of the
    /// wrong type: the one named, where it is known.
    MalformedPayload {
        /// The claim whose value is of the wrong type.
        claim: Option<&'static str>,
    },
    /// `alg` is `none`, an HMAC, unknown, not allowed for this issuer, or not the key's own.
    UnacceptableAlgorithm,
    /// The header has `crit`, or `b64: false`: extensions that are not understood must not be
    /// ignored (RFC 7515 §4.1.11).
    UnsupportedExtension,
    /// `typ` says that this is some other kind of JWT (RFC 8725 §3.11).
    UnacceptableType,
    /// An ID token, which is made for a client to read and not for a resource to accept.
    IdToken,
    /// A claim that is required is absent.
    MissingClaim(&'static str),
    /// `iss` names nobody who is trusted for this resource.
    UntrustedIssuer {
        /// The claim's value.
        found: String,
    },
    /// No published key of the issuer fits, as a fetch has confirmed since the request came.
    UnknownKey,
    /// The signature is not the issuer's.
    BadSignature,
    /// `aud` names other resources only.
    ForeignAudience {
        /// What is accepted: this resource first.
        expected: Vec<String>,
        /// The claim's values.
        found: Vec<String>,
    },
    /// `aud` names another resource besides this one, and the application accepts that from nobody
    /// ([`AudiencePolicy::ThisResourceOnly`](crate::AudiencePolicy::ThisResourceOnly)).
    FurtherAudience {
        /// The other resource.
        found: String,
    },
    /// `exp` has passed.
    Expired {
        /// The claim's value, in seconds since the epoch.
        exp: f64,
        /// The time of the check.
        now: UnixTime,
    },
    /// `nbf` has not come yet.
    NotYetValid,
    /// `iat` lies in the future.
    IssuedInTheFuture,
    /// `sub` is empty, longer than 255 characters, or has control characters.
    UnacceptableSubject,
    /// The token is bound to a key (`cnf`) and the binding cannot be confirmed here (RFC 9449 §6,
    /// RFC 8705 §3).
    UnconfirmedBinding,
    /// The issuer itself does not accept it any more: it was revoked.
    RefusedByIssuer,
    /// The application has taken back its subject's tokens.
    Revoked,
    /// It names no key (`kid`), and the issuer has too many to try them all.
    MissingKeyId,
    /// The subject has no user here, and the application answers that with 401.
    UnknownUser,
}

/// Why no other token would help.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForbiddenReason {
    /// The subject has no user in the application.
    UnknownUser,
    /// The identity store knows the subject and refuses it: a deactivated or deleted user.
    UserRefused,
    /// The `Origin` header names a web page that may not call (R29).
    OriginNotAllowed {
        /// The header's value.
        origin: String,
    },
    /// The `Host` header names another machine than this one: a web page that has had its own name
    /// pointed here (DNS rebinding, R29), or a name that the application was not told of.
    HostNotAllowed {
        /// The header's value.
        host: String,
    },
    /// A rule of the application's refuses the tool or the method, whoever calls (R30).
    RefusedByRule,
    /// The caller lacks permissions that its issuer does not grant by scope.
    MissingPermission {
        /// Their names.
        missing: Vec<Scope>,
    },
}

/// What is out of reach.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnavailableReason {
    /// The issuer's keys: never fetched yet, too old, or not refreshed when an unknown key was
    /// asked for.
    Keys {
        /// The issuer.
        issuer: String,
    },
    /// The token names an unknown key, and the issuer was asked for newer keys so often a moment ago
    /// that it is not asked again yet
    /// ([`RefreshSettings::bucket`](crate::keys::refresh::RefreshSettings::bucket)).
    KeyCoolDown {
        /// The issuer.
        issuer: String,
    },
    /// The decision took longer than the application allows.
    TimeLimit {
        /// The limit.
        limit: Duration,
    },
    /// The application's identity store.
    IdentityStore {
        /// The store's own error, for the log only.
        error: String,
    },
}

impl Rejection {
    /// Every name that [`reason`](Self::reason) gives.
    pub const REASONS: &'static [&'static str] = &[
        "missing_credentials",
        "several_authorization_headers",
        "empty_credentials",
        "too_long",
        "malformed",
        "malformed_header",
        "malformed_payload",
        "unacceptable_algorithm",
        "unsupported_extension",
        "unacceptable_type",
        "id_token",
        "missing_claim",
        "untrusted_issuer",
        "unknown_key",
        "bad_signature",
        "foreign_audience",
        "further_audience",
        "expired",
        "not_yet_valid",
        "issued_in_the_future",
        "unacceptable_subject",
        "unconfirmed_binding",
        "refused_by_issuer",
        "revoked",
        "missing_key_id",
        "unknown_user",
        "user_refused",
        "insufficient_scope",
        "origin_not_allowed",
        "host_not_allowed",
        "refused_by_rule",
        "message_not_json",
        "not_a_message",
        "message_without_name",
        "message_name_not_plain",
        "message_too_many_names",
        "message_uri_not_normal",
        "header_mismatch",
        "duplicate_header",
        "message_encoded",
        "message_too_long",
        "message_too_slow",
        "message_incomplete",
        "foreign_session",
        "missing_permission",
        "keys_unavailable",
        "key_cool_down",
        "store_unavailable",
        "time_limit",
    ];

    /// Those among [`REASONS`](Self::REASONS) that are outages: 503, and nobody's bad token.
    pub const OUTAGES: &'static [&'static str] =
        &["keys_unavailable", "key_cool_down", "store_unavailable", "time_limit"];

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::MissingCredentials | Self::InvalidToken(_) => 401,
            Self::MalformedRequest(_) => 400,
            Self::InsufficientScope { .. } | Self::Forbidden(_) => 403,
            Self::UnreadableMessage(error) => error.status(),
            Self::ForeignSession => 404,
            Self::Unavailable(_) => 503,
        }
    }

    /// The error code of RFC 6750 §3.1; `None` where a challenge must not or need not have one.
    pub fn error_code(&self) -> Option<&'static str> {
        match self {
            Self::MalformedRequest(_) => Some("invalid_request"),
            Self::InvalidToken(_) => Some("invalid_token"),
            Self::InsufficientScope { .. } => Some("insufficient_scope"),
            Self::MissingCredentials
            | Self::Forbidden(_)
            | Self::UnreadableMessage(_)
            | Self::ForeignSession
            | Self::Unavailable(_) => None,
        }
    }

    /// What the client is told: fixed text, nothing from the request in it (R12).
    pub fn description(&self) -> &'static str {
        match self {
            Self::MissingCredentials => "Authentication is required",
            Self::MalformedRequest(error) => error.description(),
            Self::InvalidToken(error) => error.description(),
            Self::InsufficientScope { .. } => "The access token lacks a scope that this needs",
            Self::Forbidden(ForbiddenReason::UnknownUser | ForbiddenReason::UserRefused) => {
                "The account has no access to this application"
            }
            Self::Forbidden(ForbiddenReason::OriginNotAllowed { .. }) => {
                "This origin may not call this resource"
            }
            Self::Forbidden(ForbiddenReason::HostNotAllowed { .. }) => {
                "This resource has another host name"
            }
            Self::Forbidden(ForbiddenReason::RefusedByRule) => "This application does not offer it",
            Self::UnreadableMessage(error) => error.description(),
            Self::ForeignSession => "Session not found",
            Self::Forbidden(ForbiddenReason::MissingPermission { .. }) => {
                "The account lacks a permission that this needs"
            }
            Self::Unavailable(_) => "The access token cannot be checked at the moment",
        }
    }

    /// After what time trying again makes sense: for outages only, in whole seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(_) => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// A stable name for logs and metrics, such as `foreign_audience`: one of
    /// [`REASONS`](Self::REASONS).
    pub fn reason(&self) -> &'static str {
        match self {
            Self::MissingCredentials => "missing_credentials",
            Self::MalformedRequest(error) => error.reason(),
            Self::InvalidToken(error) => error.reason(),
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::Forbidden(ForbiddenReason::UnknownUser) => "unknown_user",
            Self::Forbidden(ForbiddenReason::UserRefused) => "user_refused",
            Self::Forbidden(ForbiddenReason::OriginNotAllowed { .. }) => "origin_not_allowed",
            Self::Forbidden(ForbiddenReason::HostNotAllowed { .. }) => "host_not_allowed",
            Self::Forbidden(ForbiddenReason::RefusedByRule) => "refused_by_rule",
            Self::UnreadableMessage(error) => error.reason(),
            Self::ForeignSession => "foreign_session",
            Self::Forbidden(ForbiddenReason::MissingPermission { .. }) => "missing_permission",
            Self::Unavailable(UnavailableReason::Keys { .. }) => "keys_unavailable",
            Self::Unavailable(UnavailableReason::KeyCoolDown { .. }) => "key_cool_down",
            Self::Unavailable(UnavailableReason::IdentityStore { .. }) => "store_unavailable",
            Self::Unavailable(UnavailableReason::TimeLimit { .. }) => "time_limit",
        }
    }
}

impl RequestError {
    fn description(self) -> &'static str {
        match self {
            Self::SeveralAuthorizationHeaders => "The request has several Authorization headers",
            Self::EmptyCredentials => "The Authorization header has no token",
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::SeveralAuthorizationHeaders => "several_authorization_headers",
            Self::EmptyCredentials => "empty_credentials",
        }
    }
}

impl TokenError {
    fn description(&self) -> &'static str {
        match self {
            Self::TooLong => "The access token is too long",
            Self::Malformed | Self::MalformedHeader | Self::MalformedPayload { .. } => {
                "The access token is malformed"
            }
            Self::UnacceptableAlgorithm | Self::UnsupportedExtension | Self::UnacceptableType => {
                "The access token is of a kind that is not accepted"
            }
            Self::IdToken => "An ID token is not an access token",
            Self::MissingClaim(_) => "The access token lacks a required claim",
            Self::UntrustedIssuer { .. } => "The access token is from an unknown issuer",
            Self::UnknownKey | Self::BadSignature => "The access token's signature is not valid",
            Self::ForeignAudience { .. } => "The access token is for another resource",
            Self::FurtherAudience { .. } => "The access token is for another resource as well",
            Self::Expired { .. } => "The access token has expired",
            Self::NotYetValid | Self::IssuedInTheFuture => "The access token is not valid yet",
            Self::UnacceptableSubject => "The access token's subject is not acceptable",
            Self::UnconfirmedBinding => "The access token is bound to a key that was not shown",
            Self::RefusedByIssuer | Self::Revoked => "The access token was revoked",
            Self::MissingKeyId => "The access token names no key",
            Self::UnknownUser => "The access token's subject has no user here",
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
            Self::MalformedHeader => "malformed_header",
            Self::MalformedPayload { .. } => "malformed_payload",
            Self::UnacceptableAlgorithm => "unacceptable_algorithm",
            Self::UnsupportedExtension => "unsupported_extension",
            Self::UnacceptableType => "unacceptable_type",
            Self::IdToken => "id_token",
            Self::MissingClaim(_) => "missing_claim",
            Self::UntrustedIssuer { .. } => "untrusted_issuer",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::ForeignAudience { .. } => "foreign_audience",
            Self::FurtherAudience { .. } => "further_audience",
            Self::Expired { .. } => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInTheFuture => "issued_in_the_future",
            Self::UnacceptableSubject => "unacceptable_subject",
            Self::UnconfirmedBinding => "unconfirmed_binding",
            Self::RefusedByIssuer => "refused_by_issuer",
            Self::Revoked => "revoked",
            Self::MissingKeyId => "missing_key_id",
            Self::UnknownUser => "unknown_user",
        }
    }
}

impl std::error::Error for Rejection {}

impl From<RequestError> for Rejection {
    fn from(error: RequestError) -> Self {
        Self::MalformedRequest(error)
    }
}

impl From<TokenError> for Rejection {
    fn from(error: TokenError) -> Self {
        Self::InvalidToken(error)
    }
}

impl From<ForbiddenReason> for Rejection {
    fn from(reason: ForbiddenReason) -> Self {
        Self::Forbidden(reason)
    }
}

impl From<MessageError> for Rejection {
    fn from(error: MessageError) -> Self {
        Self::UnreadableMessage(error)
    }
}

impl From<UnavailableReason> for Rejection {
    fn from(reason: UnavailableReason) -> Self {
        Self::Unavailable(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r11_each_kind_of_refusal_has_its_status() {
        let keys = UnavailableReason::Keys { issuer: "https://i".into() };
        for (rejection, status, code) in [
            (Rejection::MissingCredentials, 401, None),
            (RequestError::EmptyCredentials.into(), 400, Some("invalid_request")),
            (TokenError::BadSignature.into(), 401, Some("invalid_token")),
            (Rejection::InsufficientScope { required: vec![] }, 403, Some("insufficient_scope")),
            (ForbiddenReason::UnknownUser.into(), 403, None),
            (keys.into(), 503, None),
        ] {
            assert_eq!((rejection.status(), rejection.error_code()), (status, code));
            assert_eq!(rejection.retry_after().is_some(), status == 503);
        }
    }

    /// The names are written in two places; this holds them together.
    #[test]
    fn every_reason_is_in_the_list_once() {
        let sources = [include_str!("rejection.rs"), include_str!("mcp/error.rs")];
        let mut named: Vec<_> = sources
            .into_iter()
            .flat_map(|source| {
                source.split("mod tests").next().unwrap().split("fn reason(").skip(1)
            })
            .flat_map(|after| after.split("\n    }\n").next().unwrap().lines())
            .filter_map(|line| line.split_once("=> \"")?.1.split('"').next())
            .collect();
        named.sort_unstable();
        named.dedup();
        let mut listed = Rejection::REASONS.to_vec();
        listed.sort_unstable();
        assert_eq!(named, listed);
        assert!(named.len() > 25, "{named:?}");
    }
}
