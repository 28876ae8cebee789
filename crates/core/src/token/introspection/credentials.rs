//! How the resource authenticates to an issuer's endpoint (RFC 7662 §2.1): with a secret
//! (RFC 6749 §2.3.1) or with a signed assertion (RFC 7523 §2.2).

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use josekit::jws::{ES256, ES384, ES512, EdDSA, JwsSigner, RS256};
use openssl::{
    nid::Nid,
    pkey::{Id, PKey, Private},
};
use serde_json::json;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::{
    base64url, config::ConfigError, http::HttpRequest, keyed_hash::random_bytes, secret::Secret,
    time::UnixTime,
};

/// How long an assertion is good. It is made anew for each request.
const ASSERTION_LIFETIME: Duration = Duration::from_secs(60);

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What proves to an issuer which client this resource is. `Debug` shows the client id alone.
///
/// ```
/// # mod actix_mcp_auth { pub mod issuer { pub use mcp_auth_core::*; } }
/// use actix_mcp_auth::issuer::ClientCredentials;
///
/// let secret = ClientCredentials::client_secret_basic("resource-1", "s3cr3t");
/// # let _ = secret;
/// ```
#[derive(Clone)]
pub struct ClientCredentials {
    client_id: Box<str>,
    method: Method,
}

#[derive(Clone)]
enum Method {
    Basic(Secret),
    Post(Secret),
    PrivateKeyJwt(AssertionKey),
}

#[derive(Clone)]
struct AssertionKey {
    algorithm: &'static str,
    key_id: Option<Box<str>>,
    signer: Arc<dyn JwsSigner>,
}

impl ClientCredentials {
    /// A client id and a secret, sent in the `Authorization` header (`client_secret_basic`): what
    /// most issuers expect.
    pub fn client_secret_basic(
        client_id: impl Into<Box<str>>,
        secret: impl Into<Arc<str>>,
    ) -> Self {
        Self { client_id: client_id.into(), method: Method::Basic(Secret::new(secret)) }
    }

    /// A client id and a secret, sent in the form (`client_secret_post`).
    pub fn client_secret_post(client_id: impl Into<Box<str>>, secret: impl Into<Arc<str>>) -> Self {
        Self { client_id: client_id.into(), method: Method::Post(Secret::new(secret)) }
    }

    /// A client id and a private key in PEM, which signs an assertion for each request
    /// (`private_key_jwt`). The key decides the algorithm: RSA of at least 2048 bits RS256, the
    /// curves P-256, P-384 and P-521 ES256, ES384 and ES512, Ed25519 EdDSA. The assertion's `aud` is
    /// the issuer's identifier, and it is good for 60 s.
    ///
    /// # Errors
    /// Where the PEM has no private key of these kinds, or one that needs a passphrase.
    pub fn private_key_jwt(
        client_id: impl Into<Box<str>>,
        private_key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, ConfigError> {
        let key = AssertionKey::of_pem(private_key_pem.as_ref()).ok_or_else(|| {
            ConfigError::invalid(
                "private_key_jwt",
                "(a text that is not shown)",
                "must be the PEM of a private key without a passphrase: RSA of at least 2048 bits, \
                 P-256, P-384, P-521 or Ed25519",
                "-----BEGIN PRIVATE KEY-----…",
            )
        })?;
        Ok(Self { client_id: client_id.into(), method: Method::PrivateKeyJwt(key) })
    }

    /// Names the key in the assertion's header (`kid`), for an issuer that knows several keys of
    /// this client. Default: no `kid`. It has no effect on a secret.
    #[must_use]
    pub fn key_id(mut self, key_id: impl Into<Box<str>>) -> Self {
        if let Method::PrivateKeyJwt(key) = &mut self.method {
            key.key_id = Some(key_id.into());
        }
        self
    }

    /// The client's id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What is missing, if something is.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.client_id.is_empty() {
            return Err(ConfigError::missing(
                "introspection client_id",
                "must be there: an introspection endpoint answers registered clients only \
                 (RFC 7662 §2.1)",
                "resource-1",
            ));
        }
        match &self.method {
            Method::Basic(secret) | Method::Post(secret) if secret.expose().is_empty() => {
                Err(ConfigError::missing(
                    "introspection client_secret",
                    "must be there: an introspection endpoint answers authenticated clients only \
                     (RFC 7662 §2.1)",
                    "(the secret of the client that the issuer has registered for this resource)",
                ))
            }
            _ => Ok(()),
        }
    }

    /// A `POST` of this form to `url` by this client. `audience` is the issuer's identifier.
    ///
    /// # Errors
    /// Where the assertion cannot be signed.
    pub(crate) fn post(
        &self,
        url: &str,
        form: &[(&str, &str)],
        audience: &str,
        now: UnixTime,
    ) -> Result<HttpRequest, CannotSign> {
        let mut body = Serializer::new(String::new());
        body.extend_pairs(form);
        let mut request = HttpRequest::post(url);
        match &self.method {
            Method::Basic(secret) => {
                request = request.secret_header("authorization", self.basic(secret));
            }
            Method::Post(secret) => {
                body.append_pair("client_id", &self.client_id);
                body.append_pair("client_secret", secret.expose());
            }
            Method::PrivateKeyJwt(key) => {
                body.append_pair("client_id", &self.client_id);
                body.append_pair("client_assertion_type", ASSERTION_TYPE);
                body.append_pair("client_assertion", &self.assertion(key, audience, now)?);
            }
        }
        Ok(request
            .header("accept", "application/json")
            .body("application/x-www-form-urlencoded", body.finish()))
    }

    /// Both halves are form-encoded before they are joined (RFC 6749 §2.3.1).
    fn basic(&self, secret: &Secret) -> String {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&self.client_id), encoded(secret.expose()));
        format!("Basic {}", STANDARD.encode(pair))
    }

    /// RFC 7523 §3. The issuer's identifier is the only audience, so that the assertion is of no use
    /// at another server.
    fn assertion(
        &self,
        key: &AssertionKey,
        audience: &str,
        now: UnixTime,
    ) -> Result<String, CannotSign> {
        let issued_at = now.as_secs_f64().floor();
        let mut header = json!({ "alg": key.algorithm, "typ": "JWT" });
        if let Some(key_id) = &key.key_id {
            header["kid"] = json!(key_id);
        }
        let claims = json!({
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "jti": base64url::encode(&random_bytes::<16>()),
            "iat": issued_at as u64,
            "exp": (issued_at + ASSERTION_LIFETIME.as_secs_f64()) as u64,
        });
        let part = |json: &serde_json::Value| base64url::encode(json.to_string().as_bytes());
        let input = format!("{}.{}", part(&header), part(&claims));
        let signature = key.signer.sign(input.as_bytes()).map_err(|_| CannotSign)?;
        Ok(format!("{input}.{}", base64url::encode(&signature)))
    }
}

impl AssertionKey {
    fn of_pem(pem: &[u8]) -> Option<Self> {
        // Without the callback OpenSSL asks for a passphrase on the terminal.
        let key = PKey::private_key_from_pem_callback(pem, |_| Ok(0)).ok()?;
        let pem = key.private_key_to_pem_pkcs8().ok()?;
        let (algorithm, signer): (_, Arc<dyn JwsSigner>) = match algorithm_of(&key)? {
            "RS256" => ("RS256", Arc::new(RS256.signer_from_pem(&pem).ok()?)),
            "ES256" => ("ES256", Arc::new(ES256.signer_from_pem(&pem).ok()?)),
            "ES384" => ("ES384", Arc::new(ES384.signer_from_pem(&pem).ok()?)),
            "ES512" => ("ES512", Arc::new(ES512.signer_from_pem(&pem).ok()?)),
            _ => ("EdDSA", Arc::new(EdDSA.signer_from_pem(&pem).ok()?)),
        };
        Some(Self { algorithm, key_id: None, signer })
    }
}

fn algorithm_of(key: &PKey<Private>) -> Option<&'static str> {
    match key.id() {
        Id::RSA => (key.bits() >= 2048).then_some("RS256"),
        Id::EC => match key.ec_key().ok()?.group().curve_name()? {
            Nid::X9_62_PRIME256V1 => Some("ES256"),
            Nid::SECP384R1 => Some("ES384"),
            Nid::SECP521R1 => Some("ES512"),
            _ => None,
        },
        Id::ED25519 => Some("EdDSA"),
        _ => None,
    }
}

/// An assertion could not be signed. OpenSSL's own message is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CannotSign;

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            Method::Basic(_) => "client_secret_basic",
            Method::Post(_) => "client_secret_post",
            Method::PrivateKeyJwt(_) => "private_key_jwt",
        };
        f.debug_struct("ClientCredentials")
            .field("client_id", &self.client_id)
            .field("method", &method)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
