//! jwt-authorizer: its authorizer, with the keys given. It compares `iss` and `aud` where a token
//! has them, and cannot be told to require them.

use std::hint::black_box;

use async_trait::async_trait;
use benches_support::Material;
use jwt_authorizer::{Authorizer, AuthorizerBuilder, RegisteredClaims, Validation};

use crate::contender::{Contender, Token};

pub struct JwtAuthorizer(Authorizer<RegisteredClaims>);

impl JwtAuthorizer {
    pub async fn new(material: &Material) -> Self {
        let rules = Validation::new()
            .iss(&[&material.issuer])
            .aud(&[&material.audience])
            .exp(true)
            .nbf(true);
        let builder: AuthorizerBuilder =
            AuthorizerBuilder::from_jwks_text(&material.jwks.to_string());
        Self(builder.validation(rules).build().await.expect("an authorizer"))
    }
}

#[async_trait]
impl Contender for JwtAuthorizer {
    fn name(&self) -> String {
        "jwt-authorizer".to_owned()
    }

    async fn validate(&self, tokens: &[&Token]) {
        for token in tokens {
            black_box(self.0.check_auth(&token.text).await.expect("a good token"));
        }
    }
}
