//! What cannot be combined with `resources_below`, and where it is set.

use actix_mcp_auth::{
    ApiKey, Issuer, McpAuth, McpAuthBuilder, McpAuthSettings, issuer::AudiencePolicy,
};
use actix_web::HttpRequest;

const KEYS: &str = "https://login.example.com/jwks";

fn refused(change: impl FnOnce(McpAuthBuilder) -> McpAuthBuilder) -> String {
    let builder = McpAuth::api("https://app.example.com/mcp").resources_below();
    change(builder).build().map(|_| ()).unwrap_err().to_string()
}

#[test]
fn r19_what_would_be_good_at_every_resource_below_is_refused_at_start_up() {
    let issuer = || Issuer::new("https://login.example.com").unwrap().jwks_uri(KEYS).unwrap();
    let bound = AudiencePolicy::BoundByKeySet;
    let key = ApiKey::new("nightly", "sk_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5").unwrap();
    for (error, tells) in [
        (refused(|b| b.issuer(issuer()).audience("api")), "the audience api"),
        (refused(|b| b.issuer(issuer().audience("api"))), "of https://login.example.com"),
        (refused(|b| b.issuer(issuer().audience_policy(bound))), "BoundByKeySet for"),
        (refused(|b| b.issuer(issuer()).audience_policy(bound)), "BoundByKeySet for"),
        (refused(|b| b.issuer(issuer()).api_keys([key])), "the static key nightly"),
    ] {
        assert!(error.starts_with("resources_below is") && error.contains(tells), "{error}");
        assert!(error.contains("good at all of them"), "{error}");
    }
    let sessions = Issuer::workos_sessions("client_01ABC").unwrap();
    assert!(refused(|b| b.issuer(issuer()).issuer(sessions)).contains("good at all of them"));

    let auth = McpAuth::api("https://app.example.com/mcp").issuer(issuer()).resources_below();
    let auth = auth.build().unwrap();
    let error = auth.or_session(async |_: &HttpRequest| Ok(None)).unwrap_err().to_string();
    assert!(error.contains("without resources_below()"), "{error}");
}

#[test]
fn resources_below_is_a_setting() {
    let settings = |more: &str| -> McpAuthSettings {
        let json = format!(
            r#"{{"resource":"https://app.example.com/mcp","authkit_domain":"x.authkit.app"{more}}}"#
        );
        serde_json::from_str(&json).unwrap()
    };
    let built = |more| McpAuth::from_settings(settings(more)).unwrap().build();
    assert!(built(r#","audiences":["api"]"#).is_ok());
    assert!(built(r#","resources_below":true"#).is_ok());
    let error = built(r#","audiences":["api"],"resources_below":true"#).unwrap_err().to_string();
    assert!(error.starts_with("resources_below is"), "{error}");
}
