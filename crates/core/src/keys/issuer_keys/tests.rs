use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

#[test]
fn r24_a_request_that_saw_older_keys_spends_no_permit() {
    let keys = IssuerKeys::new(RefreshSettings::default(), NOW);
    assert_eq!(keys.next(NOW), Next::Fetch);
    keys.fetch_failed(NOW, 1.0);
    assert_eq!(keys.failures(), 1);
    assert_eq!(keys.demand(NOW, 0), Demand::Joined, "a fetch has ended since");
    for expected in [Demand::Granted, Demand::Joined] {
        assert_eq!(keys.demand(NOW, 1), expected);
    }
    assert_eq!(keys.snapshot().generation, 1);
}

#[test]
fn r24_only_a_fetch_that_begins_later_counts_as_an_answer() {
    let keys = IssuerKeys::new(RefreshSettings::default(), NOW);
    assert_eq!(keys.next_fetch(), 1);
    assert_eq!(keys.next(NOW), Next::Fetch);
    assert_eq!(keys.next_fetch(), 2, "one is under way");
    keys.fetched(KeySet::empty(), None, NOW, 0.5);
    assert_eq!(keys.next_fetch(), 2);
    assert!(keys.snapshot().succeeded_since(1) && !keys.snapshot().succeeded_since(2));
    keys.fetch_failed(NOW, 0.5);
    assert!(!keys.snapshot().succeeded_since(2), "it ended, and brought nothing");
    keys.fetched_nothing_new(None, NOW, 0.5);
    assert!(keys.snapshot().succeeded_since(3));
}

/// A key that no other of these tests has.
fn key(byte: u8) -> Arc<Jwk> {
    let key = crate::keys::jwk::PublicKey::Ed25519 { x: vec![byte; 32] };
    Arc::new(Jwk { key_id: Some("k".into()), key, algorithms: Vec::new() })
}

/// Keys whose first fetch has succeeded.
fn filled() -> IssuerKeys {
    let keys = IssuerKeys::new(RefreshSettings::default(), NOW);
    assert_eq!(keys.next(NOW), Next::Fetch);
    keys.fetched(KeySet::empty(), None, NOW, 0.5);
    keys
}

/// The fetch that is due succeeds.
fn fetch(keys: &IssuerKeys, now: UnixTime) {
    assert_eq!(keys.next(now), Next::Fetch);
    keys.fetched_nothing_new(None, now, 0.5);
}

#[test]
fn r24_bad_signatures_cause_one_fetch_per_key_and_minute() {
    let (keys, minute) = (filled(), Duration::from_secs(60));
    let at = |seconds| NOW + Duration::from_secs(seconds);
    let demand =
        |seconds, byte| keys.demand_recheck(at(seconds), keys.snapshot().generation, &key(byte));
    assert_eq!(demand(10, 1), Demand::Granted);
    assert_eq!(demand(10, 1), Demand::Joined, "it is not over");
    assert_eq!(demand(10, 2), Demand::Joined, "nor for any other key");
    fetch(&keys, at(10));
    assert_eq!(demand(10, 1), Demand::Exhausted);
    assert_eq!(demand(10, 2), Demand::Granted, "another key");
    fetch(&keys, at(10));
    let last = at(10) + minute.saturating_sub(Duration::from_nanos(1));
    let seen = keys.snapshot().generation;
    assert_eq!(keys.demand_recheck(last, seen, &key(1)), Demand::Exhausted);
    assert_eq!(demand(70, 1), Demand::Granted);
    assert_eq!(keys.demand_recheck(at(70), seen - 1, &key(3)), Demand::Joined, "for nothing");
}

#[test]
fn r24_bad_signatures_and_unknown_keys_share_a_bucket() {
    let keys = filled();
    let now = NOW + Duration::from_secs(10);
    for byte in 1..=2 {
        let seen = keys.snapshot().generation;
        assert_eq!(keys.demand_recheck(now, seen, &key(byte)), Demand::Granted);
        fetch(&keys, now);
    }
    assert_eq!(keys.demand(now, keys.snapshot().generation), Demand::Granted);
    fetch(&keys, now);
    let seen = keys.snapshot().generation;
    assert_eq!(keys.demand(now, seen), Demand::Exhausted);
    assert_eq!(keys.demand_recheck(now, seen, &key(3)), Demand::Exhausted);
    // What the bucket refused was no fetch, and does not count as one.
    let later = now + Duration::from_secs(2);
    assert_eq!(keys.demand_recheck(later, seen, &key(3)), Demand::Granted);
}

#[test]
fn r24_a_clock_set_back_does_not_postpone_a_recheck() {
    let keys = filled();
    let recheck = |now| keys.demand_recheck(now, keys.snapshot().generation, &key(1));
    assert_eq!(recheck(NOW + Duration::from_secs(10)), Demand::Granted);
    fetch(&keys, NOW + Duration::from_secs(10));
    assert_eq!(recheck(NOW + Duration::from_secs(8)), Demand::Exhausted, "within the skew");
    assert_eq!(recheck(NOW), Demand::Granted);
}

#[test]
fn failures_are_counted_since_the_last_success() {
    let keys = IssuerKeys::new(RefreshSettings::default(), NOW);
    for failures in [0, 1, 2] {
        assert_eq!(keys.failures(), failures);
        keys.fetch_failed(NOW, 1.0);
    }
    keys.fetched(KeySet::empty(), None, NOW, 0.5);
    assert_eq!(keys.failures(), 0);
}

#[test]
fn r28_keys_are_good_until_the_moment_that_is_named_and_not_in_it() {
    let keys = IssuerKeys::new(RefreshSettings::default(), NOW);
    keys.fetched(KeySet::empty(), None, NOW, 0.5);
    let snapshot = keys.snapshot();
    let until = snapshot.good_until().unwrap();
    assert_eq!(until, NOW + Duration::from_secs(25 * 3600));
    assert!(snapshot.usable(until.saturating_sub(Duration::from_nanos(1))).is_some());
    assert!(snapshot.usable(until).is_none());
}

#[test]
fn debug_tells_how_the_last_fetch_ended() {
    let keys = IssuerKeys::new(RefreshSettings::default(), NOW);
    let shown = format!("{keys:?} {:?}", keys.snapshot());
    assert_eq!(shown.matches("last_fetch: Never").count(), 2, "{shown}");
}
