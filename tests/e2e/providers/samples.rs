//! What each provider documents of its tokens: metadata, header and claims. docs/issuers.md names the
//! source of each, and its date.

use serde_json::{Value, json};

use super::{
    Expected::{self, Machine, Person, Refused},
    Roles, Sample, configuration as lines,
    world::RESOURCE,
};

const NO_AUDIENCE: Expected = Refused("The access token lacks a required claim");
const OTHER_AUDIENCE: Expected = Refused("The access token is for another resource");
pub(super) const ID_TOKEN: Expected = Refused("An ID token is not an access token");

pub(super) fn authkit() -> Sample {
    Sample {
        row: "WorkOS AuthKit",
        issuer: lines::authkit().unwrap(),
        metadata: "https://your-subdomain.authkit.app/.well-known/oauth-authorization-server",
        jwks_uri: "https://your-subdomain.authkit.app/oauth2/jwks",
        typ: None,
        roles: Some(Roles { claim: &["permissions"], of: 0 }),
        tokens: vec![
            (
                json!({
                    "sub": "user_01HBEQ", "aud": RESOURCE, "client_id": "client_01HXYZ",
                    "org_id": "org_01HRDM", "scope": "openid profile", "jti": "01J", "sid": "app_consent_01",
                    // By a JWT template.
                    "permissions": ["admin"],
                }),
                Person("user_01HBEQ by client_01HXYZ may openid profile"),
            ),
            (
                json!({ "sub": "client_01HXYZ", "aud": RESOURCE, "org_id": "org_01HRDM", "jti": "01J" }),
                Machine("client_01HXYZ"),
            ),
            // Without the resource indicator.
            (
                json!({ "sub": "user_01HBEQ", "aud": "client_01ENV", "client_id": "client_01HXYZ", "scope": "openid" }),
                OTHER_AUDIENCE,
            ),
        ],
        id_token: Some((
            "client_01HXYZ",
            json!({ "sub": "user_01HBEQ", "email": "a@example.com", "nonce": "n" }),
        )),
        answers: vec![],
    }
}

pub(super) fn auth0() -> Sample {
    let userinfo = "https://your-tenant.eu.auth0.com/userinfo";
    Sample {
        row: "Auth0",
        issuer: lines::auth0().unwrap(),
        metadata: "https://your-tenant.eu.auth0.com/.well-known/openid-configuration",
        jwks_uri: "https://your-tenant.eu.auth0.com/.well-known/jwks.json",
        typ: Some("JWT"),
        roles: Some(Roles { claim: &["permissions"], of: 0 }),
        tokens: vec![
            (
                json!({
                    "sub": "auth0|123456", "aud": [RESOURCE, userinfo], "azp": "my_client_id",
                    "scope": "openid profile read:patients", "permissions": ["admin"],
                }),
                Person("auth0|123456 by my_client_id may openid profile read:patients"),
            ),
            (
                // The profile of RFC 9068.
                json!({
                    "sub": "auth0|123456", "aud": [RESOURCE, userinfo], "client_id": "my_client_id",
                    "jti": "73WakrfVbNJBaAmhQtEeDv", "scope": "openid profile",
                }),
                Person("auth0|123456 by my_client_id may openid profile"),
            ),
            (
                json!({
                    "sub": "my_client_id@clients", "aud": RESOURCE, "azp": "my_client_id",
                    "gty": "client-credentials",
                }),
                Machine("my_client_id@clients"),
            ),
        ],
        id_token: Some((
            "my_client_id",
            json!({ "sub": "auth0|123456", "name": "Jane Doe", "nonce": "n" }),
        )),
        answers: vec![],
    }
}

const API: &str = "66666666-7777-8888-9999-000000000000";
const ENTRA_V2: &str = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0/.well-known/openid-configuration";
const ENTRA_V2_KEYS: &str =
    "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/discovery/v2.0/keys";

fn entra_person() -> Value {
    json!({
        "aud": API, "nbf": 1_537_231_048, "aio": "AXQAi/8IAAAA", "azp": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
        "azpacr": "0", "name": "Abe Lincoln", "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
        "preferred_username": "abeli@example.com", "rh": "I", "scp": "access_as_user",
        "sub": "HKZpfaHyWadeOouYlitjrI", "tid": "11111111-2222-3333-4444-555555555555",
        "uti": "fqiBqXLPj0eQa82S-IYFAA", "ver": "2.0", "roles": ["admin"],
    })
}

fn entra_id_token() -> Value {
    json!({
        "aio": "AXQAi/8IAAAA", "name": "Abe Lincoln", "nonce": "123523", "oid": "690222be",
        "preferred_username": "abeli@example.com", "sub": "HKZpfaHyWadeOouYlitjrI", "ver": "2.0",
    })
}

fn entra_program() -> Value {
    json!({
        "aud": API, "azp": "6e74172b-be56-4843-9ff4-e66a39bb12e3", "azpacr": "1", "idtyp": "app",
        "oid": "9d8c", "sub": "9d8c", "roles": ["admin"], "ver": "2.0",
    })
}

pub(super) fn entra_v2() -> Sample {
    Sample {
        row: "Microsoft Entra ID, v2.0",
        issuer: lines::entra_v2().unwrap(),
        metadata: ENTRA_V2,
        jwks_uri: ENTRA_V2_KEYS,
        typ: Some("JWT"),
        roles: Some(Roles { claim: &["roles"], of: 0 }),
        tokens: vec![
            (
                entra_person(),
                Person(
                    "HKZpfaHyWadeOouYlitjrI by 6e74172b-be56-4843-9ff4-e66a39bb12e3 may access_as_user",
                ),
            ),
            // A program's token has no scopes, and nothing that ID tokens do not have.
            (entra_program(), ID_TOKEN),
        ],
        id_token: Some((API, entra_id_token())),
        answers: vec![],
    }
}

/// The same with the second block of lines, for programs.
pub(super) fn entra_programs() -> Sample {
    let without_idtyp = {
        let mut token = entra_program();
        token.as_object_mut().unwrap().remove("idtyp");
        token
    };
    Sample {
        issuer: lines::entra_programs().unwrap(),
        roles: None,
        tokens: vec![
            (entra_program(), Machine("9d8c")),
            (
                entra_person(),
                Person(
                    "HKZpfaHyWadeOouYlitjrI by 6e74172b-be56-4843-9ff4-e66a39bb12e3 may access_as_user",
                ),
            ),
            (without_idtyp, ID_TOKEN),
        ],
        ..entra_v2()
    }
}

pub(super) fn entra_v1() -> Sample {
    let person = json!({
        "aud": API, "acr": "1", "aio": "AXQAi", "amr": ["wia"],
        "appid": "75dbe77f-10a3-4e59-85fd-8c127544f17c", "appidacr": "0", "email": "abeli@example.com",
        "family_name": "Lincoln", "given_name": "Abe", "ipaddr": "222.222.222.22", "name": "abeli",
        "oid": "02223b6b-aa1d-42d4-9ec0-1b2bb9194438", "rh": "I", "scp": "user_impersonation",
        "sub": "l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA", "unique_name": "abeli@example.com",
        "uti": "FVsGxYXI30-TuikuuUoFAA", "ver": "1.0", "roles": ["admin"],
    });
    Sample {
        row: "Microsoft Entra ID, v1.0",
        issuer: lines::entra_v1().unwrap(),
        metadata: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/.well-known/openid-configuration",
        jwks_uri: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/discovery/keys",
        typ: Some("JWT"),
        roles: Some(Roles { claim: &["roles"], of: 0 }),
        tokens: vec![(
            person,
            Person("l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA by - may user_impersonation"),
        )],
        id_token: Some((
            API,
            json!({ "name": "abeli", "nonce": "123523", "oid": "02223b6b", "sub": "l3_ro", "ver": "1.0" }),
        )),
        answers: vec![],
    }
}

pub(super) fn okta() -> Sample {
    let scopes = ["openid", "email", "flights"];
    Sample {
        row: "Okta",
        issuer: lines::okta().unwrap(),
        metadata: "https://your-org.okta.com/oauth2/default/.well-known/openid-configuration",
        jwks_uri: "https://your-org.okta.com/oauth2/default/v1/keys",
        typ: None,
        roles: Some(Roles { claim: &["groups"], of: 0 }),
        tokens: vec![
            (
                json!({
                    "ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7", "aud": RESOURCE, "sub": "00ujmkLgagxeRrAg20g3",
                    "cid": "nmdP1fcyvdVO11AL7ECm", "uid": "00ujmkLgagxeRrAg20g3", "scp": scopes,
                    "auth_time": 1_467_142_021, "groups": ["admin"],
                }),
                Person("00ujmkLgagxeRrAg20g3 by - may openid email flights"),
            ),
            (
                json!({
                    "ver": 1, "jti": "AT.2", "sub": "nmdP1fcyvdVO11AL7ECm", "aud": RESOURCE,
                    "cid": "nmdP1fcyvdVO11AL7ECm", "scp": ["flights"],
                }),
                Machine("nmdP1fcyvdVO11AL7ECm"),
            ),
            // The server `default` as it is set up.
            (
                json!({
                    "ver": 1, "sub": "00ujmkLgagxeRrAg20g3", "aud": "api://default",
                    "cid": "nmdP1fcyvdVO11AL7ECm", "scp": scopes,
                }),
                OTHER_AUDIENCE,
            ),
        ],
        id_token: Some((
            "nmdP1fcyvdVO11AL7ECm",
            json!({
                "sub": "00ujmkLgagxeRrAg20g3", "ver": 1, "jti": "ID.1", "amr": ["pwd"], "auth_time": 1_467_142_021,
                "at_hash": "fPlsvVszI29LU2UhDyJ9vg",
            }),
        )),
        answers: vec![],
    }
}

pub(super) fn keycloak() -> Sample {
    let person = |aud: Value| {
        json!({
            "jti": "onrtac:d58f5dc8", "aud": aud, "sub": "36fa0f91-f94d-4a0c-afed-6b7d952e47da", "typ": "Bearer",
            "azp": "demo-app", "sid": "2a88c258", "acr": "1", "realm_access": { "roles": ["offline_access", "admin"] },
            "resource_access": { "account": { "roles": ["view-profile"] } }, "scope": "profile email",
            "email_verified": true, "preferred_username": "alice",
        })
    };
    Sample {
        row: "Keycloak",
        issuer: lines::keycloak().unwrap(),
        metadata: "https://sso.example.com/realms/main/.well-known/openid-configuration",
        jwks_uri: "https://sso.example.com/realms/main/protocol/openid-connect/certs",
        typ: Some("JWT"),
        roles: Some(Roles { claim: &["realm_access", "roles"], of: 0 }),
        tokens: vec![
            (
                person(json!([RESOURCE, "account"])),
                Person("36fa0f91-f94d-4a0c-afed-6b7d952e47da by demo-app may profile email"),
            ),
            (
                json!({
                    "aud": RESOURCE, "sub": "9d8c", "typ": "Bearer", "azp": "nightly", "scope": "profile",
                    "preferred_username": "service-account-nightly",
                }),
                Machine("9d8c"),
            ),
            // A realm without the audience mapper, and a user without roles of the account console.
            (person(json!("account")), OTHER_AUDIENCE),
            (person(json!(null)), NO_AUDIENCE),
        ],
        id_token: Some((
            "demo-app",
            json!({
                "jti": "1", "sub": "36fa0f91", "typ": "ID", "azp": "demo-app", "at_hash": "x", "auth_time": 1,
                "preferred_username": "alice",
            }),
        )),
        answers: vec![],
    }
}

pub(super) fn cognito() -> Sample {
    let person = json!({
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "device_key": "aaaaaaaa-bbbb", "cognito:groups": ["admin"],
        "version": 2, "client_id": "xxxxxxxxxxxxexample", "origin_jti": "aaaa", "event_id": "64f513be",
        "token_use": "access", "scope": "phone openid profile email", "auth_time": 1_676_312_777,
        "jti": "aaaa", "username": "my-test-user",
    });
    let bound = {
        let mut token = person.clone();
        token["aud"] = json!(RESOURCE);
        token
    };
    Sample {
        row: "Amazon Cognito",
        issuer: lines::cognito().unwrap(),
        metadata: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI/.well-known/openid-configuration",
        jwks_uri: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI/.well-known/jwks.json",
        typ: None,
        roles: Some(Roles { claim: &["cognito:groups"], of: 0 }),
        tokens: vec![
            (
                bound,
                Person(
                    "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee by xxxxxxxxxxxxexample may phone openid profile email",
                ),
            ),
            (person, NO_AUDIENCE),
        ],
        id_token: Some((
            "xxxxxxxxxxxxexample",
            json!({
                "sub": "aaaaaaaa", "cognito:groups": ["admin"], "email_verified": true, "cognito:username": "my-test-user",
                "origin_jti": "aaaa", "token_use": "id", "auth_time": 1_676_312_777, "jti": "aaaa",
            }),
        )),
        answers: vec![],
    }
}
