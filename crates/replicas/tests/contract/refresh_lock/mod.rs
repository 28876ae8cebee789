//! What each refresh lock must do while its server answers.

pub(crate) mod failing;
#[cfg(feature = "test-postgres")]
mod postgres;
#[cfg(feature = "test-redis")]
mod redis;

use std::time::Duration;

use mcp_auth_core::session::{
    RefreshClaim::{self, Finished, Granted, Held},
    RefreshLock,
};
use tokio::time::sleep;

use crate::place::Place;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);
/// Longer than `SHORT`.
const LATER: Duration = Duration::from_millis(500);

/// A claim for a minute.
pub(crate) async fn claim(lock: &impl RefreshLock, key: &str, holder: &str) -> RefreshClaim {
    lock.claim(key, holder, MINUTE).await.unwrap()
}

pub(crate) fn finished(outcome: &str) -> RefreshClaim {
    Finished(outcome.to_owned())
}

pub(crate) async fn one_of_fifty_concurrent_claims_is_granted<P: Place>(place: &P) {
    let locks = [place.lock("").await, place.lock("").await];
    let holders: Vec<_> = (0..50).map(|n| format!("holder {n}")).collect();
    for round in 0..3 {
        let key = format!("key {round}");
        let claims = holders.iter().enumerate().map(|(n, holder)| {
            let (lock, key, holder) = (locks[n % 2].clone(), key.clone(), holder.clone());
            tokio::spawn(async move { claim(&lock, &key, &holder).await })
        });
        let claims = futures_util::future::join_all(claims.collect::<Vec<_>>()).await;
        let claims: Vec<_> = claims.into_iter().map(Result::unwrap).collect();
        let granted: Vec<_> = (0..50).filter(|&n| claims[n] == Granted).collect();
        let [granted] = granted[..] else { panic!("granted to {granted:?}") };
        assert_eq!(claims.iter().filter(|claim| **claim == Held).count(), 49);
        locks[granted % 2].finish(&key, &holders[granted], "outcome", MINUTE).await.unwrap();
        for (n, holder) in holders.iter().enumerate() {
            assert_eq!(claim(&locks[n % 2], &key, holder).await, finished("outcome"));
        }
    }
}

pub(crate) async fn a_claim_is_granted_again_to_its_holder<P: Place>(place: &P) {
    let lock = place.lock("").await;
    assert_eq!(lock.claim("key", "one", SHORT).await.unwrap(), Granted);
    for _ in 0..2 {
        assert_eq!(claim(&lock, "key", "one").await, Granted);
        assert_eq!(claim(&lock, "key", "two").await, Held);
    }
    // It ends when it would have ended.
    sleep(LATER).await;
    assert_eq!(claim(&lock, "key", "two").await, Granted);
}

pub(crate) async fn a_claim_ends_after_its_ttl<P: Place>(place: &P) {
    let [one, two] = [place.lock("").await, place.lock("").await];
    assert_eq!(one.claim("key", "one", SHORT).await.unwrap(), Granted);
    assert_eq!(claim(&two, "key", "two").await, Held);
    sleep(LATER).await;
    assert_eq!(claim(&two, "key", "two").await, Granted);
    assert_eq!(claim(&one, "key", "one").await, Held);
}

pub(crate) async fn a_former_holder_changes_nothing<P: Place>(place: &P) {
    let lock = place.lock("").await;
    lock.claim("key", "one", SHORT).await.unwrap();
    sleep(LATER).await;
    assert_eq!(claim(&lock, "key", "two").await, Granted);
    lock.finish("key", "one", "late", MINUTE).await.unwrap();
    lock.abandon("key", "one").await.unwrap();
    assert_eq!(claim(&lock, "key", "three").await, Held);
    lock.finish("key", "two", "in time", MINUTE).await.unwrap();
    lock.finish("key", "one", "late", MINUTE).await.unwrap();
    lock.abandon("key", "one").await.unwrap();
    lock.abandon("key", "two").await.unwrap();
    lock.finish("key", "two", "again", MINUTE).await.unwrap();
    assert_eq!(claim(&lock, "key", "three").await, finished("in time"));
}

pub(crate) async fn an_abandoned_claim_is_free_for_another<P: Place>(place: &P) {
    let lock = place.lock("").await;
    lock.abandon("key", "one").await.unwrap();
    assert_eq!(claim(&lock, "key", "one").await, Granted);
    lock.abandon("key", "two").await.unwrap();
    assert_eq!(claim(&lock, "key", "two").await, Held);
    lock.abandon("key", "one").await.unwrap();
    assert_eq!(claim(&lock, "key", "two").await, Granted);
}

pub(crate) async fn an_outcome_is_gone_after_its_time<P: Place>(place: &P) {
    let lock = place.lock("").await;
    assert_eq!(claim(&lock, "key", "one").await, Granted);
    lock.finish("key", "one", "outcome", SHORT).await.unwrap();
    assert_eq!(claim(&lock, "key", "two").await, finished("outcome"));
    sleep(LATER).await;
    assert_eq!(claim(&lock, "key", "two").await, Granted);
}

/// The others would use a refresh token that was used.
pub(crate) async fn an_outcome_is_published_after_the_claim_ended<P: Place>(place: &P) {
    let lock = place.lock("").await;
    lock.claim("key", "one", SHORT).await.unwrap();
    sleep(LATER).await;
    lock.finish("key", "one", "late", MINUTE).await.unwrap();
    assert_eq!(claim(&lock, "key", "two").await, finished("late"));
}

pub(crate) async fn keys_and_prefixes_of_locks_are_separate<P: Place>(place: &P) {
    let [lock, other] = [place.lock("").await, place.lock("_ano").await];
    assert_eq!(claim(&lock, "key", "one").await, Granted);
    assert_eq!(claim(&lock, "another", "two").await, Granted);
    assert_eq!(claim(&other, "key", "three").await, Granted);
    other.finish("key", "three", "outcome", MINUTE).await.unwrap();
    assert_eq!(claim(&lock, "key", "two").await, Held);
}

pub(crate) async fn any_key_and_outcome_pass_unchanged<P: Place>(place: &P) {
    let lock = place.lock("").await;
    let texts =
        ["", "done:x", "held:one", "'; DROP TABLE mcp_auth_refreshes; -- \\' $1 {}\n", "ä€😀"];
    let longest = "x".repeat(64 * 1024);
    for (n, text) in texts.into_iter().chain([&*longest]).enumerate() {
        let name = format!("{n}{}", text.chars().take(100).collect::<String>());
        assert_eq!(claim(&lock, &name, &name).await, Granted);
        assert_eq!(claim(&lock, &name, "another").await, Held);
        lock.finish(&name, &name, text, MINUTE).await.unwrap();
        assert_eq!(claim(&lock, &name, "another").await, finished(text));
    }
}

pub(crate) async fn names_and_outcomes_beyond_the_bounds_are_errors<P: Place>(place: &P) {
    let lock = place.lock("").await;
    let (longest, too_long) = ("k".repeat(200), "k".repeat(201));
    assert_eq!(claim(&lock, &longest, &longest).await, Granted);
    for wrong in ["", &too_long, "NUL \0"] {
        for (key, holder) in [(wrong, "one"), ("key", wrong)] {
            assert!(lock.claim(key, holder, MINUTE).await.is_err());
            assert!(lock.finish(key, holder, "", MINUTE).await.is_err());
            assert!(lock.abandon(key, holder).await.is_err());
        }
    }
    assert_eq!(claim(&lock, "key", "one").await, Granted);
    for outcome in ["secret".repeat(10_923), "secret\0".to_owned()] {
        let error = lock.finish("key", "one", &outcome, MINUTE).await.unwrap_err().to_string();
        assert!(error.contains("65536 bytes") && !error.contains("secret"), "{error}");
    }
    assert_eq!(claim(&lock, "key", "two").await, Held);
}

pub(crate) async fn the_longest_times_are_accepted<P: Place>(place: &P) {
    let lock = place.lock("").await;
    assert_eq!(lock.claim("key", "one", Duration::MAX).await.unwrap(), Granted);
    lock.finish("key", "one", "outcome", Duration::MAX).await.unwrap();
    assert_eq!(claim(&lock, "key", "two").await, finished("outcome"));
}

/// As the workers of a web server do.
pub(crate) async fn a_lock_works_in_one_runtime_after_another<P: Place>(place: &P) {
    let lock = place.lock("").await;
    let threads = std::thread::spawn(move || {
        for key in ["one", "two", "three"] {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            assert_eq!(runtime.unwrap().block_on(claim(&lock, key, "holder")), Granted);
        }
    });
    tokio::task::spawn_blocking(|| threads.join().unwrap()).await.unwrap();
}
