//! The whole way of a request with a clock that stands still: no socket, no runtime, no waiting.
#![allow(clippy::unwrap_used)]

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use josekit::{
    jwk::{Jwk, alg::ec::EcCurve},
    jws::{ES256, JwsSigner},
};
use mcp_auth_core::{
    Algorithm, Authenticated, Authenticator, AwaitRefresh, FetchProfile, IncomingRequest, Issuer,
    IssuerKeys, KeySet, Principal, PrincipalKind, Profile, ProfileError, Rejection, Resource,
    ResourcePolicy, Secret, Subject, UnixTime, async_trait,
    refresh::{Next, RefreshSettings},
    rejection::{TokenError, UnavailableReason},
    signature::Josekit,
};
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const ISSUER: &str = "https://login.example.com";
const RESOURCE: &str = "https://app.example.com/mcp";

/// The ids of the keys that a fetch brings, or nothing where it fails.
type Brings = Option<Vec<&'static str>>;

/// An issuer whose key set is fetched when the authenticator asks for it.
struct World {
    keys: Arc<IssuerKeys>,
    signing: Vec<(&'static str, Jwk)>,
    /// What the next fetches bring, the last one first. Where none is left, the issuer does not
    /// answer in time.
    fetches: Mutex<Vec<Brings>>,
    asked: AtomicU32,
    now: Mutex<UnixTime>,
}

#[async_trait]
impl AwaitRefresh for World {
    async fn refreshed(&self, _: u64, patience: Duration) -> Duration {
        self.asked.fetch_add(1, SeqCst);
        let Some(brings) = self.fetches.lock().unwrap().pop() else {
            return Duration::ZERO;
        };
        self.fetch(brings);
        patience / 2
    }
}

impl World {
    /// An issuer with these keys to sign with, of which nothing is published yet.
    fn new(key_ids: &[&'static str]) -> Arc<Self> {
        let key = |id: &&'static str| (*id, Jwk::generate_ec_key(EcCurve::P256).unwrap());
        Arc::new(Self {
            keys: Arc::new(IssuerKeys::new(RefreshSettings::default(), NOW)),
            signing: key_ids.iter().map(key).collect(),
            fetches: Mutex::default(),
            asked: AtomicU32::new(0),
            now: Mutex::new(NOW),
        })
    }

    /// One fetch of the refresher's.
    fn fetch(&self, brings: Brings) {
        let now = *self.now.lock().unwrap();
        assert!(matches!(self.keys.next(now), Next::Fetch | Next::Wait(_)));
        match brings {
            Some(ids) => self.keys.fetched(self.set(&ids), None, now, 0.5),
            None => self.keys.fetch_failed(now, 0.5),
        }
    }

    fn will_bring(&self, fetches: Vec<Brings>) {
        *self.fetches.lock().unwrap() = fetches;
    }

    fn set(&self, ids: &[&str]) -> KeySet {
        let published = self.signing.iter().filter(|(id, _)| ids.contains(id));
        let keys: Vec<Value> = published
            .map(|(id, key)| {
                let public = key.to_public_key().unwrap();
                let mut public = serde_json::to_value(public.as_ref()).unwrap();
                public["kid"] = json!(id);
                public
            })
            .collect();
        let json = json!({ "keys": keys }).to_string();
        KeySet::parse(json.as_bytes(), Algorithm::ALL, &Josekit).unwrap()
    }

    fn token(&self, key_id: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": ISSUER, "aud": RESOURCE, "sub": "user_ada",
            "exp": NOW.as_secs_f64() + 300.0 * 3600.0,
        });
        change(&mut claims);
        let header = json!({"alg": "ES256", "kid": key_id});
        let part = |json: &Value| BASE64.encode(json.to_string());
        let input = format!("{}.{}", part(&header), part(&claims));
        let (_, key) = self.signing.iter().find(|(id, _)| *id == key_id).unwrap();
        let signature = ES256.signer_from_jwk(key).unwrap().sign(input.as_bytes()).unwrap();
        format!("{input}.{}", BASE64.encode(signature))
    }

    fn call(self: &Arc<Self>, token: &str, now: UnixTime) -> Result<Authenticated, Rejection> {
        self.call_as(Issuer::new(ISSUER).unwrap(), token, now)
    }

    fn call_as(
        self: &Arc<Self>,
        issuer: Issuer,
        token: &str,
        now: UnixTime,
    ) -> Result<Authenticated, Rejection> {
        *self.now.lock().unwrap() = now;
        let policy = ResourcePolicy::new(Resource::parse(RESOURCE).unwrap());
        let mut authenticator = Authenticator::new(policy, Arc::new(NoProfiles)).unwrap();
        authenticator.trust(issuer, self.keys.clone(), self.clone()).unwrap();
        let header = format!("Bearer {token}");
        let request = IncomingRequest::new([header.as_bytes()]);
        at_once(authenticator.authenticate(request, now))
    }
}

struct NoProfiles;

#[async_trait]
impl FetchProfile for NoProfiles {
    async fn fetch(&self, _: &Subject, _: &Secret) -> Result<Profile, ProfileError> {
        Err(ProfileError::NoProfile)
    }
}

/// Nothing here waits, so everything is ready when it is first looked at.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("something waited"),
    }
}

fn unavailable() -> Rejection {
    UnavailableReason::Keys { issuer: ISSUER.into() }.into()
}

#[test]
fn r09_without_a_store_the_principal_is_the_user_and_shows_no_token() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let token = world.token("a", |_| ());
    let caller = world.call(&token, NOW).unwrap();
    assert_eq!(caller.principal().subject(), &Subject::new(ISSUER, "user_ada"));
    assert_eq!(caller.user::<Principal>().unwrap().kind(), &PrincipalKind::User);
    assert!(caller.user::<String>().is_none());
    let debug = format!("{caller:?}");
    assert!(token.split('.').all(|part| !debug.contains(part)), "{debug}");
}

#[test]
fn r28_keys_outlive_their_issuer_for_a_bounded_time_and_then_it_is_an_outage() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let token = world.token("a", |_| ());
    for hours in [0, 1, 24] {
        assert!(world.call(&token, NOW + HOUR * hours).is_ok(), "after {hours} h");
    }
    world.will_bring(vec![None; 3]);
    assert_eq!(world.call(&token, NOW + HOUR * 26).unwrap_err(), unavailable());
    world.will_bring(vec![Some(vec!["a"])]);
    assert!(world.call(&token, NOW + HOUR * 27).is_ok(), "back with the issuer");
}

#[test]
fn r28_a_clock_that_was_ahead_does_not_make_keys_last() {
    let world = World::new(&["a"]);
    *world.now.lock().unwrap() = NOW + HOUR * 24 * 365;
    world.fetch(Some(vec!["a"]));
    *world.now.lock().unwrap() = NOW;
    world.fetch(None);
    let token = world.token("a", |_| ());
    assert!(world.call(&token, NOW).is_ok());
    world.will_bring(vec![None; 3]);
    assert_eq!(world.call(&token, NOW + HOUR * 26).unwrap_err(), unavailable());
}

#[test]
fn r24_an_unknown_key_is_asked_for_once_and_then_the_token_is_bad() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a"]));
    world.will_bring(vec![Some(vec!["a"])]);
    let token = world.token("b", |_| ());
    let outcome = world.call(&token, NOW + MINUTE);
    assert_eq!(outcome.unwrap_err(), TokenError::UnknownKey.into());
    assert_eq!(world.asked.load(SeqCst), 1);
}

#[test]
fn r24_a_fetch_that_others_started_may_have_missed_the_key_so_one_more_is_fair() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a"]));
    assert_eq!(world.keys.next(NOW + HOUR), Next::Fetch, "a periodic fetch is under way");
    world.will_bring(vec![Some(vec!["a", "b"]), Some(vec!["a"])]);
    assert!(world.call(&world.token("b", |_| ()), NOW + HOUR).is_ok());
    assert_eq!(world.asked.load(SeqCst), 2);
}

#[test]
fn r24_an_issuer_that_does_not_answer_in_time_is_an_outage() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a"]));
    let outcome = world.call(&world.token("b", |_| ()), NOW + MINUTE);
    assert_eq!(outcome.unwrap_err(), unavailable());
    assert!(world.call(&world.token("a", |_| ()), NOW + MINUTE).is_ok());
}

#[test]
fn r24_with_the_bucket_empty_the_last_fetch_decides() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a"]));
    let token = world.token("b", |_| ());
    world.will_bring(vec![Some(vec!["a"]); 9]);
    for _ in 0..5 {
        let outcome = world.call(&token, NOW + MINUTE);
        assert_eq!(outcome.unwrap_err(), TokenError::UnknownKey.into());
    }
    assert_eq!(world.asked.load(SeqCst), 3, "the bucket's size");
    world.fetch(None);
    assert_eq!(world.call(&token, NOW + MINUTE).unwrap_err(), unavailable());
}

#[test]
fn r17_the_signature_is_checked_before_any_claim_is_told_apart() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let expired = world.token("a", |claims| claims["exp"] = json!(1));
    let forged = format!("{}AAAA", &expired[..expired.len() - 4]);
    assert_eq!(world.call(&forged, NOW).unwrap_err(), TokenError::BadSignature.into());
    assert!(matches!(
        world.call(&expired, NOW).unwrap_err(),
        Rejection::InvalidToken(TokenError::Expired { .. })
    ));
}

#[test]
fn machines_persons_and_those_who_play_them_are_told_apart() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let kind = |issuer: Issuer, change: fn(&mut Value)| {
        let caller = world.call_as(issuer, &world.token("a", change), NOW).unwrap();
        match caller.principal().kind() {
            PrincipalKind::User => "user",
            PrincipalKind::Machine(client) => {
                assert_eq!(client.id(), caller.principal().subject().id());
                "machine"
            }
            PrincipalKind::Impersonated(_) => "impersonated",
            _ => "new",
        }
    };
    let plain = || Issuer::new(ISSUER).unwrap();
    assert_eq!(kind(plain(), |_| ()), "user");
    assert_eq!(kind(plain(), |c| c["client_id"] = json!("user_ada")), "machine");
    assert_eq!(kind(plain(), |c| c["azp"] = json!("user_ada")), "machine");
    assert_eq!(kind(plain(), |c| c["act"] = json!({"sub": "staff"})), "impersonated");
    assert_eq!(kind(plain(), |c| c["sub"] = json!("x@clients")), "user");
    let by_name = plain().machine_if(|token| token.subject().ends_with("@clients"));
    assert_eq!(kind(by_name, |c| c["sub"] = json!("x@clients")), "machine");
    let by_claim = plain().machine_if(|token| {
        token.claim::<String>("gty").is_ok_and(|gty| gty.as_deref() == Some("client-credentials"))
    });
    assert_eq!(kind(by_claim, |c| c["gty"] = json!("client-credentials")), "machine");
}
