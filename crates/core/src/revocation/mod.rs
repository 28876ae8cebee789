//! Subjects whose tokens were taken back before they ended.
//!
//! A JWT is good until it expires, and nobody asks its issuer meanwhile. Where the issuer tells
//! (the WorkOS webhooks `session.revoked`, `user.deleted` and their like), the application passes
//! it on, and every token of the subject that was issued until then is refused.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{
        RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{identity::Subject, time::UnixTime, token::claims::NumericDate};

/// How long a revocation is kept: longer than access tokens live.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How many are kept.
const MOST: usize = 100_000;

/// The revocations of one resource.
#[derive(Default)]
pub(crate) struct Revocations {
    /// Counts revocations, so that what was checked under one count need not be checked again.
    generation: AtomicU64,
    list: RwLock<List>,
}

#[derive(Default)]
struct List {
    by_subject: HashMap<Subject, UnixTime>,
    in_order: VecDeque<(UnixTime, Subject)>,
    /// Tokens of whomever that were issued until then are refused: where there were too many
    /// revocations to keep, the oldest is kept in this form, which errs on the safe side.
    everybody: Option<UnixTime>,
}

impl Revocations {
    /// Refuses the tokens of `subject` that were issued until `now`.
    pub(crate) fn revoke(&self, subject: &Subject, now: UnixTime) {
        self.list.write().unwrap_or_else(|poisoned| poisoned.into_inner()).add(subject, now);
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// How many revocations there have been.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether a token of `subject`, issued at `iat`, was taken back. One that does not tell when
    /// it was issued counts as issued before.
    pub(crate) fn covers(&self, subject: &Subject, iat: Option<NumericDate>) -> bool {
        if self.generation() == 0 {
            return false;
        }
        let list = self.read();
        let until = list.by_subject.get(subject).copied().max(list.everybody);
        until.is_some_and(|until| match iat {
            Some(iat) => iat.as_secs_f64() <= until.as_secs_f64(),
            None => true,
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, List> {
        self.list.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl List {
    fn add(&mut self, subject: &Subject, now: UnixTime) {
        let enough = |oldest: UnixTime| now.duration_since(oldest) > KEPT;
        while let Some((oldest, _)) = self.in_order.front()
            && (enough(*oldest) || self.in_order.len() >= MOST)
        {
            if !enough(*oldest) {
                self.everybody = Some(*oldest).max(self.everybody);
            }
            self.drop_oldest();
        }
        self.by_subject.insert(subject.clone(), now);
        self.in_order.push_back((now, subject.clone()));
    }

    fn drop_oldest(&mut self) {
        if let Some((then, subject)) = self.in_order.pop_front()
            && self.by_subject.get(&subject) == Some(&then)
        {
            self.by_subject.remove(&subject);
        }
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revocations({})", self.read().by_subject.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::claims::Claims;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn issued(seconds_later: f64) -> Option<NumericDate> {
        let json = format!(r#"{{"iat":{}}}"#, NOW.as_secs_f64() + seconds_later);
        Claims::parse(json.as_bytes()).unwrap().iat
    }

    fn subject(n: usize) -> Subject {
        Subject::new("https://i", format!("user_{n}"))
    }

    #[test]
    fn tokens_issued_until_then_are_covered_and_later_ones_are_not() {
        let revocations = Revocations::default();
        assert!(!revocations.covers(&subject(1), None));
        revocations.revoke(&subject(1), NOW);
        assert!(revocations.covers(&subject(1), issued(-5.0)));
        assert!(revocations.covers(&subject(1), issued(0.0)));
        assert!(revocations.covers(&subject(1), None));
        assert!(!revocations.covers(&subject(1), issued(1.0)));
        assert!(!revocations.covers(&subject(2), issued(-5.0)));
        let elsewhere = Subject::new("https://j", "user_1");
        assert!(!revocations.covers(&elsewhere, issued(-5.0)));
    }

    #[test]
    fn the_latest_revocation_of_a_subject_counts() {
        let revocations = Revocations::default();
        revocations.revoke(&subject(1), NOW);
        revocations.revoke(&subject(1), NOW + Duration::from_secs(60));
        assert!(revocations.covers(&subject(1), issued(30.0)));
        assert_eq!(revocations.generation(), 2);
    }

    #[test]
    fn old_revocations_are_dropped_and_too_many_become_one_for_everybody() {
        let revocations = Revocations::default();
        revocations.revoke(&subject(0), NOW);
        revocations.revoke(&subject(1), NOW + Duration::from_secs(86_400));
        assert!(revocations.covers(&subject(0), issued(-1.0)), "for a day");
        revocations.revoke(&subject(2), NOW + Duration::from_secs(86_401));
        assert!(!revocations.covers(&subject(0), issued(-1.0)), "and no longer");

        let flooded = Revocations::default();
        for n in 0..=MOST {
            flooded.revoke(&subject(n), NOW + Duration::from_millis(n as u64));
        }
        assert!(flooded.read().by_subject.len() <= MOST);
        assert!(flooded.covers(&subject(0), issued(-1.0)), "still refused");
        assert!(flooded.covers(&subject(MOST + 5), issued(-1.0)), "and so is everybody's");
        assert!(!flooded.covers(&subject(MOST + 5), issued(1.0)));
    }

    #[test]
    fn r09_debug_tells_how_many_there_are() {
        let revocations = Revocations::default();
        revocations.revoke(&subject(1), NOW);
        assert_eq!(format!("{revocations:?}"), "Revocations(1)");
    }
}
