//! What is removed from the index: records that no token can be older than, and the oldest of too
//! many.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    index::RevocationIndex,
    log::LogEntry,
    record::{Effect, Revocation, RevocationId, Revoked},
};
use crate::time::UnixTime;

/// How long a message that a user has changed is kept: longer than users are cached.
const USER_CHANGE_RETENTION: Duration = Duration::from_secs(60 * 60);

/// Removes what no decision needs any more, and returns it: nothing, as long as no resource has said
/// how long its tokens are good. A process that only writes to the log must not empty it.
pub(super) fn remove_expired(index: &RevocationIndex, now: UnixTime) -> Vec<LogEntry> {
    let Some(retention) = index.retention() else { return Vec::new() };
    let oldest = |record: &Revocation| {
        let retention = match record.what.revokes() {
            true => retention,
            false => retention.min(USER_CHANGE_RETENTION),
        };
        now.saturating_sub(retention)
    };
    let some_record = |state: &super::state::State| state.records().next().cloned();
    let keys: Vec<_> = index.states.iter().filter_map(|state| some_record(&state)).collect();
    let remove = |record: &Arc<Revocation>| {
        index.update(record, |state| state.remove_before(oldest(record)))
    };
    let removed = keys.iter().flat_map(remove).map(|record| LogEntry::of(&record)).collect();
    index.issuers.remove_unused();
    removed
}

/// Where there are more cut-offs than the bound, merges the oldest tenth into a cut-off for
/// everything of their issuer.
pub(super) fn merge_oldest_if_too_many(index: &RevocationIndex) {
    let most = index.settings.max_cut_offs;
    if index.len().saturating_sub(index.standing()) <= most {
        return;
    }
    let mut cut_offs = Vec::new();
    for state in &index.states {
        let may_be_merged = |record: &&Arc<Revocation>| {
            record.issuer.is_some() && record.what != Revoked::Everything
        };
        let standing = state.stands();
        let removable = state.records().filter(may_be_merged);
        cut_offs.extend(
            removable
                .filter(|record| record.effect != Effect::Standing || !standing)
                .map(|record| (Reverse(record.time()), record.clone())),
        );
    }
    cut_offs.sort_unstable_by_key(|(time, _)| *time);
    let merged: Vec<_> = cut_offs.split_off(cut_offs.len().min(most - most / 10));
    let mut coarse = BTreeMap::new();
    for (Reverse(time), record) in &merged {
        let by_issuer = matches!(record.effect, Effect::Lifted | Effect::IssuedBeforeByIssuer(_));
        if record.what.revokes() && record.effect != Effect::Standing {
            let latest = coarse.entry((record.issuer.clone(), by_issuer)).or_insert(*time);
            *latest = (*latest).max(*time);
        }
    }
    // First the coarse records, so that nothing is accepted in between.
    for ((issuer, by_issuer), time) in coarse {
        let effect = match by_issuer {
            true => Effect::IssuedBeforeByIssuer(time),
            false => Effect::IssuedBefore(time),
        };
        index.merge(Revocation {
            version: Revocation::VERSION,
            id: RevocationId::random(),
            issuer,
            what: Revoked::Everything,
            effect,
            reason: "merged from the oldest of too many revocations".into(),
            at: time,
        });
    }
    // The oldest first: a lifted revocation goes before its lift, and never stands again meanwhile.
    for (_, record) in merged.iter().rev() {
        index.update(record, |state| state.remove(record));
    }
    index.counts.merged.fetch_add(merged.len(), Ordering::Relaxed);
}
