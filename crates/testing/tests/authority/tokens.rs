//! Tokens from the builder, userinfo, introspection.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp_auth_testing::{Algorithm, Client, Key, Person, TestAuthority};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde_json::json;

use crate::browser::{claims, header};
use crate::http::{get_with, post_form};

fn names(value: &serde_json::Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(|k| &**k).collect();
    names.sort_unstable();
    names
}

#[test]
fn the_token_families_have_the_claims_of_workos() {
    let authority = TestAuthority::builder()
        .person(
            Person::new("user_1", "One")
                .org("org_1")
                .role("admin")
                .permissions(["bookmarks:write"]),
        )
        .client_id("client_env")
        .start()
        .unwrap();

    let connect = authority.token().sign();
    assert_eq!(names(&header(&connect)), ["alg", "kid"]);
    let connect = claims(&connect);
    assert_eq!(
        names(&connect),
        ["aud", "client_id", "exp", "iat", "iss", "jti", "org_id", "scope", "sid", "sub"]
    );
    assert_eq!(connect["aud"], "client_env");

    let session = authority.session_token().sign();
    assert_eq!(header(&session)["kid"], authority.session_keys().current().id());
    let session = claims(&session);
    assert_eq!(
        names(&session),
        ["exp", "iat", "iss", "jti", "org_id", "permissions", "role", "roles", "sid", "sub"]
    );
    assert_eq!(session["iss"], "https://api.workos.com");
    assert!(session["sid"].as_str().unwrap().starts_with("session_"));
    assert_eq!(session["roles"][0], "admin");

    let machine = claims(&authority.machine_token("client_m").sign());
    assert_eq!(names(&machine), ["aud", "exp", "iat", "iss", "jti", "sub"]);
    assert_eq!(machine["sub"], "client_m");
}

#[test]
fn anything_about_a_token_can_be_changed() {
    let authority = TestAuthority::start().unwrap();
    let token = authority
        .token()
        .issuer("https://other.example.com/")
        .audiences(["a", "b"])
        .expires_in(Duration::from_secs(5))
        .not_before(authority.now())
        .impersonated_by("admin@example.com")
        .claim("extra", 1.5)
        .without("jti")
        .typ("at+jwt")
        .kid("another")
        .header("crit", vec!["exp"])
        .sign();
    let header = header(&token);
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["kid"], "another");
    assert_eq!(header["crit"][0], "exp");
    let claims = claims(&token);
    assert_eq!(claims["iss"], "https://other.example.com/");
    assert_eq!(claims["aud"][1], "b");
    assert_eq!(claims["act"]["sub"], "admin@example.com");
    assert!(claims.get("jti").is_none());
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lifetime, 5);

    let bare = authority.token().without_header("kid").sign();
    assert_eq!(names(&self::header(&bare)), ["alg"]);
    let raw = authority.token().payload_bytes("no JSON").sign();
    let payload = raw.split('.').nth(1).unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(payload).unwrap(), b"no JSON");
}

#[test]
fn forgeries_are_what_they_claim_to_be() {
    let authority = TestAuthority::start().unwrap();
    let current = authority.keys().current();

    let unsigned = authority.token().unsigned().sign();
    assert_eq!(header(&unsigned)["alg"], "none");
    assert!(unsigned.ends_with('.'));

    let confused = authority.token().hs256_with_public_key().sign();
    assert_eq!(header(&confused)["alg"], "HS256");
    assert_eq!(header(&confused)["kid"], current.id());
    let (input, signature) = confused.rsplit_once('.').unwrap();
    let secret = PKey::hmac(&current.public_pem()).unwrap();
    let expected = Signer::new(MessageDigest::sha256(), &secret)
        .unwrap()
        .sign_oneshot_to_vec(input.as_bytes())
        .unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(signature).unwrap(), expected);

    let strangers = authority.token().signed_by_stranger().sign();
    assert_eq!(header(&strangers), header(&authority.token().sign()));
    assert_eq!(userinfo(&authority, &strangers), 401);

    let own = Key::stranger(Algorithm::Es256);
    let unknown = authority.token().signed_by(&own).sign();
    assert_eq!(header(&unknown)["kid"], own.id());
    assert_eq!(userinfo(&authority, &unknown), 401);
    authority.keys().publish(&own);
    assert_eq!(userinfo(&authority, &unknown), 200);
}

#[test]
fn every_algorithm_can_be_asked_for_per_authority_and_per_token() {
    for (algorithm, name) in [
        (Algorithm::Rs256, "RS256"),
        (Algorithm::Ps256, "PS256"),
        (Algorithm::Es256, "ES256"),
        (Algorithm::EdDsa, "EdDSA"),
    ] {
        let authority = TestAuthority::builder().algorithm(algorithm).start().unwrap();
        let token = authority.token().sign();
        assert_eq!(header(&token)["alg"], name);
        assert_eq!(userinfo(&authority, &token), 200);
        let token = authority.token().algorithm(Algorithm::Es256).sign();
        assert_eq!(header(&token)["alg"], "ES256");
        assert_eq!(userinfo(&authority, &token), 200);
    }
}

#[test]
fn tokens_follow_the_authoritys_clock() {
    let authority = TestAuthority::start().unwrap();
    let token = authority.token().sign();
    authority.advance_clock(Duration::from_secs(299));
    assert_eq!(userinfo(&authority, &token), 200);
    authority.advance_clock(Duration::from_secs(2));
    assert_eq!(userinfo(&authority, &token), 401);
    let later = authority.token().sign();
    assert_eq!(userinfo(&authority, &later), 200);
    authority.rewind_clock(Duration::from_secs(301));
    assert_eq!(userinfo(&authority, &token), 200);

    let expired = authority.token().expired_for(Duration::from_secs(1));
    assert_eq!(userinfo(&authority, &expired.sign()), 401);
}

fn userinfo(authority: &TestAuthority, token: &str) -> u16 {
    userinfo_answer(authority, token).status
}

fn userinfo_answer(authority: &TestAuthority, token: &str) -> crate::http::Response {
    get_with(
        &format!("{}/oauth2/userinfo", authority.issuer()),
        &[("Authorization", &format!("Bearer {token}"))],
    )
}

#[test]
fn userinfo_tells_what_the_scope_allows() {
    let authority = TestAuthority::start().unwrap();
    let token = authority.person_token("user_grace", "https://app.example.com/mcp");
    let grace = userinfo_answer(&authority, &token).json();
    assert_eq!(grace["sub"], "user_grace");
    assert_eq!(grace["name"], "Grace Hopper");
    assert_eq!(grace["email"], "grace@example.com");
    assert_eq!(grace["email_verified"], false);

    let narrow = authority.token().scope("openid").sign();
    let ada = userinfo_answer(&authority, &narrow).json();
    assert_eq!(names(&ada), ["sub"]);
    let none = authority.token().scope("profile").sign();
    assert_eq!(userinfo(&authority, &none), 403);
    let nobody = authority.token().subject("user_nobody").sign();
    let answer = userinfo_answer(&authority, &nobody);
    assert_eq!((answer.status, &*answer.error()), (401, "invalid_token"));
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("invalid_token"));
}

#[test]
fn introspection_needs_a_secret_and_has_no_aud_and_no_scope() {
    let authority = TestAuthority::start().unwrap();
    let url = format!("{}/oauth2/introspection", authority.issuer());
    let token = authority.token().sign();
    let ask = |secret: &str, token: &str| {
        post_form(
            &url,
            &[("client_id", authority.client_id()), ("client_secret", secret), ("token", token)],
        )
    };
    let answer = ask(authority.client_secret(), &token).json();
    assert_eq!(answer["active"], true);
    assert_eq!(answer["sub"], "user_ada");
    assert!(answer.get("aud").is_none() && answer.get("scope").is_none());

    assert_eq!(ask("wrong", &token).status, 401);
    authority.revoke(&token);
    let answer = ask(authority.client_secret(), &token).json();
    assert_eq!(answer, json!({ "active": false }));
    let nonsense = ask(authority.client_secret(), "nonsense").json();
    assert_eq!(nonsense["active"], false);
}

#[test]
fn opaque_tokens_are_told_by_introspection_with_every_claim() {
    let key = Key::stranger(Algorithm::Es256);
    let authority =
        TestAuthority::builder().client(Client::with_key("resource-1", &key)).start().unwrap();
    let url = format!("{}/oauth2/introspection", authority.issuer());
    let ask = |token: &str| {
        let id = authority.client_id();
        let secret = authority.client_secret();
        post_form(&url, &[("client_id", id), ("client_secret", secret), ("token", token)]).json()
    };
    let claims = authority.token().audience("https://app.example.com/mcp").scope("a");
    let (token, other) = (authority.opaque_token(claims.clone()), authority.opaque_token(claims));
    let answer = ask(&token);
    assert_eq!((&answer["active"], &answer["scope"]), (&json!(true), &json!("a")));
    assert_eq!(answer["aud"], "https://app.example.com/mcp");
    authority.advance_clock(Duration::from_secs(301));
    assert_eq!(ask(&token), json!({ "active": false }));
    authority.rewind_clock(Duration::from_secs(301));
    assert_eq!(ask(&other)["active"], true);
    assert_eq!(userinfo(&authority, &token), 403, "the scope openid is missing");
    authority.revoke(&token);
    assert_eq!(ask(&token), json!({ "active": false }));
    // Without an assertion the client with a key is nobody.
    let unproved = post_form(&url, &[("client_id", "resource-1"), ("token", &other)]);
    assert_eq!(unproved.status, 401);
}

#[test]
fn debug_shows_no_secret() {
    let authority = TestAuthority::start().unwrap();
    let shown = format!("{authority:?} {:?}", authority.keys());
    assert!(shown.contains(authority.client_id()));
    assert!(!shown.contains(authority.client_secret()));
}
