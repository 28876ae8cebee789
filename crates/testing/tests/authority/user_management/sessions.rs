//! Signing out, revoking, listing, and the deletion of a person.

use mcp_auth_testing::TestAuthority;
use serde_json::json;

use super::{KEY, code, exchange, invalid_grant, refresh, refusal, sign_in, start, text};
use crate::browser::claims;
use crate::http::{Response, get, send};

fn call(authority: &TestAuthority, method: &str, target: &str, body: &str) -> Response {
    let key = format!("Bearer {KEY}");
    let headers = [("Authorization", key.as_str()), ("Content-Type", "application/json")];
    send(method, &format!("{}{target}", authority.issuer()), &headers, body).unwrap()
}

fn log_out(authority: &TestAuthority, query: &[(&str, &str)]) -> Response {
    let endpoint = format!("{}/user_management/sessions/logout", authority.issuer());
    get(url::Url::parse_with_params(&endpoint, query).unwrap().as_str())
}

fn sid(answer: &serde_json::Value) -> String {
    text(&claims(text(answer, "access_token")), "sid").to_owned()
}

#[test]
fn logging_out_ends_refreshing_and_emits_an_event() {
    let authority = start();
    let answer = sign_in(&authority);
    let sid = sid(&answer);
    let home = "https://app.example.com/?signed=out";
    let logged_out = log_out(&authority, &[("session_id", &sid), ("return_to", home)]);
    assert_eq!(logged_out.location().as_str(), home);

    assert_eq!(refusal(&refresh(&authority, text(&answer, "refresh_token"))), invalid_grant());
    let events = authority.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event(), "session.revoked");
    let data = events[0].data();
    assert_eq!((&data["id"], &data["user_id"]), (&json!(sid), &json!("user_ada")));
    assert_eq!(
        (&data["organization_id"], &data["status"]),
        (&json!("org_engines"), &json!("revoked"))
    );
    assert!(data["ended_at"].is_string());
}

#[test]
fn logging_out_without_a_page_to_go_to_says_so() {
    let authority = start();
    let sid = sid(&sign_in(&authority));
    let page = log_out(&authority, &[("session_id", &sid)]);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<h1>Signed out</h1>") && page.body.contains("You are signed out."));
}

#[test]
fn logging_out_twice_is_harmless() {
    let authority = start();
    let sid = sid(&sign_in(&authority));
    let query = [("session_id", sid.as_str()), ("return_to", "http://127.0.0.1:1/")];
    assert_eq!(log_out(&authority, &query).status, 303);
    assert_eq!(log_out(&authority, &query).status, 303);
    assert_eq!(authority.events().len(), 1);
}

#[test]
fn a_bad_log_out_ends_nothing() {
    let authority = start();
    let sid = sid(&sign_in(&authority));
    for return_to in ["/home", "javascript:alert(1)", "//evil.example", "https://h/\r\nx"] {
        let page = log_out(&authority, &[("session_id", &sid), ("return_to", return_to)]);
        assert_eq!((page.status, page.header("location")), (400, None), "{return_to}");
    }
    assert_eq!(log_out(&authority, &[("return_to", "https://h/")]).status, 400);
    assert_eq!(authority.active_sessions("user_ada"), [sid]);
}

#[test]
fn revoking_a_session_ends_that_one_alone() {
    let authority = start();
    let (one, other) = (sign_in(&authority), sign_in(&authority));
    let body = json!({ "session_id": sid(&one) }).to_string();
    let path = "/user_management/sessions/revoke";
    assert_eq!(call(&authority, "POST", path, &body).status, 200);
    assert_eq!(refusal(&refresh(&authority, text(&one, "refresh_token"))), invalid_grant());
    assert_eq!(refresh(&authority, text(&other, "refresh_token")).status, 200);
    assert_eq!(authority.events()[0].event(), "session.revoked");

    let again = call(&authority, "POST", path, &body);
    assert_eq!((again.status, text(&again.json(), "code")), (404, "entity_not_found"));
    assert_eq!(call(&authority, "POST", path, "{}").status, 422);
}

#[test]
fn active_sessions_are_listed_in_pages() {
    let authority = start();
    let sids: Vec<String> = (0..3).map(|_| sid(&sign_in(&authority))).collect();
    authority.sign_in_session("user_other");
    let path = "/user_management/users/user_ada/sessions";
    let list = call(&authority, "GET", &format!("{path}?limit=2"), "").json();
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|s| text(s, "id")).collect();
    assert_eq!(ids, [&sids[2], &sids[1]], "the newest first");
    assert_eq!(list["list_metadata"]["after"], json!(sids[1]));
    let session = &list["data"][0];
    for (member, value) in [
        ("object", "session"),
        ("user_id", "user_ada"),
        ("organization_id", "org_engines"),
        ("status", "active"),
        ("auth_method", "password"),
    ] {
        assert_eq!(session[member], value, "{member}");
    }
    assert_eq!(session["ended_at"], json!(null));

    authority.end_session(&sids[2]);
    let list = call(&authority, "GET", path, "").json();
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let unknown = call(&authority, "GET", "/user_management/users/user_x/sessions", "");
    assert_eq!(unknown.status, 404);
}

#[test]
fn deleting_a_person_ends_their_sessions_and_codes() {
    let authority = start();
    let (answer, code) = (sign_in(&authority), code(&authority));
    assert_eq!(call(&authority, "DELETE", "/user_management/users/user_ada", "").status, 204);
    assert_eq!(refusal(&refresh(&authority, text(&answer, "refresh_token"))), invalid_grant());
    assert_eq!(refusal(&exchange(&authority, &code)), invalid_grant());
    assert_eq!(authority.events().len(), 1, "user.deleted alone");
}
