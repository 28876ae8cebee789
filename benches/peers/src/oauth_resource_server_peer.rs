//! oauth-resource-server: its validator, with the keys that it may be given to start with.

use std::hint::black_box;

use async_trait::async_trait;
use benches_support::{ALGORITHMS, Material};
use oauth_resource_server::{KeyNaming, OAuthConfig, OAuthValidator};

use crate::contender::{Contender, Token};

pub struct OauthResourceServer(OAuthValidator);

impl OauthResourceServer {
    pub fn new(material: &Material) -> Self {
        let config = OAuthConfig {
            enabled: true,
            issuer: material.issuer.clone(),
            audience: material.audience.clone(),
            resource: material.audience.clone(),
            algorithms: ALGORITHMS.map(str::to_owned).to_vec(),
            allow_unscoped_tokens: true,
            ..OAuthConfig::default()
        };
        let resolved = config.resolve(KeyNaming::Dotted("oauth")).expect("a good configuration");
        let builder = OAuthValidator::builder(&resolved.expect("it is enabled"))
            .initial_jwks(&material.jwks.to_string());
        Self(builder.build().expect("a validator"))
    }
}

#[async_trait]
impl Contender for OauthResourceServer {
    fn name(&self) -> String {
        "oauth-resource-server".to_owned()
    }

    async fn validate(&self, tokens: &[&Token]) {
        for token in tokens {
            black_box(self.0.validate(&token.text).await.expect("a good token"));
        }
    }
}
