//! Tokens that nobody signed, as many as one likes, and the backend that does not mind. They have
//! everything that a token of WorkOS' has, and random bytes where the signature stands.

use std::{sync::LazyLock, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use benches_support::{AUDIENCE, ISSUER};
use serde_json::{Value, json};

/// The key set of which these tokens name the key. No signature is checked with it, but a key set
/// with a weak key is refused.
pub fn jwks() -> Value {
    let key = openssl::rsa::Rsa::generate(2048).expect("a key");
    let n = BASE64.encode(key.n().to_vec());
    json!({ "keys": [{ "kty": "RSA", "kid": "key", "alg": "RS256", "n": n, "e": "AQAB" }] })
}

/// The `Authorization` header of the token of this number.
pub fn header(n: u64) -> String {
    // Never the same twice: the digest must tell them apart by what follows a common beginning.
    let mut random = n + 1;
    let signature: Vec<u8> = (0..32).flat_map(|_| next(&mut random).to_le_bytes()).collect();
    format!(
        "Bearer {}.{}.{}",
        BASE64.encode(r#"{"alg":"RS256","kid":"key"}"#),
        BASE64.encode(payload(n)),
        BASE64.encode(signature)
    )
}

fn payload(n: u64) -> String {
    // The same for all, so that a number always gives the same token.
    static NOW: LazyLock<u64> =
        LazyLock::new(|| SystemTime::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_secs());
    let now = *NOW;
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": format!("user_01HXYZ{n:016}"),
        "client_id": "client_01HXYZABCDEFGHJKMNPQRSTVWX",
        "org_id": "org_01HXYZABCDEFGHJKMNPQRSTVWX",
        "sid": "app_consent_01HXYZABCDEFGHJKMNPQRSTVWX",
        "jti": format!("01HXYZ{n:020}"),
        "scope": "openid profile email offline_access",
        "iat": now, "exp": now + 24 * 60 * 60,
    })
    .to_string()
}

/// The next number without order (xorshift64*).
fn next(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}
