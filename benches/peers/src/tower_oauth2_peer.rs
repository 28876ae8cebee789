//! tower-oauth2-resource-server: its layer around a service that does nothing, since the layer is
//! all that it has for the outside. It takes the request, so copying one belongs to a call.

use std::{convert::Infallible, hint::black_box};

use async_trait::async_trait;
use benches_support::Material;
use http::{Request, Response, StatusCode};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_oauth2_resource_server::{
    claims::DefaultClaims, layer::OAuth2ResourceServerLayer, server::OAuth2ResourceServer,
    tenant::TenantConfiguration, validation::ClaimsValidationSpec,
};

use crate::{
    BACKEND,
    contender::{Contender, Token},
};

pub struct TowerOauth2(OAuth2ResourceServerLayer<(), DefaultClaims>);

impl TowerOauth2 {
    pub async fn new(material: &Material) -> Self {
        let audiences = vec![material.audience.clone()];
        // `nbf` may not be checked without being required, and WorkOS sends none.
        let rules =
            ClaimsValidationSpec::new().iss(&material.issuer).aud(&audiences).exp(true).nbf(false);
        let tenant = TenantConfiguration::static_builder(material.jwks.to_string())
            .audiences(&audiences)
            .claims_validation(rules)
            .build()
            .expect("a tenant");
        let server = <OAuth2ResourceServer>::builder().add_tenant(tenant).build().await;
        Self(server.expect("a resource server").into_layer())
    }
}

#[async_trait]
impl Contender for TowerOauth2 {
    fn name(&self) -> String {
        format!("tower-oauth2-resource-server, {BACKEND}")
    }

    async fn validate(&self, tokens: &[&Token]) {
        let end = service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(())) });
        let mut service = self.0.layer(end);
        for token in tokens {
            let service = service.ready().await.expect("always ready");
            let response = service.call(token.request.clone()).await.expect("it cannot fail");
            assert_eq!(black_box(response).status(), StatusCode::OK);
        }
    }
}
