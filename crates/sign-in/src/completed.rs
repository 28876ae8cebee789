//! Sign-ins that were completed lately: a code is sent to the issuer once.
//!
//! A browser can send the same answer twice, as when a person reloads the page. An issuer that sees a
//! code again refuses it, and should end the session that began with it (RFC 6749 §4.1.2).

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use mcp_auth_core::UnixTime;

use crate::flow::TIME_LIMIT;

/// How many are kept. Beyond it, and in another process, the issuer alone tells of a second use.
const MAX_KEPT: usize = 1000;

/// The `state` of each sign-in whose code was sent in this process.
#[derive(Default)]
pub(crate) struct Completed(Mutex<VecDeque<(UnixTime, Box<str>)>>);

impl Completed {
    /// Whether a sign-in comes to its end for the first time.
    pub(crate) fn is_first(&self, state: &str, now: UnixTime) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.front().is_some_and(|(at, _)| now.duration_since(*at) > TIME_LIMIT) {
            kept.pop_front();
        }
        if kept.iter().any(|(_, known)| **known == *state) {
            return false;
        }
        if kept.len() == MAX_KEPT {
            kept.pop_front();
        }
        kept.push_back((now, state.into()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r38_a_sign_in_is_completed_once() {
        let completed = Completed::default();
        let first = |state: &str, seconds| completed.is_first(state, UnixTime::from_secs(seconds));
        assert!(first("a", 1_000) && first("b", 1_000));
        assert!(!first("a", 1_000) && !first("b", 1_600));
        assert!(first("a", 1_601), "by now its cookie is too old");
    }

    #[test]
    fn r38_completed_sign_ins_are_kept_up_to_a_bound() {
        let completed = Completed::default();
        let first = |n: usize| completed.is_first(&n.to_string(), UnixTime::from_secs(1_000));
        assert!((0..=MAX_KEPT).all(first));
        assert!(!first(MAX_KEPT) && first(0), "the oldest is given up");
        assert_eq!(completed.0.lock().unwrap().len(), MAX_KEPT);
    }
}
