//! People, and the applications that they authorized.

use std::time::{Duration, SystemTime};

use actix_web::http::header::HttpDate;
use mcp_auth_testing::TestAuthority;
use serde_json::json;

use super::{builder, call, column, get, start};
use crate::browser::{authorize_url, claims, parameters, redeem, refresh, register};
use crate::http::get_with;

const ADA: &str = "/user_management/users/user_ada";
const APPLICATIONS: &str = "/user_management/users/user_ada/authorized_applications";

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Signs Ada in at a new client: its id, its access token and its refresh token.
fn sign_in(authority: &TestAuthority, name: &str) -> (String, String, String) {
    let client = register(authority, name);
    authority.auto_approve("user_ada");
    let url = authorize_url(authority, &client, &[]);
    let code = parameters(&crate::http::get(&url).location())["code"].clone();
    let tokens = redeem(authority, &client, &code, &[]).json();
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    (client, token("access_token"), token("refresh_token"))
}

#[test]
fn a_user_is_the_person_who_can_sign_in() {
    let authority = start();
    let user = get(&authority, ADA).json();
    for (member, value) in [
        ("object", json!("user")),
        ("id", json!("user_ada")),
        ("email", json!("ada@example.com")),
        ("email_verified", json!(true)),
        ("first_name", json!("Ada")),
        ("last_name", json!("Lovelace")),
        ("profile_picture_url", json!(null)),
    ] {
        assert_eq!(user[member], value, "{member}");
    }
    assert!(user["created_at"].is_string() && user["updated_at"].is_string());
    let grace = get(&authority, "/user_management/users/user_grace").json();
    assert_eq!(grace["email_verified"], false);
}

#[test]
fn an_unknown_user_is_not_found() {
    let authority = start();
    for (method, target) in [
        ("GET", "/user_management/users/user_x"),
        ("DELETE", "/user_management/users/user_x"),
        ("GET", "/user_management/users/user_x/authorized_applications"),
        ("DELETE", "/user_management/users/user_x/authorized_applications/client_1"),
    ] {
        let answer = call(&authority, method, target, None);
        assert_eq!(answer.status, 404, "{method} {target}");
        let body = answer.json();
        assert_eq!(
            (&body["code"], &body["entity_id"]),
            (&json!("entity_not_found"), &json!("user_x"))
        );
        assert!(body["message"].is_string());
    }
    assert!(authority.events().is_empty());
}

#[test]
fn deleting_a_user_ends_refreshing_and_emits_an_event() {
    let authority = start();
    let (client, _, refresh_token) = sign_in(&authority, "Agent");
    assert_eq!(call(&authority, "DELETE", ADA, None).status, 204);

    assert_eq!(get(&authority, ADA).status, 404);
    assert!(!authority.people().iter().any(|person| person.id == "user_ada"));
    assert_eq!(refresh(&authority, &client, &refresh_token, &[]).error(), "invalid_grant");
    let events = authority.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event(), "user.deleted");
    assert_eq!(events[0].data()["email"], "ada@example.com");
}

#[test]
fn an_approval_is_listed_as_an_authorized_application() {
    let authority = start();
    assert!(column(&get(&authority, APPLICATIONS), "id").is_empty());
    let (client, token, _) = sign_in(&authority, "Agent");
    let answer = get(&authority, APPLICATIONS);
    assert!(answer.header("date").is_some(), "the time to cut off at");
    let entry = &answer.json()["data"][0];
    assert_eq!(entry["id"], claims(&token)["sid"], "the consent is the token's sid");
    assert_eq!(entry["granted_scopes"], json!(["openid", "profile", "email", "offline_access"]));
    assert_eq!(entry["oauth_resource"], crate::browser::RESOURCE);
    let application = &entry["application"];
    assert_eq!(application["client_id"], client);
    assert_eq!(application["name"], "Agent");
    assert_eq!(application["was_dynamically_registered"], true);
    assert!(application["id"].as_str().unwrap().starts_with("conn_app_"));
    let alan = "/user_management/users/user_alan/authorized_applications";
    assert!(column(&get(&authority, alan), "id").is_empty());
}

#[test]
fn a_second_approval_continues_the_consent() {
    let authority = builder().auto_approve("user_ada").start().unwrap();
    let client = register(&authority, "Agent");
    for scope in ["openid", "openid email"] {
        let url = authorize_url(&authority, &client, &[("scope", Some(scope))]);
        assert_eq!(crate::http::get(&url).status, 303);
    }
    let answer = get(&authority, APPLICATIONS).json();
    assert_eq!(answer["data"].as_array().unwrap().len(), 1);
    assert_eq!(answer["data"][0]["granted_scopes"], json!(["openid", "email"]));
}

#[test]
fn withdrawing_a_consent_ends_refreshing_and_nothing_else() {
    let authority = start();
    let (client, token, refresh_token) = sign_in(&authority, "Agent");
    let (other, _, other_refresh) = sign_in(&authority, "Other");
    let target = format!("{APPLICATIONS}/{client}");
    let answer = call(&authority, "DELETE", &target, None);
    assert_eq!(answer.status, 204);
    assert!(answer.header("date").is_some());

    assert_eq!(refresh(&authority, &client, &refresh_token, &[]).error(), "invalid_grant");
    assert_eq!(refresh(&authority, &other, &other_refresh, &[]).status, 200);
    let userinfo = format!("{}/oauth2/userinfo", authority.issuer());
    let bearer = format!("Bearer {token}");
    let answer = get_with(&userinfo, &[("Authorization", &bearer)]);
    assert_eq!(answer.status, 200, "the access token is good until it expires");
    assert!(authority.events().is_empty(), "no event tells of it");
    assert_eq!(call(&authority, "DELETE", &target, None).status, 404, "it is gone");
}

#[test]
fn an_application_is_named_by_its_own_id_as_well() {
    let authority = start();
    let (client, _, refresh_token) = sign_in(&authority, "Agent");
    let list = get(&authority, APPLICATIONS).json();
    let id = list["data"][0]["application"]["id"].as_str().unwrap();
    let answer = call(&authority, "DELETE", &format!("{APPLICATIONS}/{id}"), None);
    assert_eq!(answer.status, 204);
    assert_eq!(refresh(&authority, &client, &refresh_token, &[]).error(), "invalid_grant");
}

#[test]
fn withdrawing_a_consent_ends_a_code_that_is_not_redeemed() {
    let authority = builder().auto_approve("user_ada").start().unwrap();
    let client = register(&authority, "Agent");
    let url = authorize_url(&authority, &client, &[]);
    let code = parameters(&crate::http::get(&url).location())["code"].clone();
    call(&authority, "DELETE", &format!("{APPLICATIONS}/{client}"), None);
    assert_eq!(redeem(&authority, &client, &code, &[]).error(), "invalid_grant");
}

#[test]
fn answers_have_the_date_of_the_authoritys_clock() {
    let authority = start();
    for ahead in [true, false] {
        match ahead {
            true => authority.advance_clock(HOUR),
            false => authority.rewind_clock(2 * HOUR),
        }
        for (method, status) in [("GET", 200), ("DELETE", 404)] {
            let target = format!("{APPLICATIONS}{}", if status == 404 { "/client_1" } else { "" });
            let answer = call(&authority, method, &target, None);
            assert_eq!(answer.status, status);
            let date: SystemTime =
                answer.header("date").unwrap().parse::<HttpDate>().unwrap().into();
            let now = authority.now();
            let distance = now.duration_since(date).or_else(|_| date.duration_since(now));
            assert!(distance.unwrap() < Duration::from_secs(5), "{method} {date:?} {now:?}");
        }
    }
}
