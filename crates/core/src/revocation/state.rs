//! What is known about one key, and whether that refuses a token.

use std::{sync::Arc, time::Duration};

use super::{
    keys::RevocationKeys,
    record::{Effect, Revocation, Revoked},
};
use crate::time::UnixTime;

/// The latest record of each effect about one key. Merging takes the maximum of each, so duplicates
/// and any order give the same state.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) standing: Option<Arc<Revocation>>,
    pub(super) lifted: Option<Arc<Revocation>>,
    /// By our clock. Kept apart from the cut-off by the issuer's clock: an earlier time by our
    /// clock, with its allowance, can refuse a token that a later one by the issuer's does not.
    pub(super) before: Option<Arc<Revocation>>,
    pub(super) before_by_issuer: Option<Arc<Revocation>>,
}

impl State {
    /// Takes a record in; `false` where one as late is known already.
    pub(super) fn merge(&mut self, record: Arc<Revocation>) -> bool {
        let known = match record.effect {
            Effect::Standing => &mut self.standing,
            Effect::Lifted => &mut self.lifted,
            Effect::IssuedBefore(_) => &mut self.before,
            Effect::IssuedBeforeByIssuer(_) => &mut self.before_by_issuer,
        };
        let is_later = time(known) < Some(record.time());
        if is_later {
            *known = Some(record);
        }
        is_later
    }

    /// All its records.
    pub(super) fn records(&self) -> impl Iterator<Item = &Arc<Revocation>> {
        [&self.standing, &self.lifted, &self.before, &self.before_by_issuer].into_iter().flatten()
    }

    /// The records that can refuse a token: all but a lift, and a standing revocation that was
    /// lifted.
    pub(super) fn in_force(&self) -> impl Iterator<Item = &Arc<Revocation>> {
        let standing = self.standing.as_ref().filter(|_| self.stands());
        standing.into_iter().chain(&self.before).chain(&self.before_by_issuer)
    }

    /// The latest time that is known of the key.
    pub(super) fn latest(&self) -> Option<UnixTime> {
        self.records().map(|record| record.time().max(record.at)).max()
    }

    /// Whether a standing revocation is in force. A lift of the very same time does not end it.
    pub(super) fn stands(&self) -> bool {
        self.standing.is_some() && time(&self.standing) >= time(&self.lifted)
    }

    /// Whether a token with these keys is refused.
    pub(super) fn refuses(&self, keys: &RevocationKeys, leeway: Duration) -> bool {
        let (lifted, before) = (time(&self.lifted), time(&self.before));
        let allowance = if self.lift_ends_allowance() { Duration::ZERO } else { leeway };
        self.stands()
            || lifted.is_some_and(|time| keys.stays_refused_by_lift(time))
            || before.is_some_and(|time| keys.issued_until(time + allowance))
            || time(&self.before_by_issuer).is_some_and(|time| keys.issued_until(time))
    }

    /// Whether a lift takes the place of the cut-off by our clock, and of its allowance: a person who
    /// lifts a revocation and signs in at once would otherwise be refused for the time of the leeway.
    /// Not for everything of an issuer, since that cut-off may stand for merged ones of other keys,
    /// which the lift is not about.
    fn lift_ends_allowance(&self) -> bool {
        let may_be_merged =
            self.before.as_ref().is_some_and(|before| before.what == Revoked::Everything);
        !may_be_merged && time(&self.lifted) > time(&self.before)
    }

    /// Removes this record, if it is still the latest of its effect.
    pub(super) fn remove(&mut self, record: &Arc<Revocation>) {
        let is_it = |known: &mut Arc<Revocation>| Arc::ptr_eq(known, record);
        for known in
            [&mut self.standing, &mut self.lifted, &mut self.before, &mut self.before_by_issuer]
        {
            known.take_if(is_it);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records().next().is_none()
    }

    /// Removes cut-offs that are older than `oldest`, and lifts with what they lifted; returns what
    /// it removed. A standing revocation stays.
    pub(super) fn remove_before(&mut self, oldest: UnixTime) -> Vec<Arc<Revocation>> {
        let is_old = |record: &mut Arc<Revocation>| record.time() < oldest;
        let stands = self.stands();
        let mut removed = Vec::new();
        if let Some(lifted) = self.lifted.take_if(is_old) {
            if !stands {
                removed.extend(self.standing.take());
            }
            removed.push(lifted);
        }
        removed.extend(self.before.take_if(is_old));
        removed.extend(self.before_by_issuer.take_if(is_old));
        removed
    }
}

fn time(record: &Option<Arc<Revocation>>) -> Option<UnixTime> {
    record.as_ref().map(|record| record.time())
}
