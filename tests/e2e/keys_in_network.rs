//! Keys that come without TLS: from this machine, or from hosts of the own network that the
//! configuration names. `0.0.0.0` stands for such a host: it is no loopback address, and this machine
//! answers there.

use actix_mcp_auth::{BuildError, Issuer, McpAuth, McpAuthSettings, testing::TestAuthority};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use crate::{
    logs::logged,
    support::{RESOURCE, Server, authority},
};

/// In its tokens, and to browsers.
const OUTER: &str = "https://sso.example.com/realms/x";

/// A server in the next container: the keys of an authority, and the metadata of an issuer.
struct Neighbour {
    server: Server,
}

impl Neighbour {
    async fn of(authority: &TestAuthority) -> Self {
        let mut keys = awc::Client::default().get(authority.jwks_uri()).send().await.unwrap();
        let keys = String::from_utf8(keys.body().await.unwrap().to_vec()).unwrap();
        let server = Server::start(move |config| {
            let (keys, metadata) = (keys.clone(), web::to(metadata));
            config.route("/jwks", web::get().to(move || std::future::ready(keys.clone())));
            config.default_service(metadata);
        });
        Self { server }
    }

    /// Host and port, as another container sees it.
    fn host(&self) -> String {
        self.server.origin().replace("http://127.0.0.1", "0.0.0.0")
    }

    fn jwks(&self) -> String {
        format!("http://{}/jwks", self.host())
    }
}

/// Metadata of whoever is asked.
async fn metadata(request: HttpRequest) -> HttpResponse {
    let issuer = format!("http://{}", request.connection_info().host());
    HttpResponse::Ok().json(json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/jwks") }))
}

/// What a token of this issuer gets.
async fn status(authority: &TestAuthority, issuer: Issuer, resource: &str) -> u16 {
    let token = authority.token().issuer(issuer.name()).subject("user_ada").audience(resource);
    let auth = McpAuth::builder(resource).issuer(issuer).build().unwrap();
    let server = Server::of(&auth);
    server.call(&token.sign()).await.status.as_u16()
}

#[actix_web::test]
async fn r27_a_public_issuer_s_keys_may_be_on_this_machine() {
    // An application that is its own authorization server, behind a proxy that speaks TLS.
    let authority = authority();
    let issuer = Issuer::new(OUTER).unwrap().jwks_uri(authority.jwks_uri()).unwrap();
    assert_eq!(status(&authority, issuer, "https://app.example.com/mcp").await, 200);
}

#[actix_web::test]
async fn r27_keys_come_over_plain_http_from_a_host_that_is_named() {
    let authority = authority();
    let neighbour = Neighbour::of(&authority).await;
    let (host, jwks) = (neighbour.host(), neighbour.jwks());
    for name in [OUTER, authority.issuer()] {
        let issuer = || Issuer::new(name).unwrap();
        let refused = issuer().jwks_uri(&*jwks).unwrap_err().to_string();
        assert!(refused.contains("keys_over_plain_http"), "{refused}");
        let another = issuer().keys_over_plain_http("0.0.0.0:1").unwrap();
        assert!(another.jwks_uri(&*jwks).is_err(), "a host is one with its port");
        let named = issuer().keys_over_plain_http(&host).unwrap().jwks_uri(&*jwks).unwrap();
        assert_eq!(status(&authority, named, RESOURCE).await, 200, "{name}");
    }
    let public = Issuer::new(OUTER).unwrap().keys_over_plain_http(host).unwrap();
    let public = public.jwks_uri(jwks).unwrap();
    assert_eq!(status(&authority, public, "https://app.example.com/mcp").await, 200);
}

#[actix_web::test]
async fn r27_a_discovered_jwks_uri_over_http_needs_its_host_named() {
    let authority = authority();
    let neighbour = Neighbour::of(&authority).await;
    authority.set_metadata("jwks_uri", neighbour.jwks());
    let issuer = || Issuer::new(authority.issuer()).unwrap();
    assert_eq!(status(&authority, issuer(), RESOURCE).await, 503);
    let named = issuer().keys_over_plain_http(neighbour.host()).unwrap();
    assert_eq!(status(&authority, named, RESOURCE).await, 200);
}

#[actix_web::test]
async fn r27_an_issuer_in_the_next_container_has_a_call_of_its_own() {
    let authority = authority();
    let neighbour = Neighbour::of(&authority).await;
    let name = format!("http://{}", neighbour.host());
    let refused = Issuer::new(&*name).unwrap_err().to_string();
    assert!(refused.contains("over_plain_http"), "{refused}");
    let issuer = Issuer::over_plain_http(name).unwrap();
    assert_eq!(status(&authority, issuer, RESOURCE).await, 200);
}

fn told(build: impl FnOnce() -> Result<McpAuth, BuildError>) -> String {
    logged(|| drop(build().unwrap()))
}

#[test]
fn r27_keys_over_plain_http_are_told_at_start_up() {
    let build = |issuer| McpAuth::builder("https://app.example.com/mcp").issuer(issuer).build();
    let issuer = || Issuer::new(OUTER).unwrap();
    let named = issuer().keys_over_plain_http("keycloak:8080").unwrap();
    for issuer in [named, Issuer::over_plain_http("http://keycloak:8080/realms/x").unwrap()] {
        let log = told(|| build(issuer));
        assert!(log.contains(" WARN mcp_auth: "), "{log}");
        assert!(log.contains("event=\"keys_over_plain_http\""), "{log}");
        assert!(log.contains("host=\"keycloak:8080\""), "{log}");
    }
    let here = issuer().jwks_uri("http://127.0.0.1:8080/certs").unwrap();
    let log = told(|| build(here));
    assert!(!log.contains("keys_over_plain_http"), "{log}");
}

#[test]
fn keys_over_plain_http_is_a_setting_of_an_issuer() {
    let from_json = |issuer: Value| {
        let settings = json!({ "resource": "https://app.example.com/mcp", "issuers": [issuer] });
        let settings: McpAuthSettings = serde_json::from_value(settings).unwrap();
        McpAuth::from_settings(settings).map_err(|error| error.to_string())
    };
    let keys = "http://keycloak:8080/certs";
    let hosts = json!(["keycloak:8080"]);
    let named = json!({ "issuer": OUTER, "jwks_uri": keys, "keys_over_plain_http": hosts });
    from_json(named).unwrap().build().unwrap();
    let named = json!({ "issuer": "http://keycloak:8080/x", "keys_over_plain_http": hosts });
    from_json(named).unwrap().build().unwrap();
    for (issuer, tells) in [
        (json!({ "issuer": OUTER, "jwks_uri": keys }), "issuers[0].jwks_uri is"),
        (
            json!({ "issuer": OUTER, "keys_over_plain_http": ["http://keycloak"] }),
            "issuers[0].keys_over_plain_http is",
        ),
        (
            json!({ "issuer": "http://other/x", "keys_over_plain_http": hosts }),
            "issuers[0].issuer is",
        ),
    ] {
        let error = from_json(issuer).map(|_| ()).unwrap_err();
        assert!(error.starts_with(tells), "{error}");
    }
    let vars = |name: &str| {
        let value = match name {
            "MCP_AUTH_RESOURCE" => "https://app.example.com/mcp",
            "MCP_AUTH_ISSUER" => OUTER,
            "MCP_AUTH_JWKS_URI" => keys,
            "MCP_AUTH_KEYS_OVER_PLAIN_HTTP" => "keys.example, keycloak:8080",
            _ => return None,
        };
        Some(value.to_owned())
    };
    McpAuth::from_vars(vars).unwrap().build().unwrap();
    let wrong = |name: &str| match name {
        "MCP_AUTH_KEYS_OVER_PLAIN_HTTP" => Some("http://keycloak".to_owned()),
        name => vars(name),
    };
    let error = McpAuth::from_vars(wrong).map(|_| ()).unwrap_err().to_string();
    assert!(error.starts_with("MCP_AUTH_KEYS_OVER_PLAIN_HTTP is"), "{error}");
}
