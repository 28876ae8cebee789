//! Keys that are not fetched: a key set in memory, which the application may replace, and one in a file.

use std::{env, fs, path::PathBuf, process};

use actix_mcp_auth::{
    Issuer, McpAuth, McpAuthSettings,
    keys::LocalJwks,
    testing::{Algorithm, TestAuthority},
};
use serde_json::{Value, json};

use crate::support::{RESOURCE, Server, authority};

/// Nobody answers at this name.
const ISSUER: &str = "https://sso.fieldtest.invalid";

/// The keys that the authority publishes, and no request for them.
fn jwks(authority: &TestAuthority) -> String {
    let keys = authority.keys().published();
    let keys: Vec<_> = keys.iter().map(|key| key.public_jwk().clone()).collect();
    json!({ "keys": keys }).to_string()
}

fn token(authority: &TestAuthority) -> String {
    authority.token().issuer(ISSUER).subject("user_ada").audience(RESOURCE).sign()
}

fn issuer() -> Issuer {
    Issuer::new(ISSUER).unwrap()
}

fn serve(issuer: Issuer) -> (McpAuth, Server) {
    let auth = McpAuth::builder(RESOURCE).issuer(issuer).build().unwrap();
    let server = Server::of(&auth);
    (auth, server)
}

/// A file, gone when dropped.
struct File(PathBuf);

impl File {
    fn new(name: &str, content: &str) -> Self {
        let file = Self(env::temp_dir().join(format!("mcp-auth-{}-{name}.json", process::id())));
        file.write(content);
        file
    }

    /// Replaces it as a whole.
    fn write(&self, content: &str) {
        let new = self.0.with_extension("new");
        fs::write(&new, content).unwrap();
        fs::rename(new, &self.0).unwrap();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[actix_web::test]
async fn a_key_set_in_memory_is_used_without_a_request() {
    let authority = authority();
    let (auth, server) = serve(issuer().jwks(jwks(&authority)).unwrap());
    let health = &auth.health().issuers[0];
    assert!(health.ready && health.keys == 1, "before the first request: {health:?}");
    assert_eq!(server.call(&token(&authority)).await.status, 200);
    let stranger = authority.token().issuer(ISSUER).audience(RESOURCE).signed_by_stranger();
    server.call(&stranger.sign()).await.assert_invalid_token("another key");
    // A token of an unknown key is no outage: the set is all that there is.
    authority.keys().replace(Algorithm::Es256);
    server.call(&token(&authority)).await.assert_invalid_token("a key that is not in the set");
    assert_eq!(authority.requests("/oauth2/jwks"), 0);
}

#[actix_web::test]
async fn r28_a_replaced_key_set_is_in_force_at_once() {
    let authority = authority();
    let keys = LocalJwks::new(jwks(&authority)).unwrap();
    let (_one, server) = serve(issuer().jwks(keys.clone()).unwrap());
    let (_two, other) = serve(issuer().jwks(keys.clone()).unwrap());
    let old = token(&authority);
    assert_eq!(server.call(&old).await.status, 200);
    authority.keys().replace(Algorithm::Es256);
    keys.replace(jwks(&authority)).unwrap();
    for server in [server, other] {
        assert_eq!(server.call(&token(&authority)).await.status, 200);
        server.call(&old).await.assert_invalid_token("its key was withdrawn, and it was cached");
    }
    assert!(keys.replace(r#"{"keys":[]}"#).is_err());
}

#[actix_web::test]
async fn a_key_set_in_a_file_is_read_again_when_it_changes() {
    let authority = authority();
    let file = File::new("rotated", &jwks(&authority));
    let (auth, server) = serve(issuer().jwks_file(&file.0).unwrap());
    assert!(auth.health().issuers[0].ready, "before the first request");
    let old = token(&authority);
    assert_eq!(server.call(&old).await.status, 200);
    authority.keys().replace(Algorithm::Es256);
    file.write(&jwks(&authority));
    assert_eq!(server.call(&token(&authority)).await.status, 200, "an unknown key");
    server.call(&old).await.assert_invalid_token("its key is not in the file");
    // A file that is gone does not end known keys.
    let good = token(&authority);
    fs::remove_file(&file.0).unwrap();
    authority.keys().replace(Algorithm::Es256);
    assert_eq!(server.call(&token(&authority)).await.status, 503, "nobody knows");
    assert_eq!(server.call(&good).await.status, 200);
    let error = auth.health().issuers[0].last_error.clone().unwrap();
    assert!(
        error.contains(file.0.to_str().unwrap()) && error.contains("cannot be read"),
        "{error}"
    );
    assert_eq!(authority.requests("/oauth2/jwks"), 0);
}

#[test]
fn keys_at_hand_that_cannot_be_used_are_an_error_at_start_up() {
    let refused = |built: Result<Issuer, _>| -> String {
        built.map(drop).map_err(|error: actix_mcp_auth::ConfigError| error.to_string()).unwrap_err()
    };
    let empty = File::new("empty", "");
    let no_keys = File::new("no-keys", r#"{"keys":[]}"#);
    let pem = File::new("pem", "-----BEGIN PUBLIC KEY-----");
    let long = File::new("long", &" ".repeat(65 * 1024));
    for (path, tells) in [
        ("/nowhere/at/all.json", "No such file"),
        ("/", "must be a file"),
        (empty.0.to_str().unwrap(), "it is not a JSON Web Key Set"),
        (no_keys.0.to_str().unwrap(), "the key set is empty"),
        (pem.0.to_str().unwrap(), "it is not a JSON Web Key Set"),
        (long.0.to_str().unwrap(), "longer than 65536 bytes"),
    ] {
        let error = refused(issuer().jwks_file(path));
        assert!(error.starts_with(&format!("jwks_file is {path:?}")), "{error}");
        assert!(error.contains(tells) && error.contains("for example"), "{error}");
    }
    for json in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#] {
        let error = refused(issuer().jwks(json));
        assert!(error.starts_with("jwks is") && !error.contains("c2VjcmV0"), "{error}");
    }
    let error = refused(issuer().jwks_uri("file:///etc/jwks.json"));
    assert!(error.contains("jwks_file") && error.contains("\"/etc/jwks.json\""), "{error}");
    // Keys that this issuer's algorithms cannot use are found by `build`.
    let keys = issuer().jwks(jwks(&TestAuthority::start().unwrap())).unwrap();
    let keys = keys.algorithms([actix_mcp_auth::keys::Algorithm::EdDsa]);
    let error = McpAuth::builder(RESOURCE).issuer(keys).build().map(drop).unwrap_err().to_string();
    assert!(error.starts_with("jwks is") && error.contains("can be used"), "{error}");
}

#[test]
fn a_file_with_keys_is_a_setting() {
    let authority = TestAuthority::start().unwrap();
    let file = File::new("setting", &jwks(&authority));
    let path = file.0.to_str().unwrap();
    let from_json = |settings: Value| {
        let settings: McpAuthSettings = serde_json::from_value(settings).unwrap();
        let built = McpAuth::from_settings(settings).map_err(|error| error.to_string())?.build();
        built.map_err(|error| error.to_string())
    };
    let of_issuer = |further: Value| {
        let mut issuer = json!({ "issuer": ISSUER });
        issuer.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        from_json(json!({ "resource": RESOURCE, "issuers": [issuer] }))
    };
    assert!(of_issuer(json!({ "jwks_file": path })).unwrap().health().issuers[0].ready);
    let authkit = json!({ "resource": RESOURCE, "authkit_domain": "x.authkit.app",
        "authkit_jwks_file": path });
    assert!(from_json(authkit).unwrap().health().issuers[0].ready);
    let both = json!({ "jwks_file": path, "jwks_uri": "https://sso.example.com/jwks" });
    for (further, tells) in [
        (json!({ "jwks_file": "/nowhere" }), "issuers[0].jwks_file is"),
        (both, "issuers[0].jwks_file is"),
    ] {
        let error = of_issuer(further).map(drop).unwrap_err();
        assert!(error.starts_with(tells), "{error}");
    }
    let from_vars = |issuer: (&str, &str), path: &str| {
        McpAuth::from_vars(|name| match name {
            "MCP_AUTH_RESOURCE" => Some(RESOURCE.to_owned()),
            "MCP_AUTH_JWKS_FILE" => Some(path.to_owned()),
            name => (name == issuer.0).then(|| issuer.1.to_owned()),
        })
    };
    for issuer in [("MCP_AUTH_ISSUER", ISSUER), ("WORKOS_AUTHKIT_DOMAIN", "x.authkit.app")] {
        let auth = from_vars(issuer, path).unwrap().build().unwrap();
        assert!(auth.health().issuers[0].ready);
        let error = from_vars(issuer, "/nowhere").map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("MCP_AUTH_JWKS_FILE is"), "{error}");
    }
}
