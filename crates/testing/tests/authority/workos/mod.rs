//! WorkOS's API.

mod access;
mod events;
mod people;
mod registrations;

use mcp_auth_testing::{TestAuthority, TestAuthorityBuilder};
use serde_json::Value;

use crate::http::{Response, send};

const KEY: &str = "sk_test_a";

fn builder() -> TestAuthorityBuilder {
    TestAuthority::builder().workos_api_key(KEY)
}

fn start() -> TestAuthority {
    builder().start().unwrap()
}

/// Calls the API with the right key.
fn call(authority: &TestAuthority, method: &str, target: &str, body: Option<Value>) -> Response {
    call_with(authority, method, target, &format!("Bearer {KEY}"), body)
}

fn call_with(
    authority: &TestAuthority,
    method: &str,
    target: &str,
    authorization: &str,
    body: Option<Value>,
) -> Response {
    let headers = [("Authorization", authorization), ("Content-Type", "application/json")];
    let url = format!("{}{target}", authority.issuer());
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    send(method, &url, &headers, &body).unwrap()
}

fn get(authority: &TestAuthority, target: &str) -> Response {
    call(authority, "GET", target, None)
}

/// The member `name` of everything on a list.
fn column(answer: &Response, name: &str) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    let data = answer["data"].as_array().unwrap();
    data.iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

/// A refused call: status and `message`.
fn refusal(answer: &Response) -> (u16, String) {
    (answer.status, answer.json()["message"].as_str().unwrap().to_owned())
}
