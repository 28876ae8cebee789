//! Which addresses the refresher connects to. The network of these tests resolves names to addresses
//! of the tests' choice, and connects each of them to one TLS server on this machine.

mod internet;

use std::sync::Arc;

use mcp_auth_core::{HttpRequest, Issuer, ProfileError, Secret, http::AllowedAddresses};

use self::internet::Internet;
use crate::refresher::{ProxyChoice, ProxySettings};

const ISSUER: &str = "https://idp.example.com";
const PUBLIC: &str = "93.184.216.34";
/// Some of the ranges that `addresses` knows.
const PRIVATE: [&str; 4] = ["10.0.0.5", "127.0.0.1", "fd00::5", "::ffff:10.0.0.5"];

#[test]
fn r27_a_discovered_jwks_uri_at_a_private_address_is_refused() {
    for private in PRIVATE {
        let mut internet = Internet::new();
        internet.name("idp.example.com", &[PUBLIC]).name("keys.example.net", &[private]);
        internet.metadata("jwks_uri", "https://keys.example.net/jwks");
        let error = internet.keys(&issuer()).unwrap_err();
        assert!(error.contains("private address") && error.contains("jwks_uri"), "{error}");
        assert_eq!(internet.connected(), [PUBLIC], "{private}");
    }
}

#[test]
fn r27_a_private_address_in_a_discovered_url_is_refused() {
    for host in ["10.0.0.5", "[::ffff:10.0.0.5]", "[fd00::5]", "0x0a.0.0.5", "167772165"] {
        let mut internet = Internet::new();
        // As the C library's resolver reads the last two.
        internet.name("0x0a.0.0.5", &["10.0.0.5"]).name("167772165", &["10.0.0.5"]);
        internet.name("idp.example.com", &[PUBLIC]);
        internet.metadata("jwks_uri", &format!("https://{host}/jwks"));
        let error = internet.keys(&issuer()).unwrap_err();
        assert!(error.contains("private address"), "{host}: {error}");
        assert_eq!(internet.connected(), [PUBLIC], "{host}");
    }
}

#[test]
fn r27_a_configured_jwks_uri_may_be_at_a_private_address() {
    for private in PRIVATE {
        let mut internet = Internet::new();
        internet.name("idp.example.com", &[PUBLIC]).name("keys.example.net", &[private]);
        let named = issuer().jwks_uri("https://keys.example.net/jwks").unwrap();
        internet.keys(&named).unwrap();
        assert_eq!(internet.connected(), [private]);
    }
}

#[test]
fn r27_a_private_issuer_may_name_private_hosts() {
    for issuers in [&["10.0.0.4"][..], &["127.0.0.1", "::1"]] {
        let mut internet = Internet::new();
        internet.name("idp.example.com", issuers).name("keys.example.net", &["10.0.0.5"]);
        internet.metadata("jwks_uri", "https://keys.example.net/jwks");
        internet.keys(&issuer()).unwrap();
        assert_eq!(internet.connected(), [issuers[0], "10.0.0.5"]);
    }
}

#[test]
fn r27_an_issuer_with_any_public_address_counts_as_public() {
    let mut internet = Internet::new();
    internet.name("idp.example.com", &["10.0.0.4", PUBLIC]);
    internet.name("keys.example.net", &["10.0.0.5"]);
    internet.metadata("jwks_uri", "https://keys.example.net/jwks");
    internet.keys(&issuer()).unwrap_err();
    assert_eq!(internet.connected(), ["10.0.0.4"]);
}

#[test]
fn r27_an_issuer_that_does_not_resolve_counts_as_public() {
    let mut internet = Internet::new();
    internet.then("idp.example.com", &[&[PUBLIC], &[]]).name("keys.example.net", &["10.0.0.5"]);
    internet.metadata("jwks_uri", "https://keys.example.net/jwks");
    internet.keys(&issuer()).unwrap_err();
    assert_eq!(internet.connected(), [PUBLIC]);
}

#[test]
fn r27_the_address_that_was_checked_is_connected_to() {
    // Public at the first lookup, private at the second (DNS rebinding).
    let mut internet = Internet::new();
    internet.name("idp.example.com", &[PUBLIC]);
    internet.then("keys.example.net", &[&["8.8.8.8"], &["10.0.0.5"]]);
    internet.metadata("jwks_uri", "https://keys.example.net/jwks");
    internet.keys(&issuer()).unwrap();
    assert_eq!(internet.connected(), [PUBLIC, "8.8.8.8"]);

    let mut internet = Internet::new();
    internet.name("idp.example.com", &[PUBLIC]);
    internet.name("keys.example.net", &["10.0.0.5", "8.8.8.8", "127.0.0.1"]);
    internet.metadata("jwks_uri", "https://keys.example.net/jwks");
    internet.keys(&issuer()).unwrap();
    assert_eq!(internet.connected(), [PUBLIC, "8.8.8.8"], "private ones are left out");
}

#[test]
fn r27_the_issuers_own_host_is_not_restricted() {
    let mut internet = Internet::new();
    internet.then("idp.example.com", &[&[PUBLIC], &["10.0.0.4"]]);
    internet.metadata("jwks_uri", "https://idp.example.com:8443/jwks");
    internet.keys(&issuer()).unwrap();
    assert_eq!(internet.connected(), [PUBLIC, "10.0.0.4"]);
}

#[test]
fn r09_r27_a_discovered_foreign_userinfo_endpoint_gets_no_token() {
    for endpoint in [
        "https://keys.example.net/userinfo",
        "https://idp.example.com:8443/userinfo",
        "https://idp.example.com@keys.example.net/userinfo",
        "https://10.0.0.5/userinfo",
    ] {
        for address in [PUBLIC, "10.0.0.5"] {
            let mut internet = Internet::new();
            internet.name("idp.example.com", &[PUBLIC]).name("keys.example.net", &[address]);
            internet.metadata("userinfo_endpoint", endpoint);
            let Err(ProfileError::Unavailable(error)) = internet.profile(&issuer()) else {
                panic!("{endpoint} was used");
            };
            assert!(error.contains("Issuer::userinfo_endpoint"), "{error}");
            assert!(internet.served().iter().all(|request| !request.contains("s3cret")));
        }
    }
}

#[test]
fn r27_a_configured_userinfo_endpoint_is_used_wherever_it_is() {
    for address in ["8.8.8.8", "10.0.0.5"] {
        let mut internet = Internet::new();
        internet.name("idp.example.com", &[PUBLIC]).name("keys.example.net", &[address]);
        let named = issuer().userinfo_endpoint("https://keys.example.net/userinfo").unwrap();
        let profile = internet.profile(&named).unwrap();
        assert_eq!(profile.email.as_deref(), Some("ada@example.com"));
        assert_eq!(internet.connected(), [address]);
        assert!(internet.served()[0].to_lowercase().contains("authorization: bearer s3cret"));
    }
}

#[test]
fn r27_a_userinfo_endpoint_on_the_issuers_origin_is_discovered() {
    let mut internet = Internet::new();
    internet.name("idp.example.com", &[PUBLIC]);
    internet.metadata("userinfo_endpoint", "https://IDP.example.com:443/userinfo");
    assert!(internet.profile(&issuer()).is_ok());
}

#[test]
fn r27_a_url_of_a_client_leads_to_public_addresses_only() {
    for (addresses, connected) in [
        (&["8.8.8.8"][..], Some("8.8.8.8")),
        (&["10.0.0.5", "8.8.8.8"], Some("8.8.8.8")),
        (&["10.0.0.5"], None),
        (&["127.0.0.1", "::1"], None),
        (&["169.254.169.254"], None),
        (&["::ffff:10.0.0.5"], None),
    ] {
        let mut internet = Internet::new();
        // The network of the issuer, which is private here, does not count.
        internet.name("idp.example.com", &["10.0.0.4"]).name("keys.example.net", addresses);
        let answer = internet.run_http(async |http| {
            let request = HttpRequest::get("https://keys.example.net/client.json");
            http.send(request.addresses(AllowedAddresses::Public)).await
        });
        match connected {
            Some(address) => {
                assert_eq!(answer.unwrap().status(), 200);
                assert_eq!(internet.connected(), [address]);
            }
            None => {
                let error = answer.unwrap_err().to_string();
                assert!(error.contains("private address"), "{error}");
                assert!(error.contains("a client names"), "{error}");
                assert!(internet.connected().is_empty());
            }
        }
    }
}

#[test]
fn r27_a_url_of_a_client_is_not_fetched_through_a_proxy() {
    let choice = ProxyChoice::Url(Secret::new("http://proxy.example.com:3128"));
    let settings = ProxySettings { choice, exceptions: Some(Vec::new()) };
    let mut internet = Internet::new();
    internet.name("proxy.example.com", &[PUBLIC]).name("keys.example.net", &["8.8.8.8"]);
    internet.proxy = settings.proxy(|_| None).unwrap().map(Arc::new);
    for (host, says) in [("keys.example.net", "through a proxy"), ("10.0.0.5", "private address")] {
        let answer = internet.run_http(async |http| {
            let request = HttpRequest::get(format!("https://{host}/client.json"));
            http.send(request.addresses(AllowedAddresses::Public)).await
        });
        let error = answer.unwrap_err().to_string();
        assert!(error.contains(says), "{host}: {error}");
    }
    assert!(internet.connected().is_empty());
}

fn issuer() -> Issuer {
    Issuer::new(ISSUER).unwrap()
}
