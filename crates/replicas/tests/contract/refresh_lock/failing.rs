//! What each refresh lock must do when its server or the way to it fails.

use std::time::{Duration, Instant};

use mcp_auth_core::session::{
    RefreshClaim::{Granted, Held},
    RefreshLock,
};

use super::{MINUTE, claim, finished};
use crate::{
    connections::CALL_LIMIT,
    place::{PASSWORD, Place},
};

pub(crate) async fn a_lock_goes_on_after_its_connection_was_ended<P: Place>(place: &P) {
    let lock = place.lock("").await;
    assert_eq!(claim(&lock, "key", "one").await, Granted);
    for _ in 0..3 {
        place.end_connections().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(claim(&lock, "key", "two").await, Held);
    }
    lock.finish("key", "one", "outcome", MINUTE).await.unwrap();
    assert_eq!(claim(&lock, "key", "two").await, finished("outcome"));
}

pub(crate) async fn a_lock_out_of_reach_is_an_error_until_it_is_back<P: Place>(place: &P) {
    let lock = place.lock("").await;
    assert_eq!(claim(&lock, "key", "one").await, Granted);
    place.proxy().cut();
    assert!(lock.claim("key", "two", MINUTE).await.is_err());
    assert!(lock.finish("key", "one", "outcome", MINUTE).await.is_err());
    assert!(lock.abandon("key", "one").await.is_err());
    place.proxy().restore();
    assert_eq!(claim(&lock, "key", "two").await, Held);
    lock.finish("key", "one", "outcome", MINUTE).await.unwrap();
    assert_eq!(claim(&lock, "key", "two").await, finished("outcome"));
}

pub(crate) async fn a_lock_that_is_blocked_is_an_error_within_the_limit<P: Place>(place: &P) {
    let lock = place.lock("").await;
    assert_eq!(claim(&lock, "key", "one").await, Granted);
    place.proxy().block();
    // On the connection that there was, and on a new one.
    for _ in 0..2 {
        let start = Instant::now();
        assert!(lock.claim("key", "two", MINUTE).await.is_err());
        assert!(start.elapsed() < CALL_LIMIT, "{:?}", start.elapsed());
    }
    place.proxy().restore();
    lock.finish("key", "one", "outcome", MINUTE).await.unwrap();
    let third = lock.claim("key", "three", MINUTE).await.unwrap();
    assert_eq!(third, finished("outcome"));
}

pub(crate) async fn no_message_of_a_lock_has_the_password<P: Place>(place: &P) {
    let nowhere = P::lock_at("127.0.0.1:1");
    let refused = nowhere.claim("key", "one", MINUTE).await.unwrap_err();
    let lock = place.lock("").await;
    place.proxy().cut();
    let cut = lock.claim("key", "one", MINUTE).await.unwrap_err();
    place.proxy().restore();
    let message = format!("{refused} {refused:?} {cut} {cut:?} {lock:?} {nowhere:?}");
    assert!(!message.contains(PASSWORD), "{message}");
    assert!(format!("{nowhere:?}").contains("127.0.0.1:1/"), "{nowhere:?}");
}
