//! Metadata and profiles of an authorization server: a line of text (an issuer, or the value of a
//! `Cache-Control`), and below it a document.

use std::time::Duration;

use mcp_auth_core::{
    AuthorizationServerMetadata, Issuer, Profile, metadata::metadata_urls, refresh::max_age,
};
use serde_json::Value;

use crate::json_mutator::{self, Random};

const ISSUER: &str = "https://login.example.com/realm";
const SUBJECT: &str = "user_ada";

/// Each document is about the requested issuer or person, and each URL is on the issuer's own
/// origin.
pub fn check(data: &[u8]) {
    let (line, json) = split(data);
    metadata_names_the_issuer(json);
    profiles_are_the_subjects(json);
    if let Ok(line) = std::str::from_utf8(line) {
        urls_are_on_the_issuers_origin(line);
        assert_eq!(max_age(line), expected_max_age(line), "{line:?}");
    }
}

fn metadata_names_the_issuer(json: &[u8]) {
    let Ok(metadata) = AuthorizationServerMetadata::parse(json, ISSUER) else { return };
    let value: Value = serde_json::from_slice(json).expect("metadata is JSON");
    assert_eq!(value["issuer"], ISSUER);
    assert_eq!(metadata.jwks_uri(), value["jwks_uri"].as_str());
    assert_eq!(metadata.userinfo_endpoint(), value["userinfo_endpoint"].as_str());
    let served: Value = serde_json::from_str(metadata.to_json()).expect("what is served is JSON");
    assert_eq!(served, value);
    let again = AuthorizationServerMetadata::parse(metadata.to_json().as_bytes(), ISSUER);
    assert_eq!(again.as_ref(), Ok(&metadata));
    let issuer = Issuer::new(ISSUER).expect("our issuer");
    let insecure = metadata.jwks_uri().filter(|uri| !uri.trim().starts_with("https:"));
    // The parser of URLs also accepts `https` in other cases and with white space.
    let fetched =
        insecure.filter(|uri| issuer.may_fetch(uri) && !uri.to_lowercase().contains("https"));
    assert_eq!(fetched, None);
}

fn profiles_are_the_subjects(json: &[u8]) {
    let asked = [
        (Profile::from_userinfo(json, SUBJECT), "sub"),
        (Profile::from_workos_user(json, SUBJECT), "id"),
    ];
    for (profile, name) in asked {
        let Ok(profile) = profile else { continue };
        // Numbers beyond an f64 are not parsed in members that a profile does not need.
        let Ok(value) = serde_json::from_slice::<Value>(json) else { continue };
        assert!(value.is_object(), "a profile is an object: {value}");
        assert_eq!(value[name], SUBJECT);
        assert_eq!(profile.email.as_deref(), value["email"].as_str());
        let verified = &value["email_verified"];
        assert_eq!(profile.email_verified, *verified == true || *verified == "true");
        let verified = profile.email.as_deref().filter(|_| profile.email_verified);
        assert_eq!(profile.verified_email(), verified);
    }
}

fn urls_are_on_the_issuers_origin(name: &str) {
    let urls = metadata_urls(name);
    assert!((2..=3).contains(&urls.len()), "{urls:?}");
    let Ok(issuer) = Issuer::new(name) else { return };
    // Scheme, host and port end at the third slash.
    let origin: Vec<&str> = issuer.name().splitn(4, '/').take(3).collect();
    let prefix = format!("{}/", origin.join("/"));
    for url in urls {
        assert!(url.starts_with(&prefix) && issuer.may_fetch(&url), "{name:?}: {url:?}");
        assert!(url[prefix.len()..].contains(".well-known/"), "{url:?}");
    }
}

/// RFC 9111 §5.2.2, directive by directive.
fn expected_max_age(header: &str) -> Option<Duration> {
    let mut seconds = None;
    for directive in header.split(',') {
        let (name, value) = match directive.find('=') {
            Some(at) => (directive[..at].trim(), Some(directive[at + 1..].trim())),
            None => (directive.trim(), None),
        };
        match (name.to_ascii_lowercase().as_str(), value) {
            ("no-store" | "no-cache", None) => return Some(Duration::ZERO),
            ("max-age", Some(value)) if seconds.is_none() => {
                let value = value.trim_matches('"');
                let digits = value.chars().all(|c| c.is_ascii_digit()) && !value.is_empty();
                // More than 2^64 - 1 counts as that (RFC 9111 §1.2.2).
                let number = value.trim_start_matches('0');
                seconds = digits.then(|| match number.len() {
                    0 => 0,
                    21.. => u64::MAX,
                    _ => u64::try_from(number.parse::<u128>().expect("digits")).unwrap_or(u64::MAX),
                });
            }
            _ => {}
        }
    }
    seconds.map(Duration::from_secs)
}

/// Changes the line, or the document by its structure.
pub fn mutate(data: &[u8], seed: u32, bytes: &mut dyn FnMut(&mut Vec<u8>)) -> Vec<u8> {
    let mut random = Random::new(seed);
    let (line, json) = split(data);
    let (mut line, mut json) = (line.to_vec(), json.to_vec());
    match random.below(3) {
        0 => bytes(&mut line),
        _ => json = json_mutator::mutate(&json, VALUES, &mut random, bytes),
    }
    line.retain(|byte| *byte != b'\n');
    [&line[..], b"\n", &json].concat()
}

fn split(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[]),
    }
}

const VALUES: &[&str] = &[
    r#""https://login.example.com/realm""#,
    r#""https://login.example.com/realm/""#,
    r#""https://login.example.com/jwks""#,
    r#""http://127.0.0.1/jwks""#,
    r#""file:///etc/passwd""#,
    r#""user_ada""#,
    r#""user_eve""#,
    r#""issuer""#,
    r#""jwks_uri""#,
    r#""userinfo_endpoint""#,
    r#""sub""#,
    r#""id""#,
    r#""email""#,
    r#""email_verified""#,
    r#""name""#,
    r#""first_name""#,
    r#""last_name""#,
    "true",
    "false",
    "null",
    "1e400",
    r#"["user_ada","eve@example.com",true]"#,
];
