//! What is refused before the first request, and what the refusal says.

use std::{sync::Arc, time::Duration};

use mcp_auth_core::{
    ApiKey, AudiencePolicy, Authenticator, ConfigError, Found, IdentityStore, Issuer,
    IssuerAwareness, Lookup, ResourcePolicy, Scope, StoreError, TokenCacheSettings, async_trait,
    audience::ResourceKind, scopes,
};

use crate::world::{NOW, RESOURCE, World, no_profiles, policy};

scopes! {
    Read = "bookmarks:read";
    Write = "bookmarks:write" implies Read;
}

fn refused_policy(change: impl FnOnce(&mut ResourcePolicy)) -> ConfigError {
    let mut policy = policy();
    change(&mut policy);
    Authenticator::new(policy, no_profiles()).err().unwrap()
}

fn trust(authenticator: &mut Authenticator, issuer: Issuer) -> Result<(), ConfigError> {
    let world = World::new(&["a"]);
    authenticator.trust(issuer, world.keys.clone(), world)
}

fn trusted(issuer: Issuer) -> Result<Authenticator, ConfigError> {
    let mut authenticator = Authenticator::new(policy(), no_profiles()).unwrap();
    trust(&mut authenticator, issuer).map(|()| authenticator)
}

fn issuer(name: &str) -> Issuer {
    Issuer::new(name).unwrap()
}

fn scope(name: &str) -> Scope {
    name.parse().unwrap()
}

#[test]
fn r20_a_leeway_of_more_than_five_minutes_is_refused() {
    let mut five_minutes = policy();
    five_minutes.leeway = Duration::from_secs(300);
    assert!(Authenticator::new(five_minutes, no_profiles()).is_ok());
    let error = refused_policy(|policy| policy.leeway = Duration::from_millis(300_001));
    assert_eq!(error.setting(), "leeway");
    assert!(error.to_string().contains("300.001 s"), "{error}");
}

#[test]
fn r19_an_empty_audience_is_refused() {
    assert_eq!(refused_policy(|p| p.audiences.push(String::new())).setting(), "audience");
    let error = trusted(issuer("https://i.example").audience("")).err().unwrap();
    assert_eq!(error.setting(), "audience");
}

#[test]
fn a_cache_and_keys_that_cannot_be_meant_are_refused() {
    let mut forever = TokenCacheSettings::default();
    forever.ttl = Duration::from_secs(3_601);
    assert_eq!(refused_policy(|p| p.token_cache = forever).setting(), "token_cache.ttl");
    let key = |name| ApiKey::new(name, "sk_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5").unwrap();
    let twice = vec![key("one"), key("two")];
    assert_eq!(refused_policy(|p| p.api_keys = twice).setting(), "api_key");
}

#[test]
fn r18_an_issuer_has_a_name_of_its_own() {
    let nameless = issuer("https://i.example").also_named("");
    assert_eq!(trusted(nameless).err().unwrap().setting(), "issuer");
    let mut authenticator = trusted(issuer("https://i.example")).unwrap();
    for again in
        [issuer("https://i.example"), issuer("https://j.example").also_named("https://i.example")]
    {
        let error = trust(&mut authenticator, again).unwrap_err();
        assert!(error.to_string().contains("once only"), "{error}");
    }
    assert!(trust(&mut authenticator, issuer("https://i.example/")).is_ok(), "another name");
}

#[test]
fn r27_http_is_for_a_loopback_issuer_of_a_loopback_resource() {
    let local = || issuer("http://127.0.0.1:8788");
    let error = trusted(local()).err().unwrap();
    assert!(error.to_string().contains("https"), "{error}");
    // Keys on this machine are on no network, and another issuer was accepted as it is.
    let keys_by_http = issuer("https://i.example").jwks_uri("http://localhost:8788/jwks");
    assert!(trusted(keys_by_http.unwrap()).is_ok());
    assert!(trusted(Issuer::over_plain_http("http://keycloak:8080/realms/x").unwrap()).is_ok());
    let mut policy = policy();
    policy.resource = "http://localhost:8080/mcp".try_into().unwrap();
    let mut authenticator = Authenticator::new(policy, no_profiles()).unwrap();
    assert!(trust(&mut authenticator, local()).is_ok());
}

#[test]
fn r19_only_an_api_may_do_without_an_audience_and_only_with_a_key_set_of_its_own() {
    let bound = || issuer("https://i.example").audience_policy(AudiencePolicy::BoundByKeySet);
    let named = || bound().jwks_uri("https://i.example/jwks/client_1").unwrap();
    let error = trusted(named()).err().unwrap().to_string();
    assert!(error.contains("McpAuth::api") && error.contains("https://i.example"), "{error}");
    let mut policy = policy();
    policy.kind = ResourceKind::Api;
    let mut api = Authenticator::new(policy, no_profiles()).unwrap();
    let error = trust(&mut api, bound()).unwrap_err().to_string();
    assert!(error.contains("jwks_uri"), "{error}");
    assert!(trust(&mut api, named()).is_ok());
    // The resource's own policy counts for issuers that have none.
    let mut api = self::policy();
    api.audience_policy = AudiencePolicy::BoundByKeySet;
    let mut mcp = Authenticator::new(api, no_profiles()).unwrap();
    assert_eq!(
        trust(&mut mcp, issuer("https://i.example")).unwrap_err().setting(),
        "audience_policy"
    );
}

struct Users(IssuerAwareness);

#[async_trait]
impl IdentityStore for Users {
    type User = String;

    fn issuers(&self) -> IssuerAwareness {
        self.0
    }

    async fn find(&self, _: &Lookup<'_>) -> Result<Found<String>, StoreError> {
        Ok(Found::Nobody)
    }
}

#[test]
fn r26_several_issuers_need_a_store_that_tells_their_subjects_apart() {
    let two = |store: IssuerAwareness, store_first: bool| {
        let mut authenticator = trusted(issuer("https://i.example"))?;
        if store_first {
            authenticator.resolve_users_with(Users(store))?;
            trust(&mut authenticator, issuer("https://j.example"))
        } else {
            trust(&mut authenticator, issuer("https://j.example"))?;
            authenticator.resolve_users_with(Users(store))
        }
    };
    for store_first in [true, false] {
        let error = two(IssuerAwareness::Ignores, store_first).unwrap_err();
        assert_eq!(error.setting(), "users");
        assert!(two(IssuerAwareness::Distinguishes, store_first).is_ok());
        assert!(two(IssuerAwareness::Shared, store_first).is_ok());
    }
    let mut one = trusted(issuer("https://i.example")).unwrap();
    assert!(one.resolve_users_with(Users(IssuerAwareness::Ignores)).is_ok());
}

/// What is said of permissions, once everything is configured.
fn checked(issuer: Issuer, change: impl FnOnce(&mut ResourcePolicy)) -> Result<(), ConfigError> {
    let mut policy = policy();
    change(&mut policy);
    let mut authenticator = Authenticator::new(policy, no_profiles())?;
    trust(&mut authenticator, issuer)?;
    authenticator.check_permissions()
}

fn authkit() -> Issuer {
    Issuer::authkit("x.authkit.app").unwrap()
}

#[test]
fn r15_a_scope_that_no_issuer_grants_is_not_demanded() {
    let error = checked(authkit(), |p| p.required_scopes = vec![scope("bookmarks:read")]);
    let error = error.unwrap_err();
    assert_eq!(error.setting(), "require_scopes");
    assert!(error.to_string().contains("email, offline_access, openid, profile"), "{error}");
    assert!(checked(authkit(), |p| p.required_scopes = vec![scope("openid")]).is_ok());
    assert!(checked(issuer("https://i.example"), |p| p.required_scopes = vec![scope("x")]).is_ok());
    // A broader one will do.
    let writes = issuer("https://i.example").scopes(["bookmarks:write"]).unwrap();
    assert!(
        checked(writes, |policy| {
            policy.permissions.declare(<Write as mcp_auth_core::Requirement>::NEED);
            policy.required_scopes = vec![scope("bookmarks:read")];
        })
        .is_ok()
    );
}

#[test]
fn r15_what_clients_are_told_to_ask_for_exists() {
    let read = <Read as mcp_auth_core::Requirement>::NEED;
    let error = checked(authkit(), |policy| policy.ask_at_sign_in = vec![read]).unwrap_err();
    assert_eq!(error.setting(), "ask_at_sign_in");
    assert!(
        checked(authkit(), |policy| {
            policy.permissions.declare(read);
            policy.ask_at_sign_in = vec![read];
        })
        .is_ok()
    );
    let authenticator = trusted(authkit()).unwrap();
    let listed = |scopes: &[Scope]| authenticator.check_advertised("scopes", scopes);
    assert!(listed(&[scope("openid"), scope("profile")]).is_ok());
    assert_eq!(listed(&[scope("openid"), scope("admin")]).unwrap_err().setting(), "scopes");
    assert!(
        trusted(issuer("https://i.example")).unwrap().check_advertised("s", &[scope("x")]).is_ok()
    );
}

#[test]
fn grants_need_something_to_grant_and_the_right_type_of_user() {
    let from_claim = |p: &mut ResourcePolicy| p.permissions.grant_from_claim("permissions");
    assert_eq!(checked(authkit(), from_claim).unwrap_err().setting(), "permissions");
    let read = <Read as mcp_auth_core::Requirement>::NEED;
    let error = checked(authkit(), |policy| {
        policy.permissions.declare(read);
        policy.permissions.grant_from_claim(["roles", ""]);
    });
    assert_eq!(error.unwrap_err().setting(), "grants_from_claim");
    let to_strings = |policy: &mut ResourcePolicy| {
        policy.permissions.declare(read);
        policy.permissions.grant_from_application(|_, _: &String| ["bookmarks:read"]);
    };
    let error = checked(authkit(), to_strings).unwrap_err();
    assert!(error.to_string().contains("Principal"), "{error}");
    let mut policy = policy();
    to_strings(&mut policy);
    let mut authenticator = Authenticator::new(policy, no_profiles()).unwrap();
    authenticator.resolve_users_with(Users(IssuerAwareness::Ignores)).unwrap();
    assert!(authenticator.check_permissions().is_ok());
}

#[test]
fn what_is_declared_is_told_apart_by_who_grants_it() {
    let write = <Write as mcp_auth_core::Requirement>::NEED;
    let mut policy = policy();
    policy.permissions.declare(write);
    policy.ask_at_sign_in = vec![write];
    let mut authenticator = Authenticator::new(policy, no_profiles()).unwrap();
    let writes = issuer("https://i.example").scopes(["bookmarks:write"]).unwrap();
    trust(&mut authenticator, writes).unwrap();
    assert_eq!(authenticator.granted_by_scope(), [scope("bookmarks:write")]);
    assert_eq!(authenticator.not_granted_by_scope(), ["bookmarks:read"]);
    assert_eq!(authenticator.undeclared(write), None);
    assert!(authenticator.check_declared("rule", [write]).is_ok());
    scopes! { Other = "other"; }
    let other = <Other as mcp_auth_core::Requirement>::NEED;
    assert_eq!(authenticator.undeclared(other), Some("other"));
    let error = authenticator.check_declared("rule", [write, other]).unwrap_err();
    assert!(error.to_string().contains("\"other\"") && error.setting() == "rule", "{error}");
    // The narrower one is asked for under the name that the issuer grants.
    let read = <Read as mcp_auth_core::Requirement>::NEED;
    for needs in [&[] as &[_], &[read], &[write, read]] {
        let challenge = authenticator.challenge(needs);
        let value = challenge.for_rejection(&mcp_auth_core::Rejection::MissingCredentials).unwrap();
        assert!(value.contains("scope=\"bookmarks:write\""), "{value}");
    }
}

#[test]
fn r09_debug_tells_of_the_policy_and_of_no_key() {
    let mut policy = policy();
    policy.api_keys = vec![ApiKey::new("export", "sk_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5").unwrap()];
    let mut authenticator = Authenticator::new(policy, no_profiles()).unwrap();
    trust(&mut authenticator, issuer("https://i.example")).unwrap();
    assert_eq!(authenticator.policy().resource.as_str(), RESOURCE);
    let shown = format!("{authenticator:?}");
    assert!(shown.contains(RESOURCE) && shown.contains("https://i.example"), "{shown}");
    assert!(!shown.contains("a1b2c3"), "{shown}");
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let shown = format!("{:?} {:?}", world.keys, Arc::new(world.keys.snapshot()));
    assert!(shown.contains("ES256") && shown.contains("generation: 1"), "{shown}");
    assert!(world.keys.snapshot().usable(NOW).is_some());
}
