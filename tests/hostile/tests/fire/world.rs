//! An issuer, the server of its keys, and an application that trusts it.

use std::{
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    Issuer, McpAuth, McpAuthBuilder,
    keys::RefreshSettings,
    testing::{Algorithm, TestAuthority},
};
use actix_web::rt::time::sleep;
use hostile::{Answer, RESOURCE, Server, builder_for};

/// The fetcher's timeout for a whole fetch.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The timeout of a request's wait for a key (R24).
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// More than a request takes that waits for nothing, on a machine that is busy with the attack.
const MEDIAN_LIMIT: Duration = Duration::from_millis(150);
/// The time that a busy machine may add.
pub(crate) const SLACK: Duration = Duration::from_secs(3);

/// Steps short enough for a test.
pub(crate) fn quick() -> RefreshSettings {
    let mut settings = RefreshSettings::default();
    settings.cool_down = Duration::from_millis(200);
    settings.max_cool_down = Duration::from_secs(1);
    settings.first_back_off = Duration::from_millis(200);
    settings.max_back_off = Duration::from_secs(1);
    settings
}

/// The same, with keys that are fresh for a short time only.
pub(crate) fn often() -> RefreshSettings {
    let mut settings = quick();
    settings.default_max_age = Duration::from_millis(100);
    settings.min_max_age = Duration::from_millis(100);
    settings
}

pub(crate) struct World {
    pub(crate) authority: TestAuthority,
    pub(crate) auth: McpAuth,
    pub(crate) server: Server,
}

/// Many calls with known keys.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    took: Vec<Duration>,
    refused: Vec<Answer>,
}

impl World {
    /// Trusts the authority, with its keys at `jwks_uri`.
    pub(crate) fn new(authority: TestAuthority, jwks_uri: &str, settings: RefreshSettings) -> Self {
        let issuer = Issuer::new(authority.issuer()).unwrap().jwks_uri(jwks_uri).unwrap();
        Self::of(authority, builder_for(RESOURCE).issuer(issuer).refresh(settings))
    }

    pub(crate) fn of(authority: TestAuthority, builder: McpAuthBuilder) -> Self {
        let auth = builder.build().unwrap();
        let server = Server::of(&auth);
        Self { authority, auth, server }
    }

    /// A new token, so that no cache answers.
    pub(crate) fn token(&self) -> String {
        token(&self.authority)
    }

    /// A token that is valid except for its key, which is unknown.
    pub(crate) fn stranger(&self) -> String {
        stranger(&self.authority)
    }

    /// Publishes a new key and signs with it from now on; the old one stays published.
    pub(crate) fn rotate(&self) {
        self.authority.keys().add(Algorithm::Es256);
    }

    /// Calls with a valid token until the first 200, and returns how long that took. Until then the
    /// answer is 503 and never 401: the token's key may be unknown, but is published (R24).
    pub(crate) async fn until_accepted(&self, bound: Duration) -> Result<Duration, String> {
        self.until_accepted_after(&[503], bound).await
    }

    /// The same after the issuer had withdrawn the token's key, so that 401 is correct at first.
    pub(crate) async fn until_accepted_again(&self, bound: Duration) -> Result<Duration, String> {
        self.until_accepted_after(&[401, 503], bound).await
    }

    async fn until_accepted_after(
        &self,
        meanwhile: &[u16],
        bound: Duration,
    ) -> Result<Duration, String> {
        let (token, start) = (self.token(), Instant::now());
        loop {
            let answer = self.server.call(&token).await;
            match answer.status {
                200 => return Ok(start.elapsed()),
                _ if start.elapsed() > bound => {
                    return Err(format!("still {answer:?} after {:?}", start.elapsed()));
                }
                status if meanwhile.contains(&status) => sleep(Duration::from_millis(25)).await,
                _ => return Err(format!("{answer:?}")),
            }
        }
    }

    /// Calls with known keys, one after the other, for so long.
    pub(crate) async fn calls(&self, time: Duration) -> Calls {
        let (start, mut calls) = (Instant::now(), Calls::default());
        while start.elapsed() < time {
            calls.push(self.server.call(&self.token()).await);
            sleep(Duration::from_millis(3)).await;
        }
        calls
    }
}

impl Calls {
    pub(crate) fn push(&mut self, answer: Answer) {
        self.took.push(answer.took);
        if answer.status != 200 {
            self.refused.push(answer);
        }
    }

    /// Whether every call was accepted.
    pub(crate) fn all_accepted(&self) -> Result<(), String> {
        match self.refused.first() {
            Some(first) => Err(format!("{} of {}: {first:?}", self.refused.len(), self.took.len())),
            None if self.took.is_empty() => Err("no call was made".into()),
            None => Ok(()),
        }
    }

    /// Whether these took no longer than `before`. The median shows a delay that every call has; the
    /// 90th percentile shows calls that waited for a fetch, which takes [`PATIENCE`] at most.
    pub(crate) fn as_fast_as(&self, before: &Self) -> Result<(), String> {
        let (median, usual) = (self.percentile(50), before.percentile(50));
        let (now, then) = (self.percentile(90), before.percentile(90));
        let quick = usual < MEDIAN_LIMIT && median < usual * 4 + MEDIAN_LIMIT;
        match quick && now < then * 4 + PATIENCE / 2 {
            true => Ok(()),
            false => Err(format!("p50 {median:?} and p90 {now:?}, before {usual:?} and {then:?}")),
        }
    }

    fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.took.clone();
        sorted.sort();
        sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
    }
}

pub(crate) fn token(authority: &TestAuthority) -> String {
    authority.person_token("user_ada", RESOURCE)
}

pub(crate) fn stranger(authority: &TestAuthority) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let kid = format!("stranger-{}", COUNT.fetch_add(1, SeqCst));
    authority.token().subject("user_ada").audience(RESOURCE).kid(kid).sign()
}

/// Whether it took no longer than the limit.
pub(crate) fn within(took: Duration, bound: Duration) -> Result<(), String> {
    (took <= bound).then_some(()).ok_or_else(|| format!("{took:?}, bound {bound:?}"))
}
