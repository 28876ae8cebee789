//! The authorization code flow: PKCE, codes, refresh tokens, resources.

use std::time::Duration;

use mcp_auth_testing::{Client, TestAuthority};
use serde_json::json;

use crate::browser::*;
use crate::http::{get, get_with, post_form};

#[test]
fn after_approval_the_client_gets_a_token_for_the_resource() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let url = authorize_url(&authority, &client, &[]);

    let back = walk(&url, "user_alan", "approve");
    assert!(back.as_str().starts_with(&format!("{CALLBACK}?")));
    let answer = parameters(&back);
    assert_eq!(answer["state"], "some state & more");
    assert_eq!(answer["iss"], authority.issuer(), "RFC 9207");

    let response = redeem(&authority, &client, &answer["code"], &[]);
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let tokens = response.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 300);
    assert_eq!(tokens["scope"], "openid profile email offline_access");

    let token = tokens["access_token"].as_str().unwrap();
    let header = header(token);
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header.as_object().unwrap().len(), 2, "no typ: {header}");
    let claims = claims(token);
    assert_eq!(claims["iss"], authority.issuer());
    assert_eq!(claims["aud"], RESOURCE);
    assert_eq!(claims["sub"], "user_alan");
    assert_eq!(claims["org_id"], "org_bletchley");
    assert_eq!(claims["client_id"], client);
    assert!(claims["sid"].as_str().unwrap().starts_with("app_consent_"));
}

#[test]
fn a_denial_is_told_to_the_client_with_state_and_issuer() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let url = authorize_url(&authority, &client, &[]);
    let answer = parameters(&walk(&url, "user_ada", "deny"));
    assert_eq!(answer["error"], "access_denied");
    assert_eq!(answer["state"], "some state & more");
    assert_eq!(answer["iss"], authority.issuer());
    assert!(!answer.contains_key("code"));
}

#[test]
fn auto_approval_answers_at_once() {
    let authority = TestAuthority::builder().auto_approve("user_grace").start().unwrap();
    let client = register(&authority, "Agent");
    let url = authorize_url(&authority, &client, &[]);
    let answer = parameters(&get(&url).location());
    let tokens = redeem(&authority, &client, &answer["code"], &[]).json();
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(claims(token)["sub"], "user_grace");

    authority.ask_for_approval();
    assert_eq!(get(&url).status, 200);
    authority.auto_approve("user_ada");
    assert_eq!(get(&url).status, 303);
}

#[test]
fn bad_authorization_requests_are_told_to_the_client() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    for (change, error) in [
        (("response_type", Some("token")), "unsupported_response_type"),
        (("response_type", None), "invalid_request"),
        (("response_mode", Some("fragment")), "invalid_request"),
        (("code_challenge", None), "invalid_request"),
        (("code_challenge", Some("short")), "invalid_request"),
        (("code_challenge_method", Some("plain")), "invalid_request"),
        (("code_challenge_method", None), "invalid_request"),
        (("resource", Some("not a uri")), "invalid_target"),
        (("resource", Some("https://h/mcp#part")), "invalid_target"),
        (("prompt", Some("none")), "login_required"),
        (("request", Some("e30.e30.")), "request_not_supported"),
    ] {
        let url = authorize_url(&authority, &client, &[change]);
        let answer = parameters(&get(&url).location());
        assert_eq!(answer["error"], error, "{change:?}");
        assert_eq!(answer["state"], "some state & more", "{change:?}");
        assert_eq!(answer["iss"], authority.issuer(), "{change:?}");
    }
}

#[test]
fn a_repeated_parameter_is_refused() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let url = authorize_url(&authority, &client, &[]) + "&scope=openid";
    assert_eq!(parameters(&get(&url).location())["error"], "invalid_request");
}

#[test]
fn an_unknown_redirect_uri_gets_a_page_and_no_redirect() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    for changes in [
        ("client_id", Some("client_unknown")),
        ("client_id", None),
        ("redirect_uri", Some("https://evil.example/callback")),
        ("redirect_uri", Some("http://127.0.0.1:3334/other")),
        ("redirect_uri", Some("javascript:alert(1)")),
    ] {
        let answer = get(&authorize_url(&authority, &client, &[changes]));
        assert_eq!(answer.status, 400, "{changes:?}");
        assert_eq!(answer.header("location"), None);
        assert!(answer.body.contains("Something is wrong"));
    }
}

#[test]
fn the_port_of_a_loopback_redirect_uri_may_vary() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let other_port = "http://127.0.0.1:50123/callback";
    let url = authorize_url(&authority, &client, &[("redirect_uri", Some(other_port))]);
    let back = walk(&url, "user_ada", "approve");
    assert!(back.as_str().starts_with(other_port));
}

#[test]
fn a_code_needs_its_verifier() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let code = code(&authority, &client);
    let wrong = "another-verifier-of-more-than-forty-three-characters";
    let answer = redeem(&authority, &client, &code, &[("code_verifier", wrong)]);
    assert_eq!((answer.status, &*answer.error()), (400, "invalid_grant"));
    let answer = redeem(&authority, &client, &code, &[("code_verifier", "")]);
    assert_eq!(answer.error(), "invalid_request");
    assert_eq!(redeem(&authority, &client, &code, &[]).status, 200);
}

#[test]
fn a_code_is_good_for_its_client_and_redirect_uri_only() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let other = register(&authority, "Other");
    let code = code(&authority, &client);
    assert_eq!(redeem(&authority, &other, &code, &[]).error(), "invalid_grant");

    let answer = post_form(
        &token_endpoint(&authority),
        &[
            ("grant_type", "authorization_code"),
            ("client_id", &client),
            ("code", &code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", "http://127.0.0.1:9/callback"),
        ],
    );
    assert_eq!(answer.error(), "invalid_grant");
}

#[test]
fn a_code_expires_by_the_authoritys_clock() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let code = code(&authority, &client);
    authority.advance_clock(Duration::from_secs(61));
    assert_eq!(redeem(&authority, &client, &code, &[]).error(), "invalid_grant");
}

#[test]
fn a_code_used_twice_revokes_what_it_brought() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let code = code(&authority, &client);
    let tokens = redeem(&authority, &client, &code, &[]).json();
    let access = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let userinfo = format!("{}/oauth2/userinfo", authority.issuer());
    assert_eq!(get_with(&userinfo, &[("Authorization", &access)]).status, 200);

    assert_eq!(redeem(&authority, &client, &code, &[]).error(), "invalid_grant");
    assert_eq!(get_with(&userinfo, &[("Authorization", &access)]).status, 401);
    let token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(refresh(&authority, &client, token, &[]).error(), "invalid_grant");
}

#[test]
fn a_refresh_token_rotates_and_its_reuse_ends_the_family() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let code = code(&authority, &client);
    let first = redeem(&authority, &client, &code, &[]).json();
    let first = first["refresh_token"].as_str().unwrap();

    let answer = refresh(&authority, &client, first, &[("resource", RESOURCE)]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let second = answer.json();
    assert_eq!(claims(second["access_token"].as_str().unwrap())["aud"], RESOURCE);
    let second = second["refresh_token"].as_str().unwrap();
    assert_ne!(first, second);

    let third = refresh(&authority, &client, second, &[]).json();
    let third = third["refresh_token"].as_str().unwrap();
    assert_eq!(refresh(&authority, &client, first, &[]).error(), "invalid_grant");
    assert_eq!(refresh(&authority, &client, third, &[]).error(), "invalid_grant");
}

#[test]
fn a_refresh_may_narrow_the_scope_and_not_widen_it() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let scope = ("scope", Some("openid offline_access"));
    let url = authorize_url(&authority, &client, &[scope]);
    let code = parameters(&walk(&url, "user_ada", "approve"))["code"].clone();
    let tokens = redeem(&authority, &client, &code, &[]).json();
    let token = tokens["refresh_token"].as_str().unwrap();

    let wider = refresh(&authority, &client, token, &[("scope", "openid email")]);
    assert_eq!(wider.error(), "invalid_scope");
    let narrower = refresh(&authority, &client, token, &[("scope", "openid")]).json();
    assert_eq!(narrower["scope"], "openid");
    assert!(narrower["refresh_token"].is_string());
}

#[test]
fn a_refresh_token_needs_offline_access_unless_always_given() {
    let scope = ("scope", Some("openid"));
    for always in [false, true] {
        let mut builder = TestAuthority::builder().auto_approve("user_ada");
        if always {
            builder = builder.always_refresh();
        }
        let authority = builder.start().unwrap();
        let client = register(&authority, "Agent");
        let url = authorize_url(&authority, &client, &[scope]);
        let code = parameters(&get(&url).location())["code"].clone();
        let tokens = redeem(&authority, &client, &code, &[]).json();
        assert_eq!(tokens["refresh_token"].is_string(), always);
    }
}

#[test]
fn the_audience_is_the_resource_or_else_the_environment() {
    let authority = TestAuthority::builder().auto_approve("user_ada").start().unwrap();
    let client = register(&authority, "Agent");
    let audience = |url: &str, more: &[(&str, &str)]| {
        let code = parameters(&get(url).location())["code"].clone();
        let tokens = redeem(&authority, &client, &code, more).json();
        claims(tokens["access_token"].as_str().unwrap())["aud"].clone()
    };

    let none = authorize_url(&authority, &client, &[("resource", None)]);
    assert_eq!(audience(&none, &[]), authority.client_id());
    let one = authorize_url(&authority, &client, &[]);
    assert_eq!(audience(&one, &[("resource", RESOURCE)]), RESOURCE);
    let two = format!("{one}&resource=https://other.example.com/");
    assert_eq!(audience(&two, &[]), json!([RESOURCE, "https://other.example.com/"]));
    assert_eq!(audience(&two, &[("resource", RESOURCE)]), RESOURCE);
}

#[test]
fn a_resource_other_than_the_approved_one_is_an_invalid_target() {
    let authority = TestAuthority::start().unwrap();
    let client = register(&authority, "Agent");
    let code = code(&authority, &client);
    let other = [("resource", "https://app.example.com/mcp/")];
    let answer = redeem(&authority, &client, &code, &other);
    assert_eq!(answer.error(), "invalid_target");
}

#[test]
fn known_resources_are_a_choice_and_so_is_ignoring_them() {
    let strict =
        TestAuthority::builder().resource(RESOURCE).auto_approve("user_ada").start().unwrap();
    let client = register(&strict, "Agent");
    let other = ("resource", Some("https://other.example.com/mcp"));
    let url = authorize_url(&strict, &client, &[other]);
    assert_eq!(parameters(&get(&url).location())["error"], "invalid_target");
    let url = authorize_url(&strict, &client, &[]);
    assert!(parameters(&get(&url).location()).contains_key("code"));

    let unconfigured =
        TestAuthority::builder().ignore_resources().auto_approve("user_ada").start().unwrap();
    let client = register(&unconfigured, "Agent");
    let url = authorize_url(&unconfigured, &client, &[]);
    let code = parameters(&get(&url).location())["code"].clone();
    let tokens = redeem(&unconfigured, &client, &code, &[("resource", RESOURCE)]).json();
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(claims(token)["aud"], unconfigured.client_id());
}

#[test]
fn a_machine_gets_a_token_whose_subject_is_itself() {
    let authority = TestAuthority::builder()
        .client(Client::machine("client_reports", "s3cret").org("org_x"))
        .client(Client::confidential("client_web", "s3cret"))
        .start()
        .unwrap();
    let ask = |client: &str, secret: &str| {
        post_form(
            &token_endpoint(&authority),
            &[
                ("grant_type", "client_credentials"),
                ("client_id", client),
                ("client_secret", secret),
                ("resource", RESOURCE),
            ],
        )
    };
    let tokens = ask("client_reports", "s3cret").json();
    let claims = claims(tokens["access_token"].as_str().unwrap());
    assert_eq!(claims["sub"], "client_reports");
    assert_eq!(claims["aud"], RESOURCE);
    assert_eq!(claims["org_id"], "org_x");
    assert!(claims.get("sid").is_none() && tokens.get("refresh_token").is_none());

    let wrong = ask("client_reports", "wrong");
    assert_eq!((wrong.status, &*wrong.error()), (401, "invalid_client"));
    assert_eq!(ask("client_web", "s3cret").error(), "unauthorized_client");
}
