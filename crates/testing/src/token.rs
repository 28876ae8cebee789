//! A builder for valid and invalid tokens.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde_json::{Map, Value, json};

use crate::algorithm::Algorithm;
use crate::clock::{seconds, unix_seconds};
use crate::key::Key;
use crate::keys::Keys;

/// A token before it is signed. It is valid unless you change something.
///
/// Begin with [`TestAuthority::token`](crate::TestAuthority::token),
/// [`session_token`](crate::TestAuthority::session_token),
/// [`machine_token`](crate::TestAuthority::machine_token) or
/// [`id_token`](crate::TestAuthority::id_token); end with [`sign`](Self::sign).
///
/// ```
/// use std::time::Duration;
/// use mcp_auth_testing::TestAuthority;
///
/// # fn main() -> Result<(), mcp_auth_testing::StartError> {
/// let authority = TestAuthority::start()?;
/// let good = authority
///     .token()
///     .subject("user_ada")
///     .audience("https://app.example.com/mcp")
///     .claim("org_id", "org_engines")
///     .sign();
/// let expired = authority.token().expired_for(Duration::from_secs(60)).sign();
/// let unbound = authority.token().without("aud").sign();
/// let unsigned = authority.token().unsigned().sign();
/// # let _ = (good, expired, unbound, unsigned);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a token is made by `.sign()`"]
pub struct TokenBuilder {
    keys: Keys,
    header: Map<String, Value>,
    removed_headers: Vec<String>,
    claims: Map<String, Value>,
    signature: Signature,
    raw_header: Option<Vec<u8>>,
    raw_payload: Option<Vec<u8>>,
}

#[derive(Clone)]
enum Signature {
    CurrentKey,
    Algorithm(Algorithm),
    Key(Key),
    Stranger,
    None,
    HmacWithPublicKey,
}

impl TokenBuilder {
    pub(crate) fn new(keys: Keys, claims: Map<String, Value>) -> Self {
        Self {
            keys,
            header: Map::new(),
            removed_headers: Vec::new(),
            claims,
            signature: Signature::CurrentKey,
            raw_header: None,
            raw_payload: None,
        }
    }

    /// Sets `sub`.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.claim("sub", subject.into())
    }

    /// Sets `aud` to one string.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.claim("aud", audience.into())
    }

    /// Sets `aud` to a list.
    pub fn audiences<S: Into<String>>(self, audiences: impl IntoIterator<Item = S>) -> Self {
        let list: Vec<String> = audiences.into_iter().map(Into::into).collect();
        self.claim("aud", list)
    }

    /// Sets `iss`, whether or not it is this authority's.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.claim("iss", issuer.into())
    }

    /// Sets `scope`, a list separated by spaces.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.claim("scope", scope.into())
    }

    /// Sets `client_id`.
    pub fn client_id(self, id: impl Into<String>) -> Self {
        self.claim("client_id", id.into())
    }

    /// Sets `exp` this long after `iat`. Whole seconds.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        let issued = self.claims.get("iat").and_then(Value::as_i64).unwrap_or(0);
        self.claim("exp", issued.saturating_add(seconds(lifetime)))
    }

    /// Moves `iat` and `exp` so that the token expired this long ago, by the authority's clock
    /// at the time of this call. Whole seconds.
    pub fn expired_for(mut self, ago: Duration) -> Self {
        let claim = |name| self.claims.get(name).and_then(Value::as_i64).unwrap_or(0);
        let (issued, expires) = (claim("iat"), claim("exp"));
        let shift = (expires - issued).saturating_add(seconds(ago));
        self.claims.insert("iat".into(), json!(issued - shift));
        self.claims.insert("exp".into(), json!(expires - shift));
        self
    }

    /// Sets `iat`, whole seconds. `exp` moves with it, so that the lifetime stays.
    pub fn issued_at(mut self, time: SystemTime) -> Self {
        let claim = |name| self.claims.get(name).and_then(Value::as_i64);
        if let (Some(issued), Some(expires)) = (claim("iat"), claim("exp")) {
            let moved = unix_seconds(time).saturating_add(expires - issued);
            self.claims.insert("exp".into(), json!(moved));
        }
        self.claim("iat", unix_seconds(time))
    }

    /// Sets `exp`, whole seconds.
    pub fn expires_at(self, time: SystemTime) -> Self {
        self.claim("exp", unix_seconds(time))
    }

    /// Sets `nbf`, whole seconds. WorkOS sets none.
    pub fn not_before(self, time: SystemTime) -> Self {
        self.claim("nbf", unix_seconds(time))
    }

    /// Marks an impersonated session: `act` with this address as its `sub`.
    pub fn impersonated_by(self, email: impl Into<String>) -> Self {
        self.claim("act", json!({ "sub": email.into() }))
    }

    /// Sets any claim to any JSON value.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets any header parameter to any JSON value, `alg` and `kid` included, whatever the
    /// signature is really made with.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        self.removed_headers.retain(|removed| *removed != name);
        self.header.insert(name, value.into());
        self
    }

    /// Leaves a header parameter out.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self.removed_headers.push(name.to_owned());
        self
    }

    /// Sets another `kid` than that of the key which signs.
    pub fn kid(self, kid: impl Into<String>) -> Self {
        self.header("kid", kid.into())
    }

    /// Sets `typ`. WorkOS sets none.
    pub fn typ(self, typ: impl Into<String>) -> Self {
        self.header("typ", typ.into())
    }

    /// Signs with the newest key for this algorithm, which is published first if there is none.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.signature = Signature::Algorithm(algorithm);
        self
    }

    /// Signs with this key, published or not, and names its `kid`.
    pub fn signed_by(mut self, key: &Key) -> Self {
        self.signature = Signature::Key(key.clone());
        self
    }

    /// Signs with a key that nobody publishes, under the `kid` and `alg` of the current key: a
    /// forgery.
    pub fn signed_by_stranger(mut self) -> Self {
        self.signature = Signature::Stranger;
        self
    }

    /// Does not sign: `alg` is `none` and the signature is empty.
    pub fn unsigned(mut self) -> Self {
        self.signature = Signature::None;
        self
    }

    /// Signs with HS256 and the current public key (PEM) as the secret, under its `kid`: algorithm
    /// confusion (RFC 8725 §2.1).
    pub fn hs256_with_public_key(mut self) -> Self {
        self.signature = Signature::HmacWithPublicKey;
        self
    }

    /// Signs these bytes as the payload, and ignores the claims: for duplicate members or invalid
    /// JSON.
    pub fn payload_bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_payload = Some(bytes.into());
        self
    }

    /// Signs these bytes as the header, and ignores the parameters.
    pub fn header_bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_header = Some(bytes.into());
        self
    }

    /// The current claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The token, in JWS compact form (RFC 7515 §7.1).
    ///
    /// # Panics
    /// If OpenSSL cannot sign.
    pub fn sign(self) -> String {
        self.try_sign().expect("OpenSSL signs")
    }

    /// The `Authorization` header with the token, for `insert_header`.
    ///
    /// # Panics
    /// If OpenSSL cannot sign.
    pub fn bearer(self) -> (&'static str, String) {
        authorization(&self.sign())
    }

    pub(crate) fn try_sign(self) -> Result<String, ErrorStack> {
        let (alg, kid, signer) = match &self.signature {
            Signature::CurrentKey => published(self.keys.try_current()?),
            Signature::Algorithm(algorithm) => published(self.keys.for_algorithm(*algorithm)?),
            Signature::Key(key) => published(key.clone()),
            Signature::Stranger => {
                let posed_as = self.keys.try_current()?;
                let stranger = Key::generate(posed_as.algorithm())?;
                let kid = posed_as.id().to_owned();
                (stranger.algorithm().name(), Some(kid), Signing::Key(stranger))
            }
            Signature::None => ("none", None, Signing::Nothing),
            Signature::HmacWithPublicKey => {
                let key = self.keys.try_current()?;
                let kid = key.id().to_owned();
                ("HS256", Some(kid), Signing::Hmac(key.public_pem()))
            }
        };

        let mut header = Map::new();
        header.insert("alg".into(), json!(alg));
        if let Some(kid) = kid {
            header.insert("kid".into(), json!(kid));
        }
        header.extend(self.header);
        header.retain(|name, _| !self.removed_headers.contains(name));

        let header = self.raw_header.unwrap_or_else(|| bytes_of(header));
        let payload = self.raw_payload.unwrap_or_else(|| bytes_of(self.claims));
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = signer.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

impl fmt::Debug for TokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenBuilder")
            .field("header", &self.header)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

enum Signing {
    Key(Key),
    Hmac(Vec<u8>),
    Nothing,
}

impl Signing {
    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        match self {
            Self::Key(key) => key.sign(input),
            Self::Hmac(secret) => {
                let key = PKey::hmac(secret)?;
                Signer::new(MessageDigest::sha256(), &key)?.sign_oneshot_to_vec(input)
            }
            Self::Nothing => Ok(Vec::new()),
        }
    }
}

/// The header that carries a token (RFC 6750 §2.1).
pub(crate) fn authorization(token: &str) -> (&'static str, String) {
    ("Authorization", format!("Bearer {token}"))
}

fn published(key: Key) -> (&'static str, Option<String>, Signing) {
    (key.algorithm().name(), Some(key.id().to_owned()), Signing::Key(key))
}

fn bytes_of(object: Map<String, Value>) -> Vec<u8> {
    Value::Object(object).to_string().into_bytes()
}
