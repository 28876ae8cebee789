//! Asking an issuer about a token: one call for all who wait for the same answer, and bounds on
//! the calls in flight and on those that wait.
//!
//! A call is a future that its waiters share: whoever is polled drives it. Where a waiter goes, the
//! others drive it on; where all are gone, the request ends. A failure is given to all who waited
//! for it, and is not remembered.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{Shared, WeakShared},
};
use quick_cache::sync::Cache;

use super::places::Places;
use crate::{
    http::HttpClient,
    issuer::Issuer,
    keyed_hash::KeyedHash,
    rejection::{Rejection, TokenError, UnavailableReason},
    secret::Secret,
    time::UnixTime,
    token::bearer::BearerToken,
    token::introspection::{ActiveToken, Answer, IntrospectedTokens, IntrospectionEndpoint},
};

/// The most calls to one issuer that are in flight.
const MAX_IN_FLIGHT: usize = 64;

/// The most calls to one issuer that wait until they may be.
const MAX_WAITING: usize = 64;

/// For how long it is remembered that a token is not active.
const INACTIVE_FOR: Duration = Duration::from_secs(10);

/// The most tokens of which that is remembered.
const MAX_INACTIVE: usize = 4096;

/// What a call brings: the answer, or why there is none, for the log.
type Outcome = Result<Answer, Arc<str>>;
type Call = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Asks one issuer.
pub(super) struct Introspector {
    issuer: Box<str>,
    endpoint: Arc<IntrospectionEndpoint>,
    tokens: IntrospectedTokens,
    ttl: Duration,
    hash: KeyedHash,
    inactive: Arc<Cache<u128, Inactive>>,
    calls: Mutex<HashMap<u128, WeakShared<Call>>>,
    places: Places,
}

/// When a token was not active.
#[derive(Clone, Copy)]
struct Inactive {
    asked_at: UnixTime,
}

impl Inactive {
    /// Whether it counts: a clock that was set back ends it.
    fn counts(self, now: UnixTime) -> bool {
        self.asked_at <= now && now.duration_since(self.asked_at) < INACTIVE_FOR
    }
}

/// A call that is waited for. It can be joined by others until it is dropped: drop it when what
/// it brought is cached.
pub(super) struct Asked {
    call: Shared<Call>,
    /// Whether nobody else has asked already.
    pub(super) is_new: bool,
}

impl Introspector {
    /// What asks this issuer; `None` where it is not configured to be asked.
    pub(super) fn of(issuer: &Issuer) -> Option<Self> {
        let (endpoint, settings) = issuer.introspects()?;
        Some(Self {
            issuer: issuer.name().into(),
            endpoint: Arc::new(endpoint.clone()),
            tokens: settings.tokens,
            ttl: settings.ttl,
            hash: KeyedHash::random(),
            inactive: Arc::new(Cache::new(MAX_INACTIVE)),
            calls: Mutex::default(),
            places: Places::new(MAX_IN_FLIGHT, MAX_WAITING),
        })
    }

    /// Which tokens it is asked about.
    pub(super) fn tokens(&self) -> IntrospectedTokens {
        self.tokens
    }

    /// How long an answer may be cached that came to a request of `now`, in seconds since the
    /// epoch.
    pub(super) fn caches_until(&self, now: UnixTime) -> f64 {
        (now + self.ttl).as_secs_f64()
    }

    /// The call about this token: one that is under way, or a new one, which begins when it is
    /// waited for.
    ///
    /// # Errors
    /// Too many calls are in flight, and wait.
    pub(super) fn ask(
        &self,
        http: &Arc<dyn HttpClient>,
        token: BearerToken<'_>,
        now: UnixTime,
    ) -> Result<Asked, UnavailableReason> {
        let digest = self.hash.of(token.expose().as_bytes());
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(call) = calls.get(&digest).and_then(WeakShared::upgrade) {
            return Ok(Asked { call, is_new: false });
        }
        let mut place = self
            .places
            .take()
            .ok_or_else(|| self.unavailable("too many calls are in flight or wait"))?;
        let (http, endpoint) = (http.clone(), self.endpoint.clone());
        let (issuer, inactive) = (self.issuer.clone(), self.inactive.clone());
        let token = Secret::new(token.expose());
        let call: Call = Box::pin(async move {
            if inactive.get(&digest).is_some_and(|known| known.counts(now)) {
                return Ok(Answer::Inactive);
            }
            place.begin().await;
            let request = endpoint.request(&issuer, &token, now)?;
            let response = http.send(request).await.map_err(|error| error.to_string())?;
            let answer = Answer::read(&response)?;
            drop(place);
            if matches!(answer, Answer::Inactive) {
                inactive.insert(digest, Inactive { asked_at: now });
            }
            Ok(answer)
        });
        let call = call.shared();
        // Calls that ended stay in the table until then: they have no waiters and take no permit.
        if calls.len() >= 2 * (MAX_IN_FLIGHT + MAX_WAITING) {
            calls.retain(|_, call| call.upgrade().is_some());
        }
        if let Some(weak) = call.downgrade() {
            calls.insert(digest, weak);
        }
        Ok(Asked { call, is_new: true })
    }

    pub(super) fn unavailable(&self, error: &str) -> UnavailableReason {
        UnavailableReason::Introspection { issuer: (*self.issuer).to_owned(), error: error.into() }
    }

    /// What the issuer says of an active access token.
    pub(super) async fn answer(&self, asked: &Asked) -> Result<Arc<ActiveToken>, Rejection> {
        match asked.call.clone().await {
            Ok(Answer::Active(token)) => Ok(token),
            Ok(Answer::Inactive) => Err(TokenError::Inactive.into()),
            Ok(Answer::Refused(error)) => Err(error.into()),
            Err(why) => Err(self.unavailable(&why).into()),
        }
    }
}
