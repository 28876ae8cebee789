//! Verification of one trusted issuer's tokens: with the known keys, and with newer ones.

use std::{borrow::Cow, sync::Arc, time::Duration};

use super::introspector::Introspector;
use crate::{
    issuer::Issuer,
    keys::issuer_keys::{AwaitRefresh, IssuerKeys, KeySnapshot, LastFetch},
    keys::refresh::Demand,
    metadata::resource::Resource,
    permission::Authority,
    rejection::{Rejection, TokenError, UnavailableReason},
    revocation::IssuerRecords,
    time::UnixTime,
    token::rules::TokenRules,
    token::verified::{Confirmation, UnverifiedToken, VerifyError},
};

/// How long a request waits for keys that are being fetched.
const TIMEOUT: Duration = Duration::from_secs(1);

/// An issuer, the rules for its tokens, and its keys.
pub(super) struct TrustedIssuer {
    pub(super) issuer: Issuer,
    pub(super) rules: TokenRules,
    pub(super) keys: Arc<IssuerKeys>,
    pub(super) refresh: Arc<dyn AwaitRefresh>,
    pub(super) authority: Arc<Authority>,
    /// Where the revocations by each of its names are.
    pub(super) revocations: Box<[Arc<IssuerRecords>]>,
    /// What asks it about its tokens.
    pub(super) introspector: Option<Introspector>,
}

impl TrustedIssuer {
    /// Whether it is asked about opaque tokens.
    pub(super) fn introspects_opaque_tokens(&self) -> bool {
        self.introspector.as_ref().is_some_and(|asks| asks.tokens().has_opaque())
    }

    /// What asks it about its JWTs, where that is configured.
    pub(super) fn introspector_of_jwts(&self) -> Option<&Introspector> {
        self.introspector.as_ref().filter(|asks| asks.tokens().has_jwts())
    }

    /// The rules for tokens at a resource [below](super::ResourcePolicy::resources_below) the
    /// configured one: they must name that one.
    pub(super) fn rules_at(&self, resource: Option<&Resource>) -> Cow<'_, TokenRules> {
        match resource {
            None => Cow::Borrowed(&self.rules),
            Some(resource) => Cow::Owned(self.rules.at(resource)),
        }
    }

    /// Verifies with the known keys, and if those do not decide, with newer ones.
    pub(super) async fn verify(
        &self,
        token: &UnverifiedToken<'_>,
        rules: &TokenRules,
        now: UnixTime,
    ) -> Result<Confirmation, Rejection> {
        let (seen, outcome) = self.try_known_keys(token, rules, now);
        let missing = match outcome {
            Ok(confirmation) => return Ok(confirmation),
            Err(VerifyError::Rejected(error)) => return Err(error.into()),
            Err(missing) => missing,
        };
        if let Err(error) = self.check_before_fetch(token, rules, now) {
            return Err(match missing {
                // The claims of a forged token are not reported.
                VerifyError::BadSignature(_) => TokenError::BadSignature.into(),
                _ => error.into(),
            });
        }
        self.verify_with_newer_keys(token, rules, missing, seen, now).await
    }

    /// Checks what needs no key, so that a token that is invalid anyway causes no fetch. It never
    /// accepts a token.
    fn check_before_fetch(
        &self,
        token: &UnverifiedToken<'_>,
        rules: &TokenRules,
        now: UnixTime,
    ) -> Result<(), TokenError> {
        if !self.issuer.allowed_algorithms().contains(&token.header().algorithm) {
            return Err(TokenError::UnacceptableAlgorithm);
        }
        rules.check_before_fetch(token.header(), token.claims(), now)
    }

    /// Waits for a newer key set, and tries that. A fetch that is under way already may have been
    /// answered before the issuer published the key: after such a fetch, the request can cause one
    /// more, within the same timeout.
    async fn verify_with_newer_keys(
        &self,
        token: &UnverifiedToken<'_>,
        rules: &TokenRules,
        mut missing: VerifyError,
        mut seen: u64,
        now: UnixTime,
    ) -> Result<Confirmation, Rejection> {
        let decisive = self.keys.next_fetch();
        let mut timeout = TIMEOUT;
        loop {
            let demand = match &missing {
                VerifyError::BadSignature(key) => self.keys.demand_recheck(now, seen, key),
                _ => self.keys.demand(now, seen),
            };
            if demand != Demand::Exhausted {
                timeout = self.refresh.refreshed(seen, timeout).await;
            }
            let snapshot = self.keys.snapshot();
            let (generation, decided) = (snapshot.generation, snapshot.succeeded_since(decisive));
            if generation != seen {
                missing = match Self::try_keys(token, rules, &snapshot, now) {
                    Ok(confirmation) => return Ok(confirmation),
                    Err(VerifyError::Rejected(error)) => return Err(error.into()),
                    Err(missing) => missing,
                };
            }
            let issuer_answers = snapshot.last_fetch == LastFetch::Succeeded;
            let is_last = demand == Demand::Exhausted
                || generation == seen
                || generation >= decisive
                || timeout.is_zero();
            match missing {
                // The key is known, and what was fetched since does not contradict it.
                VerifyError::BadSignature(_) if decided || is_last => {
                    return Err(TokenError::BadSignature.into());
                }
                // The issuer has answered since the request came, and has no such key.
                VerifyError::UnknownKey(error) if decided => return Err(error.into()),
                VerifyError::UnknownKey(_) if is_last => {
                    let is_cool_down = demand == Demand::Exhausted && issuer_answers;
                    return Err(self.unavailable(is_cool_down).into());
                }
                _ => seen = generation,
            }
        }
    }

    /// Tries the newest keys, and returns their generation.
    fn try_known_keys(
        &self,
        token: &UnverifiedToken<'_>,
        rules: &TokenRules,
        now: UnixTime,
    ) -> (u64, Result<Confirmation, VerifyError>) {
        let snapshot = self.keys.snapshot();
        (snapshot.generation, Self::try_keys(token, rules, &snapshot, now))
    }

    fn try_keys(
        token: &UnverifiedToken<'_>,
        rules: &TokenRules,
        snapshot: &KeySnapshot,
        now: UnixTime,
    ) -> Result<Confirmation, VerifyError> {
        match snapshot.usable(now) {
            Some(keys) => token.verify(keys, rules, now),
            None => Err(VerifyError::UnknownKey(TokenError::UnknownKey)),
        }
    }

    /// No fetch since the request came says whether the key exists: none can begin yet, or the
    /// issuer cannot be reached.
    fn unavailable(&self, is_cool_down: bool) -> UnavailableReason {
        let issuer = self.issuer.name().to_owned();
        match is_cool_down {
            true => UnavailableReason::KeyCoolDown { issuer },
            false => UnavailableReason::Keys { issuer },
        }
    }
}
