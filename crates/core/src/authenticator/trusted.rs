//! One trusted issuer: verifying with the keys that are known, and waiting for newer ones.

use std::{sync::Arc, time::Duration};

use crate::{
    issuer::Issuer,
    issuer_keys::{AwaitRefresh, IssuerKeys, LastFetch},
    permission::Authority,
    refresh::Demand,
    rejection::{Rejection, TokenError, UnavailableReason},
    rules::TokenRules,
    time::UnixTime,
    verified::{Confirmation, UnverifiedToken, VerifyError},
};

/// How long a request waits for a key that is being fetched (R24).
const PATIENCE: Duration = Duration::from_secs(1);

/// An issuer, the rules for its tokens, and its keys.
pub(super) struct Trusted {
    pub(super) issuer: Issuer,
    pub(super) rules: TokenRules,
    pub(super) keys: Arc<IssuerKeys>,
    pub(super) refresh: Arc<dyn AwaitRefresh>,
    pub(super) authority: Arc<Authority>,
}

impl Trusted {
    /// Verifies with the keys that are known; where the token's key is not among them, asks once
    /// for newer ones (R24).
    pub(super) async fn verify(
        &self,
        token: &UnverifiedToken<'_>,
        now: UnixTime,
    ) -> Result<Confirmation, Rejection> {
        let (seen, outcome) = self.try_known_keys(token, now);
        match outcome {
            Ok(confirmation) => Ok(confirmation),
            Err(VerifyError::Rejected(error)) => Err(error.into()),
            Err(VerifyError::UnknownKey) => {
                self.rules.check_before_fetch(token.header(), token.claims(), now)?;
                self.verify_with_newer_keys(token, seen, now).await
            }
        }
    }

    /// Waits for a newer key set, and tries that. A fetch that was under way already may have been
    /// answered before the issuer published the key: after such a one, a fetch of one's own is
    /// fair, within the same patience.
    async fn verify_with_newer_keys(
        &self,
        token: &UnverifiedToken<'_>,
        mut seen: u64,
        now: UnixTime,
    ) -> Result<Confirmation, Rejection> {
        let mut patience = PATIENCE;
        loop {
            let demand = self.keys.demand(now, seen);
            if demand != Demand::Exhausted {
                patience = self.refresh.refreshed(seen, patience).await;
            }
            let (generation, outcome) = self.try_known_keys(token, now);
            match outcome {
                Ok(confirmation) => return Ok(confirmation),
                Err(VerifyError::Rejected(error)) => return Err(error.into()),
                Err(VerifyError::UnknownKey) => {}
            }
            let answered = demand == Demand::Exhausted || generation != seen;
            if demand != Demand::Joined || !answered || patience.is_zero() {
                return Err(self.without_key(answered, now));
            }
            seen = generation;
        }
    }

    /// Tries the newest keys, and tells of which generation they were.
    fn try_known_keys(
        &self,
        token: &UnverifiedToken<'_>,
        now: UnixTime,
    ) -> (u64, Result<Confirmation, VerifyError>) {
        let snapshot = self.keys.snapshot();
        let outcome = match snapshot.usable(now) {
            Some(keys) => token.verify(keys, &self.rules, now),
            None => Err(VerifyError::UnknownKey),
        };
        (snapshot.generation, outcome)
    }

    /// No key after all: the token's fault where the issuer's last word was a key set without it,
    /// an outage where the issuer could not be asked or has not answered yet.
    fn without_key(&self, answered: bool, now: UnixTime) -> Rejection {
        let snapshot = self.keys.snapshot();
        let has_word =
            snapshot.last_fetch == LastFetch::Succeeded && snapshot.usable(now).is_some();
        match answered && has_word {
            true => TokenError::UnknownKey.into(),
            false => UnavailableReason::Keys { issuer: self.issuer.name().to_string() }.into(),
        }
    }
}
