//! Several issuers in one application.

use actix_mcp_auth::{
    AuthedUser, Issuer, McpAuth, McpAuthBuilder,
    stores::{IdentityStoreExt, IssuerStores, MemoryIdentityStore},
};
use actix_web::web;

use crate::support::{RESOURCE, Server, authority, good_token};

fn both(first: &str, second: &str) -> McpAuthBuilder {
    McpAuth::builder(RESOURCE).authkit(first).issuer(Issuer::new(second).unwrap())
}

#[actix_web::test]
async fn r26_a_token_is_checked_only_against_the_issuer_that_it_names() {
    let (first, second, stranger) = (authority(), authority(), authority());
    let server = Server::of(&both(first.issuer(), second.issuer()).build().unwrap());
    for trusted in [&first, &second] {
        assert_eq!(server.call(&good_token(trusted)).await.status, 200);
    }
    server.call(&good_token(&stranger)).await.assert_invalid_token("an issuer not configured");
    let crossed = first.token().subject("user_ada").audience(RESOURCE).issuer(second.issuer());
    server.call(&crossed.sign()).await.assert_invalid_token("signed by the other issuer");
}

#[actix_web::test]
async fn r26_one_issuer_out_of_reach_costs_the_other_nothing() {
    let (up, down) = (authority(), authority());
    down.go_down();
    let server = Server::of(&both(up.issuer(), down.issuer()).build().unwrap());
    assert_eq!(server.call(&good_token(&up)).await.status, 200);
    assert_eq!(server.call(&good_token(&down)).await.status, 503);
    assert_eq!(server.call(&good_token(&up)).await.status, 200);
}

#[actix_web::test]
async fn r01_r04_every_issuer_is_named_to_clients_byte_for_byte() {
    let auth = McpAuth::builder("https://app.example.com/mcp")
        .authkit("x.authkit.app")
        .issuer(Issuer::new("https://login.example.com/").unwrap())
        .build()
        .unwrap();
    let server = Server::of(&auth);
    let document = server.get("/.well-known/oauth-protected-resource/mcp").send().await.json();
    let named = serde_json::json!(["https://x.authkit.app", "https://login.example.com/"]);
    assert_eq!(document["authorization_servers"], named);
}

#[test]
fn two_issuers_with_a_store_that_ignores_the_issuer_are_refused_at_start_up() {
    let users = MemoryIdentityStore::<String>::new();
    let (first, second) = ("https://i.example.com", "https://j.example.com");
    let error = both(first, second).users(users.clone()).build().unwrap_err().to_string();
    assert!(error.contains("several issuers apart"), "{error}");
    assert!(both(first, second).users(users.clone().shared_subjects()).build().is_ok());
    let stores = IssuerStores::new().with(first, users.clone()).with(second, users);
    assert!(both(first, second).users(stores).build().is_ok());
}

#[test]
fn the_same_issuer_twice_is_refused_at_start_up() {
    let twice = both("https://i.example.com", "https://i.example.com");
    assert!(twice.build().unwrap_err().to_string().contains("once only"));
    let alias = Issuer::new("https://j.example.com").unwrap().also_named("https://i.example.com");
    let twice = McpAuth::builder(RESOURCE).authkit("https://i.example.com").issuer(alias);
    assert!(twice.build().unwrap_err().to_string().contains("once only"));
}

#[actix_web::test]
async fn each_issuer_has_its_own_users() {
    let (first, second) = (authority(), authority());
    let ada = |name: &str| MemoryIdentityStore::from_iter([("user_ada", name.to_owned())]);
    let stores =
        IssuerStores::new().with(first.issuer(), ada("one")).with(second.issuer(), ada("other"));
    let auth = both(first.issuer(), second.issuer()).users(stores).build().unwrap();
    let server = Server::start(move |config| {
        let name = web::post().to(async |me: AuthedUser<String>| me.to_string());
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(name));
    });
    assert_eq!(server.call(&good_token(&first)).await.body, "one");
    assert_eq!(server.call(&good_token(&second)).await.body, "other");
}

#[actix_web::test]
async fn r18_an_issuer_with_its_default_port_is_named_as_it_is_written() {
    const NAME: &str = "https://am.example.com:443/am/oauth2/realms/root/realms/alpha";
    let authority = authority();
    let issuer = Issuer::new(NAME).unwrap().jwks_uri(authority.jwks_uri()).unwrap();
    let server = Server::of(&McpAuth::builder(RESOURCE).issuer(issuer).build().unwrap());
    let document = server.get("/.well-known/oauth-protected-resource/mcp").send().await.json();
    assert_eq!(document["authorization_servers"], serde_json::json!([NAME]));
    let token = |iss: &str| authority.token().issuer(iss).subject("user_ada").audience(RESOURCE);
    assert_eq!(server.call(&token(NAME).sign()).await.status, 200);
    let other = token(&NAME.replace(":443", "")).sign();
    server.call(&other).await.assert_invalid_token("another spelling");
}
