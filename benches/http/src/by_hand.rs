//! The middleware that an application would write by hand: jsonwebtoken with its faster backend, then
//! the user by sqlx. Keys and rules are made once.

use std::{collections::HashMap, fs};

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
use sqlx::SqlitePool;

/// Keys, rules, and the application's users.
pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    rules: Validation,
    users: SqlitePool,
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
    scope: Option<String>,
}

/// A user as the handler would get them.
#[allow(dead_code, reason = "read from the database, which is what is measured")]
struct User(i64, String, String);

impl Verifier {
    /// Reads the key set from a file, and connects to the database in another.
    pub async fn new(issuer: &str, audience: &str, jwks: &str, database: &str) -> Self {
        let text = fs::read(jwks).expect("the key set was written before");
        let set: JwkSet = serde_json::from_slice(&text).expect("a key set");
        let key = |jwk: &jsonwebtoken::jwk::Jwk| {
            let id = jwk.common.key_id.clone().expect("a kid");
            (id, DecodingKey::from_jwk(jwk).expect("a key"))
        };
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_issuer(&[issuer]);
        rules.set_audience(&[audience]);
        rules.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        rules.validate_nbf = true;
        let users = SqlitePool::connect(&format!("sqlite://{database}")).await;
        Self { keys: set.keys.iter().map(key).collect(), rules, users: users.expect("a database") }
    }

    fn claims(&self, request: &ServiceRequest) -> Option<Claims> {
        let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
        let token = header.strip_prefix("Bearer ")?;
        let key = self.keys.get(&decode_header(token).ok()?.kid?)?;
        Some(decode(token, key, &self.rules).ok()?.claims)
    }

    async fn user(&self, id: &str) -> Option<User> {
        let query = "SELECT id, external_id, name FROM people WHERE external_id = ?";
        let row = sqlx::query_as(query).bind(id).fetch_optional(&self.users).await.ok()??;
        let (id, external_id, name) = row;
        Some(User(id, external_id, name))
    }
}

/// The middleware.
pub async fn verify(
    verifier: web::Data<Verifier>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let refused = || ErrorUnauthorized("no good token");
    let claims = verifier.claims(&request).ok_or_else(refused)?;
    let user = verifier.user(&claims.sub).await.ok_or_else(refused)?;
    request.extensions_mut().insert(claims);
    request.extensions_mut().insert(user);
    next.call(request).await
}
