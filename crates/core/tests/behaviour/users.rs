//! From a good token to the application's user, and what the user may do.

use std::sync::Arc;

use mcp_auth_core::{
    ApiKey, Authenticated, Authenticator, ClientId, Found, IdentityStore, IncomingRequest, Issuer,
    Lookup, Newcomer, Principal, PrincipalKind, ProfileError, Rejection, Requirement,
    ResourcePolicy, Step, StoreError, TokenCacheSettings, UnknownUser,
    api_key::ApiKeyName,
    async_trait,
    mcp::ToolRules,
    permission::{Any, Need},
    rejection::{ForbiddenReason, TokenError, UnavailableReason},
    scopes,
};
use serde_json::json;

use crate::world::{ISSUER, NOW, World, at_once, call, no_profiles, policy};

scopes! {
    Read = "bookmarks:read";
    Write = "bookmarks:write" implies Read;
    Staff = "staff";
}

/// A user has a name, and may be one of the staff.
#[derive(Debug, PartialEq)]
struct User(String);

/// Answers as it is told.
struct Users(fn() -> Result<Option<User>, StoreError>);

/// Refuses everybody, and must not provision.
struct Refusing;

#[async_trait]
impl IdentityStore for Refusing {
    type User = User;

    async fn find(&self, _: &Lookup<'_>) -> Result<Found<User>, StoreError> {
        Ok(Found::Refused)
    }

    async fn provision(&self, _: &Newcomer) -> Result<Found<User>, StoreError> {
        panic!("a refused user is provisioned")
    }
}

/// Has everybody in memory.
struct InMemory;

#[async_trait]
impl IdentityStore for InMemory {
    type User = User;

    fn claims(&self) -> &[&'static str] {
        &["org_id"]
    }

    async fn find(&self, _: &Lookup<'_>) -> Result<Found<User>, StoreError> {
        panic!("the user is in memory")
    }

    fn find_cached(&self, who: &Lookup<'_>) -> Option<Arc<User>> {
        let org: Option<String> = who.claim("org_id").unwrap();
        Some(Arc::new(User(format!("{} of {org:?}", who.id()))))
    }
}

#[async_trait]
impl IdentityStore for Users {
    type User = User;

    async fn find(&self, _: &Lookup<'_>) -> Result<Found<User>, StoreError> {
        (self.0)().map(Found::from)
    }

    async fn find_machine(&self, client: &ClientId) -> Result<Found<User>, StoreError> {
        Ok(Some(User(format!("machine {} of {}", client.id(), client.issuer()))).into())
    }

    async fn find_api_key(&self, key: &ApiKeyName) -> Result<Found<User>, StoreError> {
        Ok(Some(User(format!("key {key}"))).into())
    }
}

/// Knows nobody, and makes users of those whose profile can be had.
struct Provisioning;

#[async_trait]
impl IdentityStore for Provisioning {
    type User = User;

    async fn find(&self, _: &Lookup<'_>) -> Result<Found<User>, StoreError> {
        Ok(Found::Nobody)
    }

    async fn provision(&self, newcomer: &Newcomer) -> Result<Found<User>, StoreError> {
        assert_eq!(newcomer.subject(), newcomer.principal().subject());
        newcomer.profile().await?;
        Ok(Some(User("new".into())).into())
    }
}

struct Bench {
    world: Arc<World>,
    policy: ResourcePolicy,
}

const KEY: &str = "sk_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5";

impl Bench {
    fn new() -> Self {
        let world = World::new(&["a"]);
        world.fetch(Some(vec!["a"]));
        Self { world, policy: policy() }
    }

    fn authenticator(&self) -> Authenticator {
        self.world.authenticator(Issuer::new(ISSUER).unwrap(), self.policy.clone())
    }

    fn with_store(&self, store: impl IdentityStore) -> Authenticator {
        let mut authenticator = self.authenticator();
        authenticator.resolve_users_with(store).unwrap();
        authenticator
    }

    fn call(&self, store: impl IdentityStore) -> Result<Authenticated, Rejection> {
        call(&self.with_store(store), &self.world.token("a", |_| ()), NOW)
    }
}

#[test]
fn r11_what_a_store_says_becomes_the_right_answer() {
    let mut bench = Bench::new();
    let ada = bench.call(Users(|| Ok(Some(User("Ada".into()))))).unwrap();
    assert_eq!(ada.user::<User>().as_deref(), Some(&User("Ada".into())));
    assert!(ada.user::<Principal>().is_none());
    assert!(ada.user_type_name().ends_with("User"));
    assert!(format!("{ada:?}").contains("User"));
    assert_eq!(bench.call(Users(|| Ok(None))).unwrap_err(), ForbiddenReason::UnknownUser.into());
    let gone = bench.call(Users(|| Err(StoreError::new("the pool is empty")))).unwrap_err();
    let error = "the pool is empty".to_owned();
    assert_eq!(gone, UnavailableReason::IdentityStore { error }.into());
    bench.policy.unknown_user = UnknownUser::Unauthorized;
    assert_eq!(bench.call(Users(|| Ok(None))).unwrap_err(), TokenError::UnknownUser.into());
}

#[test]
fn r11_what_the_issuer_says_of_a_newcomer_becomes_the_right_answer() {
    let bench = Bench::new();
    let refused = bench.call(Users(|| Err(ProfileError::TokenRefused.into()))).unwrap_err();
    assert_eq!(refused, TokenError::RefusedByIssuer.into());
    // Nobody here has a profile.
    assert_eq!(bench.call(Provisioning).unwrap_err(), ForbiddenReason::UnknownUser.into());
    let outage = || Err(ProfileError::Unavailable("timeout".into()).into());
    let error = "the profile cannot be had: timeout".to_owned();
    assert_eq!(bench.call(Users(outage)).unwrap_err(), UnavailableReason::Profile { error }.into());
}

#[test]
fn machines_and_static_keys_are_not_looked_up_among_the_people() {
    let mut bench = Bench::new();
    bench.policy.api_keys = vec![ApiKey::new("export", KEY).unwrap()];
    let nobody = || panic!("looked up among the people");
    let authenticator = bench.with_store(Users(nobody));
    let machine = bench.world.token("a", |claims| claims["azp"] = json!("user_ada"));
    let caller = call(&authenticator, &machine, NOW).unwrap();
    let expected = format!("machine user_ada of {ISSUER}");
    assert_eq!(caller.user::<User>().unwrap().0, expected);
    assert_eq!(call(&authenticator, KEY, NOW).unwrap().user::<User>().unwrap().0, "key export");
}

#[test]
fn r28_begin_waits_for_nothing_and_finish_goes_on() {
    let mut bench = Bench::new();
    bench.policy.api_keys = vec![ApiKey::new("export", KEY).unwrap()];
    let token = bench.world.token("a", |_| ());
    let plain = bench.authenticator();
    let begin = |authenticator: &Authenticator, headers: &[&str]| {
        let headers = headers.iter().map(|header| header.as_bytes());
        authenticator.begin(IncomingRequest::new(headers), NOW)
    };
    let is_done = |step: Result<Step, Rejection>| matches!(step, Ok(Step::Done(_)));
    let (header, key) = (format!("Bearer {token}"), format!("Bearer {KEY}"));
    let Ok(Step::Waiting(waiting)) = begin(&plain, &[&header]) else { panic!("not verified yet") };
    assert!(!format!("{waiting:?}").contains(&token));
    assert!(at_once(plain.finish(waiting, &[], NOW)).is_ok());
    assert!(is_done(begin(&plain, &[&header])), "cached");
    assert!(is_done(begin(&plain, &[&key])));
    for (others, status) in [
        (&[] as &[&str], 401),
        (&[&header, &header], 400),
        (&[&key, &key], 400),
        (&["Basic dTpw"], 401),
        (&["Bearer"], 400),
    ] {
        assert_eq!(begin(&plain, others).unwrap_err().status(), status, "{others:?}");
    }
    let with_store = bench.with_store(Users(|| Ok(Some(User("Ada".into())))));
    call(&with_store, &token, NOW).unwrap();
    assert!(!is_done(begin(&with_store, &[&header])), "the store has to be asked");
}

#[test]
fn a_refused_user_is_403_and_never_provisioned() {
    let mut bench = Bench::new();
    bench.policy.unknown_user = UnknownUser::Unauthorized;
    let refused = bench.call(Refusing).unwrap_err();
    assert_eq!(refused, ForbiddenReason::UserRefused.into());
    assert_eq!((refused.status(), refused.reason()), (403, "user_refused"));
}

#[test]
fn a_cached_user_is_found_without_waiting_by_subject_and_claims() {
    let bench = Bench::new();
    let authenticator = bench.with_store(InMemory);
    for org in [Some("org_1"), Some("org_2"), None] {
        let token = bench.world.token("a", |claims| claims["org_id"] = json!(org));
        // `InMemory::find` is called only where a user is not in memory.
        let caller = call(&authenticator, &token, NOW).unwrap();
        assert_eq!(caller.user::<User>().unwrap().0, format!("user_ada of {org:?}"));
    }
}

/// One request with these needs, on an authenticator that knows of permissions.
fn call_needing(
    bench: &Bench,
    issuer: Issuer,
    scope: &str,
    needs: &[&'static Need],
) -> Result<Authenticated, Rejection> {
    let mut authenticator = Authenticator::new(bench.policy.clone(), no_profiles()).unwrap();
    authenticator.trust(issuer, bench.world.keys.clone(), bench.world.clone()).unwrap();
    let token = bench.world.token("a", |claims| {
        claims["scope"] = json!(scope);
        claims["roles"] = json!("staff");
    });
    let header = format!("Bearer {token}");
    let request = IncomingRequest::new([header.as_bytes()]).needing(needs);
    assert_eq!(format!("{request:?}"), "IncomingRequest(1 Authorization headers)");
    at_once(authenticator.authenticate(request, NOW))
}

#[test]
fn r15_an_operation_is_for_those_who_hold_what_it_needs() {
    let mut bench = Bench::new();
    for need in [Write::NEED, Staff::NEED] {
        bench.policy.permissions.declare(need);
    }
    let any = || Issuer::new(ISSUER).unwrap();
    let caller = call_needing(&bench, any(), "bookmarks:write", &[Read::NEED]).unwrap();
    let held: Vec<_> = caller.grants().iter().collect();
    assert_eq!(held, ["bookmarks:write", "bookmarks:read"]);
    assert!(caller.require(&[Write::NEED]).is_ok());

    let rejection = call_needing(&bench, any(), "openid", &[Read::NEED]).unwrap_err();
    let required = vec!["bookmarks:read".parse().unwrap()];
    assert_eq!(rejection, Rejection::InsufficientScope { required });
    // What the issuer does not grant, no new token brings.
    let rejection = caller.require(&[Staff::NEED]).unwrap_err();
    let all = "scope=\"bookmarks:read staff\"";
    assert!(caller.challenge(&rejection).unwrap().contains(all), "what came before is kept");
    let narrow = || any().scopes(["bookmarks:read"]).unwrap();
    let rejection = call_needing(&bench, narrow(), "bookmarks:read", &[Staff::NEED]).unwrap_err();
    let missing = vec!["staff".parse().unwrap()];
    assert_eq!(rejection, ForbiddenReason::MissingPermission { missing }.into());
}

#[test]
fn r30_a_list_shows_what_the_caller_may_call_and_what_a_new_token_may_open() {
    let mut bench = Bench::new();
    for need in [Write::NEED, Staff::NEED] {
        bench.policy.permissions.declare(need);
    }
    let rules = ToolRules::new()
        .tool("whoami")
        .open()
        .tool("list")
        .requires::<Read>()
        .tool("add")
        .requires::<Write>()
        .tool("either")
        .requires::<Any<(Staff, Write)>>()
        .tool("both")
        .requires::<(Staff, Read)>()
        .tool("audit")
        .requires::<Staff>()
        .other_tools()
        .refused();
    let shown = |caller: Option<&Authenticated>| {
        let all = ["whoami", "list", "add", "either", "both", "audit", "gone"];
        let shows = |tool: &&str| rules.shows("tools/call", Some(tool), caller);
        all.into_iter().filter(shows).collect::<Vec<_>>().join(" ")
    };
    let with = |granted: &[&str]| {
        let issuer = Issuer::new(ISSUER).unwrap().scopes(granted).unwrap();
        call_needing(&bench, issuer, "bookmarks:read", &[]).unwrap()
    };
    let asked = ["bookmarks:read", "bookmarks:write"];
    let reader = with(&asked);
    assert_eq!(shown(Some(&reader)), "whoami list add either", "the issuer grants writing too");
    assert_eq!(shown(Some(&with(&asked[..1]))), "whoami list", "no token would bring more");
    assert_eq!(shown(None), "whoami list add either both audit");
    assert!(reader.grants().within_reach(Write::NEED) && !reader.grants().meet(Write::NEED));
    assert!(!reader.grants().within_reach(Staff::NEED));
}

#[test]
fn r15_demands_add_up() {
    let mut bench = Bench::new();
    bench.policy.permissions.declare(Write::NEED);
    bench.policy.permissions.declare(Staff::NEED);
    bench.policy.permissions.grant_from_claim("roles");
    let any = Issuer::new(ISSUER).unwrap();
    let mut caller = call_needing(&bench, any, "bookmarks:read", &[]).unwrap();
    assert!(caller.require_and_keep(&[Staff::NEED]).is_ok(), "granted by a claim");
    assert!(caller.require_and_keep(&[Read::NEED]).is_ok());
    let Rejection::InsufficientScope { required } =
        caller.require_and_keep(&[Write::NEED]).unwrap_err()
    else {
        panic!("a new token would do");
    };
    let names: Vec<&str> = required.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(names, ["staff", "bookmarks:read", "bookmarks:write"]);
    assert_eq!(caller.challenge(&ForbiddenReason::UnknownUser.into()), None);
}

#[test]
fn r15_a_broader_scope_satisfies_what_every_request_needs() {
    let mut bench = Bench::new();
    bench.policy.permissions.declare(Write::NEED);
    bench.policy.required_scopes = vec!["bookmarks:read".parse().unwrap()];
    let any = || Issuer::new(ISSUER).unwrap();
    for good in ["bookmarks:read", "bookmarks:write", "openid bookmarks:write"] {
        assert!(call_needing(&bench, any(), good, &[]).is_ok(), "{good}");
    }
    let rejection = call_needing(&bench, any(), "openid", &[Write::NEED]).unwrap_err();
    let Rejection::InsufficientScope { required } = rejection else { panic!("{rejection}") };
    assert_eq!(required.len(), 2, "what it needs, and what every request does: {required:?}");
    let other = any().scopes(["openid"]).unwrap();
    let rejection = call_needing(&bench, other, "openid", &[]).unwrap_err();
    assert_eq!(rejection.reason(), "missing_permission");
}

#[test]
fn r33_only_the_machine_rule_sees_scopes_beyond_the_limit() {
    let bench = Bench::new();
    let issuer = Issuer::new(ISSUER).unwrap().scopes(["openid", "bookmarks:read"]).unwrap();
    let issuer = issuer.machine_if(|token| token.scopes().contains_str("machine"));
    let token = bench.world.token("a", |claims| {
        claims["scope"] = json!("machine openid staff bookmarks:write");
    });
    for cached in [true, false] {
        let mut policy = bench.policy.clone();
        if !cached {
            policy.token_cache = TokenCacheSettings::off();
        }
        let authenticator = bench.world.authenticator(issuer.clone(), policy);
        for _ in 0..2 {
            let caller = call(&authenticator, &token, NOW).unwrap();
            let caller = caller.principal();
            assert!(matches!(caller.kind(), PrincipalKind::Machine(_)), "{caller:?}");
            assert_eq!(caller.issuer(), ISSUER);
            assert_eq!(caller.scopes().iter().collect::<Vec<_>>(), ["openid"]);
            assert_eq!(caller.token().unwrap().scopes(), caller.scopes());
            let raw = caller.claim::<String>("scope").unwrap();
            assert_eq!(raw.as_deref(), Some("machine openid staff bookmarks:write"));
        }
    }
}

#[test]
fn a_verified_token_tells_what_it_says() {
    let bench = Bench::new();
    let token = bench.world.token("a", |claims| {
        claims["jti"] = json!("t1");
        claims["aud"] = json!([claims["aud"], "https://other.example.com"]);
        claims["iat"] = json!(NOW.as_secs_f64());
        claims["org_id"] = json!("org_1");
        claims["nothing"] = json!(null);
    });
    let caller = call(&bench.authenticator(), &token, NOW).unwrap();
    let proof = caller.principal().token().unwrap();
    assert_eq!((proof.token_id(), proof.issuer()), (Some("t1"), ISSUER));
    assert_eq!(proof.audiences().last(), Some("https://other.example.com"));
    assert_eq!(proof.issued_at().unwrap().as_secs_f64(), NOW.as_secs_f64());
    assert_eq!(proof.claim::<String>("org_id").unwrap().as_deref(), Some("org_1"));
    assert_eq!(proof.claim::<String>("nothing"), Ok(None));
    let error = proof.claim::<u64>("org_id").unwrap_err();
    assert!(error.to_string().contains("org_id"), "{error}");
}
