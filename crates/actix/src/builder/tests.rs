use super::*;

fn refused(change: impl FnOnce(McpAuthBuilder) -> McpAuthBuilder) -> String {
    let builder = McpAuth::builder("https://app.example.com/mcp").authkit("x.authkit.app");
    change(builder).build().map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_mistake_is_told_at_start_up_in_a_sentence() {
    let refresh = |change: fn(&mut RefreshSettings)| {
        let mut settings = RefreshSettings::default();
        change(&mut settings);
        settings
    };
    for (error, tells) in [
        (refused(|b| b.issuer("http://127.0.0.1:1")), "loopback issuer of a loopback"),
        (refused(|b| b.issuer("login.example.com")), "absolute URL"),
        (refused(|b| b.authkit("x.authkit.app")), "once only"),
        (refused(|b| b.audience("")), "audience"),
        (refused(|b| b.leeway(Duration::from_secs(301))), "at most 300 s"),
        (refused(|b| b.require_scopes(["a b"])), "require_scopes"),
        (refused(|b| b.allow_origin("https://h/path")), "allow_origin"),
        (refused(|b| b.allow_origin("chat.example.com")), "allow_origin"),
        (refused(|b| b.allow_origin("*")), "allow_origin"),
        (refused(|b| b.allow_headers(["a b"])), "allow_headers"),
        (refused(|b| b.allow_headers(["*"])), "allow_headers"),
        (refused(|b| b.require_scopes(["openid", "offline_access"])), "refresh token"),
        (refused(|b| b.resource_metadata("resource", "https://h")), "resource_metadata"),
        (refused(|b| b.resource_metadata("resource_tos_uri", "")), "resource_metadata"),
        (refused(|b| b.allow_host("app:8787")), "allow_host"),
        (refused(|b| b.allow_host("http://app")), "allow_host"),
        (refused(|b| b.refresh(refresh(|s| s.max_max_age = Duration::ZERO))), "refresh."),
    ] {
        assert!(error.contains(tells) && error.contains("for example"), "{error}");
    }
    let none = McpAuth::builder("https://app.example.com/mcp").build().unwrap_err();
    assert!(none.to_string().contains(".authkit(…)"), "{none}");
    let nothing = McpAuth::builder("").authkit("x.authkit.app").build().unwrap_err();
    assert!(nothing.to_string().starts_with("resource is \"\""), "{nothing}");
}

#[test]
fn r27_an_issuer_without_tls_is_for_a_loopback_resource_only() {
    let issuer = Issuer::new("http://localhost:8443").unwrap();
    let error = refused(|_| McpAuth::builder("https://h/mcp").issuer(issuer.clone()));
    assert!(error.contains("https"), "{error}");
    assert!(McpAuth::builder("http://127.0.0.1:2/mcp").issuer(issuer).build().is_ok());
    // A URL that the configuration names may be on this machine, and so never on a network.
    let issuer = Issuer::new("https://sso.example.com").unwrap();
    let issuer = issuer.jwks_uri("http://127.0.0.1:1/jwks").unwrap();
    assert!(McpAuth::builder("https://h/mcp").issuer(issuer).build().is_ok());
}
