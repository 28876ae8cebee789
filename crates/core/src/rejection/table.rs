//! The table of reasons: one row for each variant of [`Rejection`].
//!
//! A row is: variant => name, status and RFC 6750 code (if any), text for the client, text for the
//! log. A log text names the cause and then the remedy; where it contains data, a function of
//! [`log_message`] writes it.
//!
//! The compiler proves that each variant has exactly one row: the rows become a `match` without
//! wildcards (the macro's grammar has none), and a second row would be an unreachable pattern,
//! which is denied.

use std::fmt;

use super::{
    log_message,
    message_error::MessageError,
    reasons::{ForbiddenReason, Rejection, RequestError, TokenError, UnavailableReason},
};

/// What is fixed about a reason.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) status: u16,
    pub(super) error_code: Option<&'static str>,
    pub(super) description: &'static str,
}

macro_rules! table {
    (@code) => { None };
    (@code $code:literal) => { Some($code) };
    (@any $value:ident) => { _ };
    (@log $f:ident $text:literal) => { $f.write_str($text) };
    (@log $f:ident $function:ident($($value:ident),*)) => {
        log_message::$function($f $(, $value)*)
    };
    ($(
        $kind:ident
        $(( $reason:ident::$variant:ident $(( $value:ident ))? $({ $($field:ident),+ })? ))?
        $({ $($member:ident),+ })?
        => $name:literal, $status:literal $($code:literal)?,
        client $description:literal,
        log $log:tt $(( $($argument:ident),* ))?;
    )+) => {
        /// All rows, in the order of the table.
        pub(super) const ROWS: &[Row] = &[$(
            Row {
                name: $name,
                status: $status,
                error_code: table!(@code $($code)?),
                description: $description,
            },
        )+];

        impl Rejection {
            /// The row of this variant.
            #[deny(unreachable_patterns)]
            pub(super) fn row(&self) -> &'static Row {
                match self {$(
                    Self::$kind
                    $((
                        $reason::$variant
                        $(( table!(@any $value) ))?
                        $({ $($field: _),+ })?
                    ))?
                    $({ $($member: _),+ })?
                    => const { &Row {
                        name: $name,
                        status: $status,
                        error_code: table!(@code $($code)?),
                        description: $description,
                    } },
                )+}
            }

            /// Writes the text for the log.
            pub(super) fn write_log_text(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {$(
                    Self::$kind
                    $(( $reason::$variant $(( $value ))? $({ $($field),+ })? ))?
                    $({ $($member),+ })?
                    => table!(@log f $log $(( $($argument),* ))?),
                )+}
            }
        }
    };
}

table! {
    MissingCredentials => "missing_credentials", 401,
        client "Authentication is required",
        log "the request has no bearer token; this is normal for a client's first call. If it \
             happens on every call, does a proxy in front remove the Authorization header?";

    MalformedRequest(RequestError::SeveralAuthorizationHeaders)
        => "several_authorization_headers", 400 "invalid_request",
        client "The request has several Authorization headers",
        log "the request has several Authorization headers; a proxy in front that adds one must \
             replace the client's header or not add its own";
    MalformedRequest(RequestError::EmptyCredentials) => "empty_credentials", 400 "invalid_request",
        client "The Authorization header has no token",
        log "the Authorization header is Bearer without a token; is a variable empty in the \
             client's configuration?";

    InvalidToken(TokenError::TooLong) => "too_long", 401 "invalid_token",
        client "The access token is too long",
        log "the token is longer than the limit (16 KiB unless configured); if the issuer really \
             issues such tokens, raise max_token_len(…)";
    InvalidToken(TokenError::Malformed) => "malformed", 401 "invalid_token",
        client "The access token is malformed",
        log "the token is not a JWT of three base64url parts; does the issuer issue opaque or \
             encrypted tokens to this client? Configure it to issue signed JWTs, or have it asked \
             about opaque tokens with Issuer::introspection(…)";
    InvalidToken(TokenError::MalformedHeader) => "malformed_header", 401 "invalid_token",
        client "The access token is malformed",
        log "the token's header is not the JSON object of a signed JWT with each member once; no \
             usual issuer issues such a token: was it altered or forged?";
    InvalidToken(TokenError::MalformedPayload { claim })
        => "malformed_payload", 401 "invalid_token",
        client "The access token is malformed",
        log malformed_payload(claim);
    InvalidToken(TokenError::UnacceptableAlgorithm)
        => "unacceptable_algorithm", 401 "invalid_token",
        client "The access token is of a kind that is not accepted",
        log "the token's alg is none, an HMAC, unknown, not among the issuer's algorithms(…), or \
             not the key's algorithm; configure the issuer to sign with RS256 or ES256, for \
             example";
    InvalidToken(TokenError::UnsupportedExtension) => "unsupported_extension", 401 "invalid_token",
        client "The access token is of a kind that is not accepted",
        log "the token's header has crit or b64: false, which are extensions that are not \
             supported; configure the issuer not to use them";
    InvalidToken(TokenError::UnacceptableType) => "unacceptable_type", 401 "invalid_token",
        client "The access token is of a kind that is not accepted",
        log "the token's typ is that of another kind of JWT, or not the at+jwt that \
             strict_token_type() requires, or the issuer's introspection endpoint says that it is no \
             access token; the client must send its access token";
    InvalidToken(TokenError::IdToken) => "id_token", 401 "invalid_token",
        client "An ID token is not an access token",
        log "the token looks like an ID token, which is meant for the client itself: it has neither \
             scope, scp nor client_id and its typ is not at+jwt, or it has a claim of ID tokens \
             (at_hash, c_hash, nonce with auth_time, typ, token_use); the client must send its access \
             token. If this is one, say what marks it with Issuer::access_token_if(…)";
    InvalidToken(TokenError::MissingClaim(claim)) => "missing_claim", 401 "invalid_token",
        client "The access token lacks a required claim",
        log missing_claim(claim);
    InvalidToken(TokenError::UntrustedIssuer { found }) => "untrusted_issuer", 401 "invalid_token",
        client "The access token is from an unknown issuer",
        log untrusted_issuer(found);
    InvalidToken(TokenError::UnknownKey) => "unknown_key", 401 "invalid_token",
        client "The access token's signature is not valid",
        log "the issuer publishes no key that fits the token; was it signed with a withdrawn key, \
             or issued by another environment? kid_hash identifies the key that the token names";
    InvalidToken(TokenError::BadSignature) => "bad_signature", 401 "invalid_token",
        client "The access token's signature is not valid",
        log "the signature is not the issuer's: the token was altered or forged; if all of the \
             issuer's tokens are rejected, do two environments use the same kid?";
    InvalidToken(TokenError::ForeignAudience { expected, found })
        => "foreign_audience", 401 "invalid_token",
        client "The access token is for another resource",
        log foreign_audience(expected, found);
    InvalidToken(TokenError::FurtherAudience { found }) => "further_audience", 401 "invalid_token",
        client "The access token is for another resource as well",
        log further_audience(found);
    InvalidToken(TokenError::Expired { exp, now }) => "expired", 401 "invalid_token",
        client "The access token has expired",
        log expired(exp, now);
    InvalidToken(TokenError::NotYetValid) => "not_yet_valid", 401 "invalid_token",
        client "The access token is not valid yet",
        log "nbf is in the future by more than the leeway; is this machine's clock behind the \
             issuer's?";
    InvalidToken(TokenError::IssuedInTheFuture) => "issued_in_the_future", 401 "invalid_token",
        client "The access token is not valid yet",
        log "iat is in the future by more than the leeway; is this machine's clock behind the \
             issuer's?";
    InvalidToken(TokenError::UnacceptableSubject) => "unacceptable_subject", 401 "invalid_token",
        client "The access token's subject is not acceptable",
        log "sub is empty, longer than 255 characters, or has control characters; correct how the \
             issuer sets it";
    InvalidToken(TokenError::UnconfirmedBinding) => "unconfirmed_binding", 401 "invalid_token",
        client "The access token is bound to a key that was not shown",
        log "the token is bound to a key (cnf: DPoP or a client certificate), which cannot be \
             confirmed here; configure the issuer to issue plain bearer tokens for this resource";
    InvalidToken(TokenError::RefusedByIssuer) => "refused_by_issuer", 401 "invalid_token",
        client "The access token was revoked",
        log "the issuer's userinfo endpoint rejects the token; was it revoked, or does it lack the \
             scope openid? With WorkOS, an API key (WORKOS_API_KEY) reads the profile in another \
             way";
    InvalidToken(TokenError::Inactive) => "inactive", 401 "invalid_token",
        client "The access token has expired or was revoked",
        log "the issuer's introspection endpoint says that the token is not active; it has expired \
             or was revoked, or another issuer has issued it, and the client must get a new one. If \
             all tokens are rejected, may the client that this resource authenticates as introspect \
             them?";
    InvalidToken(TokenError::Revoked) => "revoked", 401 "invalid_token",
        client "The access token was revoked",
        log "a revocation applies to the token; Revocations::in_force lists them with their \
             reasons. Unless the revocation is standing, the person can sign in again; a standing \
             one must be lifted first";
    InvalidToken(TokenError::LifetimeTooLong) => "lifetime_too_long", 401 "invalid_token",
        client "The access token is valid for too long",
        log "the token's exp is further ahead, or further after its iat, than max_token_lifetime \
             (31 days unless configured), for which revocations are kept; configure the issuer to \
             issue tokens of a shorter lifetime, or raise max_token_lifetime(…)";
    InvalidToken(TokenError::SessionTooOld) => "session_too_old", 401 "invalid_token",
        client "The session is too old",
        log "the sign-in of the session lies further back than revocations are kept \
             (max_token_lifetime, or the session's own longest lifetime); the person must sign in \
             again";
    InvalidToken(TokenError::MissingKeyId) => "missing_key_id", 401 "invalid_token",
        client "The access token names no key",
        log "the token names no key (kid), and the issuer has too many keys of its algorithm to \
             try each; configure the issuer to set kid";
    InvalidToken(TokenError::UnknownUser) => "unknown_user", 401 "invalid_token",
        client "The access token's subject has no user here",
        log no_user();

    Forbidden(ForbiddenReason::UnknownUser) => "unknown_user", 403,
        client "The account has no access to this application",
        log no_user();
    Forbidden(ForbiddenReason::UserRefused) => "user_refused", 403,
        client "The account has no access to this application",
        log "the identity store knows this user and refuses it; if the user was deactivated or \
             deleted, this is as intended";
    Forbidden(ForbiddenReason::UnknownMachine) => "unknown_machine", 403,
        client "The account has no access to this application",
        log "the token is a program's (client credentials), and the identity store's find_machine(…) \
             finds nothing for it: a store has to implement it, since programs are never looked up \
             among the people and never provisioned; if it is a person's, is sub the client's id?";
    Forbidden(ForbiddenReason::RefusedByPolicy { reason }) => "refused_by_policy", 403,
        client "The account has no access to this application",
        log refused_by_policy(reason);
    InsufficientScope { required } => "insufficient_scope", 403 "insufficient_scope",
        client "The access token lacks a scope that this needs",
        log insufficient_scope(required);
    Forbidden(ForbiddenReason::MissingPermission { missing }) => "missing_permission", 403,
        client "The account lacks a permission that this needs",
        log missing_permission(missing);
    Forbidden(ForbiddenReason::OriginNotAllowed { origin }) => "origin_not_allowed", 403,
        client "This origin may not call this resource",
        log origin_not_allowed(origin);
    Forbidden(ForbiddenReason::HostNotAllowed { host }) => "host_not_allowed", 403,
        client "This resource has another host name",
        log host_not_allowed(host);
    Forbidden(ForbiddenReason::CrossSite) => "cross_site", 403,
        client "This request must come from a page of this site",
        log "a request with a session changes something, and neither Sec-Fetch-Site nor Origin says \
             that a page of this site has sent it; another site has caused it, or a proxy in front \
             removes these headers";
    Forbidden(ForbiddenReason::RefusedByRule) => "refused_by_rule", 403,
        client "This application does not offer it",
        log "a rule refuses this tool or method for every caller (refused()); if it should be \
             callable, give it a rule of its own";

    UnreadableMessage(MessageError::NotJson) => "message_not_json", 400,
        client "The body is not JSON",
        log "the body is not JSON in UTF-8; does auth.mcp() protect something other than an MCP \
             endpoint?";
    UnreadableMessage(MessageError::NotAMessage) => "not_a_message", 400,
        client "The body is not a JSON-RPC message that every parser reads in the same way",
        log "the body is JSON, but not a JSON-RPC message, or parsers read it in different ways (a \
             member twice, or names that differ in case, beyond ASCII or by a control character); \
             does auth.mcp() protect something other than an MCP endpoint?";
    UnreadableMessage(MessageError::NoName) => "message_without_name", 400,
        client "The call does not name what it means by a string",
        log "a call of a tool, a prompt or a resource does not name it by a string; the client is \
             broken, or this is an attack";
    UnreadableMessage(MessageError::NameNotPlain) => "message_name_not_plain", 400,
        client "A name or URI has control characters, or white space at its ends",
        log "the name or URI of a tool, a prompt or a resource has control characters, or white \
             space at its ends; does the server list it like this? Rename it there";
    UnreadableMessage(MessageError::TooManyNames) => "message_too_many_names", 413,
        client "The body names too many tools, prompts or resources",
        log "the body names more than 10,000 tools, prompts and resources; the client must split \
             it";
    UnreadableMessage(MessageError::UriNotNormal) => "message_uri_not_normal", 400,
        client "A resource's URI is not in normal form (RFC 3986, section 6.2.2)",
        log "the URI of a resource is not in normal form (RFC 3986, section 6.2.2), which is \
             required where resources have rules; does the server list it like this? Correct it \
             there";
    UnreadableMessage(MessageError::HeaderMismatch) => "header_mismatch", 400,
        client "Header mismatch: a header is missing or not what the body says",
        log "Mcp-Method, Mcp-Name or MCP-Protocol-Version is missing or differs from the body; \
             does a proxy in front rewrite headers or bodies?";
    UnreadableMessage(MessageError::DuplicateHeader) => "duplicate_header", 400,
        client "Header mismatch: a header stands in the request twice",
        log "the request has an MCP header twice; does a proxy in front add one?";
    UnreadableMessage(MessageError::Encoded) => "message_encoded", 415,
        client "The body must be plain JSON in UTF-8, not encoded in any way",
        log "the body is compressed or not in UTF-8; configure the client, or the proxy in front, \
             to send plain JSON";
    UnreadableMessage(MessageError::TooLong) => "message_too_long", 413,
        client "The body is too long",
        log "the body is longer than the limit (4 MiB unless configured); if calls are really that \
             long, raise max_message_bytes(…)";
    UnreadableMessage(MessageError::TooSlow) => "message_too_slow", 408,
        client "The body did not come in time",
        log "the body did not arrive within the time limit (60 s unless configured); the \
             connection is slow, or the client keeps connections busy on purpose. \
             message_time_limit(…) raises the limit";
    UnreadableMessage(MessageError::Incomplete) => "message_incomplete", 400,
        client "The body did not come to its end",
        log "the connection ended before the end of the body; the client closed it";
    ForeignSession => "foreign_session", 404,
        client "Session not found",
        log "the Mcp-Session-Id belongs to another user, to the same user through another \
             client, or to another resource; two users who share one agent must not share its sessions";

    UnknownResource { path } => "unknown_resource", 404,
        client "There is no such resource here",
        log unknown_resource(path);

    Unavailable(UnavailableReason::Keys { issuer }) => "keys_unavailable", 503,
        client "The access token cannot be checked at the moment",
        log keys_unavailable(issuer);
    Unavailable(UnavailableReason::KeyCoolDown { issuer }) => "key_cool_down", 503,
        client "The access token cannot be checked at the moment",
        log key_cool_down(issuer);
    Unavailable(UnavailableReason::Introspection { issuer, error })
        => "introspection_unavailable", 503,
        client "The access token cannot be checked at the moment",
        log introspection_unavailable(issuer, error);
    Unavailable(UnavailableReason::IdentityStore { error }) => "store_unavailable", 503,
        client "The access token cannot be checked at the moment",
        log store_unavailable(error);
    Unavailable(UnavailableReason::Profile { error }) => "profile_unavailable", 503,
        client "The account cannot be looked up at the moment",
        log profile_unavailable(error);
    Unavailable(UnavailableReason::Revocations { silence }) => "revocations_unavailable", 503,
        client "The access token cannot be checked at the moment",
        log revocations_unavailable(silence);
    Unavailable(UnavailableReason::SessionStore { error }) => "sessions_unavailable", 503,
        client "The session cannot be read at the moment",
        log sessions_unavailable(error);
    Unavailable(UnavailableReason::TimeLimit { limit }) => "time_limit", 503,
        client "The access token cannot be checked at the moment",
        log time_limit(limit);
}
