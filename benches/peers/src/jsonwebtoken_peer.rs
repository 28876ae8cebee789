//! jsonwebtoken 11 as its documentation shows it: the header for the key's id, then the whole.
//! Keys and rules are made once, and every claim that is checked is required.

use std::{collections::HashMap, hint::black_box};

use async_trait::async_trait;
use benches_support::Material;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde::Deserialize;

use crate::{
    BACKEND,
    contender::{Contender, Token},
};

pub struct Jsonwebtoken {
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

impl Jsonwebtoken {
    pub fn new(material: &Material, algorithm: &str) -> Self {
        let set: JwkSet = serde_json::from_value(material.jwks.clone()).expect("a key set");
        let key = |jwk: &jsonwebtoken::jwk::Jwk| {
            let id = jwk.common.key_id.clone().expect("a kid");
            (id, DecodingKey::from_jwk(jwk).expect("a key"))
        };
        let algorithm: Algorithm = algorithm.parse().expect("an algorithm");
        let mut rules = Validation::new(algorithm);
        rules.set_issuer(&[&material.issuer]);
        rules.set_audience(&[&material.audience]);
        rules.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        rules.validate_nbf = true;
        Self { keys: set.keys.iter().map(key).collect(), rules }
    }
}

#[async_trait]
impl Contender for Jsonwebtoken {
    fn name(&self) -> String {
        format!("jsonwebtoken, {BACKEND}")
    }

    async fn validate(&self, tokens: &[&Token]) {
        for token in tokens {
            let header = decode_header(&token.text).expect("a header");
            let key = &self.keys[header.kid.as_deref().expect("a kid")];
            black_box(decode::<Claims>(&token.text, key, &self.rules).expect("a good token"));
        }
    }
}
