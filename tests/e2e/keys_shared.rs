//! Several `McpAuth` of a process with one issuer: its keys are fetched once (`keys_of`).

use std::time::Duration;

use actix_mcp_auth::{
    Issuer, McpAuth,
    testing::{Algorithm, TestAuthority},
};
use actix_web::{http::Method, rt::time::sleep};

use crate::support::{Server, authority};

const ORIGIN: &str = "http://127.0.0.1:8787";

fn issuer(authority: &TestAuthority) -> Issuer {
    Issuer::new(authority.issuer()).unwrap()
}

fn token(authority: &TestAuthority, path: &str) -> String {
    authority.person_token("user_ada", &format!("{ORIGIN}{path}"))
}

async fn is_let_in(server: &Server, token: &str) -> bool {
    server.request(Method::POST, "/mcp").bearer(token).send().await.status == 200
}

/// How often keys and metadata were fetched.
fn fetches(authority: &TestAuthority) -> [usize; 2] {
    ["/oauth2/jwks", "/.well-known/oauth-authorization-server"]
        .map(|path| authority.requests(path).try_into().unwrap())
}

#[actix_web::test]
async fn r28_keys_of_an_issuer_are_fetched_once_for_two_resources() {
    let authority = authority();
    let mcp = McpAuth::builder(format!("{ORIGIN}/mcp")).issuer(issuer(&authority));
    let mcp = mcp.build().unwrap();
    let api = McpAuth::api(format!("{ORIGIN}/api")).issuer(issuer(&authority)).keys_of(&mcp);
    let third = McpAuth::api(format!("{ORIGIN}/third")).issuer(issuer(&authority));
    let api = api.build().unwrap();
    let third = third.keys_of(&api).build().unwrap();
    let servers = [("/mcp", &mcp), ("/api", &api), ("/third", &third)]
        .map(|(path, auth)| (path, Server::of(auth)));
    for _ in 0..2 {
        for (path, server) in &servers {
            assert!(is_let_in(server, &token(&authority, path)).await, "{path}");
            // Each resource goes on checking its own audience.
            for (other, _) in servers.iter().filter(|(other, _)| other != path) {
                assert!(!is_let_in(server, &token(&authority, other)).await, "{other} at {path}");
            }
        }
    }
    assert_eq!(fetches(&authority), [1, 1]);
    let health = [&mcp, &api, &third].map(|auth| auth.health().issuers);
    for issuers in health {
        assert!(issuers.len() == 1 && issuers[0].ready, "{issuers:?}");
        assert_eq!(issuers[0].issuer, authority.issuer());
    }
    // Without it, each fetches its own.
    let alone = McpAuth::api(format!("{ORIGIN}/alone")).issuer(issuer(&authority));
    let alone = Server::of(&alone.build().unwrap());
    assert!(is_let_in(&alone, &token(&authority, "/alone")).await);
    assert_eq!(fetches(&authority), [2, 2]);
}

#[actix_web::test]
async fn r06_metadata_that_is_passed_on_is_fetched_once_for_two_resources() {
    let authority = authority();
    // With its keys at a configured place, metadata is fetched to be passed on only.
    let issuer = || issuer(&authority).jwks_uri(format!("{}/oauth2/jwks", authority.issuer()));
    let resource = |path: &str| {
        let auth = McpAuth::builder(format!("{ORIGIN}{path}")).issuer(issuer().unwrap());
        auth.authorization_server_metadata(true)
    };
    let mcp = resource("/mcp").build().unwrap();
    let notes = resource("/notes").keys_of(&mcp).build().unwrap();
    for (path, auth) in [("/mcp", &mcp), ("/notes", &notes)] {
        let server = Server::of(auth);
        let place = format!("/.well-known/oauth-authorization-server{path}");
        let mut answer = server.get(&place).send().await;
        for _ in 0..500 {
            if answer.status == 200 {
                break;
            }
            sleep(Duration::from_millis(20)).await;
            answer = server.get(&place).send().await;
        }
        assert_eq!(answer.json()["issuer"], authority.issuer(), "{path}");
    }
    assert_eq!(fetches(&authority)[1], 1);
}

#[actix_web::test]
async fn r28_shared_keys_are_followed_after_the_first_resource_is_gone() {
    let authority = authority();
    let mcp = McpAuth::builder(format!("{ORIGIN}/mcp")).issuer(issuer(&authority));
    let mcp = mcp.build().unwrap();
    let api = McpAuth::api(format!("{ORIGIN}/api")).issuer(issuer(&authority)).keys_of(&mcp);
    let api = Server::of(&api.build().unwrap());
    drop(mcp);
    assert!(is_let_in(&api, &token(&authority, "/api")).await);
    let before = fetches(&authority)[0];
    authority.keys().replace(Algorithm::Es256);
    assert!(is_let_in(&api, &token(&authority, "/api")).await, "the new key is found");
    assert_eq!(fetches(&authority)[0], before + 1);
}

#[test]
fn keys_of_an_mcp_auth_without_a_common_issuer_is_an_error() {
    let issuer = || Issuer::new("https://login.example.com").unwrap();
    let mcp = McpAuth::builder("https://app.example.com/mcp").issuer(issuer()).build().unwrap();
    let elsewhere = issuer().jwks_uri("https://login.example.com/jwks").unwrap();
    for other in [Issuer::new("https://other.example.com").unwrap(), elsewhere] {
        let api = McpAuth::api("https://app.example.com/api").issuer(other).keys_of(&mcp);
        let error = api.build().unwrap_err().to_string();
        assert!(error.starts_with("keys_of is"), "{error}");
        assert!(error.contains("must have an issuer in common"), "{error}");
    }
}
