//! Key sets in the form in which the providers publish them: the members that are more or fewer than
//! `TestAuthority`'s, and the keys that are not for access tokens.

use actix_mcp_auth::testing::Algorithm;
use serde_json::{Value, json};

/// Supabase's asymmetric keys are ES256 by default; the others sign with RS256.
pub(super) fn algorithm(row: &str) -> Algorithm {
    if row == "Supabase" { Algorithm::Es256 } else { Algorithm::Rs256 }
}

/// The authority's keys as the provider of this row would publish them.
pub(super) fn as_published(row: &str, mut set: Value) -> Value {
    let keys = set["keys"].as_array_mut().unwrap();
    for key in &mut *keys {
        let members = key.as_object_mut().unwrap();
        match row {
            // No `alg`, and the issuer beside each key.
            "Microsoft Entra ID, v2.0" | "Microsoft Entra ID, v1.0" => {
                members.remove("alg");
                members.insert("x5t".into(), members["kid"].clone());
                members.insert("x5c".into(), json!(["MIIDBTCCAe2gAwIBAgIQ"]));
                members.insert(
                    "issuer".into(),
                    json!("https://login.microsoftonline.com/{tenantid}/v2.0"),
                );
            }
            "Auth0" => {
                members.insert("x5t".into(), members["kid"].clone());
                members.insert("x5c".into(), json!(["MIIDBTCCAe2gAwIBAgIQ"]));
            }
            "Supabase" => {
                members.remove("use");
                members.insert("key_ops".into(), json!(["verify"]));
                members.insert("ext".into(), json!(true));
            }
            _ => {}
        }
    }
    let first = keys[0].clone();
    let another = |further: Value| {
        let mut key = first.clone();
        key.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        key
    };
    match row {
        // A key to encrypt with.
        "Keycloak" => {
            keys.push(another(json!({ "kid": "enc-1", "use": "enc", "alg": "RSA-OAEP" })))
        }
        // The key of ID tokens, which comes first.
        "Amazon Cognito" => keys.insert(0, another(json!({ "kid": "1234example=" }))),
        "Cloudflare Access" => {
            let certificate = json!({ "kid": first["kid"], "cert": "-----BEGIN CERTIFICATE-----" });
            set["public_certs"] = json!([certificate]);
            set["public_cert"] = certificate;
        }
        _ => {}
    }
    set
}
