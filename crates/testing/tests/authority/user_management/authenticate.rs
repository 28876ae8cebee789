//! `/user_management/authenticate`: codes and refresh tokens.

use std::time::Duration;

use mcp_auth_testing::{Person, TestAuthority};
use serde_json::{Value, json};

use super::{
    AUTHENTICATE, CLIENT, KEY, authenticate, authorize_url, builder, code, exchange, invalid_grant,
    refresh, refusal, sign_in, start, text,
};
use crate::browser::{VERIFIER, claims, header, parameters};
use crate::http::{get, post_form, send};

fn switch(authority: &TestAuthority, token: &str, organization: &str) -> crate::http::Response {
    let grant = json!({
        "grant_type": "refresh_token", "refresh_token": token, "organization_id": organization,
    });
    authenticate(authority, grant)
}

#[test]
fn a_code_becomes_the_tokens_of_a_session() {
    let authority = start();
    let answer = exchange(&authority, &code(&authority));
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let answer = answer.json();
    let user = &answer["user"];
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
    assert_eq!(answer["organization_id"], "org_engines");
    assert_eq!(answer["authentication_method"], "Password");
    assert!(answer.get("impersonator").is_none() && answer.get("id_token").is_none());
}

#[test]
fn the_access_token_is_a_session_token() {
    let authority = start();
    let answer = sign_in(&authority);
    let token = text(&answer, "access_token");
    let claims = claims(token);
    assert_eq!(
        (&claims["iss"], &claims["sub"]),
        (&json!("https://api.workos.com"), &json!("user_ada"))
    );
    assert_eq!((&claims["org_id"], &claims["role"]), (&json!("org_engines"), &json!("admin")));
    assert_eq!(claims["roles"], json!(["admin"]));
    assert_eq!(claims["permissions"], json!(["engines:write"]));
    assert!(text(&claims, "sid").starts_with("session_") && claims.get("aud").is_none());
    let keys = get(&authority.session_jwks_uri()).json();
    assert_eq!(header(token)["kid"], keys["keys"][0]["kid"]);
}

#[test]
fn a_person_without_an_organization_has_none_in_the_token() {
    let authority = builder().auto_approve("user_ada").start().unwrap();
    let answer = sign_in(&authority);
    assert_eq!(answer["organization_id"], json!(null));
    let claims = claims(text(&answer, "access_token"));
    for claim in ["org_id", "role", "roles", "permissions"] {
        assert!(claims.get(claim).is_none(), "{claim}");
    }
}

#[test]
fn a_code_works_once() {
    let authority = start();
    let code = code(&authority);
    let first = exchange(&authority, &code).json();
    assert_eq!(refusal(&exchange(&authority, &code)), invalid_grant());
    let refreshed = refresh(&authority, text(&first, "refresh_token"));
    assert_eq!(refusal(&refreshed), invalid_grant(), "the session of the first use has ended");
}

#[test]
fn a_code_needs_its_verifier() {
    let authority = start();
    let code = code(&authority);
    let with = |verifier: Value| {
        let grant = json!({
            "grant_type": "authorization_code", "code": code, "code_verifier": verifier,
        });
        refusal(&authenticate(&authority, grant))
    };
    assert_eq!(with(json!(VERIFIER.to_uppercase())), invalid_grant());
    assert_eq!(with(json!("")), (400, "invalid_request".to_owned()));
    assert_eq!(with(json!(null)), (400, "invalid_request".to_owned()));
    assert_eq!(exchange(&authority, &code).status, 200, "the right one still counts");
}

#[test]
fn a_code_expires() {
    let authority = start();
    let code = code(&authority);
    authority.advance_clock(Duration::from_secs(61));
    assert_eq!(refusal(&exchange(&authority, &code)), invalid_grant());
}

#[test]
fn a_refresh_token_works_once_and_keeps_the_session() {
    let authority = start();
    let first = sign_in(&authority);
    let second = refresh(&authority, text(&first, "refresh_token"));
    assert_eq!(second.status, 200, "{second:?}");
    let second = second.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(second["user"], first["user"]);
    let (old, new) = (claims(text(&first, "access_token")), claims(text(&second, "access_token")));
    assert_eq!(old["sid"], new["sid"]);
    assert_ne!(old["jti"], new["jti"]);
    assert_eq!(refresh(&authority, text(&second, "refresh_token")).status, 200);
}

#[test]
fn refreshing_twice_with_one_token_ends_the_session() {
    let authority = start();
    let first = sign_in(&authority);
    let second = refresh(&authority, text(&first, "refresh_token")).json();
    assert_eq!(refusal(&refresh(&authority, text(&first, "refresh_token"))), invalid_grant());
    assert_eq!(refusal(&refresh(&authority, text(&second, "refresh_token"))), invalid_grant());
    let events = authority.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event(), "session.revoked");
    assert!(authority.active_sessions("user_ada").is_empty());
}

#[test]
fn two_refreshes_at_once_sign_the_person_out() {
    let authority = start();
    let session = authority.sign_in_session("user_ada");
    let answers: Vec<_> = std::thread::scope(|scope| {
        let refresh = || refresh(&authority, &session.refresh_token);
        let both = [scope.spawn(refresh), scope.spawn(refresh)];
        both.map(|thread| thread.join().unwrap()).into()
    });
    assert!(answers.iter().filter(|answer| answer.status == 200).count() <= 1);
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        let later = refresh(&authority, text(&answer.json(), "refresh_token"));
        assert_eq!(refusal(&later), invalid_grant());
    }
    assert!(authority.active_sessions("user_ada").is_empty());
}

#[test]
fn a_refresh_token_expires_and_each_refresh_extends_it() {
    let authority = builder()
        .auto_approve("user_ada")
        .refresh_lifetime(Duration::from_secs(600))
        .start()
        .unwrap();
    let mut answer = sign_in(&authority);
    for _ in 0..3 {
        authority.advance_clock(Duration::from_secs(400));
        answer = refresh(&authority, text(&answer, "refresh_token")).json();
    }
    authority.advance_clock(Duration::from_secs(600));
    assert_eq!(refusal(&refresh(&authority, text(&answer, "refresh_token"))), invalid_grant());
}

#[test]
fn a_session_switches_organization_and_stays_there() {
    let authority = start();
    let first = sign_in(&authority);
    let switched = switch(&authority, text(&first, "refresh_token"), "org_poets").json();
    assert_eq!(switched["organization_id"], "org_poets");
    let token = claims(text(&switched, "access_token"));
    assert_eq!((&token["org_id"], &token["role"]), (&json!("org_poets"), &json!("reader")));
    assert_eq!(token["permissions"], json!(["poems:read"]));
    let later = refresh(&authority, text(&switched, "refresh_token")).json();
    assert_eq!(later["organization_id"], "org_poets");
}

#[test]
fn switching_to_an_organization_of_others_changes_nothing() {
    let authority = start();
    let first = sign_in(&authority);
    let refused = switch(&authority, text(&first, "refresh_token"), "org_bletchley");
    let body = refused.json();
    assert_eq!((refused.status, text(&body, "code")), (400, "organization_membership_not_found"));
    assert!(body["message"].is_string());
    let later = refresh(&authority, text(&first, "refresh_token")).json();
    assert_eq!(later["organization_id"], "org_engines", "the token was not used up");
}

#[test]
fn the_organization_asked_for_at_sign_in_is_that_of_the_session() {
    let authority = start();
    let url = authorize_url(&authority, &[("organization_id", Some("org_poets"))]);
    let code = parameters(&get(&url).location())["code"].clone();
    assert_eq!(exchange(&authority, &code).json()["organization_id"], "org_poets");
}

#[test]
fn a_refresh_reads_role_and_organization_anew() {
    let authority = start();
    let mut answer = sign_in(&authority);
    let ada = || Person::new("user_ada", "Ada King").email("ada@example.com");
    authority.add_person(ada().org("org_engines").role("guest"));
    answer = refresh(&authority, text(&answer, "refresh_token")).json();
    assert_eq!(claims(text(&answer, "access_token"))["role"], "guest");
    assert_eq!(answer["user"]["last_name"], "King");
    authority.add_person(ada());
    answer = refresh(&authority, text(&answer, "refresh_token")).json();
    assert_eq!(answer["organization_id"], json!(null));
}

#[test]
fn a_wrong_client_or_secret_is_refused() {
    let authority = start();
    let code = code(&authority);
    for wrong in [
        json!({ "client_secret": "sk_test_b" }),
        json!({ "client_secret": null }),
        json!({ "client_secret": authority.client_secret() }),
        json!({ "client_id": "client_other" }),
        json!({ "client_id": null }),
    ] {
        let mut grant = json!({
            "grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER,
        });
        for (name, value) in wrong.as_object().unwrap() {
            grant[name] = value.clone();
        }
        let answer = authenticate(&authority, grant);
        assert_eq!(refusal(&answer), (401, "invalid_client".to_owned()), "{wrong}");
    }
    assert_eq!(exchange(&authority, &code).status, 200);
}

#[test]
fn a_form_serves_as_well_as_json() {
    let authority = start();
    let fields = [
        ("client_id", CLIENT),
        ("client_secret", KEY),
        ("grant_type", "authorization_code"),
        ("code", &code(&authority)),
        ("code_verifier", VERIFIER),
    ];
    let url = format!("{}{AUTHENTICATE}", authority.issuer());
    assert_eq!(post_form(&url, &fields).status, 200);
}

#[test]
fn unusable_requests_are_refused() {
    let authority = start();
    for (grant, error) in [
        (json!({}), "invalid_request"),
        (json!({ "grant_type": "password" }), "unsupported_grant_type"),
        (json!({ "grant_type": "authorization_code" }), "invalid_request"),
        (json!({ "grant_type": "refresh_token" }), "invalid_request"),
        (json!({ "grant_type": "refresh_token", "refresh_token": "x" }), "invalid_grant"),
    ] {
        let answer = authenticate(&authority, grant.clone());
        assert_eq!(refusal(&answer), (400, error.to_owned()), "{grant}");
    }
    let url = format!("{}{AUTHENTICATE}", authority.issuer());
    let answer = send("POST", &url, &[("Content-Type", "application/json")], "[]").unwrap();
    assert_eq!(answer.status, 400);
}

#[test]
fn codes_and_tokens_of_sessions_are_no_oauth_grants() {
    let authority = start();
    let session = authority.sign_in_session("user_ada");
    let token_endpoint = format!("{}/oauth2/token", authority.issuer());
    let code = code(&authority);
    for grant in [
        [("grant_type", "authorization_code"), ("code", &code)],
        [("grant_type", "refresh_token"), ("refresh_token", &session.refresh_token)],
    ] {
        let mut fields = vec![
            ("client_id", CLIENT),
            ("client_secret", authority.client_secret()),
            ("code_verifier", VERIFIER),
        ];
        fields.extend(grant);
        assert_eq!(refusal(&post_form(&token_endpoint, &fields)), invalid_grant());
    }
    assert_eq!(exchange(&authority, &code).status, 200);
}

#[test]
fn a_person_whom_the_authority_does_not_know_can_sign_in() {
    let authority = start();
    authority.auto_approve("user_stranger");
    let answer = sign_in(&authority);
    assert_eq!(answer["user"]["id"], "user_stranger");
    assert_eq!(claims(text(&answer, "access_token"))["sub"], "user_stranger");
}
