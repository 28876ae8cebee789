//! Tokens of any bytes.

use mcp_auth_core::{
    Claims, CompactJws, Rejection, UnixTime,
    rejection::{TokenError, UnavailableReason},
};
use serde_json::Value;

use crate::{
    duplicates::has_duplicates,
    json_mutator::{self, Random},
    world::{CLIENT, EC_TOKEN, ISSUER, NOW, RESOURCE, RSA_TOKEN, WORLD, decode, encode},
};

/// A token that is parsed has one text, and a token that is accepted is byte for byte one that the
/// harness signed.
pub fn check(data: &[u8]) {
    // White space around a header's value is not part of it; another target tests that.
    let Ok(token) = std::str::from_utf8(data.trim_ascii()) else { return };
    let parsed = CompactJws::parse(token);
    if let Ok(jws) = &parsed {
        has_no_other_spelling(token, jws);
        header_is_what_another_parser_reads(token, jws);
        claims_are_what_another_parser_reads(jws.payload());
        if WORLD.keys.verify(jws).is_ok() {
            assert_genuine(token, jws);
        }
    }

    let header = format!("Bearer {token}");
    let first = WORLD.call(&[header.as_bytes()]).map(|_| ());
    match (&first, &parsed) {
        (Ok(()), Ok(jws)) => {
            assert!(WORLD.keys.verify(jws).is_ok(), "accepted without a signature: {token}");
            assert!(matches!(WORLD.begin(header.as_bytes()), Some(Ok(_))), "not cached: {token}");
        }
        (Ok(()), Err(error)) => panic!("accepted although {error}: {token}"),
        (Err(rejection), _) => assert_refused_well(rejection, token, parsed.is_ok()),
    }
    let second = WORLD.call(&[header.as_bytes()]).map(|_| ());
    assert_eq!(first, second, "another answer the second time: {token}");
}

/// Both rejections have a text for the log, and neither contains the token.
fn assert_refused_well(rejection: &Rejection, token: &str, has_the_form_of_a_token: bool) {
    // No fetch is possible here, so an unknown key stays undecided.
    let undecided =
        matches!(rejection, Rejection::Unavailable(UnavailableReason::KeyCoolDown { .. }));
    let refused = matches!(rejection.status(), 400 | 401);
    assert!(refused || (undecided && has_the_form_of_a_token), "{rejection}: {token}");
    let shown = format!("{rejection} {rejection:?}");
    assert!(!has_the_form_of_a_token || !shown.contains(token), "{shown}");
    assert!(!rejection.to_string().contains(['\r', '\n']), "{shown}");
    // For those who wait until it is over.
    if let Rejection::InvalidToken(TokenError::Expired { now, .. }) = rejection {
        assert_eq!(*now, UnixTime::from_secs(NOW));
    }
}

fn assert_genuine(token: &str, jws: &CompactJws<'_>) {
    match jws.header().algorithm.name() {
        "RS256" => assert_eq!(token, RSA_TOKEN),
        "ES256" => assert_eq!(token, EC_TOKEN),
        "EdDSA" => assert_eq!(jws.signature(), WORLD.sign(jws.signing_input()), "{token}"),
        other => panic!("nothing was ever signed with {other}: {token}"),
    }
}

fn has_no_other_spelling(token: &str, jws: &CompactJws<'_>) {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("not three parts: {token}") };
    let header_bytes = decode(header).expect("read a moment ago");
    assert_eq!(encode(&header_bytes), header);
    assert_eq!(encode(jws.payload()), payload);
    assert_eq!(encode(jws.signature()), signature);
    assert_eq!(jws.signing_input(), &token.as_bytes()[..token.len() - signature.len() - 1]);
}

fn header_is_what_another_parser_reads(token: &str, jws: &CompactJws<'_>) {
    let bytes = decode(token.split('.').next().unwrap_or_default()).unwrap_or_default();
    let text = String::from_utf8(bytes).expect("a header is text");
    let value: Value = serde_json::from_str(&text).expect("a header is JSON");
    assert!(!has_duplicates(&text), "{text}");
    let name = match value["alg"].as_str() {
        Some("Ed25519") => Some("EdDSA"),
        other => other,
    };
    assert_eq!(name, Some(jws.header().algorithm.name()), "{text}");
    assert_eq!(value["kid"].as_str(), jws.header().key_id.as_deref(), "{text}");
    assert_eq!(value["typ"].as_str(), jws.header().token_type.as_deref(), "{text}");
    assert!(value.get("crit").is_none() && value["b64"] != false, "{text}");
}

fn claims_are_what_another_parser_reads(payload: &[u8]) {
    let Ok(claims) = Claims::parse(payload) else { return };
    let text = std::str::from_utf8(payload).expect("a payload is text");
    let value: Value = serde_json::from_str(text).expect("a payload is JSON");
    assert!(value.is_object() && !has_duplicates(text), "{text}");
    assert_eq!(value["iss"].as_str(), claims.issuer(), "{text}");
    assert_eq!(value["sub"].as_str(), claims.subject(), "{text}");
    let client = value["client_id"].as_str().or(value["azp"].as_str());
    assert_eq!(client, claims.client_id(), "{text}");
}

/// Changes a token as a whole, or one of its decoded parts, half of the time with a new signature.
pub fn mutate(data: &[u8], seed: u32, bytes: &mut dyn FnMut(&mut Vec<u8>)) -> Vec<u8> {
    let mut random = Random::new(seed);
    let parts: Option<Vec<Vec<u8>>> =
        std::str::from_utf8(data).ok().and_then(|token| token.split('.').map(decode).collect());
    let (mut header, mut payload, mut signature) = match parts.as_deref() {
        Some([header, payload, signature]) => (header.clone(), payload.clone(), signature.clone()),
        _ => {
            let mut whole = data.to_vec();
            bytes(&mut whole);
            return whole;
        }
    };
    match random.below(6) {
        0 => {
            let mut whole = data.to_vec();
            bytes(&mut whole);
            return whole;
        }
        1 => bytes(&mut signature),
        2 | 3 => header = json_mutator::mutate(&header, HEADERS, &mut random, bytes),
        _ => payload = json_mutator::mutate(&payload, &values(), &mut random, bytes),
    }
    if random.below(2) == 0 {
        return WORLD.token(&header, &payload).into_bytes();
    }
    [&header, &payload, &signature].map(|part| encode(part)).join(".").into_bytes()
}

const HEADERS: &[&str] = &[
    r#""RS256""#,
    r#""RS384""#,
    r#""PS256""#,
    r#""ES256""#,
    r#""ES384""#,
    r#""EdDSA""#,
    r#""Ed25519""#,
    r#""none""#,
    r#""HS256""#,
    r#""rsa""#,
    r#""ec""#,
    r#""ed""#,
    r#""JWT""#,
    r#""at+jwt""#,
    r#"{"alg":"EdDSA","kid":"ed"}"#,
    r#"{"alg":"EdDSA","kid":"ed","crit":["b64"],"b64":false}"#,
    r#"{"alg":"EdDSA","kid":"ed","jku":"https://evil.example/jwks"}"#,
];

/// Values at the limits of a claim's rule.
pub(crate) fn values() -> Vec<String> {
    let at = |offset: i64| (NOW as i64 + offset).to_string();
    let month = 31 * 86_400;
    let mut values: Vec<String> =
        [-31, -30, -29, 0, 29, 30, 31, month - 1, month, month + 1].map(at).to_vec();
    values.extend([format!("{NOW}.5"), "1e400".into(), "-0".into(), "1e308".into()]);
    values.extend([ISSUER, RESOURCE, CLIENT].map(|text| format!("\"{text}\"")));
    values.extend([
        format!("[\"{RESOURCE}\",\"{CLIENT}\"]"),
        format!("\"{}\"", "ü".repeat(255)),
        format!("\"{}\"", "x".repeat(256)),
        r#""a b""#.into(),
        r#"["a","b"]"#.into(),
        r#"{"sub":"admin"}"#.into(),
        r#"{"jkt":"AA"}"#.into(),
        r#""\u0000""#.into(),
        r#""\ud800""#.into(),
    ]);
    values.extend(
        ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "azp", "scope", "scp"]
            .map(|name| format!("\"{name}\"")),
    );
    values.extend(
        ["act", "cnf", "at_hash", "c_hash", "nonce", "auth_time", "events", "typ", "token_use"]
            .map(|name| format!("\"{name}\"")),
    );
    values.extend(["id", "access", "Bearer", "Logout"].map(|kind| format!("\"{kind}\"")));
    values
}
