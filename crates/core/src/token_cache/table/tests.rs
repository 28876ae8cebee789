//! Which entries stay and which go.

use std::{thread, time::Duration};

use super::*;
use crate::{
    api_key::{ApiKey, ApiKeys},
    authenticator::ResourcePolicy,
    bearer::BearerToken,
    permission::Authority,
    principal::Principal,
    resource::Resource,
};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
/// The upper half of a digest: it chooses the set.
const FIRST_SET: u128 = 0;
const LAST_SET: u128 = (u64::MAX as u128) << 64;

fn principal() -> Arc<Principal> {
    const KEY: &str = "sk_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5";
    let policy = ResourcePolicy::new(Resource::parse("https://h/mcp").unwrap());
    let authority = Arc::new(Authority::of_all([], &policy));
    let keys = ApiKeys::new(&[ApiKey::new("key", KEY).unwrap()], &authority).unwrap();
    let header = format!("Bearer {KEY}");
    let token = BearerToken::from_authorization([header.as_bytes()], 64).unwrap().unwrap();
    keys.holder(token).unwrap()
}

struct Filled {
    table: Table,
    principal: Arc<Principal>,
}

impl Filled {
    fn new(capacity: usize, max_bytes: usize) -> Self {
        Self { table: Table::new(capacity, max_bytes), principal: principal() }
    }

    /// Puts in an entry that is good for so many seconds after the start, so many after it.
    fn insert(&self, digest: u128, good_for: u64, after: u64) {
        let entry = Remembered {
            digest,
            since: NOW.as_millis(),
            until: (NOW + Duration::from_secs(good_for)).as_millis(),
            keys: AtomicU64::new(0),
            revocations: AtomicU64::new(0),
            caller: Caller::new(self.principal.clone()),
            issuer: 0,
        };
        self.table.insert(Arc::new(entry), NOW + Duration::from_secs(after));
    }

    /// Asks for an entry, which counts as a use of it.
    fn has(&self, digest: u128) -> bool {
        self.table.find(digest, |_| true, |entry| entry.digest) == Some(digest)
    }

    fn len(&self) -> usize {
        self.table.in_use().entries
    }

    fn bytes(&self) -> usize {
        self.table.in_use().bytes
    }
}

/// The `n`th digest of a set.
fn digest(set: u128, n: u64) -> u128 {
    set + u128::from(2 * n + 1)
}

#[test]
fn a_newcomer_takes_the_place_that_is_missed_least() {
    let filled = Filled::new(16, usize::MAX);
    let d = |n| digest(FIRST_SET, n);
    for n in 0..16 {
        filled.insert(d(n), 10 + n, 0);
    }
    assert!((0..8).all(|n| filled.has(d(n))));
    filled.insert(d(3), 13, 0);
    assert!(filled.len() == 16 && filled.has(d(3)));
    filled.insert(d(16), 100, 0);
    assert!(!filled.has(d(8)), "of those never asked for again, the one that ends first");
    assert!((0..17).filter(|n| *n != 8).all(|n| filled.has(d(n))));
    filled.insert(d(17), 100, 0);
    assert!(!filled.has(d(0)), "where all are in use, the one that ends first");
    assert!((1..18).filter(|n| *n != 8).all(|n| filled.has(d(n))));
    assert_eq!(filled.len(), 16);
}

#[test]
fn what_has_ended_makes_room_before_what_is_good() {
    let filled = Filled::new(32, usize::MAX);
    for n in 0..16 {
        filled.insert(digest(LAST_SET, n), if n == 5 { 10 } else { 20 }, 0);
    }
    // The sixteen have swept both sets in turn; this one sweeps the first.
    filled.insert(digest(LAST_SET, 16), 30, 15);
    assert_eq!(filled.len(), 16);
    assert!((0..17).filter(|n| *n != 5).all(|n| filled.has(digest(LAST_SET, n))));
}

#[test]
fn what_has_ended_is_swept_set_by_set_as_others_come() {
    let filled = Filled::new(32, usize::MAX);
    for n in 0..16 {
        filled.insert(digest(FIRST_SET, n), 10, 0);
        filled.insert(digest(LAST_SET, n), if n == 0 { 30 } else { 10 }, 0);
    }
    filled.insert(digest(LAST_SET, 16), 30, 20);
    filled.insert(digest(LAST_SET, 17), 30, 20);
    assert_eq!(filled.len(), 3);
    assert!([0, 16, 17].iter().all(|n| filled.has(digest(LAST_SET, *n))));
}

#[test]
fn the_upper_half_of_a_digest_chooses_among_all_sets() {
    for capacity in [17, 32] {
        let filled = Filled::new(capacity, usize::MAX);
        let halves = [FIRST_SET, ((1 << 63) - 1) << 64, 1 << 127, LAST_SET];
        for n in 0..32 {
            filled.insert(digest(halves[n as usize % 4], n), 10, 0);
        }
        assert_eq!(filled.len(), 32, "sixteen in each of two");
    }
}

#[test]
fn what_is_not_true_is_forgotten_and_what_looks_alike_is_another() {
    let filled = Filled::new(16, usize::MAX);
    let one = digest(FIRST_SET, 1);
    filled.insert(one, 10, 0);
    filled.insert(one, 20, 0);
    assert_eq!(filled.len(), 1, "the same token takes its own place");
    let alike = one | 1 << 40;
    assert!(!filled.has(alike));
    assert_eq!(filled.len(), 1);
    assert_eq!(filled.table.find(one, |_| false, |_| ()), None);
    assert_eq!((filled.len(), filled.bytes(), filled.has(one)), (0, 0, false));
}

#[test]
fn no_more_bytes_are_taken_than_may_be_and_what_is_in_use_stays() {
    let weight = Remembered::OWN_WEIGHT + principal().weight();
    let filled = Filled::new(160, 3 * weight);
    let d = |n| digest(FIRST_SET, n);
    for n in 0..3 {
        filled.insert(d(n), 10, 0);
    }
    assert_eq!((filled.len(), filled.bytes()), (3, 3 * weight));
    filled.insert(d(3), 10, 0);
    assert_eq!((filled.len(), filled.bytes()), (1, weight), "nobody had asked for the three");
    filled.insert(d(4), 10, 0);
    filled.insert(d(5), 10, 0);
    assert!((3..6).all(|n| filled.has(d(n))));
    filled.insert(d(6), 10, 0);
    assert!((3..6).all(|n| filled.has(d(n))) && !filled.has(d(6)));
    assert_eq!(filled.bytes(), 3 * weight);
    let small = Filled::new(160, weight - 1);
    small.insert(d(0), 10, 0);
    assert_eq!(small.len(), 0, "larger than all that there may be");
}

/// Asks for an entry again and again, from a thread that has a copy or from one that has none.
/// Tells which caller it was in the end.
fn ask(filled: &Filled, digest: u128, second: bool) -> Arc<Principal> {
    let asked = || {
        let ask = |_| filled.table.find(digest, |_| true, |entry| entry.caller.mine().clone());
        (Caller::is_mine_second() == second).then(|| (0..3).filter_map(ask).last().unwrap())
    };
    // Which sort a new thread is depends on the other tests' threads.
    loop {
        if let Some(caller) = thread::scope(|scope| scope.spawn(asked).join().unwrap()) {
            return caller;
        }
    }
}

#[test]
fn every_second_thread_has_a_caller_of_its_own_who_is_on_the_books() {
    let weight = principal().weight();
    let filled = Filled::new(16, usize::MAX);
    let one = digest(FIRST_SET, 1);
    filled.insert(one, 10, 0);
    let alone = filled.bytes();
    let first = ask(&filled, one, false);
    assert!(Arc::ptr_eq(&first, &filled.principal));
    assert_eq!(filled.bytes(), alone, "nothing is copied for the first");
    let second = ask(&filled, one, true);
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(first.subject(), second.subject());
    assert!(Arc::ptr_eq(&second, &ask(&filled, one, true)), "copied once");
    assert!(Arc::ptr_eq(&first, &ask(&filled, one, false)));
    assert_eq!((filled.len(), filled.bytes()), (1, alone + weight));
    filled.insert(one, 10, 0);
    assert_eq!((filled.len(), filled.bytes()), (1, alone), "both go together");
    assert_eq!(filled.table.find(one, |_| false, |_| ()), None);
    assert_eq!(filled.bytes(), 0);
}

#[test]
fn no_copy_is_made_of_what_is_gone() {
    let filled = Filled::new(16, usize::MAX);
    let one = digest(FIRST_SET, 1);
    filled.insert(one, 10, 0);
    let gone = filled.table.find(one, |_| true, Arc::clone).unwrap();
    filled.table.find(one, |_| false, |_| ());
    filled.table.divide(&gone.caller);
    assert_eq!(filled.bytes(), 0);
    assert!(!gone.caller.divide());
}

#[test]
fn copies_take_no_more_than_what_is_left_of_half_the_bytes() {
    let weight = principal().weight();
    let with_copy = Remembered::OWN_WEIGHT + 2 * weight;
    for (max_bytes, copied) in [(2 * with_copy, true), (2 * with_copy - 1, false)] {
        let filled = Filled::new(16, max_bytes);
        let one = digest(FIRST_SET, 1);
        filled.insert(one, 10, 0);
        assert_eq!(Arc::ptr_eq(&ask(&filled, one, true), &filled.principal), !copied);
        assert_eq!(filled.bytes(), with_copy - if copied { 0 } else { weight });
    }
}
