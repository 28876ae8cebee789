//! The providers of docs/issuers.md: the configuration of the document, tokens and metadata as each one
//! documents them, at its own addresses. None of the services was run for this: `TestAuthority` signs in
//! each one's stead, and a proxy leads their names to this machine.

use actix_mcp_auth::{Authorized, Issuer, issuer::AudiencePolicy, permission::ClaimPath, scopes};
use actix_web::{dev::Service as _, web};
use serde_json::Value;

use crate::support::{Answer, Server};

mod configuration;
mod document;
mod keys;
mod more_samples;
mod samples;
mod world;

use world::{World, application, call};

scopes! {
    /// What the providers' roles grant here.
    struct Permissions;
    Admin = "admin";
}

/// A provider as it documents itself, and what is right.
struct Sample {
    /// The name of its row in docs/issuers.md.
    row: &'static str,
    /// Configured by the lines of the document.
    issuer: Issuer,
    metadata: &'static str,
    jwks_uri: &'static str,
    /// The header's `typ`.
    typ: Option<&'static str>,
    roles: Option<Roles>,
    /// Claims of JWTs, or an opaque token as text.
    tokens: Vec<(Value, Expected)>,
    /// A client id, and the claims of an ID token for it besides `aud`.
    id_token: Option<(&'static str, Value)>,
    /// What further URLs answer.
    answers: Vec<(String, Value)>,
}

/// The role `admin` in a claim of one of the tokens.
struct Roles {
    claim: &'static [&'static str],
    of: usize,
}

#[derive(Clone, Copy)]
enum Expected {
    /// The subject, the client, the scopes.
    Person(&'static str),
    Machine(&'static str),
    /// A piece of the challenge.
    Refused(&'static str),
}

impl Expected {
    #[track_caller]
    fn check(self, row: &str, token: &Value, answer: &Answer) {
        match self {
            Self::Person(who) => assert_eq!(answer.body, format!("person {who}"), "{row}: {token}"),
            Self::Machine(id) => {
                let found = answer.body.split_once(" by ").map_or(&*answer.body, |(who, _)| who);
                assert_eq!(found, format!("machine {id}"), "{row}: {token}: {answer:?}");
            }
            Self::Refused(why) => {
                assert_eq!(answer.status, 401, "{row}: {token}: {answer:?}");
                assert!(answer.challenge().contains(why), "{row}: {token}: {answer:?}");
            }
        }
    }
}

impl Sample {
    fn bearer(&self, world: &World, token: &Value) -> String {
        token.as_str().map_or_else(|| world.token(self, token), str::to_owned)
    }

    /// An ID token for this client.
    fn id_token(&self, world: &World) -> Option<(&'static str, String)> {
        let (client, claims) = self.id_token.as_ref()?;
        let mut claims = claims.clone();
        claims["aud"] = (*client).into();
        Some((client, world.token(self, &claims)))
    }
}

/// Calls with each token of the sample, with an ID token, and by the role.
async fn check(sample: Sample) {
    let world = World::of(&sample).await;
    let server = world.server(sample.issuer.clone());
    for (token, expected) in &sample.tokens {
        let answer = call(&server, &sample.bearer(&world, token)).await;
        expected.check(sample.row, token, &answer);
    }
    if let Some((client, id_token)) = sample.id_token(&world) {
        // As configured, and where the client's id is an audience of this resource as well.
        assert_eq!(call(&server, &id_token).await.status, 401, "{}: an ID token", sample.row);
        let server = world.server(sample.issuer.clone().audience(client));
        let answer = call(&server, &id_token).await;
        samples::ID_TOKEN.check(sample.row, &client.into(), &answer);
    }
    if let Some(Roles { claim, of }) = sample.roles {
        let builder = world.builder(sample.issuer.clone()).permissions::<Permissions>();
        let path = match claim {
            [outer, inner] => ClaimPath::from([*outer, *inner]),
            _ => ClaimPath::from(claim[0]),
        };
        let auth = builder.grants_from_claim(path).build().unwrap();
        let server = Server::start(move |config| {
            let administer = web::post().to(async |_: Authorized<Admin>| "administered");
            config.service(web::resource("/mcp").wrap(auth.middleware()).route(administer));
        });
        let answer = call(&server, &sample.bearer(&world, &sample.tokens[of].0)).await;
        assert_eq!(answer.body, "administered", "{}: {answer:?}", sample.row);
    }
}

#[actix_web::test]
async fn r18_r19_r21_tokens_of_authkit_as_documented() {
    check(samples::authkit()).await;
}

#[actix_web::test]
async fn r18_r19_r21_tokens_of_auth0_as_documented() {
    check(samples::auth0()).await;
}

#[actix_web::test]
async fn r19_r21_r22_tokens_of_entra_v2_as_documented() {
    check(samples::entra_v2()).await;
    check(samples::entra_programs()).await;
}

#[actix_web::test]
async fn r18_r19_r21_r22_tokens_of_entra_v1_as_documented() {
    check(samples::entra_v1()).await;
}

#[actix_web::test]
async fn r18_r19_r21_r22_tokens_of_okta_as_documented() {
    check(samples::okta()).await;
}

#[actix_web::test]
async fn r18_r19_r21_tokens_of_keycloak_as_documented() {
    check(samples::keycloak()).await;
}

#[actix_web::test]
async fn r19_r21_tokens_of_cognito_as_documented() {
    check(samples::cognito()).await;
}

#[actix_web::test]
async fn r21_tokens_of_google_as_documented() {
    check(more_samples::google()).await;
}

#[actix_web::test]
async fn r21_r32_tokens_of_zitadel_as_documented() {
    check(more_samples::zitadel()).await;
    check(more_samples::zitadel_jwt()).await;
}

#[actix_web::test]
async fn r19_r21_tokens_of_supabase_as_documented() {
    check(more_samples::supabase()).await;
}

#[actix_web::test]
async fn r19_r21_tokens_of_clerk_as_documented() {
    check(more_samples::clerk()).await;
}

#[actix_web::test]
async fn r19_r21_tokens_of_dex_as_documented() {
    check(more_samples::dex()).await;
}

/// What docs/issuers.md warns of: an ID token of a refresh has all that an access token has.
#[actix_web::test]
async fn an_id_token_that_dex_refreshed_cannot_be_told_apart() {
    let mut sample = more_samples::dex();
    let (_, claims) = sample.id_token.as_mut().unwrap();
    claims.as_object_mut().unwrap().remove("c_hash");
    let world = World::of(&sample).await;
    let (_, refreshed) = sample.id_token(&world).unwrap();
    let server = world.server(sample.issuer.clone());
    assert_eq!(call(&server, &refreshed).await.status, 200);
}

#[actix_web::test]
async fn r19_r21_tokens_of_fusionauth_as_documented() {
    check(more_samples::fusionauth()).await;
}

#[actix_web::test]
async fn r19_r21_tokens_of_cloudflare_access_as_documented() {
    check(more_samples::cloudflare_access()).await;
}

/// The token stands in a header of its own, and what a client sends as a bearer token counts for nothing.
#[actix_web::test]
async fn cloudflare_access_s_header_is_read_by_the_lines_of_the_guide() {
    let sample = more_samples::cloudflare_access();
    let world = World::of(&sample).await;
    let auth = world.builder(sample.issuer.clone()).build().unwrap();
    let server = Server::start(move |config| {
        let whoami =
            web::post().to(async |me: actix_mcp_auth::AuthedUser| me.subject().id().to_owned());
        let resource = web::resource("/mcp").wrap(auth.middleware()).route(whoami);
        config.service(resource.wrap_fn(|mut request, next| {
            configuration::token_of_access(&mut request);
            next.call(request)
        }));
    });
    let token = sample.bearer(&world, &sample.tokens[0].0);
    let post = || server.request(actix_web::http::Method::POST, "/mcp");
    while post().header("Cf-Access-Jwt-Assertion", &token).send().await.status == 503 {
        actix_web::rt::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let answer = post().header("Cf-Access-Jwt-Assertion", &token).send().await;
    assert_eq!(answer.body, "7335d417-61da-459d-899c-0a01c76a2f94", "{answer:?}");
    assert_eq!(post().bearer(&token).send().await.status, 401);
    assert_eq!(post().send().await.status, 401);
}

#[actix_web::test]
async fn r19_r21_tokens_of_logto_as_documented() {
    check(more_samples::logto()).await;
}

/// Access tokens of Clerk and Logto have a `typ` of their own; ID tokens have not.
#[actix_web::test]
async fn r21_id_tokens_of_issuers_that_set_typ() {
    for (sample, client) in
        [(more_samples::clerk(), "client_2VTW"), (more_samples::logto(), "app1")]
    {
        let sample = Sample { typ: Some("JWT"), ..sample };
        let world = World::of(&sample).await;
        let claims = serde_json::json!({ "sub": "u", "aud": client, "at_hash": "x", "nonce": "n", "auth_time": 1 });
        let id_token = world.token(&sample, &claims);
        let server = world.server(sample.issuer.clone());
        assert_eq!(call(&server, &id_token).await.status, 401);
        let server = world.server(sample.issuer.clone().audience(client));
        let answer = call(&server, &id_token).await;
        samples::ID_TOKEN.check(sample.row, &claims, &answer);
    }
}

/// What docs/issuers.md says in passing of Auth0, Clerk and Supabase.
#[actix_web::test]
async fn r19_r21_further_settings_that_the_guide_names() {
    let auth0 = Sample { typ: Some("at+jwt"), ..samples::auth0() };
    let world = World::of(&auth0).await;
    let strict = world.builder(auth0.issuer.clone()).strict_rfc9068().build().unwrap();
    let server = application(&strict);
    for (of, status) in [(1, 200), (0, 401)] {
        let token = auth0.bearer(&world, &auth0.tokens[of].0);
        assert_eq!(call(&server, &token).await.status, status, "the profile of token {of}");
    }

    let clerk = more_samples::clerk();
    let world = World::of(&clerk).await;
    let bound = clerk.issuer.clone().jwks_uri(clerk.jwks_uri).unwrap();
    let bound = bound.audience_policy(AudiencePolicy::BoundByKeySet);
    let server = application(&world.api_builder(bound).build().unwrap());
    let without_aud = clerk.bearer(&world, &clerk.tokens[1].0);
    assert_eq!(call(&server, &without_aud).await.status, 200);

    let supabase = more_samples::supabase();
    let world = World::of(&supabase).await;
    let server = world.server(Issuer::new(supabase.issuer.name()).unwrap());
    let mut by_a_hook = supabase.tokens[0].0.clone();
    by_a_hook["aud"] = world::RESOURCE.into();
    assert_eq!(call(&server, &world.token(&supabase, &by_a_hook)).await.status, 200);
    let without = world.token(&supabase, &supabase.tokens[0].0);
    assert_eq!(call(&server, &without).await.status, 401);
}
