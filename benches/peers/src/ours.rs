//! actix-mcp-auth, with each of its backends: from the header's value to the caller.

use std::{
    cell::RefCell,
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use async_trait::async_trait;
use benches_support::{Material, Ours};
use mcp_auth_core::{
    IncomingRequest, TokenCacheSettings, TokenMemo, UnixTime,
    signature::{AwsLcRs, Josekit, SignatureBackend},
};

use crate::contender::{Contender, Lane, Mode, Token};

/// Without the cache, with it, and with a worker's memo before it.
pub fn lanes(material: &Material) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for (name, backend) in [("josekit", &Josekit as &dyn SignatureBackend), ("aws-lc-rs", &AwsLcRs)]
    {
        let make = |cache| {
            Ours::new([(&*material.issuer, &material.jwks)], &material.audience, backend, cache)
        };
        let uncached = Uncached { name, ours: make(TokenCacheSettings::off()) };
        let cached = Cached { name, ours: make(TokenCacheSettings::default()), ahead: 0.into() };
        let memo = WithMemo { name, ours: make(TokenCacheSettings::default()) };
        lanes.push(Lane::only(uncached, &[Mode::Cold]));
        lanes.push(Lane::only(cached, &[Mode::Cold, Mode::Warm, Mode::WarmTwo]));
        lanes.push(Lane::only(memo, &[Mode::Warm, Mode::WarmTwo]));
    }
    lanes
}

/// Every request pays for its signature.
struct Uncached {
    name: &'static str,
    ours: Ours,
}

#[async_trait]
impl Contender for Uncached {
    fn name(&self) -> String {
        format!("ours, {}, no cache", self.name)
    }

    async fn validate(&self, tokens: &[&Token]) {
        for token in tokens {
            let request = IncomingRequest::new([token.header.as_bytes()]);
            let caller = self.ours.authenticator.authenticate(request, self.ours.now).await;
            black_box(caller.expect("a good token"));
        }
    }
}

/// The default: what is remembered is found by its digest.
struct Cached {
    name: &'static str,
    ours: Ours,
    /// By how many ceilings of the cache the time was moved on.
    ahead: AtomicU64,
}

impl Cached {
    fn now(&self) -> UnixTime {
        self.ours.now + Duration::from_secs(61 * self.ahead.load(Relaxed))
    }
}

#[async_trait]
impl Contender for Cached {
    fn name(&self) -> String {
        format!("ours, {}", self.name)
    }

    async fn validate(&self, tokens: &[&Token]) {
        let now = self.now();
        for token in tokens {
            let request = IncomingRequest::new([token.header.as_bytes()]);
            let caller = self.ours.authenticator.authenticate(request, now).await;
            black_box(caller.expect("a good token"));
        }
    }

    fn forget(&self) {
        self.ahead.fetch_add(1, Relaxed);
    }
}

/// What the middleware does: the worker's memo, then the cache, then a signature.
struct WithMemo {
    name: &'static str,
    ours: Ours,
}

thread_local! {
    /// Each worker has its own.
    static MEMO: RefCell<TokenMemo> = RefCell::default();
}

#[async_trait]
impl Contender for WithMemo {
    fn name(&self) -> String {
        format!("ours, {}, memo", self.name)
    }

    async fn validate(&self, tokens: &[&Token]) {
        let memo = MEMO.take();
        for token in tokens {
            let request = IncomingRequest::new([token.header.as_bytes()]);
            let known = self.ours.authenticator.authenticate_at_once(request, &memo, self.ours.now);
            let caller = match known {
                Some(decided) => decided,
                None => self.ours.authenticator.authenticate(request, self.ours.now).await,
            };
            black_box(caller.expect("a good token"));
        }
        MEMO.set(memo);
    }
}
