//! A key set and tokens that it confirms, like those of WorkOS.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use openssl::{hash::MessageDigest, pkey::PKey, rsa::Rsa, sign::Signer};
use serde_json::{Value, json};

/// On loopback, since keys are fetched without TLS only there.
pub const ISSUER: &str = "http://127.0.0.1/careful-heron-42";
pub const RESOURCE: &str = "http://127.0.0.1/mcp";

/// What is measured with.
pub struct Fixture {
    /// One RSA key.
    pub jwks: Value,
    /// The `Authorization` headers of three tokens.
    pub headers: [String; 3],
}

impl Fixture {
    /// A new key and three tokens.
    pub fn sign() -> Self {
        let rsa = Rsa::generate(2048).expect("a key");
        let jwks = json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "sso_oidc_key_pair_01HXYZABCDEFGHJKM",
            "n": BASE64.encode(rsa.n().to_vec()), "e": BASE64.encode(rsa.e().to_vec()),
        }] });
        let key = PKey::from_rsa(rsa).expect("a key");
        let token = |n: u32| {
            let header = json!({ "alg": "RS256", "kid": "sso_oidc_key_pair_01HXYZABCDEFGHJKM" });
            let claims = json!({
                "iss": ISSUER, "aud": RESOURCE, "sub": format!("user_01HXYZABCDEFGHJKMNPQRSTV{n:02}"),
                "client_id": "client_01HXYZABCDEFGHJKMNPQRSTVWX",
                "org_id": "org_01HXYZABCDEFGHJKMNPQRSTVWX",
                "sid": "app_consent_01HXYZABCDEFGHJKMNPQRSTVWX",
                "jti": format!("01HXYZABCDEFGHJKMNPQRSTV{n:02}"),
                "scope": "openid profile email offline_access",
                "iat": 1_700_000_000, "exp": 4_000_000_000_u64,
            });
            let part = |json: &Value| BASE64.encode(json.to_string());
            let input = format!("{}.{}", part(&header), part(&claims));
            let mut signer = Signer::new(MessageDigest::sha256(), &key).expect("a signer");
            let signature = signer.sign_oneshot_to_vec(input.as_bytes()).expect("a signature");
            format!("Bearer {input}.{}", BASE64.encode(signature))
        };
        Self { jwks, headers: [1, 2, 3].map(token) }
    }

    /// Writes it for a later run.
    pub fn write(&self, path: &Path) {
        let text = json!({ "jwks": self.jwks, "headers": self.headers }).to_string();
        fs::write(path, text).expect("a place to write");
    }

    /// Reads what an earlier run has written.
    pub fn read(path: &Path) -> Self {
        let text = fs::read(path).expect("it was signed before");
        let json: Value = serde_json::from_slice(&text).expect("it is JSON");
        let header = |n: usize| json["headers"][n].as_str().expect("a header").to_owned();
        Self { jwks: json["jwks"].clone(), headers: [0, 1, 2].map(header) }
    }
}
