use super::*;
use crate::token::introspection::ClientCredentials;

fn sso() -> Issuer {
    Issuer::new("https://sso.example.com/realms/x").unwrap()
}

#[test]
fn r27_documents_come_over_https_or_from_the_same_machine() {
    let (remote, local) =
        (Issuer::new("https://i").unwrap(), Issuer::new("http://127.0.0.1:1").unwrap());
    for uri in ["https://i/jwks", "https://elsewhere/jwks"] {
        assert!(remote.may_fetch(uri) && local.may_fetch(uri), "{uri}");
    }
    assert!(!remote.may_fetch("http://127.0.0.1:1/jwks"));
    assert!(local.may_fetch("http://127.0.0.1:1/jwks"));
    for uri in ["http://i/jwks", "file:///etc/passwd", "jwks", "ftp://i/"] {
        assert!(!remote.may_fetch(uri) && !local.may_fetch(uri), "{uri}");
    }
}

#[test]
fn r27_configured_keys_may_be_on_a_loopback_address() {
    for uri in ["http://127.0.0.1:8080/certs", "http://[::1]/certs", "http://localhost/certs"] {
        let issuer = sso().jwks_uri(uri).unwrap().over_tls_only();
        assert!(issuer.may_fetch(uri), "{uri}");
        // Only what the configuration names, not what the metadata names.
        assert!(!issuer.may_fetch("http://127.0.0.1:8080/other"));
        assert_eq!(issuer.plain_http_hosts().count(), 0);
    }
    let error = sso().jwks_uri("http://keycloak:8080/certs").unwrap_err().to_string();
    assert!(error.contains("keys_over_plain_http"), "{error}");
}

#[test]
fn r27_keys_over_plain_http_come_from_named_hosts_only() {
    let issuer = sso().keys_over_plain_http("keycloak:8080").unwrap();
    let issuer = issuer.keys_over_plain_http("Keys.Auth.svc").unwrap();
    for uri in
        ["http://keycloak:8080/certs", "http://keys.auth.svc/certs", "http://keys.auth.svc:80/"]
    {
        assert!(issuer.may_fetch(uri) && issuer.names_plain_http_host(uri), "{uri}");
        assert!(issuer.clone().jwks_uri(uri).is_ok(), "{uri}");
        assert!(issuer.clone().userinfo_endpoint(uri).is_err(), "tokens are not sent to {uri}");
        let client = ClientCredentials::client_secret_basic("resource", "s3cr3t");
        assert!(issuer.clone().introspection(uri, client).is_err(), "nor there for introspection");
    }
    for uri in [
        "http://keycloak/certs",
        "http://keycloak:8081/certs",
        "http://keycloak.evil.example:8080/certs",
        "http://keycloak:8080@evil.example/certs",
        "http://evil.example/keycloak:8080",
        "ftp://keycloak:8080/certs",
    ] {
        assert!(!issuer.may_fetch(uri) && !issuer.names_plain_http_host(uri), "{uri}");
    }
    let hosts: Vec<_> = issuer.plain_http_hosts().collect();
    assert_eq!(hosts, ["keycloak:8080", "keys.auth.svc:80"]);
    for host in
        ["", "http://keycloak:8080", "keycloak:8080/certs", "*.svc", "a b", "u@keycloak", "k:x"]
    {
        let error = sso().keys_over_plain_http(host).unwrap_err().to_string();
        assert!(error.starts_with("keys_over_plain_http is"), "{error}");
        assert!(error.contains("keycloak:8080"), "{error}");
    }
}

#[test]
fn r27_an_issuer_without_tls_must_be_called_so() {
    let error = Issuer::new("http://keycloak:8080/realms/x").unwrap_err().to_string();
    assert!(error.contains("over_plain_http"), "{error}");
    let issuer = Issuer::over_plain_http("http://keycloak:8080/realms/x").unwrap();
    assert_eq!(issuer.name(), "http://keycloak:8080/realms/x");
    assert_eq!(issuer.plain_http_hosts().collect::<Vec<_>>(), ["keycloak:8080"]);
    assert!(
        issuer.may_fetch("http://keycloak:8080/certs") && !issuer.may_fetch("http://other/certs")
    );
    assert!(issuer.userinfo_endpoint("http://keycloak:8080/userinfo").is_ok());
    for name in ["", "https://i", "keycloak:8080", "http://", "http://i?x", "http://u:p@i"] {
        let error = Issuer::over_plain_http(name).unwrap_err().to_string();
        assert!(error.starts_with("issuer is") && error.contains("keycloak:8080"), "{error}");
    }
}
