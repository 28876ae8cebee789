use super::*;

#[test]
fn r04_members_without_a_value_are_left_out() {
    let resource = Resource::parse("https://h").unwrap();
    let document = ProtectedResourceMetadata::new(&resource, ["https://i/"]);
    assert_eq!(
        document.to_json(),
        r#"{"resource":"https://h","authorization_servers":["https://i/"],"bearer_methods_supported":["header"]}"#
    );
}

#[test]
fn r04_further_members_stand_beside_those_that_are_made() {
    let resource = Resource::parse("https://h").unwrap();
    let with = |name: &str, value: Value| {
        let document = ProtectedResourceMetadata::new(&resource, ["https://i"]);
        document.further(Map::from_iter([(name.to_owned(), value)]))
    };
    for (name, value) in [
        ("resource_tos_uri", json!("https://h/terms")),
        ("resource_name#de", json!("Lesezeichen")),
        ("dpop_bound_access_tokens_required", json!(false)),
        ("com.example.x", json!({ "a": [1] })),
    ] {
        let document = with(name, value.clone()).unwrap().to_json();
        let json: Value = serde_json::from_str(&document).unwrap();
        assert_eq!((&json[name], &json["resource"]), (&value, &json!("https://h")), "{name}");
    }
    for (name, value) in [
        ("resource", json!("https://other")),
        ("authorization_servers", json!(["https://other"])),
        ("signed_metadata", json!("a.b.c")),
        ("resource_tos_uri", json!("")),
        ("x", json!([])),
        ("x", Value::Null),
        ("", json!(1)),
    ] {
        let error = with(name, value).unwrap_err().to_string();
        assert!(error.starts_with("resource_metadata is"), "{error}");
    }
}

#[test]
fn r04_offline_access_is_never_listed() {
    let resource = Resource::parse("https://h").unwrap();
    let scopes: Vec<Scope> =
        ["openid", "offline_access"].iter().map(|s| s.parse().unwrap()).collect();
    let document = ProtectedResourceMetadata::new(&resource, ["https://i"])
        .scopes(&scopes)
        .name(Some("Bookmarks".into()));
    let json: Value = serde_json::from_str(&document.to_json()).unwrap();
    assert_eq!(json["scopes_supported"], json!(["openid"]));
    assert_eq!(json["resource_name"], "Bookmarks");
}

#[test]
fn numbers_are_passed_on_to_the_last_digit() {
    let json = r#"{"issuer":"https://i","jwks_uri":"https://i/jwks","x":4.3333333333333334e+99}"#;
    let metadata = AuthorizationServerMetadata::parse(json.as_bytes(), "https://i").unwrap();
    assert_eq!(metadata.to_json(), json);
}

#[test]
fn r27_metadata_of_another_issuer_is_refused() {
    let parse = |json: &str| AuthorizationServerMetadata::parse(json.as_bytes(), "https://i");
    let good = parse(r#"{"issuer":"https://i","jwks_uri":"https://i/jwks"}"#).unwrap();
    assert_eq!(good.jwks_uri(), Some("https://i/jwks"));
    for json in ["", "<html>", "[]", "{}", r#"{"issuer":"https://i/"}"#, r#"{"issuer":7}"#] {
        assert!(parse(json).is_err(), "{json}");
    }
}

#[test]
fn r27_metadata_is_looked_for_at_three_places() {
    assert_eq!(
        metadata_urls("https://i/realm"),
        [
            "https://i/.well-known/oauth-authorization-server/realm",
            "https://i/.well-known/openid-configuration/realm",
            "https://i/realm/.well-known/openid-configuration",
        ]
    );
    assert_eq!(
        metadata_urls("https://i/"),
        [
            "https://i/.well-known/oauth-authorization-server",
            "https://i/.well-known/openid-configuration",
        ]
    );
}

#[test]
fn r06_the_authkit_preset_is_what_older_clients_need() {
    let preset = AuthorizationServerMetadata::of_authkit("https://x.authkit.app");
    let json: Value = serde_json::from_str(preset.to_json()).unwrap();
    assert_eq!(json["issuer"], "https://x.authkit.app");
    assert_eq!(json["registration_endpoint"], "https://x.authkit.app/oauth2/register");
    assert_eq!(json["code_challenge_methods_supported"], json!(["S256"]));
}
