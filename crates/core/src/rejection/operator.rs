//! What the operator's log says of a rejection: in one line what is wrong and what to do.
//!
//! Text from the outside stands there quoted, without control characters, and cut, so that it can
//! neither forge a line nor fill a disk.

use std::fmt::{self, Write as _};

use super::{ForbiddenReason, Rejection, RequestError, TokenError, UnavailableReason};

/// How many of a token's audiences are shown.
const AUDIENCES: usize = 4;

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingCredentials => f.write_str(
                "the request has no bearer token: ordinary for a client's first call; where one \
                 goes on like this, does a proxy in front take the Authorization header away?",
            ),
            Self::MalformedRequest(error) => error.fmt(f),
            Self::InvalidToken(error) => error.fmt(f),
            Self::InsufficientScope { required } => {
                f.write_str("the token lacks a scope; needed are:")?;
                required.iter().try_for_each(|scope| write!(f, " {scope}"))?;
                f.write_str("; does the issuer know these scopes, and may this client have them?")
            }
            Self::Forbidden(reason) => reason.fmt(f),
            Self::UnreadableMessage(error) => error.fmt(f),
            Self::ForeignSession => f.write_str(
                "the Mcp-Session-Id was given to somebody else, or to the same person through \
                 another client; two people who share one agent must not share its sessions",
            ),
            Self::Unavailable(reason) => reason.fmt(f),
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SeveralAuthorizationHeaders => {
                "the request has several Authorization headers; a proxy in front that adds one of \
                 its own must replace the client's or leave it alone"
            }
            Self::EmptyCredentials => {
                "the Authorization header says Bearer with no token behind it; is a variable empty \
                 in the client's configuration?"
            }
        })
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str(
                "the token is longer than the bound (16 KiB unless configured); if the issuer \
                 really makes such tokens, raise max_token_len",
            ),
            Self::Malformed => f.write_str(
                "the token is not a JWT of three base64url parts; does the issuer make opaque or \
                 encrypted tokens for this client? It must make signed JWTs",
            ),
            Self::MalformedHeader => f.write_str(
                "the token's header is not the JSON object of a signed JWT with each member once; \
                 no usual issuer makes such a token: was it altered, or forged?",
            ),
            Self::MalformedPayload { claim: Some(claim) } => {
                write!(
                    f,
                    "the claim {claim} is malformed: its value is of the wrong type; correct how \
                     the issuer fills it"
                )
            }
            Self::MalformedPayload { claim: None } => f.write_str(
                "the token's payload is not a JSON object with each member once, or a claim is of \
                 the wrong type; do templates of the issuer set a claim twice?",
            ),
            Self::UnacceptableAlgorithm => f.write_str(
                "the token's alg is none, an HMAC, unknown, not among the issuer's algorithms(…), \
                 or not that of the key; let the issuer sign with RS256 or ES256, say",
            ),
            Self::UnsupportedExtension => f.write_str(
                "the token's header has crit or b64: false, extensions that are not supported; \
                 let the issuer leave them out",
            ),
            Self::UnacceptableType => f.write_str(
                "the token's typ is that of another kind of JWT, or not the at+jwt that \
                 strict_token_type demands; the client must send its access token",
            ),
            Self::IdToken => f.write_str(
                "this is an ID token, which is for the client to read; the client must send its \
                 access token",
            ),
            Self::MissingClaim("aud") => f.write_str(
                "the claim aud is missing; session tokens of a web sign-in have none and are not \
                 for here; otherwise let the issuer put the resource into aud",
            ),
            Self::MissingClaim(claim) => {
                write!(f, "the claim {claim} is missing; let the issuer put it in")
            }
            Self::UntrustedIssuer { found } => write!(
                f,
                "the issuer {} is not configured for this resource; if it is to be trusted, name \
                 it with issuer(…), byte for byte and with its slash, or as another name with \
                 also_named(…)",
                Quoted(found)
            ),
            Self::UnknownKey => f.write_str(
                "the issuer publishes no key that fits the token; was it signed with a withdrawn \
                 key, or made in another environment? kid_hash tells which key it names",
            ),
            Self::BadSignature => f.write_str(
                "the signature is not the issuer's: the token was altered or forged; if all of \
                 them are refused, do two environments use one kid?",
            ),
            Self::ForeignAudience { expected, found } => foreign_audience(f, expected, found),
            Self::FurtherAudience { found } => write!(
                f,
                "the token is for this resource and for {} as well, which audience_policy \
                 (ThisResourceOnly) refuses; let the client ask for this resource alone, or accept \
                 the other with audience(…)",
                Quoted(found)
            ),
            Self::Expired { exp, now } => {
                let ago = now.as_secs_f64() - exp;
                match ago < 1e9 {
                    true => write!(f, "expired {ago:.0} s ago")?,
                    false => f.write_str("expired decades ago")?,
                }
                f.write_str("; the client must refresh it; if all are refused, is the clock right?")
            }
            Self::NotYetValid => f.write_str(
                "nbf lies in the future, by more than the leeway; is this machine's clock behind \
                 the issuer's?",
            ),
            Self::IssuedInTheFuture => f.write_str(
                "iat lies in the future, by more than the leeway; is this machine's clock behind \
                 the issuer's?",
            ),
            Self::UnacceptableSubject => f.write_str(
                "sub is empty, longer than 255 characters, or has control characters; correct how \
                 the issuer fills it",
            ),
            Self::UnconfirmedBinding => f.write_str(
                "the token is bound to a key (cnf: DPoP or a client certificate), which cannot be \
                 confirmed here; let the issuer make plain bearer tokens for this resource",
            ),
            Self::RefusedByIssuer => f.write_str(
                "the issuer's userinfo endpoint refuses the token: was it revoked? With WorkOS, an \
                 API key (WORKOS_API_KEY) asks in another way",
            ),
            Self::Revoked => f.write_str(
                "the application took back what was issued to this subject until then (revoke); \
                 the person must sign in again",
            ),
            Self::MissingKeyId => f.write_str(
                "the token names no key (kid), and the issuer has too many of its algorithm to try \
                 them all; let the issuer name it",
            ),
            Self::UnknownUser => f.write_str(NO_USER),
        }
    }
}

const NO_USER: &str = "the subject has no user in the application; does the column hold what sub \
                       holds? provision_with(…) lets newcomers in";

/// What was expected and what came, and for the one mistake that everybody makes with WorkOS where
/// to put it right.
fn foreign_audience(
    f: &mut fmt::Formatter<'_>,
    expected: &[String],
    found: &[String],
) -> fmt::Result {
    write!(f, "expected the audience {expected:?}, got [")?;
    for (n, audience) in found.iter().take(AUDIENCES).enumerate() {
        let comma = if n == 0 { "" } else { ", " };
        write!(f, "{comma}{}", Quoted(audience))?;
    }
    let more = if found.len() > AUDIENCES { ", …" } else { "" };
    write!(f, "{more}]; ")?;
    f.write_str(match found.iter().any(|audience| audience.starts_with("client_")) {
        true => {
            "WorkOS puts its client id there where the resource indicator is missing: add the \
             expected audience in the dashboard under Connect → Configuration"
        }
        false => {
            "the client must ask for this resource (RFC 8707), byte for byte, and the issuer must \
             know it; audience(…) accepts another one"
        }
    })
}

impl fmt::Display for ForbiddenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownUser => f.write_str(NO_USER),
            Self::UserRefused => f.write_str(
                "the identity store knows this user and refuses it; if the user was deactivated or \
                 deleted, this is as intended",
            ),
            Self::OriginNotAllowed { origin } => write!(
                f,
                "the page {} may not call; if it should, add it with allow_origin",
                Quoted(origin)
            ),
            Self::HostNotAllowed { host } => write!(
                f,
                "the Host {} is not this machine's; if clients are to use it, add it with allow_host",
                Quoted(host)
            ),
            Self::RefusedByRule => f.write_str(
                "a rule says refused() of this tool or method; if it should be called, give it a \
                 rule of its own",
            ),
            Self::MissingPermission { missing } => {
                f.write_str("the caller lacks what its issuer grants by no scope:")?;
                missing.iter().try_for_each(|name| write!(f, " {name}"))?;
                f.write_str(
                    "; a claim (grants_from_claim) or the application (grants) must grant it, if \
                     this caller is to have it. A scope in the token that Issuer::scopes does not \
                     list grants nothing",
                )
            }
        }
    }
}

impl fmt::Display for UnavailableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys { issuer } => write!(
                f,
                "the keys of {issuer} are out of reach; is its JWKS endpoint reachable from here? \
                 The events keys_fetch_failed tell why not"
            ),
            Self::KeyCoolDown { issuer } => write!(
                f,
                "the token names a key that is not among those of {issuer}, which was asked for newer \
                 ones a moment ago; the client may try again in a second. If there are many of these, \
                 somebody makes up keys"
            ),
            Self::TimeLimit { limit } => {
                write!(f, "no decision within {limit:?}; is the identity store slow?")
            }
            Self::IdentityStore { error } => write!(
                f,
                "the identity store failed; look at its pool, its network and its column: {}",
                OneLine(error)
            ),
        }
    }
}

/// Somebody else's text in a log line: escaped, so that it cannot forge a line, and cut.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 120;
        match self.0.char_indices().nth(MOST) {
            Some((end, _)) => write!(f, "{:?}…", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

/// Text that is for the operator, such as a database's own words, in one line of bounded length.
///
/// ```
/// use mcp_auth_core::rejection::OneLine;
///
/// assert_eq!(OneLine("two\nlines").to_string(), "two\\nlines");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct OneLine<'a>(pub &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 500;
        for (n, c) in self.0.chars().enumerate() {
            match c {
                _ if n == MOST => return f.write_char('…'),
                '"' | '\'' | '\\' => f.write_char(c)?,
                c => write!(f, "{}", c.escape_debug())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::mcp::MessageError;
    use crate::time::UnixTime;

    #[test]
    fn a_foreign_audience_tells_expected_and_got_and_the_remedy_for_workos() {
        let error = |found: &[&str]| {
            let found = found.iter().map(|&audience| audience.into()).collect();
            let expected = vec!["https://app.example.com/mcp".into()];
            TokenError::ForeignAudience { expected, found }.to_string()
        };
        let line = error(&["client_01"]);
        assert!(line.contains("[\"https://app.example.com/mcp\"], got [\"client_01\"]"), "{line}");
        assert!(line.contains("resource indicator is missing"), "{line}");
        let line = error(&["a", "b", "c", "d", "e"]);
        assert!(line.contains("\"d\", …]; the client must ask for this resource"), "{line}");
    }

    /// Every variant that takes text from outside, with text that would do harm.
    fn hostile() -> Vec<Rejection> {
        let evil = || format!("evil\n\u{1b}[31m\u{202e}\u{2028}{}", "x".repeat(100_000));
        let exp = |exp| TokenError::Expired { exp, now: UnixTime::from_secs(1_800_000_000) };
        vec![
            TokenError::UntrustedIssuer { found: evil() }.into(),
            TokenError::FurtherAudience { found: evil() }.into(),
            TokenError::ForeignAudience {
                expected: vec!["https://app.example.com/mcp".into()],
                found: vec![evil(); 1_000],
            }
            .into(),
            ForbiddenReason::OriginNotAllowed { origin: evil() }.into(),
            ForbiddenReason::HostNotAllowed { host: evil() }.into(),
            UnavailableReason::IdentityStore { error: evil() }.into(),
            exp(-1e308).into(),
            exp(f64::NEG_INFINITY).into(),
            exp(f64::NAN).into(),
        ]
    }

    #[test]
    fn text_from_outside_can_neither_forge_a_line_nor_fill_a_disk() {
        for rejection in hostile() {
            let line = rejection.to_string();
            let harmful = |c: char| c.is_control() || "\u{202e}\u{2028}".contains(c);
            assert!(!line.contains(harmful), "{line}");
            assert!(line.len() < 1_000, "{} bytes: {line}", line.len());
            let numbers = line.split(|c: char| !c.is_ascii_digit());
            assert!(numbers.map(str::len).max() < Some(15), "an endless number: {line}");
        }
    }

    #[test]
    fn every_line_has_a_cause_and_a_remedy() {
        let mut all: Vec<Rejection> = hostile();
        all.extend([
            Rejection::MissingCredentials,
            Rejection::InsufficientScope { required: vec![] },
            RequestError::SeveralAuthorizationHeaders.into(),
            RequestError::EmptyCredentials.into(),
            ForbiddenReason::UnknownUser.into(),
            ForbiddenReason::UserRefused.into(),
            ForbiddenReason::RefusedByRule.into(),
            Rejection::ForeignSession,
            ForbiddenReason::MissingPermission { missing: vec![] }.into(),
            UnavailableReason::Keys { issuer: "https://i".into() }.into(),
            UnavailableReason::KeyCoolDown { issuer: "https://i".into() }.into(),
            UnavailableReason::TimeLimit { limit: Duration::from_secs(10) }.into(),
        ]);
        all.extend(MessageError::ALL.map(Rejection::UnreadableMessage));
        let claim = Some("exp");
        all.extend(
            [
                TokenError::TooLong,
                TokenError::Malformed,
                TokenError::MalformedHeader,
                TokenError::MalformedPayload { claim },
                TokenError::MalformedPayload { claim: None },
                TokenError::UnacceptableAlgorithm,
                TokenError::UnsupportedExtension,
                TokenError::UnacceptableType,
                TokenError::IdToken,
                TokenError::MissingClaim("aud"),
                TokenError::MissingClaim("exp"),
                TokenError::UnknownKey,
                TokenError::BadSignature,
                TokenError::NotYetValid,
                TokenError::IssuedInTheFuture,
                TokenError::UnacceptableSubject,
                TokenError::UnconfirmedBinding,
                TokenError::RefusedByIssuer,
                TokenError::Revoked,
                TokenError::MissingKeyId,
                TokenError::UnknownUser,
            ]
            .map(Rejection::from),
        );
        let told: Vec<_> = all.iter().map(|rejection| rejection.reason()).collect();
        for &reason in Rejection::REASONS {
            assert!(told.contains(&reason), "{reason} is not in this test");
        }
        for rejection in all {
            let outage = Rejection::OUTAGES.contains(&rejection.reason());
            assert_eq!(outage, rejection.status() == 503, "{rejection:?}");
            let line = rejection.to_string();
            // The cause, then what to do: after a semicolon, or as a question.
            assert!(line.contains(';') || line.contains('?'), "{line}");
            assert!(line.len() > rejection.description().len(), "{line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }
}
