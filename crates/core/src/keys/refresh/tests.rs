//! When keys are fetched, and when not.

use super::*;

const START: UnixTime = UnixTime::from_secs(1_800_000_000);
const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: f64) -> UnixTime {
    START + Duration::from_secs_f64(seconds)
}

fn policy() -> RefreshPolicy {
    RefreshPolicy::new(RefreshSettings::default(), START)
}

/// A policy whose first fetch has succeeded at the start.
fn filled() -> RefreshPolicy {
    let mut policy = policy();
    assert_eq!(policy.next(START), Next::Fetch);
    policy.succeeded(START, None, true, 0.0);
    policy
}

#[test]
fn r28_the_first_fetch_is_due_at_once_and_alone() {
    let mut policy = policy();
    assert_eq!(policy.next(START), Next::Fetch);
    assert!(matches!(policy.next(at(1.0)), Next::Wait(_)));
    assert_eq!(policy.demand(at(1.0)), Demand::Joined);
    assert!(matches!(policy.next(at(1.0)), Next::Wait(_)));
}

#[test]
fn r28_keys_are_fetched_ahead_of_their_expiry_with_jitter() {
    for (max_age, jitter, due) in [
        (None, 0.0, 2_700.0),
        (None, 1.0, 3_240.0),
        (Some(0), 0.0, 45.0),
        (Some(600), 0.0, 450.0),
        (Some(1_000_000), 0.0, 64_800.0),
    ] {
        let mut policy = policy();
        assert_eq!(policy.next(START), Next::Fetch);
        policy.succeeded(START, max_age.map(Duration::from_secs), true, jitter);
        assert!(matches!(policy.next(at(due - 0.1)), Next::Wait(_)), "{max_age:?}");
        assert_eq!(policy.next(at(due + 0.1)), Next::Fetch, "{max_age:?}");
    }
}

#[test]
fn r28_failures_back_off_and_a_success_ends_it() {
    let mut policy = policy();
    let mut now = START;
    for longest in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(policy.next(now), Next::Fetch);
        policy.failed(now, 1.0);
        assert_eq!(policy.next(now), Next::Wait(SECOND * longest));
        now = now + SECOND * longest;
    }
    assert_eq!(policy.next(now), Next::Fetch);
    policy.succeeded(now, None, true, 0.0);
    assert_eq!(policy.failures(), 0);
}

#[test]
fn r28_jitter_takes_up_to_half_of_a_back_off() {
    let mut policy = policy();
    assert_eq!(policy.next(START), Next::Fetch);
    policy.failed(START, 0.0);
    assert_eq!(policy.next(START), Next::Wait(SECOND / 2));
}

#[test]
fn r28_keys_are_good_for_a_bounded_time_after_the_last_success() {
    let mut policy = filled();
    let until = START + Duration::from_secs(25 * 3600);
    assert_eq!(policy.good_until(), Some(until));
    assert_eq!(policy.next(at(3000.0)), Next::Fetch);
    policy.failed(at(3000.0), 1.0);
    assert_eq!(policy.good_until(), Some(until));
}

#[test]
fn r24_unknown_keys_spend_from_a_bucket() {
    let mut policy = filled();
    let now = at(10.0);
    for _ in 0..3 {
        assert_eq!(policy.demand(now), Demand::Granted);
        assert_eq!(policy.next(now), Next::Fetch);
        policy.succeeded(now, None, false, 0.0);
    }
    assert_eq!(policy.demand(now), Demand::Exhausted);
    assert_eq!(policy.demand(at(10.9)), Demand::Exhausted);
    assert_eq!(policy.demand(at(11.1)), Demand::Granted);
}

#[test]
fn r24_one_fetch_serves_all_who_wait() {
    let mut policy = filled();
    assert_eq!(policy.demand(at(10.0)), Demand::Granted);
    for _ in 0..10_000 {
        assert_eq!(policy.demand(at(10.0)), Demand::Joined);
    }
    assert_eq!(policy.next(at(10.0)), Next::Fetch);
    assert!(matches!(policy.next(at(10.0)), Next::Wait(_)));
}

#[test]
fn r24_fetches_without_news_lengthen_the_cool_down_and_news_reset_it() {
    let mut policy = filled();
    let mut now = at(10.0);
    let mut fetches = 0;
    while now < at(130.0) {
        if policy.demand(now) != Demand::Exhausted && policy.next(now) == Next::Fetch {
            fetches += 1;
            policy.succeeded(now, None, false, 0.0);
        }
        now = now + SECOND / 10;
    }
    assert!((60..=64).contains(&fetches), "{fetches} fetches in two minutes of attack");
    assert_eq!(policy.cool_down, SECOND * 2, "and no longer");
    now = now + Duration::from_secs(40);
    assert_eq!(policy.demand(now), Demand::Granted);
    assert_eq!(policy.next(now), Next::Fetch);
    policy.succeeded(now, None, true, 0.0);
    assert_eq!(policy.cool_down, SECOND);
}

#[test]
fn r24_a_demand_cuts_a_back_off_short() {
    let mut policy = filled();
    assert_eq!(policy.next(at(3_000.0)), Next::Fetch);
    policy.failed(at(3_000.0), 1.0);
    assert_eq!(policy.demand(at(3_000.2)), Demand::Granted);
    assert_eq!(policy.next(at(3_000.2)), Next::Fetch);
}

#[test]
fn r28_an_attempt_that_fails_when_the_next_is_due_was_the_next() {
    for (ends, waits) in [(0.9, SECOND / 10), (1.0, SECOND * 2)] {
        let mut policy = policy();
        assert_eq!(policy.next(START), Next::Fetch);
        policy.failed(START, 1.0);
        assert_eq!(policy.demand(at(0.5)), Demand::Granted);
        assert_eq!(policy.next(at(0.5)), Next::Fetch);
        policy.failed(at(ends), 1.0);
        assert_eq!(policy.next(at(ends)), Next::Wait(waits), "after {ends} s");
    }
}

#[test]
fn a_clock_that_is_set_back_postpones_nothing() {
    let mut policy = filled();
    let hour = Duration::from_secs(3_600);
    policy.next(at(100.0));
    let earlier = START.saturating_sub(hour);
    assert!(matches!(policy.next(earlier), Next::Wait(wait) if wait < hour));
    assert_eq!(policy.demand(earlier), Demand::Granted);
}

#[test]
fn threads_that_read_the_clock_two_seconds_apart_have_not_set_it_back() {
    let mut policy = filled();
    for (seconds, due_in) in [(100, 2_600), (98, 2_602), (100, 2_600)] {
        let now = at(f64::from(seconds));
        assert_eq!(policy.next(now), Next::Wait(SECOND * due_in));
    }
    assert_eq!(policy.next(at(97.0)), Next::Wait(SECOND * 2_600), "that is one");
}

#[test]
fn r28_max_age_is_read_from_cache_control() {
    for (header, seconds) in [
        ("max-age=300", Some(300)),
        ("public, Max-Age = \"60\", immutable", Some(60)),
        ("no-store", Some(0)),
        ("max-age=300, no-cache", Some(0)),
        ("public", None),
        ("max-age=soon", None),
        ("max-age=+5", None),
        ("max-age=", None),
        ("max-age=soon, max-age=5", Some(5)),
        ("max-age=5, max-age=6", Some(5)),
        ("max-age=18446744073709551616", Some(u64::MAX)),
        ("s-maxage=5", None),
        ("", None),
    ] {
        assert_eq!(max_age(header), seconds.map(Duration::from_secs), "{header}");
    }
}
