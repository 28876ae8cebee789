//! Which tokens are good.

use std::time::{Duration, SystemTime};

use actix_mcp_auth::testing::TokenBuilder;

use crate::support::{RESOURCE, Server, authority, builder, good_token};

#[actix_web::test]
async fn a_good_token_reaches_the_handler_as_its_subject() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let answer = server.call(&good_token(&authority)).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "user_ada"));
}

/// Each bad token with the obligation that refuses it. All come from one good token, changed in
/// one thing.
#[actix_web::test]
async fn r11_r17_r18_r19_r20_r21_bad_tokens_are_401_invalid_token() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let good = || authority.token().subject("user_ada").audience(RESOURCE);
    assert_eq!(server.call(&good().sign()).await.status, 200);

    let hour = Duration::from_secs(3600);
    let later = SystemTime::now() + hour;
    let cases: Vec<(&str, TokenBuilder)> = vec![
        ("r19 another audience", good().audience("https://other.example.com/mcp")),
        ("r19 the resource with a slash", good().audience(format!("{RESOURCE}/"))),
        ("r19 no audience", good().without("aud")),
        ("r19 no audiences", good().audiences([""; 0])),
        ("r18 another issuer", good().issuer("https://other.example.com")),
        ("r18 the issuer with a slash", good().issuer(format!("{}/", authority.issuer()))),
        ("r18 no issuer", good().without("iss")),
        ("r18 no subject", good().without("sub")),
        ("r18 an empty subject", good().subject("")),
        ("r18 a subject with a NUL", good().subject("user_ada\0")),
        ("r20 expired", good().expired_for(hour)),
        ("r20 no expiry", good().without("exp")),
        ("r20 expiry in words", good().claim("exp", "tomorrow")),
        ("r20 not yet valid", good().not_before(later)),
        ("r20 from the future", good().issued_at(later)),
        ("r17 a stranger's signature", good().signed_by_stranger()),
        ("r17 alg none", good().unsigned()),
        ("r17 HS256 with the public key", good().hs256_with_public_key()),
        ("r17 crit", good().header("crit", vec!["exp"])),
        ("r17 b64 false", good().header("b64", false)),
        ("r21 another type", good().typ("logout+jwt")),
        ("r23 no JSON", good().payload_bytes("not json")),
        ("r31 bound to a key", good().claim("cnf", serde_json::json!({"jkt": "x"}))),
    ];
    for (what, token) in cases {
        server.call(&token.sign()).await.assert_invalid_token(what);
    }
}

#[actix_web::test]
async fn r17_a_token_cannot_bring_its_own_key() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let stranger =
        actix_mcp_auth::testing::Key::stranger(actix_mcp_auth::testing::Algorithm::Rs256);
    let token = authority
        .token()
        .subject("user_ada")
        .audience(RESOURCE)
        .kid(authority.keys().current().id())
        .header("jwk", stranger.public_jwk().clone())
        .header("jku", "https://evil.example/jwks")
        .signed_by(&stranger)
        .kid(authority.keys().current().id())
        .sign();
    server.call(&token).await.assert_invalid_token("jwk header");
}

#[actix_web::test]
async fn r11_what_is_no_token_at_all_is_401_invalid_token() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let good = good_token(&authority);
    let long = "a".repeat(17 * 1024);
    let spaced = format!("{good} ");
    for (what, token) in [
        ("a word", "token"),
        ("dots", "..."),
        ("two words", "a b"),
        ("a truncated token", &good[..good.len() - 1]),
        ("a token and a half", &format!("{good}.e30")),
        ("r23 more than 16 KiB", &long),
        ("a quoted token", &format!("\"{good}\"")),
    ] {
        server.call(token).await.assert_invalid_token(what);
    }
    assert_eq!(server.call(&spaced).await.status, 200, "HTTP trims a header's value");
}

#[actix_web::test]
async fn r20_the_leeway_is_30_seconds_unless_told_otherwise() {
    let authority = authority();
    let token = |ago: u64| {
        let ago = Duration::from_secs(ago);
        authority.token().subject("user_ada").audience(RESOURCE).expired_for(ago).sign()
    };
    let usual = Server::of(&builder(&authority).build().unwrap());
    assert_eq!(usual.call(&token(20)).await.status, 200);
    usual.call(&token(40)).await.assert_invalid_token("40 s after expiry");
    let exact = Server::of(&builder(&authority).leeway(Duration::ZERO).build().unwrap());
    exact.call(&token(1)).await.assert_invalid_token("1 s after expiry");
}

#[actix_web::test]
async fn r19_a_configured_audience_is_accepted_and_an_id_token_for_it_is_not() {
    let authority = authority();
    let auth = builder(&authority).audience(authority.client_id()).build().unwrap();
    let server = Server::of(&auth);
    let token = authority.token().subject("user_ada").audience(authority.client_id()).sign();
    assert_eq!(server.call(&token).await.status, 200);
    let id_token = authority.id_token(authority.client_id()).subject("user_ada").sign();
    server.call(&id_token).await.assert_invalid_token("r21 an ID token");
}

#[actix_web::test]
async fn r21_strict_mode_wants_the_type_of_rfc_9068() {
    let authority = authority();
    let server = Server::of(&builder(&authority).strict_token_type().build().unwrap());
    let token = || authority.token().subject("user_ada").audience(RESOURCE);
    server.call(&token().sign()).await.assert_invalid_token("no typ");
    server.call(&token().typ("JWT").sign()).await.assert_invalid_token("JWT");
    assert_eq!(server.call(&token().typ("at+jwt").sign()).await.status, 200);
}

#[actix_web::test]
async fn r17_every_algorithm_that_the_issuer_publishes_verifies() {
    use actix_mcp_auth::testing::Algorithm;

    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let key = authority.keys().add(algorithm);
        let token = authority.token().subject("user_ada").audience(RESOURCE).signed_by(&key);
        assert_eq!(server.call(&token.sign()).await.status, 200, "{algorithm:?}");
    }
}
