//! What each log must do while its server answers, and the list of the contract's tests.

use std::{collections::BTreeMap, time::Duration};

use mcp_auth_core::revocation::{LogEntry, RevocationLog};

use crate::{
    place::Place,
    reader::{Reader, entry},
};

/// Each test of the contract over a place.
macro_rules! contract {
    ($place:ident) => {
        contract!($place, mod answering = crate::tests:
            the_first_batch_is_everything
            later_entries_reach_each_follower_within_a_second
            a_silent_log_gives_empty_batches
            the_latest_time_counts
            the_latest_of_a_slot_counts_within_an_append
            a_deletion_leaves_a_later_entry
            ten_thousand_entries_are_read
            any_text_passes_unchanged
            an_entry_without_a_slot_is_an_error
            a_checkpoint_is_kept
            a_lease_has_one_holder_until_it_expires
            prefixes_are_separate
            concurrent_appends_keep_the_latest
            a_log_works_in_one_runtime_after_another
        );
        contract!($place, mod failing = crate::connections:
            a_follower_goes_on_after_its_connection_was_ended
            calls_go_on_after_their_connection_was_ended
            a_server_out_of_reach_is_an_error_until_it_is_back
            a_connection_that_is_blocked_is_an_error_within_the_limit
            a_call_that_is_cancelled_leaves_a_follower_that_works
            an_emptied_log_is_noticed
            no_message_has_the_password
        );
        contract!($place, mod refreshing = crate::refresh_lock:
            one_of_fifty_concurrent_claims_is_granted
            a_claim_is_granted_again_to_its_holder
            a_claim_ends_after_its_ttl
            a_former_holder_changes_nothing
            an_abandoned_claim_is_free_for_another
            an_outcome_is_gone_after_its_time
            an_outcome_is_published_after_the_claim_ended
            keys_and_prefixes_of_locks_are_separate
            any_key_and_outcome_pass_unchanged
            names_and_outcomes_beyond_the_bounds_are_errors
            the_longest_times_are_accepted
            a_lock_works_in_one_runtime_after_another
        );
        contract!($place, mod refreshing_failing = crate::refresh_lock::failing:
            a_lock_goes_on_after_its_connection_was_ended
            a_lock_out_of_reach_is_an_error_until_it_is_back
            a_lock_that_is_blocked_is_an_error_within_the_limit
            no_message_of_a_lock_has_the_password
        );
    };
    ($place:ident, mod $name:ident = $module:path: $($test:ident)*) => {
        mod $name {
            use $module as tests;

            use crate::place::Place as _;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let place = super::$place::new().await;
                    tests::$test(&place).await;
                    place.remove().await;
                }
            )*
        }
    };
}

pub(crate) async fn the_first_batch_is_everything<P: Place>(place: &P) {
    assert!(Reader::of(place.log()).await.known.is_empty());
    place.log().append(&[entry("a", 1), entry("b", 2)]).await.unwrap();
    let reader = Reader::of(place.log()).await;
    let expected = [("a", 1), ("b", 2)].map(|(slot, time)| (slot.to_owned(), time));
    let known: Vec<_> = reader.known.iter().map(|(s, (time, _))| (s.clone(), *time)).collect();
    assert_eq!(known, expected);
}

pub(crate) async fn later_entries_reach_each_follower_within_a_second<P: Place>(place: &P) {
    place.log().append(&[entry("a", 1)]).await.unwrap();
    let mut followers = [Reader::of(place.log()).await, Reader::of(place.log()).await];
    for n in 0..5 {
        let slot = format!("later {n}");
        place.log().append(&[entry(&slot, n)]).await.unwrap();
        for follower in &mut followers {
            let took = follower.until_known(&slot).await;
            assert!(took < Duration::from_secs(1), "{took:?}");
        }
    }
    // Not by reading everything each time.
    assert!(followers.iter().all(|follower| follower.everything == 1));
}

pub(crate) async fn a_silent_log_gives_empty_batches<P: Place>(place: &P) {
    place.log().append(&[entry("a", 1)]).await.unwrap();
    let mut reader = Reader::of(place.log()).await;
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let batch = reader.next().await.unwrap();
        assert!(!batch.is_everything && batch.entries.is_empty(), "{batch:?}");
        assert!((200..1_900).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    }
}

pub(crate) async fn the_latest_time_counts<P: Place>(place: &P) {
    let log = place.log();
    let mut reader = Reader::of(log).await;
    let other = |time| LogEntry::new("a", time, "{\"of\": \"another\"}");
    log.append(&[entry("a", 10)]).await.unwrap();
    for ignored in [other(9), other(10), other(2)] {
        log.append(&[ignored]).await.unwrap();
    }
    assert_eq!(Reader::of(log).await.known["a"], (10, "{\"of\": 10}".to_owned()));
    log.append(&[entry("a", 11)]).await.unwrap();
    log.append(&[entry("b", u64::from(u32::MAX)), entry("c", 1_790_000_000_000)]).await.unwrap();
    let reread = Reader::of(log).await;
    assert_eq!(reread.known["a"], (11, "{\"of\": 11}".to_owned()));
    reader.until_known("c").await;
    assert_eq!(reader.known, reread.known);
}

pub(crate) async fn the_latest_of_a_slot_counts_within_an_append<P: Place>(place: &P) {
    let entries = [entry("a", 3), entry("b", 1), entry("a", 5), entry("a", 4), entry("b", 1)];
    place.log().append(&entries).await.unwrap();
    let reader = Reader::of(place.log()).await;
    assert_eq!((reader.time("a"), reader.time("b")), (Some(5), Some(1)));
}

pub(crate) async fn a_deletion_leaves_a_later_entry<P: Place>(place: &P) {
    let log = place.log();
    log.append(&[entry("old", 5), entry("same", 5), entry("later", 5)]).await.unwrap();
    let mut reader = Reader::of(log).await;
    let gone = [entry("old", 6), entry("same", 5), entry("later", 4), entry("unknown", 9)];
    log.delete(&gone).await.unwrap();
    log.delete(&[]).await.unwrap();
    log.append(&[]).await.unwrap();
    let left = Reader::of(log).await;
    assert_eq!(left.known.keys().collect::<Vec<_>>(), ["later"]);
    // A deleted slot can be written again, with an older time too.
    log.append(&[entry("old", 1)]).await.unwrap();
    assert_eq!(Reader::of(log).await.time("old"), Some(1));
    // A deletion is not a loss, after which everything would be written back.
    reader.until("the entry", |reader| reader.in_log.contains_key("old")).await;
    reader.next().await.unwrap();
    assert_eq!(reader.everything, 1);
}

pub(crate) async fn ten_thousand_entries_are_read<P: Place>(place: &P) {
    let mut reader = Reader::of(place.log()).await;
    let text = "x".repeat(300);
    let entries: Vec<_> =
        (0..10_000).map(|n| LogEntry::new(format!("slot {n}"), n, format!("{n} {text}"))).collect();
    place.log().append(&entries).await.unwrap();
    reader.until("all", |reader| reader.known.len() == entries.len()).await;
    let reread = Reader::of(place.log()).await;
    assert_eq!(reread.known.len(), entries.len());
    assert_eq!(reread.known, reader.known);
    assert_eq!(reread.known["slot 9999"], (9_999, format!("9999 {text}")));
}

pub(crate) async fn any_text_passes_unchanged<P: Place>(place: &P) {
    let texts = [
        r#"{"version": 99, "effect": {"unheard_of": [1.50, null]}, "note": "o'clock \\ \u0000"}"#,
        "no JSON at all",
        "'; DROP TABLE mcp_auth_revocations; -- \\' \" $1 %s {} \n\r\t",
        "ä€😀 \u{202e}",
    ];
    let long = "s".repeat(10_000);
    let slots = [r#"["standing","https://a.example",["o'Neil"]]"#, "ä \" \\", &long, "{}:x\n"];
    let mut reader = Reader::of(place.log()).await;
    let entries: Vec<_> =
        slots.iter().zip(texts).map(|(slot, text)| LogEntry::new(*slot, 7, text)).collect();
    place.log().append(&entries).await.unwrap();
    let expected: BTreeMap<_, _> =
        slots.iter().zip(texts).map(|(s, t)| ((*s).to_owned(), (7, t.to_owned()))).collect();
    reader.until("all", |reader| reader.known.len() == expected.len()).await;
    assert_eq!(reader.known, expected);
    assert_eq!(Reader::of(place.log()).await.known, expected);
    place.log().delete(&entries).await.unwrap();
    assert!(Reader::of(place.log()).await.known.is_empty());
}

pub(crate) async fn an_entry_without_a_slot_is_an_error<P: Place>(place: &P) {
    assert!(place.log().append(&[entry("a", 1), entry("", 1)]).await.is_err());
    assert!(Reader::of(place.log()).await.known.is_empty());
}

pub(crate) async fn a_checkpoint_is_kept<P: Place>(place: &P) {
    let log = place.log();
    assert_eq!(log.checkpoint("events").await.unwrap(), None);
    for value in ["event_01", "o'clock \" \\ ä"] {
        log.set_checkpoint("events", value).await.unwrap();
        assert_eq!(log.checkpoint("events").await.unwrap().as_deref(), Some(value));
    }
    assert_eq!(log.checkpoint("other").await.unwrap(), None);
}

pub(crate) async fn a_lease_has_one_holder_until_it_expires<P: Place>(place: &P) {
    let log = place.log();
    let minute = Duration::from_secs(60);
    assert!(log.lease("poll", "one", minute).await.unwrap());
    assert!(!log.lease("poll", "two", minute).await.unwrap());
    assert!(log.lease("another", "two", minute).await.unwrap());
    assert!(log.lease("poll", "one", Duration::from_millis(300)).await.unwrap(), "renewed");
    assert!(!log.lease("poll", "two", minute).await.unwrap());
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(log.lease("poll", "two", minute).await.unwrap(), "expired");
    assert!(!log.lease("poll", "one", minute).await.unwrap());
    // Of many at once, one.
    let holders: Vec<_> = (0..8).map(|n| format!("holder {n}")).collect();
    let leases = holders.iter().map(|holder| log.lease("contended", holder, minute));
    let taken = futures_util::future::join_all(leases).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 1);
}

pub(crate) async fn prefixes_are_separate<P: Place>(place: &P) {
    let other = place.with_prefix("another_application");
    place.log().append(&[entry("a", 1)]).await.unwrap();
    place.log().set_checkpoint("events", "1").await.unwrap();
    place.log().lease("poll", "one", Duration::from_secs(60)).await.unwrap();
    assert!(Reader::of(&other).await.known.is_empty());
    assert_eq!(other.checkpoint("events").await.unwrap(), None);
    assert!(other.lease("poll", "two", Duration::from_secs(1)).await.unwrap());
}

pub(crate) async fn concurrent_appends_keep_the_latest<P: Place>(place: &P) {
    let mut reader = Reader::of(place.log()).await;
    let writers = (0..8_u64).map(|writer| {
        let log = place.log().clone();
        tokio::spawn(async move {
            for round in 0..10_u64 {
                // All write the same slots, half of them in the opposite order.
                let time = round * 8 + writer;
                let mut entries: Vec<_> =
                    (0..40).map(|slot| entry(&format!("slot {slot}"), time)).collect();
                if writer % 2 == 0 {
                    entries.reverse();
                }
                log.append(&entries).await.unwrap();
                if round == 5 {
                    log.delete(&entries).await.unwrap();
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let is_latest = |known: &BTreeMap<String, (u64, String)>| {
        known.len() == 40 && known.values().all(|(time, _)| *time == 79)
    };
    assert!(is_latest(&Reader::of(place.log()).await.known));
    reader.until("the latest", |reader| is_latest(&reader.known)).await;
}

/// As a program does that builds its log before it starts the web server.
pub(crate) async fn a_log_works_in_one_runtime_after_another<P: Place>(place: &P) {
    let log = place.log().clone();
    let threads = std::thread::spawn(move || {
        for n in 0..3 {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(log.append(&[entry("a", n)])).unwrap();
        }
    });
    tokio::task::spawn_blocking(|| threads.join().unwrap()).await.unwrap();
    assert_eq!(Reader::of(place.log()).await.time("a"), Some(2));
}
