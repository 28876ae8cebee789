//! Metadata, key sets, CORS.

use std::time::Duration;

use mcp_auth_testing::{Algorithm, TestAuthority};
use serde_json::json;

use crate::http::{get, get_with, send};

#[test]
fn the_metadata_is_authkits() {
    let authority = TestAuthority::start().unwrap();
    let issuer = authority.issuer();
    let answer = get(&format!("{issuer}/.well-known/oauth-authorization-server"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document = answer.json();
    assert_eq!(document["issuer"], issuer);
    assert!(!issuer.ends_with('/'));
    for (member, path) in [
        ("authorization_endpoint", "/oauth2/authorize"),
        ("token_endpoint", "/oauth2/token"),
        ("registration_endpoint", "/oauth2/register"),
        ("jwks_uri", "/oauth2/jwks"),
        ("introspection_endpoint", "/oauth2/introspection"),
        ("userinfo_endpoint", "/oauth2/userinfo"),
    ] {
        assert_eq!(document[member], format!("{issuer}{path}"));
    }
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["client_id_metadata_document_supported"], true);
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(
        document["scopes_supported"],
        json!(["email", "offline_access", "openid", "profile"])
    );
}

#[test]
fn the_openid_configuration_lacks_what_authkits_lacks() {
    let authority = TestAuthority::start().unwrap();
    let url = format!("{}/.well-known/openid-configuration", authority.issuer());
    let document = get(&url).json();
    assert_eq!(document["issuer"], authority.issuer());
    for absent in [
        "code_challenge_methods_supported",
        "client_id_metadata_document_supported",
        "registration_endpoint",
    ] {
        assert!(document.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn other_well_known_paths_are_a_plain_json_404() {
    let authority = TestAuthority::start().unwrap();
    let url = format!("{}/.well-known/oauth-authorization-server/mcp", authority.issuer());
    let answer = get(&url);
    assert_eq!((answer.status, &*answer.error()), (404, "not_found"));
}

#[test]
fn metadata_can_be_changed() {
    let authority = TestAuthority::start().unwrap();
    authority.set_metadata("issuer", "https://evil.example");
    authority.set_metadata("registration_endpoint", ());
    let url = format!("{}/.well-known/oauth-authorization-server", authority.issuer());
    let document = get(&url).json();
    assert_eq!(document["issuer"], "https://evil.example");
    assert!(document.get("registration_endpoint").is_none());
}

#[test]
fn browsers_may_call_what_clients_call_and_not_the_pages() {
    let authority = TestAuthority::start().unwrap();
    let preflight = [
        ("Origin", "https://inspector.example.com"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
    ];
    for (path, open) in [
        ("/.well-known/oauth-authorization-server", true),
        ("/.well-known/openid-configuration", true),
        ("/.well-known/oauth-authorization-server/mcp", true),
        ("/oauth2/token", true),
        ("/oauth2/register", true),
        ("/oauth2/jwks", true),
        ("/oauth2/userinfo", true),
        ("/oauth2/authorize", false),
        ("/oauth2/authorize/consent", false),
        ("/oauth2/introspection", false),
    ] {
        let url = format!("{}{path}", authority.issuer());
        let answer = send("OPTIONS", &url, &preflight, "").unwrap();
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, open.then_some("*"), "{path}");
        if open {
            assert_eq!(answer.status, 204, "{path}");
            let headers = answer.header("access-control-allow-headers").unwrap();
            assert!(headers.contains("Authorization"));
        }
        let get = get(&url);
        let allowed = get.header("access-control-allow-origin");
        assert_eq!(allowed, open.then_some("*"), "GET {path}");
    }
}

#[test]
fn key_sets_can_be_cached_and_revalidated() {
    let authority = TestAuthority::start().unwrap();
    let first = get(&authority.jwks_uri());
    assert_eq!(first.header("cache-control"), None);
    let tag = first.header("etag").unwrap().to_owned();

    authority.set_jwks_max_age(Some(Duration::from_secs(600)));
    let again = get_with(&authority.jwks_uri(), &[("If-None-Match", &tag)]);
    assert_eq!(again.status, 304);
    assert_eq!(again.header("cache-control"), Some("public, max-age=600"));

    authority.keys().add(Algorithm::EdDsa);
    let changed = get_with(&authority.jwks_uri(), &[("If-None-Match", &tag)]);
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn session_keys_are_a_set_of_their_own() {
    let authority = TestAuthority::start().unwrap();
    let ids = |url: &str| get(url).json()["keys"][0]["kid"].clone();
    assert_eq!(ids(&authority.jwks_uri()), authority.keys().current().id());
    assert_eq!(ids(&authority.session_jwks_uri()), authority.session_keys().current().id());
    assert_ne!(authority.keys().current(), authority.session_keys().current());
    let other = format!("{}/sso/jwks/client_other", authority.issuer());
    assert_eq!(get(&other).status, 404);
}
