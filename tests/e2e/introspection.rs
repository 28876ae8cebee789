//! Opaque tokens: the issuer is asked about them, over real HTTP (RFC 7662).

use std::time::Duration;

use actix_mcp_auth::{
    AuthedUser, Issuer, McpAuth, McpAuthBuilder,
    issuer::{ClientCredentials, IntrospectedTokens},
    permission::ScopeSet,
    testing::{Algorithm, Client, Endpoint, Fault, Key, TestAuthority, TokenBuilder},
};
use actix_web::web;
use serde_json::{Value, json};

use crate::support::{RESOURCE, Server, authority};

mod calls;
mod outages;

const INTROSPECTION: &str = "/oauth2/introspection";

/// The authority as an issuer that is asked about opaque tokens, with these credentials.
fn issuer_with(authority: &TestAuthority, credentials: ClientCredentials) -> Issuer {
    let url = format!("{}{INTROSPECTION}", authority.issuer());
    Issuer::new(authority.issuer()).unwrap().introspection(url, credentials).unwrap()
}

fn issuer(authority: &TestAuthority) -> Issuer {
    let (id, secret) = (authority.client_id(), authority.client_secret());
    issuer_with(authority, ClientCredentials::client_secret_basic(id, secret))
}

fn asking(issuer: Issuer) -> McpAuthBuilder {
    McpAuth::builder(RESOURCE).issuer(issuer)
}

fn server(authority: &TestAuthority) -> Server {
    Server::of(&asking(issuer(authority)).build().unwrap())
}

/// The claims of a good token of Ada's.
fn good(authority: &TestAuthority) -> TokenBuilder {
    authority.token().subject("user_ada").audience(RESOURCE)
}

fn good_opaque(authority: &TestAuthority) -> String {
    authority.opaque_token(good(authority))
}

/// Has the endpoint answer this, whatever it is asked.
fn answers(authority: &TestAuthority, answer: Value) {
    authority.inject(Endpoint::Path(INTROSPECTION.into()), Fault::json(200, answer));
}

/// Makes each mistake with opaque tokens that docs/troubleshooting.md explains.
pub(crate) async fn provoke_what_the_guide_tells_of(authority: &TestAuthority) {
    let server = server(authority);
    let revoked = good_opaque(authority);
    authority.revoke(&revoked);
    server.call(&revoked).await.assert_invalid_token("inactive");
    let unbound = authority.opaque_token(good(authority).without("aud"));
    server.call(&unbound).await.assert_invalid_token("without aud");
    let wrong = ClientCredentials::client_secret_basic(authority.client_id(), "wrong");
    let server = Server::of(&asking(issuer_with(authority, wrong)).build().unwrap());
    assert_eq!(server.call(&good_opaque(authority)).await.status, 503);
}

#[actix_web::test]
async fn r32_an_active_opaque_token_is_accepted() {
    let authority = authority();
    let server = server(&authority);
    let token = good_opaque(&authority);
    for _ in 0..3 {
        let answer = server.call(&token).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, "user_ada"));
    }
    assert_eq!(authority.requests(INTROSPECTION), 1);
    assert_eq!(authority.requests("/oauth2/userinfo"), 0);
    // JWTs of the same issuer are checked with its keys.
    assert_eq!(server.call(&good(&authority).sign()).await.status, 200);
    assert_eq!(authority.requests(INTROSPECTION), 1);
}

#[actix_web::test]
async fn r32_an_inactive_token_is_401_with_the_usual_challenge() {
    let authority = authority();
    let server = server(&authority);
    let expired = good(&authority).expired_for(Duration::from_secs(60));
    let revoked = good_opaque(&authority);
    authority.revoke(&revoked);
    let stranger = "oat_16C7e42F292c6912E7710c838347Ae178B4a".to_owned();
    for token in [authority.opaque_token(expired), revoked, stranger] {
        let answer = server.call(&token).await;
        answer.assert_invalid_token("inactive");
        assert!(answer.challenge().contains("has expired or was revoked"), "{answer:?}");
    }
}

#[actix_web::test]
async fn r19_r32_the_answer_goes_through_the_rules_for_claims() {
    let authority = authority();
    let server = server(&authority);
    let cases = [
        ("no aud", good(&authority).without("aud"), "lacks a required claim"),
        ("foreign aud", good(&authority).audience("https://other"), "for another resource"),
        ("foreign iss", good(&authority).issuer("https://other"), "unknown issuer"),
        ("no sub", good(&authority).without("sub"), "lacks a required claim"),
        ("no exp", good(&authority).without("exp"), "lacks a required claim"),
        ("cnf", good(&authority).claim("cnf", json!({ "jkt": "k" })), "bound to a key"),
        ("refresh", good(&authority).claim("token_type", "refresh_token"), "of a kind"),
    ];
    for (what, claims, says) in cases {
        let answer = server.call(&authority.opaque_token(claims)).await;
        answer.assert_invalid_token(what);
        assert!(answer.challenge().contains(says), "{what}: {answer:?}");
    }
    // An issuer that calls an expired token active is not believed.
    let past = json!({ "active": true, "aud": RESOURCE, "sub": "user_ada", "exp": 1_000_000_000 });
    answers(&authority, past);
    server.call(&good_opaque(&authority)).await.assert_invalid_token("expired");
}

#[actix_web::test]
async fn r32_scopes_come_from_the_answer() {
    let authority = authority();
    let auth = asking(issuer(&authority)).require_scopes(["notes:read"]).build().unwrap();
    let server = Server::start(move |config| {
        let scopes = web::post().to(async |me: AuthedUser| {
            let scopes: &ScopeSet = me.scopes();
            scopes.iter().collect::<Vec<_>>().join(" ")
        });
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(scopes));
    });
    let call = |scope: &str| authority.opaque_token(good(&authority).scope(scope));
    assert_eq!(server.call(&call("notes:read b")).await.body, "notes:read b");
    let lacking = server.call(&call("b")).await;
    assert_eq!(lacking.status, 403);
    assert!(lacking.challenge().contains("insufficient_scope"), "{lacking:?}");
}

#[actix_web::test]
async fn r32_each_client_authentication_works_and_a_wrong_one_is_503() {
    let authority = authority();
    let (id, secret) = (authority.client_id(), authority.client_secret());
    let mut working = vec![
        ClientCredentials::client_secret_basic(id, secret),
        ClientCredentials::client_secret_post(id, secret),
    ];
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa] {
        let key = Key::stranger(algorithm);
        let id = format!("resource-{}", algorithm.name());
        authority.add_client(Client::with_key(&*id, &key));
        working.push(ClientCredentials::private_key_jwt(id, key.private_pem()).unwrap());
    }
    for credentials in working {
        let shown = format!("{credentials:?}");
        let server = Server::of(&asking(issuer_with(&authority, credentials)).build().unwrap());
        for _ in 0..2 {
            let answer = server.call(&good_opaque(&authority)).await;
            assert_eq!(answer.status, 200, "{shown}: {answer:?}");
        }
    }
    let other = Key::stranger(Algorithm::Rs256).private_pem();
    for credentials in [
        ClientCredentials::client_secret_basic(id, "wrong"),
        ClientCredentials::client_secret_post("nobody", secret),
        ClientCredentials::private_key_jwt("resource-RS256", other).unwrap(),
    ] {
        let shown = format!("{credentials:?}");
        let server = Server::of(&asking(issuer_with(&authority, credentials)).build().unwrap());
        let answer = server.call(&good_opaque(&authority)).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")));
        assert!(answer.header("www-authenticate").is_none(), "{shown}: {answer:?}");
    }
}

#[actix_web::test]
async fn r32_a_token_of_another_shape_or_issuer_is_never_sent() {
    let (authority, other) = (authority(), authority());
    let server = server(&authority);
    let foreign = other.token().audience(RESOURCE).sign();
    let (unsigned, _) = foreign.rsplit_once('.').unwrap();
    for token in [&foreign, unsigned, "short", "oat_16C7e42F29(2c6912)E7710c8383"] {
        server.call(token).await.assert_invalid_token("not sent");
    }
    server.call(&"a".repeat(4097)).await.assert_invalid_token("too long to be opaque");
    assert_eq!((authority.requests(INTROSPECTION), other.requests(INTROSPECTION)), (0, 0));
}

#[actix_web::test]
async fn r32_only_the_configured_issuer_sees_opaque_tokens() {
    let (asked, other) = (authority(), authority());
    let both = asking(issuer(&asked)).issuer(Issuer::new(other.issuer()).unwrap());
    let server = Server::of(&both.build().unwrap());
    server.call(&good_opaque(&other)).await.assert_invalid_token("inactive at the one asked");
    assert_eq!(server.call(&good(&other).sign()).await.status, 200, "JWTs of the other are good");
    assert_eq!((asked.requests(INTROSPECTION), other.requests(INTROSPECTION)), (1, 0));
    // Without an issuer that is asked, nothing has changed.
    let none = McpAuth::builder(RESOURCE).issuer(Issuer::new(asked.issuer()).unwrap());
    let server = Server::of(&none.build().unwrap());
    server.call(&good_opaque(&asked)).await.assert_invalid_token("malformed");
    assert_eq!(asked.requests(INTROSPECTION), 1);
}

#[actix_web::test]
async fn r32_a_revoked_jwt_is_refused_where_jwts_are_asked_about() {
    let authority = authority();
    let jwts = issuer(&authority).introspected_tokens(IntrospectedTokens::Jwts);
    let jwts = jwts.introspection_ttl(Duration::ZERO);
    let server = Server::of(&asking(jwts).build().unwrap());
    let token = good(&authority).sign();
    // As at WorkOS the answer has neither `aud` nor `scope`: the token's own claims count.
    assert_eq!(server.call(&token).await.status, 200);
    authority.revoke(&token);
    server.call(&token).await.assert_invalid_token("revoked at the issuer");
    let unproved = good(&authority).signed_by_stranger().sign();
    let asked = authority.requests(INTROSPECTION);
    server.call(&unproved).await.assert_invalid_token("forged");
    assert_eq!(authority.requests(INTROSPECTION), asked, "a forged JWT is not shown");
    server.call(&good_opaque(&authority)).await.assert_invalid_token("opaque");
}

#[test]
fn r32_two_issuers_of_opaque_tokens_are_a_build_error() {
    let issuer = |name: &str| {
        let secret = ClientCredentials::client_secret_basic("c", "s3cr3t");
        Issuer::new(name).unwrap().introspection(format!("{name}/i"), secret).unwrap()
    };
    let two = McpAuth::builder("https://h/mcp").issuer(issuer("https://one"));
    let error = two.issuer(issuer("https://two")).build().map(drop).unwrap_err().to_string();
    assert!(error.contains("https://one") && error.contains("https://two"), "{error}");
    assert!(error.contains("for example") && !error.contains("s3cr3t"), "{error}");
}

#[test]
fn r27_r32_http_introspection_of_a_public_resource_is_a_build_error() {
    let secret = ClientCredentials::client_secret_basic("c", "s3cr3t");
    let issuer = Issuer::new("https://localhost:8443").unwrap();
    let issuer = issuer.introspection("http://127.0.0.1:1/i", secret).unwrap();
    let error = McpAuth::builder("https://h/mcp").issuer(issuer).build().map(drop).unwrap_err();
    assert!(error.to_string().contains("https"), "{error}");
}
