//! Sign-ins that are refused: each ends with a page, and leaves no session.

use std::sync::atomic::Ordering;

use actix_mcp_auth::{
    revocation::Revoked,
    testing::{Endpoint, Fault},
};
use serde_json::json;

use super::{AUTHENTICATE, Application, Browser, authority, sessions_name};
use crate::support::Answer;

/// A page with this status that tells nothing of the request, and no session.
#[track_caller]
fn assert_refused(browser: &Browser<'_>, answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("location").is_none(), "no redirect loop");
    assert!(answer.body.contains("href=\"/login"), "a way back: {}", answer.body);
    assert_eq!(browser.cookie("mcp-auth-session"), None);
}

#[actix_web::test]
async fn r38_an_answer_for_another_browser_is_refused() {
    let application = Application::new();
    // Login CSRF: an attacker sends a victim to the callback with the attacker's own code.
    let mut attacker = application.browser();
    let callback = attacker.begin("/login").await;
    let mut victim = application.browser();
    let answer = victim.go(&callback).await;
    assert_refused(&victim, &answer, 400);
    // The same where the victim has begun a sign-in as well.
    victim.begin("/login").await;
    let answer = victim.go(&callback).await;
    assert_refused(&victim, &answer, 400);
    assert_eq!(application.authority.code_exchanges(), 0, "the code was not used");
}

#[actix_web::test]
async fn r38_a_wrong_or_missing_state_is_refused() {
    let application = Application::new();
    let mut browser = application.browser();
    let callback = browser.begin("/login").await;
    let (path, query) = callback.split_once('?').unwrap();
    let without = |name: &str| {
        let rest: Vec<&str> = query.split('&').filter(|it| !it.starts_with(name)).collect();
        format!("{path}?{}", rest.join("&"))
    };
    for wrong in [
        without("state="),
        format!("{}&state=", without("state=")),
        format!("{callback}x"),
        format!("{callback}&state="),
        format!("{callback}&code="),
    ] {
        let answer = browser.go(&wrong).await;
        assert_refused(&browser, &answer, 400);
    }
    let answer = browser.go(&without("code=")).await;
    assert_refused(&browser, &answer, 400);
    assert_eq!(application.authority.code_exchanges(), 0);
}

#[actix_web::test]
async fn r38_a_code_is_good_once() {
    let application = Application::new();
    let mut browser = application.browser();
    let callback = browser.begin("/login").await;
    let copy = browser.clone();
    assert_eq!(browser.go(&callback).await.status, 303);
    // Neither without the cookie nor with a copy of it is the code sent again.
    let mut again = application.browser();
    let answer = again.go(&callback).await;
    assert_refused(&again, &answer, 400);
    let mut copy = copy;
    let answer = copy.go(&callback).await;
    assert_refused(&copy, &answer, 400);
    assert_eq!(application.authority.code_exchanges(), 1, "the code was sent once");
}

#[actix_web::test]
async fn r38_no_return_path_leads_to_another_origin() {
    const PATHS: [&str; 22] = [
        "https://evil.example",
        "http://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        "/\r\nLocation: //evil.example",
        " //evil.example",
        "https:evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "data:text/html,evil",
        "evil.example",
        "@evil.example",
        "?//evil.example",
        "/\0//evil.example",
        "\\evil.example",
        "/\u{2028}/evil.example",
    ];
    let application = Application::new();
    for path in PATHS {
        let mut browser = application.browser();
        let login = reqwest::Url::parse_with_params("http://h/login", [("return_to", path)]);
        let login = login.unwrap();
        let answer = browser.sign_in(&format!("/login?{}", login.query().unwrap())).await;
        let location = (answer.status.as_u16(), answer.header("location"));
        assert_eq!(location, (303, Some("/")), "{path:?}");
        let form = [("organization_id", "org_1"), ("return_to", path)];
        let switched = browser.post("/login/organization", &form).await;
        let location = switched.header("location").unwrap();
        assert!(location.ends_with("return_to=%2F"), "{path:?}: {location}");
    }
}

#[actix_web::test]
async fn r38_people_without_access_get_a_page_and_no_session() {
    let application = Application::new();
    let mut browser = application.browser();
    application.authority.auto_approve("user_grace");
    let answer = browser.sign_in("/login?return_to=/site/home").await;
    assert_refused(&browser, &answer, 403);
    assert!(answer.body.contains("max_age=0"), "somebody else can sign in: {}", answer.body);
    application.authority.auto_approve("user_ada");
    let ada = || Revoked::subject("user_ada").of_issuer(sessions_name(&application.authority));
    application.site.revoke(ada().standing()).await.unwrap();
    let answer = browser.sign_in("/login").await;
    assert_refused(&browser, &answer, 403);
    application.site.lift(ada()).await.unwrap();
}

#[actix_web::test]
async fn r38_errors_of_the_issuer_become_pages_without_its_words() {
    let application = Application::new();
    for (error, says) in [
        ("access_denied", "canceled"),
        ("invitation_expired", "invitation"),
        ("made_up", "refused"),
        ("%3Cscript%3E", "refused"),
    ] {
        let mut browser = application.browser();
        let callback = browser.begin("/login?return_to=/site/home").await;
        let state = callback.split(['?', '&']).find(|it| it.starts_with("state=")).unwrap();
        let answer = format!("/callback?{state}&error={error}&error_description=Call+0900-EVIL");
        let answer = browser.go(&answer).await;
        assert_refused(&browser, &answer, 400);
        assert!(answer.body.contains(says), "{error}: {}", answer.body);
        assert!(!answer.body.contains("EVIL") && !answer.body.contains("script"), "{answer:?}");
        assert!(answer.body.contains("return_to=%2Fsite%2Fhome"), "{}", answer.body);
        assert!(browser.cookies.is_empty(), "the sign-in has ended");
    }
}

#[actix_web::test]
async fn an_issuer_that_refuses_or_is_down_gets_a_page() {
    let application = Application::new();
    let error = |code: &str| Fault::json(400, json!({ "code": code, "message": "EVIL" }));
    let html = |status| Fault::Custom {
        status,
        content_type: "text/html".into(),
        body: b"<h1>EVIL</h1>".into(),
    };
    for (fault, status, says) in [
        (error("invitation_revoked"), 400, "invitation"),
        (error("organization_selection_required"), 400, "organization"),
        (error("sso_required"), 400, "another way"),
        (error("mfa_enrollment"), 400, "second factor"),
        (Fault::json(401, json!({ "error": "invalid_client" })), 500, "set up differently"),
        (Fault::json(429, json!({})), 503, "try again"),
        (Fault::json(500, json!({})), 503, "try again"),
        (Fault::Html, 503, "try again"),
        (html(403), 503, "try again"),
        (Fault::TruncatedJson, 503, "try again"),
        (Fault::Redirect("https://evil.example/".into()), 503, "try again"),
        (Fault::Reset, 503, "try again"),
        (
            Fault::json(200, json!({ "access_token": "e30.e30.e30", "refresh_token": "r" })),
            500,
            "set up differently",
        ),
    ] {
        let mut browser = application.browser();
        let callback = browser.begin("/login").await;
        application.authority.inject(Endpoint::Path(AUTHENTICATE.into()), fault.clone());
        let answer = browser.go(&callback).await;
        application.authority.clear_faults();
        assert_refused(&browser, &answer, status);
        assert!(
            answer.body.contains(says) && !answer.body.contains("EVIL"),
            "{fault:?} {answer:?}"
        );
        let retry_after = answer.header("retry-after");
        assert_eq!(retry_after.is_some(), status == 503, "{fault:?}");
        assert_eq!(browser.sign_in("/login").await.status, 303, "the next try: {fault:?}");
    }
}

#[actix_web::test]
async fn r38_a_forged_session_token_signs_nobody_in() {
    let application = Application::new();
    let other = authority().start().unwrap();
    let forged = other.sign_in_session("user_ada");
    let tokens = json!({ "access_token": forged.access_token, "refresh_token": "r" });
    application.authority.inject(Endpoint::Path(AUTHENTICATE.into()), Fault::json(200, tokens));
    let mut browser = application.browser();
    let answer = browser.sign_in("/login").await;
    assert_refused(&browser, &answer, 403);
}

#[actix_web::test]
async fn a_cookie_that_browsers_drop_is_told_at_sign_in() {
    let application = Application::new();
    let long: Vec<String> = (0..200).map(|n| format!("permission:{n}")).collect();
    let token = crate::support::session_token(&application.authority)
        .subject("user_ada")
        .claim("sid", "session_long")
        .claim("permissions", long)
        .sign();
    assert!((4_000..8_000).contains(&token.len()), "{}", token.len());
    let tokens = json!({ "access_token": token, "refresh_token": "r" });
    application.authority.inject(Endpoint::Path(AUTHENTICATE.into()), Fault::json(200, tokens));
    let mut browser = application.browser();
    let answer = browser.sign_in("/login").await;
    assert_refused(&browser, &answer, 500);
    assert!(answer.body.contains("set up differently"), "{answer:?}");
}

#[actix_web::test]
async fn r38_a_sign_in_that_took_too_long_is_refused() {
    let application = Application::new();
    let mut browser = application.browser();
    let callback = browser.begin("/login").await;
    application.clock.0.store(601, Ordering::Relaxed);
    let answer = browser.go(&callback).await;
    assert_refused(&browser, &answer, 400);
    assert_eq!(application.authority.code_exchanges(), 0);
}
