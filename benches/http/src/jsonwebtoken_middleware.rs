//! Another library's verifier as an application would write it: jsonwebtoken with its faster
//! backend, in a `from_fn` middleware, keys and rules made once.

use std::collections::HashMap;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorUnauthorized,
    http::header::AUTHORIZATION,
    middleware::Next,
    web,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde::Deserialize;

use crate::loopback;

/// Keys and rules.
pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    rules: Validation,
}

/// What an application needs of a token.
#[derive(Deserialize)]
#[allow(dead_code, reason = "read from the token, which is what is measured")]
struct Claims {
    iss: String,
    sub: String,
    exp: f64,
    iat: f64,
    client_id: Option<String>,
    org_id: Option<String>,
    scope: Option<String>,
}

impl Verifier {
    /// Fetches the keys once.
    pub fn fetch(issuer: &str, audience: &str, jwks_uri: &str) -> Self {
        let set: JwkSet = serde_json::from_str(&loopback::get(jwks_uri)).expect("a key set");
        let key = |jwk: &jsonwebtoken::jwk::Jwk| {
            let id = jwk.common.key_id.clone().expect("a kid");
            (id, DecodingKey::from_jwk(jwk).expect("a key"))
        };
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_issuer(&[issuer]);
        rules.set_audience(&[audience]);
        rules.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        rules.validate_nbf = true;
        Self { keys: set.keys.iter().map(key).collect(), rules }
    }

    fn claims(&self, request: &ServiceRequest) -> Option<Claims> {
        let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
        let token = header.strip_prefix("Bearer ")?;
        let key = self.keys.get(&decode_header(token).ok()?.kid?)?;
        Some(decode(token, key, &self.rules).ok()?.claims)
    }
}

/// The middleware.
pub async fn verify(
    verifier: web::Data<Verifier>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let claims = verifier.claims(&request).ok_or_else(|| ErrorUnauthorized("no good token"))?;
    request.extensions_mut().insert(claims);
    next.call(request).await
}
