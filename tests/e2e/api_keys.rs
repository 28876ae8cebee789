//! Static keys beside tokens, for the time of a migration.

use actix_mcp_auth::{
    ApiKey, AuthedUser, Found, IdentityStore, Lookup, Newcomer, PrincipalKind, StoreError,
    async_trait,
    stores::{ApiKeyName, IdentityStoreExt, IssuerStores},
};
use actix_web::{http::Method, web};

use crate::support::{RESOURCE, Server, authority, builder, good_token};

const OLD: &str = "legacy_5up3rS3cr3tL3gacyKeyOfTheNightlyJob";
const NEW: &str = "8Zq1mJ0tXw2cV5nB7rT9yU4iO6pA3sD1fG5hJ8kL0z=";

#[actix_web::test]
async fn r07_a_static_key_is_let_in_beside_tokens_as_what_it_is() {
    let authority = authority();
    let auth = builder(&authority).api_key("nightly", OLD).api_key("nightly-2", NEW);
    let auth = auth.build().unwrap();
    let server = Server::start(move |config| {
        let whoami = async |me: AuthedUser| match me.kind() {
            PrincipalKind::ApiKey(name) => format!("key {name}, scopes {:?}", me.scopes()),
            kind => format!("{kind:?}"),
        };
        config.service(web::resource("/mcp").wrap(auth.middleware()).to(whoami));
    });
    for _ in 0..3 {
        assert_eq!(server.call(OLD).await.body, "key nightly, scopes ScopeSet(\"\")");
        assert!(server.call(NEW).await.body.starts_with("key nightly-2"), "rotated");
        assert_eq!(server.call(&good_token(&authority)).await.body, "User");
    }
}

#[actix_web::test]
async fn r11_a_wrong_key_is_a_bad_token_and_nothing_shows_a_key() {
    let authority = authority();
    let auth = builder(&authority).api_key("nightly", OLD).build().unwrap();
    assert!(!format!("{auth:?}").contains("5up3r"));
    let server = Server::of(&auth);
    for wrong in [&OLD[1..], &format!("{OLD}x"), &OLD.to_lowercase(), NEW, "x"] {
        let answer = server.call(wrong).await;
        answer.assert_invalid_token(wrong);
        assert!(!format!("{answer:?}").contains("5up3r"));
    }
    let basic = server.request(Method::POST, "/mcp").header("Authorization", OLD).send().await;
    assert_eq!(basic.status, 401);
    assert!(!basic.challenge().contains("error="), "another scheme is no credentials");
}

#[actix_web::test]
async fn r15_a_key_holds_the_scopes_that_it_was_given_and_no_token_would_cure_a_lack() {
    let authority = authority();
    let all = ["openid".parse().unwrap()];
    let server = builder(&authority)
        .require_scopes(["openid"])
        .api_key("without", OLD)
        .api_keys([ApiKey::new("with", NEW).unwrap().scopes(&all)]);
    let server = Server::of(&server.build().unwrap());
    assert_eq!(server.call(NEW).await.status, 200);
    let refused = server.call(OLD).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(!format!("{:?}", refused.headers).contains("insufficient_scope"), "{refused:?}");
}

/// Panics where a key is taken for a person.
struct NoPersons;

#[async_trait]
impl IdentityStore for NoPersons {
    type User = String;

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<String>, StoreError> {
        match who.id() {
            "user_ada" => Ok(Some("Ada".to_owned()).into()),
            other => panic!("looked up {other}"),
        }
    }

    async fn find_api_key(&self, key: &ApiKeyName) -> Result<Found<String>, StoreError> {
        Ok((key.as_str() == "nightly").then(|| "the nightly job".to_owned()).into())
    }

    async fn provision(&self, newcomer: &Newcomer) -> Result<Found<String>, StoreError> {
        panic!("provisioned {newcomer:?}")
    }
}

fn provisioned() -> Result<Found<String>, StoreError> {
    panic!("provisioned")
}

#[actix_web::test]
async fn a_key_is_never_looked_up_nor_provisioned_as_a_person_whatever_wraps_the_store() {
    let authority = authority();
    let wrapped = || NoPersons.provision_with(|_| async { provisioned() }).shared_subjects();
    let per_issuer =
        IssuerStores::new().with(authority.issuer(), NoPersons).with(ApiKey::ISSUER, NoPersons);
    let cached = wrapped().cached(std::time::Duration::from_secs(60), 10);
    let builder = || builder(&authority).api_key("nightly", OLD).api_key("other", NEW);
    for auth in [builder().users(cached), builder().users(wrapped()), builder().users(per_issuer)] {
        let auth = auth.build().unwrap();
        let server = Server::start(move |config| {
            let name = web::post().to(async |me: AuthedUser<String>| me.to_string());
            config.service(web::resource("/mcp").wrap(auth.middleware()).route(name));
        });
        assert_eq!(server.call(OLD).await.body, "the nightly job");
        assert_eq!(server.call(&good_token(&authority)).await.body, "Ada");
        assert_eq!(server.call(NEW).await.status, 403, "it stands for nobody");
    }
}

#[test]
fn keys_that_protect_nothing_are_refused_at_start_up() {
    let refused = |builder: actix_mcp_auth::McpAuthBuilder| {
        let error = builder.build().map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("for example") && !error.contains("5up3r"), "{error}");
        error
    };
    let builder = || actix_mcp_auth::McpAuth::builder(RESOURCE).authkit("x.authkit.app");
    assert!(refused(builder().api_key("n", &OLD[..31])).contains("at least 32"));
    assert!(refused(builder().api_key("n", "aaaaaaaa".repeat(8))).contains("random"));
    assert!(refused(builder().api_key("n", OLD).api_key("n", NEW)).contains("once only"));
    assert!(refused(builder().api_key("n", OLD).api_key("m", OLD)).contains("once only"));
    assert!(refused(builder().api_key("a name", OLD)).contains("1 to 64"));
}
