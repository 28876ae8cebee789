//! What a test controls: faults, counts, lifetimes, sessions without a browser, impersonation.

use std::time::Duration;

use mcp_auth_testing::{Endpoint, Fault};
use serde_json::json;

use super::{
    AUTHENTICATE, KEY, authenticate, builder, code, exchange, refresh, sign_in, start, text,
};
use crate::browser::{claims, header};
use crate::http::{get, send};

#[test]
fn faults_reach_the_exchange_and_nothing_else() {
    let authority = start();
    let code = code(&authority);
    let endpoint = || Endpoint::Path(AUTHENTICATE.into());
    authority.inject(endpoint(), Fault::Unavailable);
    assert_eq!(exchange(&authority, &code).status, 503);
    authority.inject(endpoint(), Fault::json(500, json!({ "message": "Server Error" })));
    assert_eq!(exchange(&authority, &code).status, 500);

    let invitation =
        json!({ "code": "invitation_invalid", "message": "The invitation is invalid." });
    authority.inject(endpoint(), Fault::json(400, invitation.clone()));
    let answer = exchange(&authority, &code);
    assert_eq!((answer.status, answer.json()), (400, invitation));
    assert_eq!(answer.header("content-type"), Some("application/json"));

    assert_eq!(authority.code_exchanges(), 0, "a fault uses nothing up");
    authority.clear_faults();
    assert_eq!(exchange(&authority, &code).status, 200);
    assert_eq!(authority.requests(AUTHENTICATE), 4);
}

#[test]
fn the_exchange_can_hang() {
    let authority = start();
    let code = code(&authority);
    authority.inject(Endpoint::Path(AUTHENTICATE.into()), Fault::Silence);
    let url = format!("{}{AUTHENTICATE}", authority.issuer());
    let hangs = std::thread::spawn(move || send("POST", &url, &[], "{}").is_err());
    std::thread::sleep(Duration::from_millis(300));
    assert!(!hangs.is_finished(), "no answer");
    authority.go_down();
    assert!(hangs.join().unwrap());
    authority.clear_faults();
    authority.come_up().unwrap();
    assert_eq!(exchange(&authority, &code).status, 200);
}

#[test]
fn the_rate_limit_reaches_the_exchange() {
    let authority = start();
    let code = code(&authority);
    authority.limit_api(1);
    let wrong = authenticate(&authority, json!({ "client_secret": "sk_test_b" }));
    assert_eq!(wrong.status, 401, "does not count");
    let limited = exchange(&authority, &code);
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("1")));
    assert_eq!(exchange(&authority, &code).status, 200);
}

#[test]
fn exchanges_and_refreshes_are_counted() {
    let authority = start();
    let answer = sign_in(&authority);
    assert_eq!((authority.code_exchanges(), authority.refreshes()), (1, 0));
    for _ in 0..2 {
        refresh(&authority, text(&answer, "refresh_token"));
    }
    assert_eq!((authority.code_exchanges(), authority.refreshes()), (1, 2), "refused ones too");
    authority.reset_requests();
    assert_eq!((authority.code_exchanges(), authority.refreshes()), (0, 0));
}

#[test]
fn session_tokens_have_a_lifetime_of_their_own() {
    let lifetime = |token: &str| {
        let claims = claims(token);
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
    };
    let authority = builder()
        .auto_approve("user_ada")
        .session_token_lifetime(Duration::from_secs(6))
        .start()
        .unwrap();
    assert_eq!(lifetime(text(&sign_in(&authority), "access_token")), 6);
    assert_eq!(lifetime(&authority.session_token().sign()), 6);
    assert_eq!(lifetime(&authority.token().sign()), 300);
    let shorter = builder().token_lifetime(Duration::from_secs(60)).start().unwrap();
    assert_eq!(lifetime(&shorter.session_token().sign()), 60);
}

#[test]
fn the_session_issuer_can_be_the_authority_itself() {
    let authority = builder().local_session_issuer().start().unwrap();
    let token = authority.sign_in_session("user_ada").access_token;
    let issuer = claims(&token)["iss"].as_str().unwrap().to_owned();
    assert_eq!(issuer, authority.session_issuer());
    assert_ne!(issuer, authority.issuer());
    let keys = get(&format!("{issuer}/sso/jwks/{}", authority.client_id())).json();
    assert_eq!(header(&token)["kid"], keys["keys"][0]["kid"]);
}

#[test]
fn a_test_signs_somebody_in_without_a_browser() {
    let authority = start();
    let session = authority.sign_in_session("user_ada");
    let token = claims(&session.access_token);
    assert_eq!((&token["sid"], &token["org_id"]), (&json!(session.id), &json!("org_engines")));
    assert_eq!(authority.active_sessions("user_ada"), [session.id.as_str()]);
    let answer = refresh(&authority, &session.refresh_token).json();
    assert_eq!(claims(text(&answer, "access_token"))["sid"], json!(session.id));
    assert_eq!(authority.code_exchanges(), 0);
}

#[test]
fn a_test_ends_a_session_and_gets_the_event() {
    let authority = start();
    let session = authority.sign_in_session("user_ada");
    let event = authority.end_session(&session.id).unwrap();
    assert_eq!(event.data()["id"], json!(session.id));
    assert_eq!(authority.events(), [event]);
    assert_eq!(authority.end_session(&session.id), None);
    assert_eq!(refresh(&authority, &session.refresh_token).error(), "invalid_grant");
}

#[test]
fn staff_can_act_as_a_person() {
    let authority = start();
    authority.impersonate(Some("staff@example.com"));
    let answer = sign_in(&authority);
    assert_eq!(answer["impersonator"]["email"], "staff@example.com");
    let staff = json!({ "sub": "staff@example.com" });
    assert_eq!(claims(text(&answer, "access_token"))["act"], staff);
    authority.impersonate(None);
    let answer = refresh(&authority, text(&answer, "refresh_token")).json();
    assert_eq!(claims(text(&answer, "access_token"))["act"], staff, "the session stays theirs");
    assert!(claims(text(&sign_in(&authority), "access_token")).get("act").is_none());
}

#[test]
fn debug_of_a_session_shows_no_token() {
    let session = start().sign_in_session("user_ada");
    let shown = format!("{session:?}");
    assert!(shown.contains(&session.id), "{shown}");
    assert!(!shown.contains(&session.access_token) && !shown.contains(&session.refresh_token));
    assert!(!shown.contains(KEY));
}
