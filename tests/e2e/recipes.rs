//! The settings of docs/issuers.md, against tokens with the claims that each provider documents.
//! No provider was run for this: `TestAuthority` signs in each one's stead.

use actix_mcp_auth::{AuthedUser, Issuer, McpAuth, PrincipalKind, testing::TestAuthority};
use actix_web::web;
use serde_json::{Value, json};

use crate::support::{Answer, RESOURCE, Server, authority};

/// An issuer of the provider's, in whose place the authority stands.
struct Recipe {
    issuer: Issuer,
    authority: TestAuthority,
}

impl Recipe {
    fn new(authority: TestAuthority, name: String, configure: fn(Issuer) -> Issuer) -> Self {
        let issuer = Issuer::new(name).unwrap().jwks_uri(authority.jwks_uri()).unwrap();
        Self { issuer: configure(issuer), authority }
    }

    /// What the application makes of a token with exactly these claims, and `exp` and `iat`.
    async fn sees(&self, claims: Value) -> Answer {
        let auth = McpAuth::builder(RESOURCE).issuer(self.issuer.clone()).build().unwrap();
        let server = Server::start(move |config| {
            let kind = web::post().to(async |me: AuthedUser| match me.kind() {
                PrincipalKind::User => format!("person {}", me.subject().id()),
                PrincipalKind::Machine(client) => format!("machine {}", client.id()),
                other => format!("{other:?}"),
            });
            config.service(web::resource("/mcp").wrap(auth.middleware()).route(kind));
        });
        let mut token = self.authority.token().issuer(self.issuer.name());
        for claim in ["sub", "aud", "client_id", "scope", "jti", "sid", "org_id"] {
            token = token.without(claim);
        }
        for (name, value) in claims.as_object().unwrap() {
            token = token.claim(name, value.clone());
        }
        server.call(&token.sign()).await
    }
}

fn said(token: &actix_mcp_auth::token::VerifiedToken, claim: &str) -> String {
    token.claim::<String>(claim).ok().flatten().unwrap_or_default()
}

#[actix_web::test]
async fn r18_r19_keycloak_s_tokens_as_it_documents_them() {
    let authority = authority();
    let name = format!("{}/realms/main", authority.issuer());
    let keycloak = Recipe::new(authority, name, |issuer| {
        issuer.machine_if(|token| said(token, "preferred_username").starts_with("service-account-"))
    });
    let person = keycloak.sees(json!({
        "sub": "0f1e", "aud": [RESOURCE, "account"], "azp": "vscode", "typ": "Bearer",
        "scope": "openid profile", "preferred_username": "ada", "realm_access": { "roles": [] },
    }));
    assert_eq!(person.await.body, "person 0f1e");
    let machine = keycloak.sees(json!({
        "sub": "9d8c", "aud": RESOURCE, "azp": "nightly", "scope": "profile",
        "preferred_username": "service-account-nightly",
    }));
    assert_eq!(machine.await.body, "machine 9d8c");
    // A realm without the audience mapper: the token is for nobody, or for Keycloak itself.
    for aud in [json!(null), json!("account")] {
        let answer = keycloak.sees(json!({ "sub": "0f1e", "aud": aud, "azp": "vscode" })).await;
        answer.assert_invalid_token("without the mapper");
    }
}

#[actix_web::test]
async fn r18_r19_auth0_s_tokens_as_it_documents_them() {
    let authority = authority();
    let name = format!("{}/", authority.issuer());
    let userinfo = format!("{name}userinfo");
    let auth0 = Recipe::new(authority, name, |issuer| {
        issuer.machine_if(|token| token.subject().ends_with("@clients"))
    });
    let person = auth0.sees(json!({
        "sub": "auth0|123456", "aud": [RESOURCE, userinfo], "azp": "my_client",
        "scope": "openid profile",
    }));
    assert_eq!(person.await.body, "person auth0|123456");
    let machine = auth0.sees(json!({
        "sub": "my_client@clients", "aud": RESOURCE, "azp": "my_client",
        "gty": "client-credentials",
    }));
    assert_eq!(machine.await.body, "machine my_client@clients");
}

#[actix_web::test]
async fn r18_r19_r22_okta_s_tokens_as_it_documents_them() {
    let authority = authority();
    let name = format!("{}/oauth2/default", authority.issuer());
    let okta = Recipe::new(authority, name, |issuer| {
        issuer.machine_if(|token| said(token, "cid") == token.subject())
    });
    let person = okta.sees(json!({
        "ver": 1, "jti": "AT.1", "sub": "ada@example.com", "aud": RESOURCE, "cid": "0oa1",
        "uid": "00u1", "scp": ["openid", "bookmarks:read"],
    }));
    assert_eq!(person.await.body, "person ada@example.com");
    let machine = okta.sees(json!({
        "ver": 1, "jti": "AT.2", "sub": "0oa1", "aud": RESOURCE, "cid": "0oa1",
        "scp": ["bookmarks:read"],
    }));
    assert_eq!(machine.await.body, "machine 0oa1");
}

#[actix_web::test]
async fn r19_r21_r22_entra_s_tokens_as_it_documents_them() {
    const API: &str = "66666666-7777-8888-9999-000000000000";
    let authority = authority();
    let name = format!("{}/11111111-2222-3333-4444-555555555555/v2.0", authority.issuer());
    let entra = Recipe::new(authority, name, |issuer| issuer.audience(API));
    let person = entra.sees(json!({
        "sub": "AAAA", "aud": API, "azp": "client", "azpacr": "0", "oid": "o", "tid": "t",
        "scp": "bookmarks.read", "ver": "2.0",
    }));
    assert_eq!(person.await.body, "person AAAA");
    // A program's own token has no scopes, and nothing else that ID tokens have not.
    let machine = entra.sees(json!({
        "sub": "o", "aud": API, "azp": "client", "oid": "o", "roles": ["Bookmarks.All"],
        "idtyp": "app", "ver": "2.0",
    }));
    machine.await.assert_invalid_token("a program's token");
    // The API's client id is in ID tokens too, which have no scopes.
    let id_token = entra.sees(json!({
        "sub": "AAAA", "aud": API, "name": "Ada", "nonce": "n", "ver": "2.0",
    }));
    id_token.await.assert_invalid_token("an ID token");
}

#[actix_web::test]
async fn r19_logto_s_and_cognito_s_tokens_as_they_document_them() {
    let one = authority();
    let name = format!("{}/oidc", one.issuer());
    let logto = Recipe::new(one, name, |issuer| issuer);
    let person = json!({
        "jti": "j", "sub": "abc123", "aud": RESOURCE, "client_id": "app1", "scope": "read",
    });
    assert_eq!(logto.sees(person).await.body, "person abc123");
    let machine = json!({ "jti": "j", "sub": "app1", "aud": RESOURCE, "client_id": "app1" });
    assert_eq!(logto.sees(machine).await.body, "machine app1");

    let two = authority();
    let name = format!("{}/eu-central-1_AbCdEfGhI", two.issuer());
    let cognito = Recipe::new(two, name, |issuer| issuer);
    let without_aud = json!({
        "sub": "aaaa-bbbb", "client_id": "app1", "token_use": "access", "scope": "openid",
        "username": "ada", "version": 2,
    });
    cognito.sees(without_aud.clone()).await.assert_invalid_token("no aud");
    let mut bound = without_aud;
    bound["aud"] = json!(RESOURCE);
    assert_eq!(cognito.sees(bound).await.body, "person aaaa-bbbb");
}
