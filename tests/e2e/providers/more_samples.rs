//! The rest of the providers: those whose access tokens need more than the issuer's name.

use actix_mcp_auth::Issuer;
use serde_json::{Value, json};

use super::{
    Expected::{Machine, Person, Refused},
    Roles, Sample, configuration as lines,
    samples::ID_TOKEN,
    world::RESOURCE,
};

const OPAQUE: &str = "The access token is malformed";

pub(super) fn google() -> Sample {
    Sample {
        row: "Google",
        issuer: Issuer::new("https://accounts.google.com").unwrap(),
        metadata: "https://accounts.google.com/.well-known/openid-configuration",
        jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
        typ: Some("JWT"),
        roles: None,
        tokens: vec![(json!("ya29.a0AfB_byC-opaque_and_for_Google_s_own_APIs"), Refused(OPAQUE))],
        id_token: Some((
            "32553540559.apps.googleusercontent.com",
            json!({
                "azp": "32553540559.apps.googleusercontent.com", "sub": "111260650121245072906",
                "email": "user@example.com", "email_verified": true, "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q", "nonce": "n",
            }),
        )),
        answers: vec![],
    }
}

const INTROSPECTION: &str = "https://your-instance.zitadel.cloud/oauth/v2/introspect";
const ZITADEL_ROLES: &str = "urn:zitadel:iam:org:project:roles";

fn zitadel_id_token() -> Value {
    json!({
        "sub": "77776025198584418", "azp": "69234237810729234", "amr": ["pwd"], "at_hash": "x", "auth_time": 1,
        "nonce": "n", "preferred_username": "road.runner@acme.caos.ch",
    })
}

pub(super) fn zitadel() -> Sample {
    let in_an_hour =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
            + 3600;
    let answer = json!({
        "active": true, "iss": "https://your-instance.zitadel.cloud", "sub": "77776025198584418",
        "aud": ["69234237810729234", "69234237810729019"], "client_id": "69234237810729234",
        "scope": "openid profile", "token_type": "Bearer", "jti": "69234237813329048", "exp": in_an_hour,
        "username": "road.runner@acme.caos.ch", ZITADEL_ROLES: { "admin": { "2234": "acme.zitadel.ch" } },
    });
    Sample {
        row: "ZITADEL",
        issuer: lines::zitadel().unwrap(),
        metadata: "https://your-instance.zitadel.cloud/.well-known/openid-configuration",
        jwks_uri: "https://your-instance.zitadel.cloud/oauth/v2/keys",
        typ: None,
        roles: Some(Roles { claim: &[ZITADEL_ROLES], of: 0 }),
        tokens: vec![(
            json!("V2_69234237813329048-at_69234237813329049-opaque"),
            Person("77776025198584418 by 69234237810729234 may openid profile"),
        )],
        id_token: Some(("69234237810729234", zitadel_id_token())),
        answers: vec![(INTROSPECTION.to_owned(), answer)],
    }
}

/// The same with the second block of lines, for applications whose token type is JWT.
pub(super) fn zitadel_jwt() -> Sample {
    Sample {
        issuer: lines::zitadel_jwt().unwrap(),
        tokens: vec![
            (
                json!({
                    "sub": "77776025198584418", "aud": ["69234237810729234", "69234237810729019"],
                    "jti": "69234237813329048", ZITADEL_ROLES: { "admin": { "2234": "acme.zitadel.ch" } },
                }),
                Person("77776025198584418 by - may "),
            ),
            (
                json!({
                    "sub": "77776025198584418", "aud": ["69234237810729234", "69234237810729019"],
                    "azp": "69234237810729234", "amr": ["pwd"], "auth_time": 1, "nonce": "n",
                }),
                ID_TOKEN,
            ),
        ],
        answers: vec![],
        ..zitadel()
    }
}

pub(super) fn supabase() -> Sample {
    let session = json!({
        "sub": "8d1b0f4e-user", "role": "authenticated", "aud": "authenticated", "email": "user@example.com",
        "aal": "aal1", "amr": [{ "method": "password", "timestamp": 1_735_815_600 }], "session_id": "s",
        "app_metadata": { "roles": ["admin"] }, "is_anonymous": false,
    });
    let by_a_client = {
        let mut token = session.clone();
        token["client_id"] = json!("9a8b7c6d-5e4f-3a2b-1c0d-9e8f7a6b5c4d");
        token["user_id"] = json!("8d1b0f4e-user");
        token
    };
    Sample {
        row: "Supabase",
        issuer: lines::supabase().unwrap(),
        metadata: "https://your-project.supabase.co/.well-known/oauth-authorization-server/auth/v1",
        jwks_uri: "https://your-project.supabase.co/auth/v1/.well-known/jwks.json",
        typ: Some("JWT"),
        roles: Some(Roles { claim: &["app_metadata", "roles"], of: 0 }),
        tokens: vec![
            (by_a_client, Person("8d1b0f4e-user by 9a8b7c6d-5e4f-3a2b-1c0d-9e8f7a6b5c4d may ")),
            // A session of the web application.
            (session, ID_TOKEN),
        ],
        id_token: Some((
            "9a8b7c6d-5e4f-3a2b-1c0d-9e8f7a6b5c4d",
            json!({ "sub": "8d1b0f4e-user", "nonce": "n", "auth_time": 1, "email": "user@example.com" }),
        )),
        answers: vec![],
    }
}

pub(super) fn clerk() -> Sample {
    let token = |aud: Value| {
        json!({
            "aud": aud, "sub": "user_2vYVtest", "client_id": "client_2VTWUzvGC5UhdJCNx6xG1D98edc",
            "scope": "openid profile email", "jti": "oat_2xKa9Bgv7NxMRDFyQw8LpZ3cTmU1vHjE", "nbf": 1_666_648_240,
        })
    };
    Sample {
        row: "Clerk",
        issuer: lines::clerk().unwrap(),
        metadata: "https://clerk.example.com/.well-known/oauth-authorization-server",
        jwks_uri: "https://clerk.example.com/.well-known/jwks.json",
        typ: Some("at+jwt"),
        roles: None,
        tokens: vec![
            (
                token(json!(RESOURCE)),
                Person(
                    "user_2vYVtest by client_2VTWUzvGC5UhdJCNx6xG1D98edc may openid profile email",
                ),
            ),
            (token(json!(null)), Refused("The access token lacks a required claim")),
            // An application with opaque tokens.
            (json!("oat_0ef5a7a33d87ed87ee7954c845d80450"), Refused(OPAQUE)),
        ],
        // Its header has not the typ of access tokens: `tokens_of_clerk_as_documented` signs it without.
        id_token: None,
        answers: vec![],
    }
}

pub(super) fn dex() -> Sample {
    let token = |further: Value| {
        let mut token = json!({
            "sub": "CgcyMzQyNzQ5EgZnaXRodWI", "aud": "mcp-clients", "at_hash": "bi96gOXZShvlWYtal9Eqiw",
            "email": "jane.doe@example.com", "email_verified": true, "groups": ["admin", "developers"],
            "name": "Jane Doe", "jti": "j", "nonce": "n",
        });
        token.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        token
    };
    Sample {
        row: "Dex",
        issuer: lines::dex().unwrap(),
        metadata: "https://dex.example.com/dex/.well-known/openid-configuration",
        jwks_uri: "https://dex.example.com/dex/keys",
        typ: None,
        roles: Some(Roles { claim: &["groups"], of: 0 }),
        tokens: vec![
            (token(json!({})), Person("CgcyMzQyNzQ5EgZnaXRodWI by - may ")),
            // For a client of its own.
            (
                token(json!({ "aud": "another-client" })),
                Refused("The access token is for another resource"),
            ),
        ],
        id_token: Some(("mcp-clients", token(json!({ "c_hash": "Zm9vYmFy" })))),
        answers: vec![],
    }
}

pub(super) fn fusionauth() -> Sample {
    let application = "e9fdb985-9173-4e01-9d73-ac2d60d1dc8e";
    Sample {
        row: "FusionAuth",
        issuer: lines::fusionauth().unwrap(),
        metadata: "https://auth.example.com/.well-known/openid-configuration",
        jwks_uri: "https://auth.example.com/.well-known/jwks.json",
        typ: Some("JWT"),
        roles: Some(Roles { claim: &["roles"], of: 0 }),
        tokens: vec![(
            json!({
                "aud": application, "sub": "00000000-0000-0000-0000-111111111111", "jti": "2e2271d7",
                "authenticationType": "PASSWORD", "email": "richard@example.com", "email_verified": true,
                "applicationId": application, "scope": "offline_access profile openid", "roles": ["admin"],
                "sid": "0abe7139", "auth_time": 1_703_033_580, "tid": "d7d09513",
            }),
            Person("00000000-0000-0000-0000-111111111111 by - may offline_access profile openid"),
        )],
        id_token: Some((
            application,
            json!({
                "sub": "00000000-0000-0000-0000-111111111111", "at_hash": "x", "authenticationType": "PASSWORD",
                "auth_time": 1, "email": "richard@example.com", "scope": "openid", "sid": "0abe7139", "tid": "d7d09513",
            }),
        )),
        answers: vec![],
    }
}

pub(super) fn cloudflare_access() -> Sample {
    let tag = "32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228";
    let token = |kind: &str| {
        json!({
            "aud": [tag], "email": "user@example.com", "type": kind, "identity_nonce": "6ei69kawdKzMIAPF",
            "sub": "7335d417-61da-459d-899c-0a01c76a2f94", "country": "US",
        })
    };
    Sample {
        row: "Cloudflare Access",
        issuer: lines::cloudflare_access().unwrap(),
        metadata: "https://your-team.cloudflareaccess.com/cdn-cgi/access/certs",
        jwks_uri: "https://your-team.cloudflareaccess.com/cdn-cgi/access/certs",
        typ: Some("JWT"),
        roles: None,
        tokens: vec![
            (token("app"), Person("7335d417-61da-459d-899c-0a01c76a2f94 by - may ")),
            // The token of the session with the whole organization.
            (token("org"), ID_TOKEN),
        ],
        id_token: None,
        answers: vec![],
    }
}

pub(super) fn logto() -> Sample {
    Sample {
        row: "Logto",
        issuer: lines::logto().unwrap(),
        metadata: "https://your-tenant.logto.app/oidc/.well-known/openid-configuration",
        jwks_uri: "https://your-tenant.logto.app/oidc/jwks",
        typ: Some("at+jwt"),
        roles: None,
        tokens: vec![
            (
                json!({ "jti": "j", "sub": "abc123", "aud": RESOURCE, "client_id": "app1", "scope": "read" }),
                Person("abc123 by app1 may read"),
            ),
            (
                json!({ "jti": "j", "sub": "app1", "aud": RESOURCE, "client_id": "app1" }),
                Machine("app1"),
            ),
            (json!("hR3c2oR0nF6pQ7tLxYb8-opaque-without-a-resource"), Refused(OPAQUE)),
        ],
        id_token: None,
        answers: vec![],
    }
}
