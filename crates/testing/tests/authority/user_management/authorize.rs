//! `/user_management/authorize` and its page.

use mcp_auth_testing::TestAuthority;

use super::{CLIENT, authorize_url, builder, choose, exchange, start};
use crate::browser::{CALLBACK, between, claims, parameters, submit};
use crate::http::{get, post_form, post_form_with};

#[test]
fn a_person_chooses_themself_and_is_sent_back() {
    let authority = builder().start().unwrap();
    let back = choose(&authorize_url(&authority, &[]), "user_alan");
    assert!(back.as_str().starts_with(CALLBACK), "{back}");
    let parameters = parameters(&back);
    assert_eq!(parameters["state"], "some state & more");
    assert_eq!(parameters.len(), 2, "code and state, and no iss: {parameters:?}");
    let tokens = exchange(&authority, &parameters["code"]).json();
    assert_eq!(claims(tokens["access_token"].as_str().unwrap())["sub"], "user_alan");
}

#[test]
fn with_auto_approval_no_page_is_shown() {
    let back = get(&authorize_url(&start(), &[("state", None)])).location();
    assert_eq!(parameters(&back).into_keys().collect::<Vec<_>>(), ["code"]);
}

#[test]
fn everybody_is_asked_again_each_time() {
    let authority = builder().start().unwrap();
    let url = authorize_url(&authority, &[]);
    choose(&url, "user_ada");
    assert_eq!(get(&url).status, 200);
}

#[test]
fn the_page_has_a_heading_a_language_and_named_buttons() {
    let authority = builder().start().unwrap();
    let page = get(&authorize_url(&authority, &[])).body;
    for part in [
        r#"<html lang="en">"#,
        "<title>Sign in ",
        "<h1>Sign in</h1>",
        "<main>",
        "<strong>http://127.0.0.1:3334</strong> asks you to sign in.",
        r#"<button type="submit" name="person" value="user_grace""#,
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn a_login_hint_puts_a_person_first_and_need_not_be_known() {
    let authority = builder().start().unwrap();
    let page = |hint| get(&authorize_url(&authority, &[("login_hint", Some(hint))]));
    let hinted = page("grace@example.com").body;
    assert!(hinted.find("Grace Hopper") < hinted.find("Ada Lovelace"));
    let unknown = page("nobody@example.com");
    assert_eq!(unknown.status, 200);
    assert!(!unknown.body.contains("nobody@example.com"));
}

#[test]
fn optional_parameters_are_accepted() {
    let changes = [
        ("screen_hint", Some("sign-up")),
        ("max_age", Some("0")),
        ("prompt", Some("login")),
        ("invitation_token", Some("an-invitation")),
        ("organization_id", Some("org_poets")),
    ];
    let back = get(&authorize_url(&start(), &changes)).location();
    assert!(parameters(&back).contains_key("code"), "{back}");
}

#[test]
fn a_bad_client_or_redirect_uri_is_an_error_page() {
    let authority = builder().start().unwrap();
    for change in [
        ("client_id", None),
        ("client_id", Some("client_other")),
        ("redirect_uri", None),
        ("redirect_uri", Some("http://app.example.com/callback")),
        ("redirect_uri", Some("com.example.app:/callback")),
        ("redirect_uri", Some("javascript:alert(1)")),
    ] {
        let answer = get(&authorize_url(&authority, &[change]));
        assert_eq!((answer.status, answer.header("location")), (400, None), "{change:?}");
        assert!(answer.body.contains("Something is wrong"));
    }
    let twice = authorize_url(&authority, &[]) + "&redirect_uri=https%3A%2F%2Fevil.example%2F";
    assert_eq!(get(&twice).status, 400);
}

#[test]
fn only_registered_redirect_uris_are_taken_if_there_are_any() {
    let authority = builder()
        .redirect_uri(CALLBACK)
        .redirect_uri("https://app.example.com/callback")
        .auto_approve("user_ada")
        .start()
        .unwrap();
    for (uri, status) in [
        (CALLBACK, 303),
        ("http://127.0.0.1:50123/callback", 303),
        ("https://app.example.com/callback", 303),
        ("https://app.example.com/other", 400),
        ("http://localhost:3334/callback", 400),
    ] {
        let answer = get(&authorize_url(&authority, &[("redirect_uri", Some(uri))]));
        assert_eq!(answer.status, status, "{uri}");
    }
}

#[test]
fn other_mistakes_are_told_to_the_application() {
    let authority = builder().start().unwrap();
    for (change, error) in [
        (("response_type", None), "invalid_request"),
        (("response_type", Some("token")), "unsupported_response_type"),
        (("provider", None), "invalid_request"),
        (("provider", Some("GoogleOAuth")), "invalid_request"),
        (("code_challenge", None), "invalid_request"),
        (("code_challenge", Some("short")), "invalid_request"),
        (("code_challenge_method", Some("plain")), "invalid_request"),
        (("screen_hint", Some("sign-out")), "invalid_request"),
        (("max_age", Some("soon")), "invalid_request"),
        (("prompt", Some("none")), "login_required"),
    ] {
        let back = get(&authorize_url(&authority, &[change])).location();
        let parameters = parameters(&back);
        assert_eq!(parameters["error"], error, "{change:?}");
        assert_eq!(parameters["state"], "some state & more");
        assert!(parameters.contains_key("error_description") && !parameters.contains_key("iss"));
    }
}

#[test]
fn an_organization_of_others_is_refused() {
    let changes = [("organization_id", Some("org_bletchley"))];
    let back = get(&authorize_url(&start(), &changes)).location();
    assert_eq!(parameters(&back)["error"], "access_denied");

    let authority = builder().start().unwrap();
    let url = authorize_url(&authority, &changes);
    assert_eq!(parameters(&choose(&url, "user_ada"))["error"], "access_denied");
    assert!(parameters(&choose(&url, "user_alan")).contains_key("code"));
}

#[test]
fn a_person_is_chosen_once() {
    let authority = builder().start().unwrap();
    let url = authorize_url(&authority, &[]);
    let page = get(&url);
    assert_eq!(submit(&url, &page, "person", "user_ada").status, 303);
    let again = submit(&url, &page, "person", "user_alan");
    assert_eq!((again.status, again.header("location")), (200, None));
}

#[test]
fn the_form_is_taken_from_the_own_page_only() {
    let authority = builder().start().unwrap();
    let page = get(&authorize_url(&authority, &[])).body;
    let transaction = between(&page, r#"name="transaction" value=""#, "\"");
    let url = format!("{}/user_management/authorize/sign-in", authority.issuer());
    let fields = [("transaction", transaction), ("person", "user_ada")];
    let foreign = [("Origin", "https://evil.example")];
    assert_eq!(post_form_with(&url, &foreign, &fields).status, 403);
    assert_eq!(post_form(&url, &[("transaction", "x"), ("person", "user_ada")]).status, 400);
    assert_eq!(post_form(&url, &[("transaction", transaction), ("person", "x")]).status, 400);
    assert_eq!(post_form(&url, &fields).status, 303);
}

#[test]
fn a_sign_in_is_no_authorization_of_an_oauth_client() {
    let authority = builder().start().unwrap();
    let page = get(&authorize_url(&authority, &[])).body;
    let transaction = between(&page, r#"name="transaction" value=""#, "\"");
    let consent = format!("{}/oauth2/authorize/consent", authority.issuer());
    let fields = [("transaction", transaction), ("decision", "approve")];
    assert_eq!(post_form(&consent, &fields).status, 400);
}

#[test]
fn without_a_configured_key_there_is_no_sign_in() {
    let authority = TestAuthority::builder().client_id(CLIENT).start().unwrap();
    assert_eq!(get(&authorize_url(&authority, &[])).status, 404);
    assert_eq!(exchange(&authority, "a-code").status, 404);
    let logout = format!("{}/user_management/sessions/logout?session_id=x", authority.issuer());
    assert_eq!(get(&logout).status, 404);
}
