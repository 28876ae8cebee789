//! What a client is told that has no good credentials.

use actix_mcp_auth::{Issuer, McpAuth};
use actix_web::http::Method;

use crate::support::{METADATA_URL, RESOURCE, Server, authority, builder, good_token};

#[actix_web::test]
async fn r13_missing_token_has_no_error_code() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let answer = server.request(Method::POST, "/mcp").send().await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.challenge(), format!("Bearer resource_metadata=\"{METADATA_URL}\""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn r14_every_401_carries_resource_metadata_and_the_required_scopes() {
    let authority = authority();
    let auth = builder(&authority).require_scopes(["openid", "profile"]).build().unwrap();
    let server = Server::of(&auth);
    for request in [
        server.request(Method::POST, "/mcp"),
        server.request(Method::POST, "/mcp").bearer("not-a-token"),
        server.request(Method::POST, "/mcp").header("Authorization", "Basic dTpw"),
    ] {
        let answer = request.send().await;
        assert_eq!(answer.status, 401);
        let challenge = answer.challenge();
        assert!(challenge.contains("scope=\"openid profile\""), "{challenge}");
        assert!(challenge.contains(&format!("resource_metadata=\"{METADATA_URL}\"")));
    }
}

#[actix_web::test]
async fn r10_an_unauthenticated_request_of_any_method_is_401_and_not_405() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = server.request(method.clone(), "/mcp").send().await;
        assert_eq!(answer.status, 401, "{method}");
        assert!(answer.challenge().contains("resource_metadata="), "{method}");
    }
    let authenticated = server.get("/mcp").bearer(&good_token(&authority)).send().await;
    assert_eq!(authenticated.status, 405);
}

#[actix_web::test]
async fn r08_no_method_is_free_of_authentication_and_no_session_id_stands_for_it() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE, Method::OPTIONS] {
        for (name, value) in [
            ("Mcp-Method", "server/discover"),
            ("Mcp-Session-Id", "session-of-ada"),
            ("X-Request-Id", "none of these"),
        ] {
            let request = server.request(method.clone(), "/mcp").header(name, value);
            assert_eq!(request.send().await.status, 401, "{method} {name}");
        }
    }
}

#[actix_web::test]
async fn r07_tokens_elsewhere_than_in_the_header_are_ignored() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let token = good_token(&authority);
    let answer = server.request(Method::POST, &format!("/mcp?access_token={token}")).send().await;
    assert_eq!(answer.status, 401);
    assert!(!answer.challenge().contains("error="));
    let form = server.request(Method::POST, "/mcp");
    assert_eq!(form.send_form(&[("access_token", token.as_str())]).await.status, 401);
    let lowercase =
        server.request(Method::POST, "/mcp").header("Authorization", &format!("bearer {token}"));
    assert_eq!(lowercase.send().await.status, 200);
}

#[actix_web::test]
async fn r11_a_malformed_request_is_400() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let token = good_token(&authority);
    for request in [
        server.request(Method::POST, "/mcp").bearer(&token).bearer(&token),
        server.request(Method::POST, "/mcp").header("Authorization", "Bearer"),
    ] {
        let answer = request.send().await;
        assert_eq!(answer.status, 400);
        assert!(answer.challenge().contains("error=\"invalid_request\""));
    }
}

#[actix_web::test]
async fn r15_a_missing_scope_is_403_with_all_that_is_needed() {
    let authority = authority();
    let issuer = Issuer::authkit(authority.issuer()).unwrap();
    let issuer = issuer.scopes(["openid", "bookmarks:write"]).unwrap();
    let auth = McpAuth::builder(RESOURCE).issuer(issuer);
    let auth = auth.require_scopes(["openid", "bookmarks:write"]).build().unwrap();
    let server = Server::of(&auth);
    let token =
        |scope: &str| authority.token().subject("user_ada").audience(RESOURCE).scope(scope).sign();
    for scope in ["openid", "", "openid bookmarks:writer"] {
        let answer = server.call(&token(scope)).await;
        assert_eq!(answer.status, 403, "{scope}");
        let challenge = answer.challenge();
        assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
        assert!(challenge.contains("scope=\"openid bookmarks:write\""), "{challenge}");
        assert!(challenge.contains("resource_metadata="), "{challenge}");
    }
    assert_eq!(server.call(&token("bookmarks:write openid")).await.status, 200);
}
