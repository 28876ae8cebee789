//! The table is complete, its texts are safe to log, and the guide shows it.

use std::{fs, path::Path, time::Duration};

use super::{table::ROWS, *};
use crate::{scope::Scope, time::UnixTime};

const RESOURCE: &str = "https://app.example.com/mcp";
const ISSUER: &str = "https://your-subdomain.authkit.app";

fn scope(name: &str) -> Vec<Scope> {
    vec![name.parse().unwrap()]
}

/// One rejection for each row, in the order of the table.
fn samples() -> Vec<Rejection> {
    let mut samples = vec![
        Rejection::MissingCredentials,
        RequestError::SeveralAuthorizationHeaders.into(),
        RequestError::EmptyCredentials.into(),
    ];
    samples.extend(token_samples().map(Rejection::from));
    samples.extend([
        ForbiddenReason::UnknownUser.into(),
        ForbiddenReason::UserRefused.into(),
        ForbiddenReason::UnknownMachine.into(),
        ForbiddenReason::RefusedByPolicy { reason: "another tenant".into() }.into(),
        Rejection::InsufficientScope { required: scope("bookmarks:write") },
        ForbiddenReason::MissingPermission { missing: scope("reports:read") }.into(),
        ForbiddenReason::OriginNotAllowed { origin: "https://chat.example.com".into() }.into(),
        ForbiddenReason::HostNotAllowed { host: "app:8080".into() }.into(),
        ForbiddenReason::CrossSite.into(),
        ForbiddenReason::RefusedByRule.into(),
    ]);
    samples.extend(
        [
            MessageError::NotJson,
            MessageError::NotAMessage,
            MessageError::NoName,
            MessageError::NameNotPlain,
            MessageError::TooManyNames,
            MessageError::UriNotNormal,
            MessageError::HeaderMismatch,
            MessageError::DuplicateHeader,
            MessageError::Encoded,
            MessageError::TooLong,
            MessageError::TooSlow,
            MessageError::Incomplete,
        ]
        .map(Rejection::from),
    );
    samples.push(Rejection::ForeignSession);
    samples.push(Rejection::UnknownResource { path: "/mcp/%61cme".into() });
    samples.extend(
        [
            UnavailableReason::Keys { issuer: ISSUER.into() },
            UnavailableReason::KeyCoolDown { issuer: ISSUER.into() },
            UnavailableReason::Introspection {
                issuer: ISSUER.into(),
                error: "it answers 500".into(),
            },
            UnavailableReason::IdentityStore { error: "no such column: workos_id".into() },
            UnavailableReason::Profile {
                error: format!("{ISSUER}/oauth2/userinfo: the answer is about another subject"),
            },
            UnavailableReason::Revocations { silence: None },
            UnavailableReason::SessionStore { error: "connection refused".into() },
            UnavailableReason::TimeLimit { limit: Duration::from_secs(10) },
        ]
        .map(Rejection::from),
    );
    samples
}

fn token_samples() -> [TokenError; 26] {
    [
        TokenError::TooLong,
        TokenError::Malformed,
        TokenError::MalformedHeader,
        TokenError::MalformedPayload { claim: None },
        TokenError::UnacceptableAlgorithm,
        TokenError::UnsupportedExtension,
        TokenError::UnacceptableType,
        TokenError::IdToken,
        TokenError::MissingClaim("aud"),
        TokenError::UntrustedIssuer { found: "https://login.example.com/".into() },
        TokenError::UnknownKey,
        TokenError::BadSignature,
        TokenError::ForeignAudience {
            expected: vec![RESOURCE.into()],
            found: vec![format!("{RESOURCE}/")],
        },
        TokenError::FurtherAudience { found: "https://other.example.com/".into() },
        TokenError::Expired { exp: 1_800_000_000.0, now: UnixTime::from_secs(1_800_000_090) },
        TokenError::NotYetValid,
        TokenError::IssuedInTheFuture,
        TokenError::UnacceptableSubject,
        TokenError::UnconfirmedBinding,
        TokenError::RefusedByIssuer,
        TokenError::Inactive,
        TokenError::Revoked,
        TokenError::LifetimeTooLong,
        TokenError::SessionTooOld,
        TokenError::MissingKeyId,
        TokenError::UnknownUser,
    ]
}

/// Further log texts of rows whose text depends on the data.
fn further_samples() -> Vec<Rejection> {
    vec![
        TokenError::MalformedPayload { claim: Some("exp") }.into(),
        TokenError::MissingClaim("exp").into(),
        Rejection::InsufficientScope { required: vec![] },
        ForbiddenReason::MissingPermission { missing: vec![] }.into(),
        UnavailableReason::Revocations { silence: Some(Duration::from_secs(90)) }.into(),
    ]
}

/// Every variant that takes foreign text, with text that would do harm.
fn hostile() -> Vec<Rejection> {
    let evil = || format!("evil\n\u{1b}[31m\u{202e}\u{2028}{}", "x".repeat(100_000));
    let exp = |exp| TokenError::Expired { exp, now: UnixTime::from_secs(1_800_000_000) };
    vec![
        TokenError::UntrustedIssuer { found: evil() }.into(),
        TokenError::FurtherAudience { found: evil() }.into(),
        TokenError::ForeignAudience { expected: vec![RESOURCE.into()], found: vec![evil(); 1_000] }
            .into(),
        ForbiddenReason::OriginNotAllowed { origin: evil() }.into(),
        ForbiddenReason::HostNotAllowed { host: evil() }.into(),
        UnavailableReason::Introspection { issuer: ISSUER.into(), error: evil() }.into(),
        ForbiddenReason::RefusedByPolicy { reason: evil() }.into(),
        UnavailableReason::IdentityStore { error: evil() }.into(),
        UnavailableReason::Profile { error: evil() }.into(),
        exp(-1e308).into(),
        exp(f64::NEG_INFINITY).into(),
        exp(f64::NAN).into(),
    ]
}

#[test]
fn each_row_of_the_table_has_a_sample() {
    let samples = samples();
    let rows: Vec<_> = samples.iter().map(Rejection::row).collect();
    assert_eq!(rows, ROWS.iter().collect::<Vec<_>>());
}

#[test]
fn reasons_are_the_names_in_the_table_each_once() {
    let once = |names: Vec<&'static str>| {
        let mut once = Vec::new();
        for name in names {
            if !once.contains(&name) {
                once.push(name);
            }
        }
        once
    };
    assert_eq!(Rejection::REASONS, once(ROWS.iter().map(|row| row.name).collect()));
    assert_eq!(Rejection::REASONS.len(), ROWS.len() - 1, "unknown_user has two rows");
    let outages = ROWS.iter().filter(|row| row.status == 503);
    assert_eq!(Rejection::OUTAGES, once(outages.map(|row| row.name).collect()));
    assert_eq!(Rejection::OUTAGES.len(), 8);
    for name in Rejection::REASONS {
        assert!(name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'), "{name}");
    }
}

#[test]
fn r11_each_kind_of_refusal_has_its_status() {
    for rejection in samples() {
        let (status, code) = match &rejection {
            Rejection::MissingCredentials => (401, None),
            Rejection::MalformedRequest(_) => (400, Some("invalid_request")),
            Rejection::InvalidToken(_) => (401, Some("invalid_token")),
            Rejection::InsufficientScope { .. } => (403, Some("insufficient_scope")),
            Rejection::Forbidden(_) => (403, None),
            Rejection::UnreadableMessage(MessageError::TooSlow) => (408, None),
            Rejection::UnreadableMessage(MessageError::TooLong | MessageError::TooManyNames) => {
                (413, None)
            }
            Rejection::UnreadableMessage(MessageError::Encoded) => (415, None),
            Rejection::UnreadableMessage(_) => (400, None),
            Rejection::ForeignSession | Rejection::UnknownResource { .. } => (404, None),
            Rejection::Unavailable(_) => (503, None),
        };
        assert_eq!((rejection.status(), rejection.error_code()), (status, code), "{rejection:?}");
        assert_eq!(rejection.retry_after().is_some(), status == 503, "{rejection:?}");
    }
}

#[test]
fn every_log_text_has_a_cause_and_a_remedy() {
    for rejection in samples().into_iter().chain(further_samples()).chain(hostile()) {
        let line = rejection.to_string();
        // The cause, then what to do: after a semicolon, or as a question.
        assert!(line.contains(';') || line.contains('?'), "{line}");
        assert!(line.len() > rejection.description().len(), "{line}");
        assert!(!line.contains('\n') && !line.contains("  "), "{line}");
    }
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
fn foreign_audience_logs_both_audiences_and_the_remedy() {
    let error = |found: &[&str]| {
        let found = found.iter().map(|&audience| audience.into()).collect();
        TokenError::ForeignAudience { expected: vec![RESOURCE.into()], found }.to_string()
    };
    let line = error(&["client_01"]);
    assert!(line.contains("[\"https://app.example.com/mcp\"], got [\"client_01\"]"), "{line}");
    assert!(line.contains("resource indicator is missing"), "{line}");
    let line = error(&["a", "b", "c", "d", "e"]);
    assert!(line.contains("\"d\", …]; the client must ask for this resource"), "{line}");
}

#[test]
fn a_workos_session_token_is_named_and_no_advice_to_trust_it() {
    for found in ["https://api.workos.com", "https://api.workos.com/user_management/client_01"] {
        let line = TokenError::UntrustedIssuer { found: found.into() }.to_string();
        assert!(line.contains("do not trust it here"), "{line}");
        assert!(!line.contains("to trust it, configure"), "{line}");
    }
    let other = TokenError::UntrustedIssuer { found: "https://login.example.com".into() };
    assert!(other.to_string().contains("to trust it, configure it with issuer(…)"));
}

/// `UPDATE_DOCS=1` writes the table; without it, a table that differs fails.
#[test]
fn the_troubleshooting_guide_has_the_table_of_reasons() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/troubleshooting.md");
    let written = fs::read_to_string(&path).unwrap();
    let (before, rest) = written.split_once("| Reason | Status |").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let expected = format!("{before}{}\n{after}", guide_table());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == expected,
        "docs/troubleshooting.md is out of date: run \
         UPDATE_DOCS=1 cargo test -p mcp-auth-core --lib table_of_reasons"
    );
}

fn guide_table() -> String {
    let mut table = String::from(
        "| Reason | Status | The client is told | The log says, for example |\n|---|---|---|---|\n",
    );
    for rejection in samples() {
        let (row, log) = (rejection.row(), rejection.to_string());
        let code = row.error_code.map(|code| format!(", {code}")).unwrap_or_default();
        let line =
            format!("| `{}` | {}{code} | {} | {log} |", row.name, row.status, row.description);
        assert!(line.matches('|').count() == 5 && !line.contains(['<', '*']), "{line}");
        table += &(line + "\n");
    }
    table
}
