//! The decision alone: from the header's value to the caller.

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use mcp_auth_core::{
    Algorithm, Authenticator, AwaitRefresh, FetchProfile, IncomingRequest, Issuer, IssuerKeys,
    KeySet, Profile, ProfileError, Resource, ResourcePolicy, Secret, Subject, TokenCacheSettings,
    TokenMemo, UnixTime, async_trait,
    refresh::{Next, RefreshSettings},
    signature::Josekit,
};

use crate::{
    fixture::{Fixture, ISSUER, RESOURCE},
    warm_then_measured,
};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

pub fn count(fixture: &Fixture, how: &str, calls: usize) {
    let [one, other, _] = &fixture.headers;
    match how {
        "cold" => {
            let authenticator = authenticator(fixture, TokenCacheSettings::off());
            warm_then_measured(calls, || {
                at_once(authenticator.authenticate(request(one), NOW)).expect("a good token");
            });
        }
        "new" => {
            let authenticator = authenticator(fixture, TokenCacheSettings::default());
            // What was remembered a minute ago has ended.
            let mut now = NOW;
            warm_then_measured(calls, || {
                now = now + Duration::from_secs(61);
                at_once(authenticator.authenticate(request(one), now)).expect("a good token");
            });
        }
        "remembered" => {
            let authenticator = authenticator(fixture, TokenCacheSettings::default());
            warm_then_measured(calls, || {
                at_once(authenticator.authenticate(request(one), NOW)).expect("a good token");
            });
        }
        "memo" => {
            let authenticator = authenticator(fixture, TokenCacheSettings::default());
            let memo = TokenMemo::new();
            for header in [other, one] {
                at_once(authenticator.authenticate(request(header), NOW)).expect("a good token");
            }
            warm_then_measured(calls, || {
                let known = authenticator.authenticate_at_once(request(one), &memo, NOW);
                known.expect("remembered").expect("a good token");
            });
        }
        other => panic!("authenticate, {other}: no such thing"),
    }
}

fn request(header: &str) -> IncomingRequest<'_> {
    IncomingRequest::new([black_box(header.as_bytes())])
}

fn authenticator(fixture: &Fixture, cache: TokenCacheSettings) -> Authenticator {
    let mut policy = ResourcePolicy::new(Resource::parse(RESOURCE).expect("a resource"));
    policy.token_cache = cache;
    let keys = Arc::new(IssuerKeys::new(RefreshSettings::default(), NOW));
    assert!(matches!(keys.next(NOW), Next::Fetch), "the first fetch is due at once");
    let set = KeySet::parse(fixture.jwks.to_string().as_bytes(), Algorithm::ALL, &Josekit);
    keys.fetched(set.expect("a key set"), None, NOW, 0.5);
    let mut authenticator =
        Authenticator::new(policy, Arc::new(Nobody)).expect("settings that can be meant");
    let issuer = Issuer::new(ISSUER).expect("an issuer");
    authenticator.trust(issuer, keys, Arc::new(Nobody)).expect("one issuer");
    authenticator
}

/// Nothing here waits, so everything is ready when it is first looked at.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("something waited"),
    }
}

/// Fetches nothing, and is not asked to.
struct Nobody;

#[async_trait]
impl AwaitRefresh for Nobody {
    async fn refreshed(&self, _: u64, _: Duration) -> Duration {
        Duration::ZERO
    }
}

#[async_trait]
impl FetchProfile for Nobody {
    async fn fetch(&self, _: &Subject, _: &Secret) -> Result<Profile, ProfileError> {
        Err(ProfileError::NoProfile)
    }
}
