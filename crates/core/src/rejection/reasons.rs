//! The reasons for a rejection, as types. [`table`](super::table) has a row for each.

use std::time::Duration;

use super::message_error::MessageError;
use crate::{scope::Scope, time::UnixTime};

/// Why a request is rejected.
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
        /// All scopes that the operation needs, granted ones included, by the names that clients
        /// ask the issuer for.
        required: Vec<Scope>,
    },
    /// The token is good, and no other token would help. A plain 403 (R15).
    Forbidden(ForbiddenReason),
    /// The message cannot be judged by the rules that there are for messages (R30). 400, 408, 413
    /// or 415, with a JSON-RPC error.
    UnreadableMessage(MessageError),
    /// The `Mcp-Session-Id` is somebody else's. 404, as for a session that never was.
    ForeignSession,
    /// The path names no resource, where each path below the configured one is a resource
    /// ([`ResourcePolicy::resources_below`](crate::ResourcePolicy::resources_below)). 404 for every
    /// caller.
    UnknownResource {
        /// The path of the request.
        path: String,
    },
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
    /// The issuer's introspection endpoint says that it is not active (RFC 7662 §2.2).
    Inactive,
    /// A revocation applies to it.
    Revoked,
    /// It is good for longer than `max_token_lifetime`.
    LifetimeTooLong,
    /// The sign-in of a session lies further back than revocations are kept.
    SessionTooOld,
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
    /// The caller is a program, and the identity store's
    /// [`find_machine`](crate::IdentityStore::find_machine) finds nothing for it.
    UnknownMachine,
    /// The application's own check refuses the token.
    RefusedByPolicy {
        /// What the check says, for the log only.
        reason: String,
    },
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
    /// Another site has caused the request, to which the browser added the session's cookie (R39).
    CrossSite,
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
    /// The token names an unknown key, and the issuer was asked for newer keys so often a moment
    /// ago that it is not asked again yet
    /// ([`RefreshSettings::bucket`](crate::keys::refresh::RefreshSettings::bucket)).
    KeyCoolDown {
        /// The issuer.
        issuer: String,
    },
    /// The issuer's introspection endpoint: it gives no answer, or none that can be used, or too many
    /// calls to it are in flight.
    Introspection {
        /// The issuer.
        issuer: String,
        /// What is wrong, for the log only.
        error: String,
    },
    /// The revocation log: not read completely since the process started, or silent for longer than
    /// the application allows.
    Revocations {
        /// For how long it has been silent; `None` where it was never read.
        silence: Option<Duration>,
    },
    /// The decision took longer than the application allows.
    TimeLimit {
        /// The limit.
        limit: Duration,
    },
    /// The sessions of a page.
    SessionStore {
        /// The store's own error, for the log only.
        error: String,
    },
    /// The application's identity store.
    IdentityStore {
        /// The store's own error, for the log only.
        error: String,
    },
    /// The profile of a newcomer, which the issuer has: it cannot be asked now, is asked too often,
    /// or gives an answer that cannot be read.
    Profile {
        /// What was asked and what is wrong with it, for the log only.
        error: String,
    },
}

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
