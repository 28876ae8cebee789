//! Sign-in with a browser (WorkOS User Management): an application that knows the documented
//! endpoints and nothing else of the authority.

mod authenticate;
mod authorize;
mod control;
mod sessions;

use mcp_auth_testing::{Person, TestAuthority, TestAuthorityBuilder};
use serde_json::{Value, json};
use url::Url;

use crate::browser::{CALLBACK, VERIFIER, challenge, parameters, submit};
use crate::http::{Response, get, post_json};

const KEY: &str = "sk_test_a";
const CLIENT: &str = "client_01ENVIRONMENT";
const AUTHENTICATE: &str = "/user_management/authenticate";

fn builder() -> TestAuthorityBuilder {
    TestAuthority::builder().client_id(CLIENT).workos_api_key(KEY)
}

/// Ada signs in without a page; she is in two organizations.
fn start() -> TestAuthority {
    let ada = Person::new("user_ada", "Ada Lovelace")
        .email("ada@example.com")
        .org("org_engines")
        .role("admin")
        .permissions(["engines:write"])
        .also_in("org_poets", "reader", ["poems:read"]);
    builder().person(ada).auto_approve("user_ada").start().unwrap()
}

/// A valid request to sign in, with `changes`: a value replaces a parameter, `None` removes it.
fn authorize_url(authority: &TestAuthority, changes: &[(&str, Option<&str>)]) -> String {
    let challenge = challenge();
    let mut parameters = vec![
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("provider", "authkit"),
        ("state", "some state & more"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        parameters.retain(|(n, _)| n != name);
        if let Some(value) = value {
            parameters.push((name, value));
        }
    }
    let endpoint = format!("{}/user_management/authorize", authority.issuer());
    Url::parse_with_params(&endpoint, parameters).unwrap().into()
}

/// Chooses a person on the page, and returns the redirect to the application.
fn choose(url: &str, person: &str) -> Url {
    submit(url, &get(url), "person", person).location()
}

/// Signs in, without a page, and returns the code.
fn code(authority: &TestAuthority) -> String {
    parameters(&get(&authorize_url(authority, &[])).location())["code"].clone()
}

/// Calls `/user_management/authenticate` as the environment, with `changes` to the body.
fn authenticate(authority: &TestAuthority, changes: Value) -> Response {
    let mut body = json!({ "client_id": CLIENT, "client_secret": KEY });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    post_json(&format!("{}{AUTHENTICATE}", authority.issuer()), &body)
}

fn exchange(authority: &TestAuthority, code: &str) -> Response {
    let grant = json!({
        "grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER,
    });
    authenticate(authority, grant)
}

fn refresh(authority: &TestAuthority, token: &str) -> Response {
    authenticate(authority, json!({ "grant_type": "refresh_token", "refresh_token": token }))
}

/// Signs in and exchanges the code.
fn sign_in(authority: &TestAuthority) -> Value {
    let answer = exchange(authority, &code(authority));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap()
}

/// A refused exchange: status and `error`.
fn refusal(answer: &Response) -> (u16, String) {
    assert!(answer.json()["error_description"].is_string(), "{answer:?}");
    (answer.status, answer.error())
}

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}
