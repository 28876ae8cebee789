//! Log texts that contain data: one line each, first the cause, then the remedy.
//!
//! Foreign text is quoted or escaped, without control characters, and cut, so that it can neither
//! forge a line nor fill a disk.

use std::{
    fmt::{self, Formatter, Write as _},
    time::Duration,
};

use crate::{scope::Scope, time::UnixTime};

/// What the `iss` of WorkOS's session tokens begins with.
const WORKOS_SESSIONS: &str = "https://api.workos.com";

/// How many of a token's audiences are shown.
const MAX_AUDIENCES: usize = 4;

pub(super) fn malformed_payload(f: &mut Formatter<'_>, claim: &Option<&str>) -> fmt::Result {
    match claim {
        Some(claim) => write!(
            f,
            "the value of the claim {claim} has the wrong type; correct how the issuer sets it"
        ),
        None => f.write_str(
            "the token's payload is not a JSON object with each member once, or a claim has the \
             wrong type; do claim templates of the issuer set a claim twice?",
        ),
    }
}

pub(super) fn missing_claim(f: &mut Formatter<'_>, claim: &str) -> fmt::Result {
    match claim {
        "aud" => f.write_str(
            "the claim aud is missing; configure the issuer to put the resource into aud: Amazon \
             Cognito and Clerk, for example, leave it out by default. If this is a session token of \
             a web sign-in, the client must send an access token for this resource instead",
        ),
        _ => write!(f, "the claim {claim} is missing; configure the issuer to add it"),
    }
}

pub(super) fn untrusted_issuer(f: &mut Formatter<'_>, found: &str) -> fmt::Result {
    if found.starts_with(WORKOS_SESSIONS) {
        return write!(
            f,
            "the issuer {} is that of WorkOS's session tokens, which a web sign-in brings and which \
             are for no resource: do not trust it here; the client must get an access token by OAuth, \
             from the AuthKit domain. Routes of pages take sessions with McpAuth::api and \
             Issuer::workos_sessions(…)",
            Quoted(found)
        );
    }
    write!(
        f,
        "the issuer {} is not configured for this resource; to trust it, configure it with \
         issuer(…), byte for byte and with its slash, or as another name of an issuer with \
         also_named(…)",
        Quoted(found)
    )
}

/// The expected audience and the one found, and for a common mistake with WorkOS how to correct it.
pub(super) fn foreign_audience(
    f: &mut Formatter<'_>,
    expected: &[String],
    found: &[String],
) -> fmt::Result {
    write!(f, "expected the audience {expected:?}, got [")?;
    for (n, audience) in found.iter().take(MAX_AUDIENCES).enumerate() {
        let comma = if n == 0 { "" } else { ", " };
        write!(f, "{comma}{}", Quoted(audience))?;
    }
    let more = if found.len() > MAX_AUDIENCES { ", …" } else { "" };
    write!(f, "{more}]; ")?;
    f.write_str(match found.iter().any(|audience| audience.starts_with("client_")) {
        true => {
            "WorkOS puts its client id there where the resource indicator is missing: add the \
             expected audience in the dashboard under Connect → Configuration. A session token of a \
             web sign-in is for no resource: MCP clients must get an access token by OAuth"
        }
        false => {
            "the client must ask for this resource (RFC 8707), byte for byte, and the issuer must \
             know it; audience(…) accepts another one. A session token of a web sign-in is for no \
             resource: the client must get an access token by OAuth"
        }
    })
}

pub(super) fn further_audience(f: &mut Formatter<'_>, found: &str) -> fmt::Result {
    write!(
        f,
        "the token is for this resource and also for {}, which audience_policy(ThisResourceOnly) \
         refuses; the client must request a token for this resource only, or accept the other one \
         with audience(…)",
        Quoted(found)
    )
}

pub(super) fn expired(f: &mut Formatter<'_>, exp: &f64, now: &UnixTime) -> fmt::Result {
    let ago = now.as_secs_f64() - exp;
    // The claim may be any number: an absurd one would be a line of 300 digits.
    match ago < 1e9 {
        true => write!(f, "the token expired {ago:.0} s ago")?,
        false => f.write_str("the token expired decades ago")?,
    }
    f.write_str(
        "; the client must refresh it. If all tokens are rejected, is this machine's clock right?",
    )
}

pub(super) fn no_user(f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str(
        "the subject has no user in the application; does the column contain the values of sub? The \
         event unknown_subject has the one of this token, at the level debug. provision_with(…) \
         creates users for new subjects",
    )
}

pub(super) fn refused_by_policy(f: &mut Formatter<'_>, reason: &str) -> fmt::Result {
    write!(
        f,
        "the application's check(…) refuses the token: {}; if it should be accepted, change the check",
        Quoted(reason)
    )
}

pub(super) fn insufficient_scope(f: &mut Formatter<'_>, required: &[Scope]) -> fmt::Result {
    f.write_str("the token lacks a scope; required:")?;
    required.iter().try_for_each(|scope| write!(f, " {scope}"))?;
    f.write_str("; does the issuer know these scopes, and may this client have them?")
}

pub(super) fn missing_permission(f: &mut Formatter<'_>, missing: &[Scope]) -> fmt::Result {
    f.write_str("the caller lacks a permission that its issuer does not grant by scope:")?;
    missing.iter().try_for_each(|name| write!(f, " {name}"))?;
    f.write_str(
        "; if this caller is to have it, a claim (grants_from_claim(…)) or the application \
         (grants(…)) must grant it. A scope in the token that Issuer::scopes does not list grants \
         nothing",
    )
}

pub(super) fn origin_not_allowed(f: &mut Formatter<'_>, origin: &str) -> fmt::Result {
    write!(
        f,
        "the web page {} may not call; if it should, add it with allow_origin",
        Quoted(origin)
    )
}

pub(super) fn host_not_allowed(f: &mut Formatter<'_>, host: &str) -> fmt::Result {
    write!(
        f,
        "the Host {} is not a name of this machine; if clients are to use it, add it with \
         allow_host",
        Quoted(host)
    )
}

pub(super) fn unknown_resource(f: &mut Formatter<'_>, path: &str) -> fmt::Result {
    write!(
        f,
        "the path {} is no resource below the configured one; with resources_below() its segments \
         are of letters, digits, - . _ ~ alone, none is empty, and routes outside the resource's path \
         need a middleware of their own",
        Quoted(path)
    )
}

pub(super) fn keys_unavailable(f: &mut Formatter<'_>, issuer: &str) -> fmt::Result {
    write!(
        f,
        "the keys of {issuer} are not available; can this machine reach its JWKS endpoint? The \
         events keys_fetch_failed and auth.health() give the cause"
    )
}

pub(super) fn key_cool_down(f: &mut Formatter<'_>, issuer: &str) -> fmt::Result {
    write!(
        f,
        "the token names an unknown key, and the keys of {issuer} were fetched too often a moment \
         ago to be fetched again now; the client may retry in a second. If there are many of \
         these, somebody invents key ids, or the tokens come from another environment"
    )
}

pub(super) fn introspection_unavailable(
    f: &mut Formatter<'_>,
    issuer: &str,
    error: &str,
) -> fmt::Result {
    write!(
        f,
        "the introspection endpoint of {issuer} cannot be asked; can this machine reach it, and does \
         it know this client? {}",
        OneLine(error)
    )
}

pub(super) fn store_unavailable(f: &mut Formatter<'_>, error: &str) -> fmt::Result {
    write!(
        f,
        "the identity store failed; check its pool, its network and its column: {}",
        OneLine(error)
    )
}

pub(super) fn profile_unavailable(f: &mut Formatter<'_>, error: &str) -> fmt::Result {
    write!(
        f,
        "the issuer was asked about a newcomer without success; check the endpoint that is named \
         here: {}",
        OneLine(error)
    )
}

pub(super) fn sessions_unavailable(f: &mut Formatter<'_>, error: &str) -> fmt::Result {
    write!(
        f,
        "the session store failed; check its pool, its network and its column: {}",
        OneLine(error)
    )
}

pub(super) fn revocations_unavailable(
    f: &mut Formatter<'_>,
    silence: &Option<Duration>,
) -> fmt::Result {
    match silence {
        None => f.write_str("the revocation log has not been read since the process started")?,
        Some(time) => {
            write!(f, "the revocation log has not answered for {:.1} s", time.as_secs_f64())?;
        }
    }
    f.write_str("; is its server reachable? health() has the last error")
}

pub(super) fn time_limit(f: &mut Formatter<'_>, limit: &Duration) -> fmt::Result {
    write!(
        f,
        "no decision within {limit:?}; is the identity store slow? It may need an index or \
         cached(…); time_limit(…) raises the limit"
    )
}

/// Foreign text in a log line: escaped, so that it cannot forge a line, and cut.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 120;
        match self.0.char_indices().nth(MAX_CHARS) {
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
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 500;
        for (n, c) in self.0.chars().enumerate() {
            match c {
                _ if n == MAX_CHARS => return f.write_char('…'),
                '"' | '\'' | '\\' => f.write_char(c)?,
                c => write!(f, "{}", c.escape_debug())?,
            }
        }
        Ok(())
    }
}
