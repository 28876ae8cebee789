//! What each log must do when its server or the way to it fails.

use std::time::{Duration, Instant};

use mcp_auth_core::revocation::RevocationLog;
use tokio::time::timeout;

use crate::{
    place::{PASSWORD, Place},
    reader::{Reader, entry},
};

/// The longest that any call takes, with some room for a machine under load.
pub(crate) const CALL_LIMIT: Duration = Duration::from_millis(5_500);

pub(crate) async fn a_follower_goes_on_after_its_connection_was_ended<P: Place>(place: &P) {
    place.log().append(&[entry("before", 1)]).await.unwrap();
    let mut reader = Reader::of(place.log()).await;
    for n in 0..3 {
        place.end_connections().await;
        let slot = format!("meanwhile {n}");
        place.log().append(&[entry(&slot, n)]).await.unwrap();
        let took = reader.until_known(&slot).await;
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    assert!(reader.errors > 0 && reader.known.contains_key("before"));
}

pub(crate) async fn calls_go_on_after_their_connection_was_ended<P: Place>(place: &P) {
    for n in 0..3 {
        place.log().append(&[entry("a", n)]).await.unwrap();
        place.end_connections().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    place.log().set_checkpoint("c", "1").await.unwrap();
    assert_eq!(Reader::of(place.log()).await.time("a"), Some(2));
}

pub(crate) async fn a_server_out_of_reach_is_an_error_until_it_is_back<P: Place>(place: &P) {
    place.log().append(&[entry("a", 1)]).await.unwrap();
    let mut reader = Reader::of(place.log()).await;
    place.proxy().cut();
    assert!(place.log().append(&[entry("b", 1)]).await.is_err());
    assert!(place.log().lease("l", "one", Duration::from_secs(1)).await.is_err());
    let mut follower = place.log().follow();
    assert!(follower.next().await.is_err());
    assert!(reader.next().await.is_err());
    assert!(reader.next().await.is_err());
    place.proxy().restore();
    place.log().append(&[entry("c", 1)]).await.unwrap();
    reader.until_known("c").await;
    let first = follower.next().await.unwrap();
    assert!(first.is_everything && first.entries.len() >= 2, "{first:?}");
}

pub(crate) async fn a_connection_that_is_blocked_is_an_error_within_the_limit<P: Place>(place: &P) {
    place.log().append(&[entry("a", 1)]).await.unwrap();
    let mut reader = Reader::of(place.log()).await;
    place.proxy().block();
    let start = Instant::now();
    assert!(reader.next().await.is_err());
    assert!(start.elapsed() < CALL_LIMIT, "{:?}", start.elapsed());
    // On the connection that there was, and on a new one.
    for _ in 0..2 {
        let start = Instant::now();
        assert!(place.log().append(&[entry("b", 1)]).await.is_err());
        assert!(start.elapsed() < CALL_LIMIT, "{:?}", start.elapsed());
    }
    let start = Instant::now();
    assert!(reader.next().await.is_err());
    assert!(start.elapsed() < CALL_LIMIT, "{:?}", start.elapsed());
    place.proxy().restore();
    place.log().append(&[entry("c", 1)]).await.unwrap();
    reader.until_known("c").await;
    assert!(reader.known.contains_key("a"));
}

pub(crate) async fn a_call_that_is_cancelled_leaves_a_follower_that_works<P: Place>(place: &P) {
    let mut reader = Reader::of(place.log()).await;
    for n in 0..20 {
        let slot = format!("slot {n}");
        place.log().append(&[entry(&slot, 1)]).await.unwrap();
        // At any point of the call: while it connects, waits, reads.
        let _ = timeout(Duration::from_millis(n * n), reader.next()).await;
    }
    let all = |reader: &Reader| (0..20).all(|n| reader.known.contains_key(&format!("slot {n}")));
    reader.until("all", all).await;
}

pub(crate) async fn an_emptied_log_is_noticed<P: Place>(place: &P) {
    let log = place.log();
    log.append(&[entry("a", 1), entry("b", 1)]).await.unwrap();
    let mut reader = Reader::of(log).await;
    place.empty().await;
    let took = reader.until("everything again", |reader| reader.everything == 2).await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(reader.in_log.is_empty());
    // It stays empty, which is not noticed over and over.
    for _ in 0..3 {
        assert!(!reader.next().await.unwrap().is_everything);
    }
    log.append(&[entry("a", 1), entry("b", 1)]).await.unwrap();
    reader.until("written back", |reader| reader.in_log.len() == 2).await;
}

pub(crate) async fn no_message_has_the_password<P: Place>(place: &P) {
    let nowhere = P::at("127.0.0.1:1");
    let error = nowhere.append(&[entry("a", 1)]).await.unwrap_err();
    let followed = nowhere.follow().next().await.unwrap_err();
    place.proxy().cut();
    let cut = place.log().checkpoint("c").await.unwrap_err();
    for message in [
        format!("{error} {error:?} {followed} {cut} {cut:?}"),
        format!("{:?} {}", place.log(), place.log().name()),
        format!("{nowhere:?} {}", nowhere.name()),
    ] {
        assert!(!message.contains(PASSWORD), "{message}");
    }
    assert!(nowhere.name().contains("127.0.0.1:1/"), "{}", nowhere.name());
    place.proxy().restore();
}
