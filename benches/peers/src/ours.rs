//! actix-mcp-auth, with each of its backends: from the header's value to the caller.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use benches_support::{Material, Ours};
use mcp_auth_core::{
    IncomingRequest, TokenCacheSettings, UnixTime,
    signature::{AwsLcRs, Josekit, SignatureBackend},
};

use crate::contender::{Contender, Lane, Mode, Token};

/// Without the cache, and with it.
pub fn lanes(material: &Material) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for (name, backend) in [("josekit", &Josekit as &dyn SignatureBackend), ("aws-lc-rs", &AwsLcRs)]
    {
        let make = |cache| {
            Ours::new([(&*material.issuer, &material.jwks)], &material.audience, backend, cache)
        };
        let uncached = Uncached { name, ours: make(TokenCacheSettings::off()) };
        let cached = Cached { name, ours: make(TokenCacheSettings::default()), ahead: 0.into() };
        lanes.push(Lane { contender: Arc::new(uncached), modes: &[Mode::Cold] });
        lanes.push(Lane::of(cached));
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

/// The default: a cached token is found by its digest.
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
