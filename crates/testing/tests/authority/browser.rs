//! A client, and a person in front of a browser: they know the standards and the forms, and
//! nothing else of the authority.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp_auth_testing::TestAuthority;
use openssl::sha::sha256;
use serde_json::{Value, json};
use url::Url;

use crate::http::{Response, get, post_form, post_json};

pub(crate) const CALLBACK: &str = "http://127.0.0.1:3334/callback";
pub(crate) const RESOURCE: &str = "https://app.example.com/mcp";
pub(crate) const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-0123";

pub(crate) fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(sha256(VERIFIER.as_bytes()))
}

/// Registers a public client and returns its id.
pub(crate) fn register(authority: &TestAuthority, name: &str) -> String {
    let answer = post_json(
        &format!("{}/oauth2/register", authority.issuer()),
        &json!({
            "client_name": name,
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        }),
    );
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["client_id"].as_str().unwrap().to_owned()
}

/// A valid authorization request, with `changes`: a value replaces a parameter, `None` removes
/// it.
pub(crate) fn authorize_url(
    authority: &TestAuthority,
    client_id: &str,
    changes: &[(&str, Option<&str>)],
) -> String {
    let challenge = challenge();
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile email offline_access"),
        ("state", "some state & more"),
        ("resource", RESOURCE),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        parameters.retain(|(n, _)| n != name);
        if let Some(value) = value {
            parameters.push((name, value));
        }
    }
    let endpoint = format!("{}/oauth2/authorize", authority.issuer());
    Url::parse_with_params(&endpoint, parameters).unwrap().into()
}

/// Submits the forms as `person`, and returns the redirect to the client.
pub(crate) fn walk(url: &str, person: &str, decision: &str) -> Url {
    let sign_in = get(url);
    let chosen = submit(url, &sign_in, "person", person);
    let consent_url = Url::parse(url).unwrap().join(chosen.header("location").unwrap()).unwrap();
    let consent = get(consent_url.as_str());
    submit(consent_url.as_str(), &consent, "decision", decision).location()
}

/// Submits the form on a page by the button `name` = `value`, which must be there.
pub(crate) fn submit(page_url: &str, page: &Response, name: &str, value: &str) -> Response {
    assert_eq!(page.status, 200, "{page:?}");
    let button = format!(r#"<button type="submit" name="{name}" value="{value}""#);
    assert!(page.body.contains(&button), "no {button} in {}", page.body);
    let action = between(&page.body, r#"<form method="post" action=""#, "\"");
    let transaction = between(&page.body, r#"name="transaction" value=""#, "\"");
    let target = Url::parse(page_url).unwrap().join(action).unwrap();
    post_form(target.as_str(), &[("transaction", transaction), (name, value)])
}

pub(crate) fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap().0
}

pub(crate) fn parameters(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// Approves as Ada and returns the code.
pub(crate) fn code(authority: &TestAuthority, client_id: &str) -> String {
    let url = authorize_url(authority, client_id, &[]);
    let back = walk(&url, "user_ada", "approve");
    parameters(&back)["code"].clone()
}

pub(crate) fn redeem(
    authority: &TestAuthority,
    client_id: &str,
    code: &str,
    more: &[(&str, &str)],
) -> Response {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ];
    if !more.iter().any(|(name, _)| *name == "code_verifier") {
        fields.push(("code_verifier", VERIFIER));
    }
    fields.extend(more);
    post_form(&token_endpoint(authority), &fields)
}

pub(crate) fn refresh(
    authority: &TestAuthority,
    client_id: &str,
    token: &str,
    more: &[(&str, &str)],
) -> Response {
    let mut fields =
        vec![("grant_type", "refresh_token"), ("client_id", client_id), ("refresh_token", token)];
    fields.extend(more);
    post_form(&token_endpoint(authority), &fields)
}

pub(crate) fn token_endpoint(authority: &TestAuthority) -> String {
    format!("{}/oauth2/token", authority.issuer())
}

/// One part of a token, decoded but not verified.
pub(crate) fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

pub(crate) fn header(token: &str) -> Value {
    part(token, 0)
}

pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}
