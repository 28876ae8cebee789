//! Signed webhooks, valid or with a fault.

use std::fmt;
use std::time::SystemTime;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;

use super::timestamp::millis_of;

/// A webhook to send: `body` as the request's body, byte for byte, and `signature` as the header
/// `WorkOS-Signature`.
///
/// The signature is `t=<milliseconds>, v1=<hex>`, an HMAC-SHA256 over `<milliseconds>.<body>`. It
/// is valid for 180 seconds before and after `t`. Each method makes one fault; both members can be
/// changed as well. Sending the same value again repeats a webhook with its first timestamp.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use mcp_auth_testing::TestAuthority;
///
/// # fn main() -> Result<(), mcp_auth_testing::StartError> {
/// let authority = TestAuthority::start()?;
/// let event = authority.emit("user.deleted", serde_json::json!({ "id": "user_ada" }));
///
/// let webhook = event.webhook("the endpoint's secret");
/// let late = webhook.clone().signed_at(SystemTime::now() - Duration::from_secs(181));
/// let forged = webhook.clone().forged();
/// // … POST `webhook.body` with `WorkOS-Signature: webhook.signature` …
/// # let _ = (late, forged);
/// # Ok(())
/// # }
/// ```
///
/// `Debug` shows the signature, and neither the secret nor the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignedWebhook {
    /// The request's body.
    pub body: String,
    /// The value of the header `WorkOS-Signature`.
    pub signature: String,
    secret: String,
    millis: u64,
    scheme: String,
    separator: String,
}

impl SignedWebhook {
    pub(super) fn new(body: String, secret: &str) -> Self {
        let mut webhook = Self {
            body,
            signature: String::new(),
            secret: secret.to_owned(),
            millis: millis_of(SystemTime::now()),
            scheme: "v1".into(),
            separator: ", ".into(),
        };
        webhook.sign();
        webhook
    }

    /// Signs with this time: a webhook that was delayed, or one from the future. Precision:
    /// milliseconds.
    #[must_use]
    pub fn signed_at(mut self, time: SystemTime) -> Self {
        self.millis = millis_of(time);
        self.sign();
        self
    }

    /// Signs with another secret than the endpoint's.
    #[must_use]
    pub fn forged(mut self) -> Self {
        self.secret.push_str(" of somebody else");
        self.sign();
        self
    }

    /// Cuts the body in half, and keeps the signature of the whole body.
    #[must_use]
    pub fn truncated(mut self) -> Self {
        let mut half = self.body.len() / 2;
        while !self.body.is_char_boundary(half) {
            half -= 1;
        }
        self.body.truncate(half);
        self
    }

    /// Names another signature scheme than `v1`, such as `v0`. The HMAC is that of `v1`.
    #[must_use]
    pub fn with_scheme(mut self, scheme: impl Into<String>) -> Self {
        self.scheme = scheme.into();
        self.sign();
        self
    }

    /// Separates the timestamp and the signature by this. Default: a comma and a space; without
    /// the space the header is as valid.
    #[must_use]
    pub fn with_separator(mut self, separator: impl Into<String>) -> Self {
        self.separator = separator.into();
        self.sign();
        self
    }

    fn sign(&mut self) {
        let Self { body, secret, millis, scheme, separator, .. } = self;
        let input = format!("{millis}.{body}");
        let hmac = hmac_sha256(secret.as_bytes(), input.as_bytes()).expect("OpenSSL signs");
        let hex: String = hmac.iter().map(|byte| format!("{byte:02x}")).collect();
        self.signature = format!("t={millis}{separator}{scheme}={hex}");
    }
}

impl fmt::Debug for SignedWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedWebhook").field("signature", &self.signature).finish_non_exhaustive()
    }
}

fn hmac_sha256(secret: &[u8], input: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let key = PKey::hmac(secret)?;
    Signer::new(MessageDigest::sha256(), &key)?.sign_oneshot_to_vec(input)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn webhook() -> SignedWebhook {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_735_689_600_250);
        SignedWebhook::new(r#"{"id":"event_1"}"#.into(), "hush").signed_at(time)
    }

    #[test]
    fn the_signature_is_hmac_sha256_of_time_and_body() {
        // printf '1735689600250.{"id":"event_1"}' | openssl dgst -sha256 -hmac hush
        let hex = "6cfd6f1bc3e23512736952c368db97a774a0d88a0454cad79d204e445c800ce9";
        assert_eq!(webhook().signature, format!("t=1735689600250, v1={hex}"));
        let close = webhook().with_separator(",");
        assert_eq!(close.signature, format!("t=1735689600250,v1={hex}"));
        let other = webhook().with_scheme("v0");
        assert_eq!(other.signature, format!("t=1735689600250, v0={hex}"));
    }

    #[test]
    fn each_fault_changes_what_it_names() {
        let good = webhook();
        let forged = webhook().forged();
        assert_eq!(forged.body, good.body);
        assert_ne!(forged.signature, good.signature);
        let truncated = webhook().truncated();
        assert_eq!(truncated.signature, good.signature);
        assert!(truncated.body.len() < good.body.len() && good.body.starts_with(&truncated.body));
        let late = webhook().signed_at(SystemTime::UNIX_EPOCH);
        assert!(late.signature.starts_with("t=0, v1="));
    }

    #[test]
    fn a_webhook_is_signed_with_the_current_time() {
        let before = millis_of(SystemTime::now());
        let webhook = SignedWebhook::new("{}".into(), "hush");
        assert!((before..=millis_of(SystemTime::now())).contains(&webhook.millis));
        let repeated = webhook.clone();
        assert!(repeated.signature.starts_with(&format!("t={}, v1=", webhook.millis)));
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", webhook());
        assert!(shown.contains("v1=") && !shown.contains("hush"), "{shown}");
    }
}
