//! Opaque tokens: random texts whose claims only the authority knows.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use serde_json::{Map, Value};

use crate::lock::lock;
use crate::random;

/// The most tokens that are known; beyond it the oldest is forgotten.
const MOST_TOKENS: usize = 10_000;

/// The opaque tokens that the authority has issued.
#[derive(Default)]
pub(crate) struct OpaqueTokens(Mutex<Issued>);

#[derive(Default)]
struct Issued {
    claims: HashMap<String, Map<String, Value>>,
    in_order: VecDeque<String>,
}

impl OpaqueTokens {
    /// A new token with these claims.
    pub(crate) fn issue(&self, claims: Map<String, Value>) -> String {
        let token = format!("oat_{}", random::secret());
        let mut issued = lock(&self.0);
        if issued.in_order.len() >= MOST_TOKENS
            && let Some(oldest) = issued.in_order.pop_front()
        {
            issued.claims.remove(&oldest);
        }
        issued.in_order.push_back(token.clone());
        issued.claims.insert(token.clone(), claims);
        token
    }

    /// The claims of a token, whether or not it has expired.
    pub(crate) fn claims(&self, token: &str) -> Option<Map<String, Value>> {
        lock(&self.0).claims.get(token).cloned()
    }
}
