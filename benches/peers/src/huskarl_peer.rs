//! huskarl-resource-server: its validator for access tokens outside RFC 9068, as WorkOS' are
//! (there is no `typ`). It insists on fetching the keys.

use std::hint::black_box;

use async_trait::async_trait;
use benches_support::Material;
use http::{Method, Uri};
use huskarl_reqwest::ReqwestClient;
use huskarl_resource_server::validator::custom::CustomValidator;

use crate::contender::{Contender, Token};

pub struct Huskarl(CustomValidator, Uri);

impl Huskarl {
    pub async fn new(material: &Material, jwks_uri: &str) -> Self {
        let client = ReqwestClient::builder().build().await.expect("a client");
        let validator = CustomValidator::builder()
            .authorization_server(material.issuer.clone())
            .iss(material.issuer.clone())
            .aud(material.audience.clone())
            .jwks_uri(jwks_uri.parse().expect("a URL"))
            .jwks_source(client)
            .build()
            .await;
        Self(validator.expect("a validator"), material.audience.parse().expect("a URL"))
    }
}

#[async_trait]
impl Contender for Huskarl {
    fn name(&self) -> String {
        "huskarl-resource-server".to_owned()
    }

    async fn validate(&self, tokens: &[&Token]) {
        for token in tokens {
            let headers = token.request.headers();
            let checked = self.0.validate_request(headers, &Method::GET, &self.1, None).await;
            assert!(matches!(black_box(checked).outcome, Ok(Some(_))), "a good token");
        }
    }
}
