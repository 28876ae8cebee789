//! rust-mcp-extra: its generic verifier, with the strategy JWKS. It takes the token as a `String`
//! of its own, so copying it belongs to a call; it insists on fetching the keys.

use std::hint::black_box;

use async_trait::async_trait;
use benches_support::Material;
use rust_mcp_extra::token_verifier::{
    GenericOauthTokenVerifier, TokenVerifierOptions, VerificationStrategies,
};
use rust_mcp_sdk::auth::{Audience, OauthTokenVerifier};

use crate::contender::{Contender, Token};

pub struct RustMcp(GenericOauthTokenVerifier);

impl RustMcp {
    pub fn new(material: &Material, jwks_uri: &str) -> Self {
        let options = TokenVerifierOptions {
            strategies: vec![VerificationStrategies::JWKs { jwks_uri: jwks_uri.to_owned() }],
            validate_audience: Some(Audience::Single(material.audience.clone())),
            validate_issuer: Some(material.issuer.clone()),
            cache_capacity: None,
        };
        Self(GenericOauthTokenVerifier::new(options).expect("a verifier"))
    }
}

#[async_trait]
impl Contender for RustMcp {
    fn name(&self) -> String {
        "rust-mcp-extra".to_owned()
    }

    async fn validate(&self, tokens: &[&Token]) {
        for token in tokens {
            black_box(self.0.verify_token(token.text.clone()).await.expect("a good token"));
        }
    }
}
