//! What each method sends, and what is refused.

use openssl::{ec::EcGroup, ec::EcKey, rsa::Rsa, symm::Cipher};
use serde_json::Value;

use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn sent(credentials: &ClientCredentials) -> (Option<String>, String) {
    let form = [("token", "t")];
    let mut request = credentials.post("https://i/x", &form, "https://i", NOW).unwrap();
    let header = request.headers().iter().find(|header| header.name() == "authorization");
    let header = header.map(|header| {
        assert!(header.is_secret());
        String::from_utf8(header.value().to_vec()).unwrap()
    });
    (header, String::from_utf8(request.take_body().unwrap()).unwrap())
}

fn pem(key: PKey<Private>) -> Vec<u8> {
    key.private_key_to_pem_pkcs8().unwrap()
}

fn curve(nid: Nid) -> Vec<u8> {
    let group = EcGroup::from_curve_name(nid).unwrap();
    pem(PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap())
}

#[test]
fn r32_basic_and_post_send_the_secret_each_in_its_place() {
    let basic = ClientCredentials::client_secret_basic("a:b", "s &=c");
    let (header, body) = sent(&basic);
    assert_eq!(header.unwrap(), format!("Basic {}", STANDARD.encode("a%3Ab:s+%26%3Dc")));
    assert_eq!(body, "token=t");
    let post = ClientCredentials::client_secret_post("a:b", "s &=c");
    let body_of_post = "token=t&client_id=a%3Ab&client_secret=s+%26%3Dc".to_owned();
    assert_eq!(sent(&post), (None, body_of_post));
}

#[test]
fn r32_an_assertion_is_new_each_time_and_for_the_issuer_only() {
    let keys = [
        ("RS256", pem(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap())),
        ("ES256", curve(Nid::X9_62_PRIME256V1)),
        ("ES384", curve(Nid::SECP384R1)),
        ("ES512", curve(Nid::SECP521R1)),
        ("EdDSA", pem(PKey::generate_ed25519().unwrap())),
    ];
    for (algorithm, pem) in keys {
        let credentials = ClientCredentials::private_key_jwt("resource-1", pem).unwrap();
        let credentials = credentials.key_id("k1");
        let assertion = || {
            let (header, body) = sent(&credentials);
            assert_eq!(header, None);
            let form: Vec<(String, String)> =
                url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            let value =
                |name: &str| form.iter().find(|(other, _)| other == name).unwrap().1.clone();
            assert_eq!(value("client_id"), "resource-1");
            assert_eq!(value("client_assertion_type"), ASSERTION_TYPE);
            value("client_assertion")
        };
        let parts: Vec<Value> = assertion()
            .split('.')
            .take(2)
            .map(|part| serde_json::from_slice(&base64url::decode(part).unwrap()).unwrap())
            .collect();
        assert_eq!(parts[0], json!({ "alg": algorithm, "typ": "JWT", "kid": "k1" }));
        let claims = &parts[1];
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("resource-1"), &json!("resource-1")));
        assert_eq!(claims["aud"], "https://i");
        assert_eq!(
            (&claims["iat"], &claims["exp"]),
            (&json!(1_800_000_000), &json!(1_800_000_060))
        );
        assert_eq!(claims["jti"].as_str().unwrap().len(), 22);
        assert_ne!(assertion(), assertion(), "{algorithm}");
    }
}

#[test]
fn a_key_that_cannot_sign_is_refused_and_not_shown() {
    let small = pem(PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap());
    let locked = PKey::generate_ed25519()
        .unwrap()
        .private_key_to_pem_pkcs8_passphrase(Cipher::aes_128_cbc(), b"secret")
        .unwrap();
    let public = PKey::generate_ed25519().unwrap().public_key_to_pem().unwrap();
    for pem in [small, locked, public, curve(Nid::SECP256K1), b"s3cr3t".to_vec(), Vec::new()] {
        let error = ClientCredentials::private_key_jwt("c", pem).unwrap_err().to_string();
        assert!(error.contains("PRIVATE KEY") && !error.contains("s3cr3t"), "{error}");
    }
}

#[test]
fn an_empty_id_or_secret_is_refused() {
    for (id, secret) in [("", "s"), ("c", "")] {
        let basic = ClientCredentials::client_secret_basic(id, secret);
        assert!(basic.check().unwrap_err().to_string().contains("for example"));
        assert!(ClientCredentials::client_secret_post(id, secret).check().is_err());
    }
    assert!(ClientCredentials::client_secret_basic("c", "s").check().is_ok());
}

#[test]
fn r09_debug_of_credentials_shows_no_secret() {
    let key = pem(PKey::generate_ed25519().unwrap());
    for credentials in [
        ClientCredentials::client_secret_basic("resource-1", "s3cr3t"),
        ClientCredentials::client_secret_post("resource-1", "s3cr3t"),
        ClientCredentials::private_key_jwt("resource-1", key).unwrap(),
    ] {
        let shown = format!("{credentials:?}");
        assert!(shown.contains("resource-1") && !shown.contains("s3cr3t"), "{shown}");
        assert!(shown.len() < 100, "{shown}");
    }
}
