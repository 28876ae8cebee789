//! Settings from files, variables and serde; and every misconfiguration that is told at start-up.

use std::{env, fs, path::PathBuf, process};

use actix_mcp_auth::{
    Issuer, McpAuth, McpAuthBuilder, McpAuthSettings,
    testing::{Algorithm, Client, Key},
};
use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{RESOURCE, Server, authority, good_token};

const KEY: &str = "8Zq1mJ0tXw2cV5nB7rT9yU4iO6pA3sD1fG5hJ8kL0z=";

/// A file with a secret, gone when dropped.
struct File(PathBuf);

impl File {
    fn new(name: &str, content: &str) -> Self {
        let path = env::temp_dir().join(format!("mcp-auth-{}-{name}", process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn from_json(settings: Value) -> Result<McpAuthBuilder, String> {
    let settings: McpAuthSettings =
        serde_json::from_value(settings).map_err(|error| error.to_string())?;
    assert!(!format!("{settings:?}").contains("8Zq1"), "Debug shows a key");
    McpAuth::from_settings(settings).map_err(|error| error.to_string())
}

fn told(settings: Value) -> String {
    from_json(settings).and_then(|b| b.build().map(|_| ()).map_err(|e| e.to_string())).unwrap_err()
}

#[actix_web::test]
async fn settings_read_with_serde_build_what_the_calls_build() {
    let authority = authority();
    let (key, api) = (File::new("key", &format!("\n {KEY}\n")), File::new("api", "sk_live_1\n"));
    let auth = from_json(json!({
        "resource": RESOURCE,
        "authkit_domain": authority.issuer(),
        "workos_api_key_file": api.path(),
        "issuers": [{
            "issuer": "https://login.example.com",
            "jwks_uri": "https://login.example.com/jwks",
            "also_named": ["https://login.example.com/"],
            "audiences": ["api://bookmarks"],
            "audience_policy": "this_resource_only",
            "scopes": ["openid", "https://login.example.com/x/read"],
            "scope_prefix": "https://login.example.com/x/",
        }],
        "audiences": ["client_01ABC"],
        "audience_policy": "this_resource",
        "leeway_seconds": 10.5,
        "time_limit_seconds": 5,
        "max_token_bytes": 8192,
        "require_scopes": ["openid"],
        "scopes_supported": ["email"],
        "resource_name": "Bookmarks",
        "resource_documentation": "https://docs.example.com",
        "served_at": "/inner",
        "allow_origins": ["https://chat.example.com"],
        "allow_hosts": ["app"],
        "authorization_server_metadata": false,
        "api_keys": [{ "name": "nightly", "key_file": key.path(), "scopes": ["openid"] }],
    }));
    let server = Server::of(&auth.unwrap().build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    assert_eq!(server.call(KEY).await.body, "nightly");
    let by_name = server.request(Method::POST, "/mcp").header("Host", "app:8787").bearer(KEY);
    assert_eq!(by_name.send().await.status, 200);
    let document = server.get("/.well-known/oauth-protected-resource/inner").send().await.json();
    assert_eq!(
        document,
        json!({
            "resource": RESOURCE,
            "authorization_servers": [authority.issuer(), "https://login.example.com"],
            "scopes_supported": ["openid", "email"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Bookmarks",
            "resource_documentation": "https://docs.example.com",
        })
    );
    let shim = server.get("/.well-known/oauth-authorization-server").send().await;
    assert_eq!(shim.status, 404);
}

#[test]
fn a_mistake_in_settings_is_named_by_its_field() {
    let with = |field: &str, value: Value| {
        let mut settings = json!({ "resource": RESOURCE, "authkit_domain": "x.authkit.app" });
        settings[field] = value;
        told(settings)
    };
    let issuer = |more: Value| {
        let mut issuer = json!({ "issuer": "https://login.example.com" });
        issuer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        with("issuers", json!([issuer]))
    };
    let missing = "/nowhere/at/all";
    for (error, tells) in [
        (told(json!({ "authkit_domain": "x.authkit.app" })), "resource"),
        (told(json!({ "resource": RESOURCE })), "issuer is missing"),
        (with("resourse", json!("x")), "resourse"),
        (with("resource", json!("https://h/mcp#x")), "fragment"),
        (with("authkit_domain", json!("x y")), "authkit_domain"),
        (with("leeway_seconds", json!(301)), "leeway"),
        (with("leeway_seconds", json!(-1)), "leeway_seconds"),
        (with("leeway_seconds", json!("soon")), "expected f64"),
        (with("audience_policy", json!("none")), "none"),
        (with("served_at", json!("mcp")), "served_at"),
        (with("ca_file", json!(missing)), "ca_file"),
        (with("workos_api_key_file", json!(missing)), "workos_api_key_file"),
        (with("workos_sessions", json!("client_1")), "McpAuth::api"),
        (with("workos_sessions", json!("1")), "workos_sessions"),
        (with("api_keys", json!([{ "name": "n" }])), "api_keys.n.key"),
        (with("api_keys", json!([{ "name": "n", "key": "short" }])), "api_keys.n"),
        (with("api_keys", json!([{ "name": "n", "key": KEY, "key_file": "/k" }])), "together with"),
        (with("api_keys", json!([{ "name": "n", "key": KEY, "scopes": ["a b"] }])), "api_keys.n"),
        (with("issuers", json!([{ "issuer": "i" }])), "issuers[0].issuer"),
        (issuer(json!({ "jwks_uri": "http://h/jwks" })), "issuers[0].jwks_uri"),
        (issuer(json!({ "scopes": ["a b"] })), "issuers[0].scopes"),
        (issuer(json!({ "scope_prefix": "api://6666" })), "issuers[0].scope_prefix"),
        (issuer(json!({ "audience_policy": "bound_by_key_set" })), "McpAuth::api"),
        (issuer(json!({ "jwksUri": "https://h/jwks" })), "jwksUri"),
    ] {
        assert!(error.contains(tells) && !error.contains("8Zq1"), "{tells}: {error}");
    }
    let lone = told(json!({
        "resource": RESOURCE, "workos_api_key": "sk_1", "issuers": [{ "issuer": "https://i.example.com" }]
    }));
    assert!(lone.contains("authkit_domain is missing"), "{lone}");
    let api = json!({ "resource": RESOURCE, "mcp": false, "workos_sessions": "client_01ABC" });
    assert!(from_json(api).unwrap().build().is_ok());
}

#[actix_web::test]
async fn r32_settings_read_with_serde_have_an_issuer_asked() {
    let authority = authority();
    let token = || authority.opaque_token(authority.token().audience(RESOURCE));
    let settings = |introspection: Value| {
        let mut issuer = json!({ "issuer": authority.issuer(), "introspection": introspection });
        issuer["introspection"]["url"] =
            json!(format!("{}/oauth2/introspection", authority.issuer()));
        json!({ "resource": RESOURCE, "issuers": [issuer] })
    };
    let key = Key::stranger(Algorithm::Es256);
    authority.add_client(Client::with_key("resource-1", &key));
    let secret = File::new("introspection", authority.client_secret());
    let pem = File::new("pem", &String::from_utf8(key.private_pem()).unwrap());
    let id = authority.client_id();
    for introspection in [
        json!({ "client_id": id, "client_secret": authority.client_secret(), "ttl_seconds": 0 }),
        json!({ "client_id": id, "client_secret_file": secret.path(), "secret_in": "form" }),
        json!({
            "client_id": "resource-1", "private_key_file": pem.path(), "tokens": "opaque_and_jwts",
        }),
    ] {
        let server = Server::of(&from_json(settings(introspection)).unwrap().build().unwrap());
        assert_eq!(server.call(&token()).await.status, 200);
    }
    for (introspection, tells) in [
        (json!({ "client_id": id }), "issuers[0].introspection.client_secret is missing"),
        (json!({ "client_id": id, "client_secret": "" }), "introspection.client_secret is missing"),
        (json!({ "client_id": "", "client_secret": KEY }), "introspection.client_id is missing"),
        (
            json!({ "client_id": id, "client_secret": KEY, "private_key_file": pem.path() }),
            "one of them only",
        ),
        (json!({ "client_id": id, "private_key_file": secret.path() }), "private_key_file"),
        (json!({ "client_id": id, "client_secret": KEY, "ttl_seconds": 3601 }), "at most 3600 s"),
        (json!({ "client_id": id, "client_secret": KEY, "ttl_seconds": -1 }), "ttl_seconds"),
        (json!({ "client_id": id, "client_secret": KEY, "tokens": "all" }), "opaque_and_jwts"),
    ] {
        let error = told(settings(introspection));
        assert!(error.contains(tells) && !error.contains("8Zq1"), "{tells}: {error}");
    }
}

fn from_vars(vars: &[(&str, &str)]) -> Result<McpAuthBuilder, String> {
    let find = |name: &str| {
        let value = vars.iter().find(|(known, _)| *known == name);
        value.map(|(_, value)| value.to_string())
    };
    McpAuth::from_vars(find).map_err(|error| error.to_string())
}

#[actix_web::test]
async fn every_variable_can_stand_in_a_file() {
    let authority = authority();
    let resource = File::new("resource", &format!("{RESOURCE}\n"));
    let keys = File::new("keys", &format!("nightly:{KEY}\n"));
    let auth = from_vars(&[
        ("MCP_AUTH_RESOURCE_FILE", resource.path()),
        ("WORKOS_AUTHKIT_DOMAIN", authority.issuer()),
        ("MCP_AUTH_API_KEYS_FILE", keys.path()),
        ("MCP_AUTH_SERVED_AT", "/inner"),
    ]);
    let server = Server::of(&auth.unwrap().build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    assert_eq!(server.call(KEY).await.body, "nightly");
    let inner = server.get("/inner/.well-known/oauth-protected-resource").send().await;
    assert_eq!(inner.json()["resource"], RESOURCE);
}

#[test]
fn a_variable_and_its_file_at_once_or_a_file_that_says_nothing_is_named() {
    let (secret, empty) = (File::new("secret", "sk_live_1"), File::new("empty", " \n"));
    let base = [("MCP_AUTH_RESOURCE", RESOURCE), ("WORKOS_AUTHKIT_DOMAIN", "x.authkit.app")];
    let told = |more: &[(&str, &str)]| {
        let built = from_vars(&[&base, more].concat());
        let error = built.and_then(|b| b.build().map(|_| ()).map_err(|e| e.to_string()));
        error.unwrap_err()
    };
    let both = told(&[("WORKOS_API_KEY", "sk_live_2"), ("WORKOS_API_KEY_FILE", secret.path())]);
    assert!(both.starts_with("WORKOS_API_KEY_FILE is"), "{both}");
    assert!(both.contains("together with WORKOS_API_KEY") && !both.contains("sk_live"), "{both}");
    for (path, tells) in [(empty.path(), "not empty"), ("/nowhere/at/all", "can be read")] {
        let error = told(&[("WORKOS_API_KEY_FILE", path)]);
        assert!(error.starts_with("WORKOS_API_KEY_FILE is") && error.contains(tells), "{error}");
    }
    let ca = told(&[("MCP_AUTH_CA", "no certificate")]);
    assert!(ca.starts_with("MCP_AUTH_CA is"), "{ca}");
    assert!(from_vars(&[&base[..], &[("WORKOS_API_KEY_FILE", secret.path())]].concat()).is_ok());
}

/// Issuers, URLs and scopes that contradict each other: each is told in one sentence, with an
/// example, before a request is served.
#[test]
fn r03_r26_a_misconfiguration_is_refused_at_start_up_with_a_sentence() {
    let told = |builder: McpAuthBuilder| builder.build().map(|_| ()).unwrap_err().to_string();
    let mcp = |resource: &str| McpAuth::builder(resource.to_owned()).authkit("x.authkit.app");
    let good = || mcp("https://app.example.com/mcp");
    let issuer = |name: &str| Issuer::new(name).unwrap();
    for (what, error, tells) in [
        ("a fragment", told(mcp("https://h/mcp#tools")), "fragment"),
        ("a query", told(mcp("https://h/mcp?x=1")), "query"),
        ("http off loopback", told(mcp("http://app.example.com/mcp")), "must use https"),
        ("no absolute URL", told(mcp("app.example.com/mcp")), "absolute URL"),
        ("no issuer", told(McpAuth::builder("https://h/mcp")), ".authkit(…)"),
        ("the issuer twice", told(good().authkit("x.authkit.app")), "once only"),
        (
            "one issuer's name as another's alias",
            told(
                good().issuer(issuer("https://i.example.com").also_named("https://x.authkit.app")),
            ),
            "once only",
        ),
        ("an issuer over http", told(good().issuer("http://127.0.0.1:1")), "https"),
        ("a scope with a space", told(good().require_scopes(["a b"])), "require_scopes"),
        ("a scope with a quote", told(good().scopes_supported(["a\"b"])), "scopes_supported"),
        ("an empty audience", told(good().audience("")), "audience"),
        ("a path without a slash", told(good().served_at("mcp")), "served_at"),
        ("a path with a pattern", told(good().served_at("/{mcp}")), "served_at"),
        ("no certificate", told(good().trust_ca_pem("-----BEGIN")), "trust_ca_pem"),
        ("an origin with a path", told(good().allow_origin("https://h/p")), "allow_origin"),
    ] {
        assert!(error.contains(tells) && error.contains("for example"), "{what}: {error}");
        assert_eq!(error.lines().count(), 1, "{what}: {error}");
    }
}
