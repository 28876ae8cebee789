//! Fetching keys (R24, R28) from an issuer that is slow, broken, hostile or gone.

use std::{
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    time::Duration,
};

use mcp_auth_core::{
    Authenticator, AwaitRefresh, Issuer, IssuerKeys, KeySet, Rejection, UnixTime, async_trait,
    issuer_keys::LastFetch,
    refresh::{Demand, Next, RefreshPolicy, RefreshSettings},
    rejection::{TokenError, UnavailableReason},
};
use serde_json::json;

use crate::world::{HOUR, ISSUER, MINUTE, NOW, World, call, no_profiles, policy};

const SECOND: Duration = Duration::from_secs(1);

fn unavailable() -> Rejection {
    UnavailableReason::Keys { issuer: ISSUER.into() }.into()
}

fn cool_down() -> Rejection {
    UnavailableReason::KeyCoolDown { issuer: ISSUER.into() }.into()
}

/// The set that is in use, to be compared with a later one.
fn in_use(world: &World) -> Arc<KeySet> {
    world.keys.snapshot().keys.clone().unwrap()
}

/// One fetch that brings an empty set. Whether it was believed.
fn empty_at(world: &World, now: UnixTime) -> bool {
    let _ = world.keys.next(now);
    world.keys.fetched_no_keys(None, now, 0.5)
}

#[test]
fn r24_a_token_that_is_bad_anyway_causes_no_fetch() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a"]));
    for change in [
        (|claims| claims["exp"] = json!(1)) as fn(&mut serde_json::Value),
        |claims| claims["aud"] = json!("https://other.example.com/mcp"),
        |claims| claims["iss"] = json!("https://other.example.com"),
    ] {
        assert!(world.call(&world.token("b", change), NOW + MINUTE).is_err());
    }
    assert_eq!(world.asked.load(SeqCst), 0);
    // Used only to refuse: a token that passes it is still verified.
    world.will_bring(vec![Some(vec!["a"])]);
    let outcome = world.call(&world.token("b", |_| ()), NOW + MINUTE);
    assert_eq!(outcome.unwrap_err(), TokenError::UnknownKey.into());
}

#[test]
fn r24_a_refusal_does_not_outlive_the_key_set_that_it_was_given_for() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a"]));
    let token = world.token("b", |_| ());
    world.will_bring(vec![Some(vec!["a"]); 3]);
    for _ in 0..3 {
        let outcome = world.call(&token, NOW + MINUTE);
        assert_eq!(outcome.unwrap_err(), TokenError::UnknownKey.into());
    }
    let outcome = world.call(&token, NOW + MINUTE);
    assert_eq!(outcome.unwrap_err(), cool_down(), "the bucket is empty now");
    let asked = world.asked.load(SeqCst);
    world.fetch(Some(vec!["a", "b"]));
    assert!(world.call(&token, NOW + MINUTE).is_ok());
    assert_eq!(world.asked.load(SeqCst), asked, "it was there already");
}

#[test]
fn r24_the_bucket_is_each_issuer_s_own() {
    let (attacked, other) = (World::new(&["a", "b"]), World::new(&["c", "d"]));
    let second = "https://second.example.com";
    let mut authenticator = Authenticator::new(policy(), no_profiles()).unwrap();
    for (name, world) in [(ISSUER, &attacked), (second, &other)] {
        let issuer = Issuer::new(name).unwrap();
        authenticator.trust(issuer, world.keys.clone(), world.clone()).unwrap();
    }
    attacked.fetch(Some(vec!["a"]));
    other.fetch(Some(vec!["c"]));
    attacked.will_bring(vec![Some(vec!["a"]); 9]);
    for _ in 0..9 {
        assert!(call(&authenticator, &attacked.token("b", |_| ()), NOW).is_err());
    }
    assert_eq!(attacked.asked.load(SeqCst), 3);
    other.will_bring(vec![Some(vec!["c", "d"])]);
    let new = other.token("d", |claims| claims["iss"] = json!(second));
    assert!(call(&authenticator, &new, NOW).is_ok(), "the other issuer's new key");
}

/// Counts with how much timeout it is asked.
struct Counting {
    keys: Arc<IssuerKeys>,
    asked: Mutex<Vec<Duration>>,
    takes: Duration,
}

#[async_trait]
impl AwaitRefresh for Counting {
    async fn refreshed(&self, _: u64, timeout: Duration) -> Duration {
        self.asked.lock().unwrap().push(timeout);
        self.keys.fetch_failed(NOW + HOUR, 0.5);
        timeout.saturating_sub(self.takes)
    }
}

#[test]
fn r24_a_request_waits_a_second_in_all_however_many_fetches_it_waits_for() {
    for (takes, asked) in [
        (Duration::from_millis(400), &[SECOND, Duration::from_millis(600)][..]),
        (SECOND, &[SECOND]),
    ] {
        let world = World::new(&["a"]);
        world.fetch(Some(vec!["a"]));
        let keys = world.keys.clone();
        assert_eq!(keys.next(NOW + HOUR), Next::Fetch, "one is under way, that others asked for");
        let counting = Arc::new(Counting { keys: keys.clone(), asked: Mutex::default(), takes });
        let mut authenticator = Authenticator::new(policy(), no_profiles()).unwrap();
        let issuer = Issuer::new(ISSUER).unwrap();
        authenticator.trust(issuer, keys, counting.clone()).unwrap();
        let stranger = World::new(&["x"]).token("x", |_| ());
        assert_eq!(call(&authenticator, &stranger, NOW + HOUR).unwrap_err(), unavailable());
        assert_eq!(*counting.asked.lock().unwrap(), asked);
    }
}

#[test]
fn r28_a_withdrawn_key_stops_verifying_at_the_refresh_that_no_longer_lists_it() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a", "b"]));
    let (a, b) = (world.token("a", |_| ()), world.token("b", |_| ()));
    for (published, a_is_good) in [(vec!["a", "b"], true), (vec!["b"], false)] {
        world.fetch(Some(published));
        assert!(world.call(&b, NOW + MINUTE).is_ok());
        world.will_bring(vec![Some(vec!["b"]); 3]);
        let outcome = world.call(&a, NOW + MINUTE);
        assert_eq!(outcome.is_ok(), a_is_good);
    }
}

#[test]
fn r28_the_same_keys_in_another_order_are_the_same_object_and_a_new_generation() {
    let world = World::new(&["a", "b", "c"]);
    world.fetch(Some(vec!["a", "b"]));
    let (first, generation) = (in_use(&world), world.keys.snapshot().generation);
    world.fetch(Some(vec!["b", "a"]));
    assert!(Arc::ptr_eq(&first, &in_use(&world)), "no verifier was made anew");
    assert_eq!(world.keys.snapshot().generation, generation + 1);
    for other in [vec!["a"], vec!["a", "b", "c"], vec!["a", "c"]] {
        let before = in_use(&world);
        world.fetch(Some(other));
        assert!(!Arc::ptr_eq(&before, &in_use(&world)));
    }
}

#[test]
fn r28_an_unchanged_set_is_as_fresh_as_a_new_one() {
    let world = World::new(&["a"]);
    world.fetch(Some(vec!["a"]));
    let (first, generation) = (in_use(&world), world.keys.snapshot().generation);
    let later = NOW + HOUR * 20;
    assert_eq!(world.keys.next(later), Next::Fetch);
    world.keys.fetched_nothing_new(None, later, 0.5);
    let snapshot = world.keys.snapshot();
    assert_eq!(snapshot.last_fetch, LastFetch::Succeeded);
    assert_eq!(snapshot.fetched_at, Some(later));
    assert_eq!(snapshot.generation, generation + 1);
    assert_eq!(snapshot.good_until(), Some(later + HOUR * 25));
    assert!(Arc::ptr_eq(&first, &in_use(&world)));
    // Good for as long again, and not looked for before it is time.
    assert!(matches!(world.keys.next(later + MINUTE * 44), Next::Wait(_)));
    assert!(world.call(&world.token("a", |_| ()), later + HOUR * 24).is_ok());
    world.will_bring(vec![None; 3]);
    let outcome = world.call(&world.token("a", |_| ()), later + HOUR * 26);
    assert_eq!(outcome.unwrap_err(), unavailable());
}

#[test]
fn r28_unchanged_since_nothing_is_a_failure() {
    let world = World::new(&["a"]);
    world.keys.fetched_nothing_new(None, NOW, 0.5);
    assert_eq!(world.keys.snapshot().last_fetch, LastFetch::Failed);
    world.will_bring(vec![None; 3]);
    assert_eq!(world.call(&world.token("a", |_| ()), NOW).unwrap_err(), unavailable());
}

#[test]
fn r24_an_unchanged_set_is_no_news_and_lengthens_the_cool_down() {
    let mut policy = RefreshPolicy::new(RefreshSettings::default(), NOW);
    assert_eq!(policy.next(NOW), Next::Fetch);
    policy.succeeded(NOW, None, true, 0.5);
    let now = NOW + MINUTE;
    for _ in 0..3 {
        assert_eq!(policy.demand(now), Demand::Granted);
        assert_eq!(policy.next(now), Next::Fetch);
        policy.succeeded(now, None, false, 0.5);
    }
    // 1 s runs since the first was taken; from then on one comes each 2 s.
    assert_eq!(policy.demand(now + SECOND), Demand::Granted);
    assert_eq!(policy.next(now + SECOND), Next::Fetch);
    policy.succeeded(now + SECOND, None, false, 0.5);
    assert_eq!(policy.demand(now + SECOND * 29 / 10), Demand::Exhausted);
    assert_eq!(policy.demand(now + SECOND * 3), Demand::Granted);
}

#[test]
fn r27_an_empty_set_replaces_a_good_one_only_when_seen_twice_a_cool_down_apart() {
    let world = World::new(&["a", "b"]);
    world.fetch(Some(vec!["a"]));
    let (known, unknown) = (world.token("a", |_| ()), world.token("b", |_| ()));
    let (good, start) = (in_use(&world), NOW + MINUTE);
    for milliseconds in [0, 500, 999] {
        let now = start + Duration::from_millis(milliseconds);
        assert!(!empty_at(&world, now), "after {milliseconds} ms");
        assert!(Arc::ptr_eq(&good, &in_use(&world)));
        assert_eq!(world.keys.snapshot().last_fetch, LastFetch::Failed);
        assert!(world.call(&known, now).is_ok(), "known keys go on");
        world.will_bring(vec![None; 3]);
        assert_eq!(world.call(&unknown, now).unwrap_err(), unavailable(), "and nobody is sure");
    }
    let now = start + SECOND;
    assert!(empty_at(&world, now));
    assert!(in_use(&world).is_empty());
    world.will_bring(vec![None; 3]);
    assert_eq!(world.call(&known, now).unwrap_err(), unavailable(), "a fetch failed meanwhile");

    // The issuer's word, in answer to each fetch that a token asks for.
    assert!(empty_at(&world, now + MINUTE), "believed from now on");
    world.will_bring(vec![Some(vec![]); 3]);
    for token in [&known, &unknown, &known] {
        let outcome = world.call(token, now + MINUTE);
        assert_eq!(outcome.unwrap_err(), TokenError::UnknownKey.into());
    }
    assert_eq!(world.call(&known, now + MINUTE).unwrap_err(), cool_down());
    world.fetch(Some(vec!["a", "b"]));
    assert!(world.call(&known, now + MINUTE).is_ok(), "back as soon as there are keys");
}

#[test]
fn r27_better_news_between_two_empty_sets_make_the_second_the_first() {
    type Between = fn(&World, UnixTime);
    let ways: [(Between, bool); 4] = [
        (|world, now| world.keys.fetched(world.set(&["a"]), None, now, 0.5), false),
        (|world, now| world.keys.fetched_nothing_new(None, now, 0.5), false),
        (|world, now| world.keys.fetch_failed(now, 0.5), true),
        (|_, _| (), true),
    ];
    for (n, (between, believed)) in ways.into_iter().enumerate() {
        let world = World::new(&["a"]);
        world.fetch(Some(vec!["a"]));
        assert!(!empty_at(&world, NOW + MINUTE));
        between(&world, NOW + MINUTE + SECOND);
        assert_eq!(empty_at(&world, NOW + MINUTE * 2), believed, "way {n}");
    }
}

#[test]
fn r27_an_issuer_that_never_had_keys_is_believed_the_second_time_as_well() {
    let world = World::new(&["a"]);
    let token = world.token("a", |_| ());
    assert!(!empty_at(&world, NOW));
    world.will_bring(vec![None; 3]);
    assert_eq!(world.call(&token, NOW).unwrap_err(), unavailable());
    assert!(empty_at(&world, NOW + MINUTE));
    world.will_bring(vec![Some(vec![])]);
    let outcome = world.call(&token, NOW + MINUTE);
    assert_eq!(outcome.unwrap_err(), TokenError::UnknownKey.into());
}

#[test]
fn r28_a_back_off_runs_from_the_end_of_an_attempt_that_hung() {
    let mut policy = RefreshPolicy::new(RefreshSettings::default(), NOW);
    let mut now = NOW;
    for step in [1, 2, 4, 8] {
        assert_eq!(policy.next(now), Next::Fetch);
        now = now + SECOND * 5;
        policy.failed(now, 1.0);
        assert_eq!(policy.next(now), Next::Wait(SECOND * step));
        now = now + SECOND * step;
    }
}

#[test]
fn r24_what_requests_ask_for_during_a_back_off_does_not_lengthen_it() {
    let mut policy = RefreshPolicy::new(RefreshSettings::default(), NOW);
    assert_eq!(policy.next(NOW), Next::Fetch);
    policy.failed(NOW, 1.0);
    for _ in 0..3 {
        assert_eq!(policy.demand(NOW), Demand::Granted);
        assert_eq!(policy.next(NOW), Next::Fetch);
        policy.failed(NOW, 1.0);
    }
    assert_eq!(policy.next(NOW), Next::Wait(SECOND), "as if nobody had asked");
    assert_eq!(policy.failures(), 4);
}

/// How long after its return at `down` an authority is asked again, with a request for an unknown
/// key each so often. `jitter` is the same for every attempt; each attempt takes so long.
fn recovery(down: Duration, asks: Option<Duration>, jitter: f64, takes: Duration) -> Duration {
    let tick = Duration::from_millis(20);
    let mut policy = RefreshPolicy::new(RefreshSettings::default(), NOW);
    let (mut now, mut next_request) = (NOW, NOW);
    loop {
        if let Some(every) = asks.filter(|_| now >= next_request) {
            policy.demand(now);
            next_request = now + every;
        }
        if policy.next(now) == Next::Fetch {
            if now >= NOW + down {
                return now.duration_since(NOW + down);
            }
            now = now + takes;
            policy.failed(now, jitter);
        }
        now = now + tick;
    }
}

#[test]
fn r28_an_authority_that_returns_is_asked_within_one_step() {
    let tick = Duration::from_millis(40);
    let longest = RefreshSettings::default().max_back_off;
    for jitter in [0.0, 0.3, 1.0] {
        for tenths in (1..3_000).step_by(17) {
            let down = SECOND * tenths / 10;
            let step = (down + SECOND).min(longest) + tick;
            let alone = recovery(down, None, jitter, Duration::ZERO);
            assert!(alone <= step, "after {down:?}: {alone:?}");
            // The bucket's longest cool-down, where requests ask; and a flood of them is no hurt.
            let cool_down = RefreshSettings::default().max_cool_down + tick;
            for every in [20, 500, 3_000] {
                let every = Duration::from_millis(every);
                let asked = recovery(down, Some(every), jitter, Duration::ZERO);
                assert!(asked <= step.min(cool_down + every), "after {down:?}: {asked:?}");
            }
        }
    }
}

#[test]
fn r28_attempts_that_hang_put_a_return_off_by_no_more_than_they_take() {
    let takes = SECOND * 5;
    for tenths in (1..3_000).step_by(37) {
        let down = SECOND * tenths / 10;
        let bound = RefreshSettings::default().max_cool_down + takes + SECOND;
        let asked = recovery(down, Some(SECOND / 10), 1.0, takes);
        assert!(asked <= bound, "after {down:?}: {asked:?}");
    }
}
