use std::{
    future::pending,
    sync::atomic::{AtomicU32, Ordering::SeqCst},
};

use super::*;
use crate::{IdentityStoreExt, IssuerStores};

/// Finds everybody but `nobody` and `refused`, fails for `broken`, hangs for `stuck`, and counts.
#[derive(Default)]
struct Counting(Arc<AtomicU32>);

#[async_trait]
impl IdentityStore for Counting {
    type User = String;

    fn claims(&self) -> &[&'static str] {
        &["org_id"]
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<String>, StoreError> {
        let asked = self.0.fetch_add(1, SeqCst) + 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
        match who.id() {
            "nobody" => Ok(Found::Nobody),
            "refused" => Ok(Found::Refused),
            "broken" => Err(StoreError::new("the database is gone")),
            "stuck" => pending().await,
            id => Ok(Some(format!("{id}, asked {asked} times")).into()),
        }
    }
}

fn cached(ttl: Duration, capacity: u64) -> (CachedIdentityStore<Counting>, Arc<AtomicU32>) {
    let store = Counting::default();
    let asked = store.0.clone();
    (store.cached(ttl, capacity), asked)
}

fn subject(id: &str) -> Subject {
    Subject::new("https://i", id)
}

async fn find(
    users: &CachedIdentityStore<Counting>,
    id: &str,
) -> Result<Found<String>, StoreError> {
    users.find(&Lookup::new(&subject(id))).await
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_user_is_asked_for_once_until_the_time_is_over() {
    let (users, asked) = cached(Duration::from_millis(100), 10);
    for _ in 0..3 {
        find(&users, "ada").await.unwrap().user().unwrap();
    }
    assert_eq!(asked.load(SeqCst), 1);
    tokio::time::sleep(Duration::from_millis(150)).await;
    find(&users, "ada").await.unwrap().user().unwrap();
    assert_eq!(asked.load(SeqCst), 2);
}

#[tokio::test]
async fn a_subject_of_another_issuer_is_somebody_else() {
    let (users, asked) = cached(MINUTE, 10);
    find(&users, "ada").await.unwrap().user().unwrap();
    users.find(&Lookup::new(&Subject::new("https://j", "ada"))).await.unwrap().user().unwrap();
    assert_eq!(asked.load(SeqCst), 2);
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let (users, asked) = cached(MINUTE, 10);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let users = users.clone();
            tokio::spawn(async move { find(&users, "ada").await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().user().is_some());
    }
    assert_eq!(asked.load(SeqCst), 1);
}

#[tokio::test]
async fn neither_errors_nor_absence_are_remembered() {
    let (users, asked) = cached(MINUTE, 10);
    for _ in 0..2 {
        assert!(find(&users, "broken").await.is_err());
        assert_eq!(find(&users, "nobody").await.unwrap(), Found::Nobody);
        assert_eq!(find(&users, "refused").await.unwrap(), Found::Refused);
    }
    assert_eq!(asked.load(SeqCst), 6);
}

#[tokio::test]
async fn one_who_gives_up_leaves_nobody_hanging() {
    let (users, asked) = cached(MINUTE, 10);
    for _ in 0..2 {
        let user = subject("stuck");
        let who = Lookup::new(&user);
        let stuck = users.find(&who);
        assert!(tokio::time::timeout(Duration::from_millis(30), stuck).await.is_err());
    }
    assert_eq!(asked.load(SeqCst), 2);
}

#[tokio::test]
async fn an_invalidated_user_is_asked_for_again() {
    let (users, asked) = cached(MINUTE, 10);
    find(&users, "ada").await.unwrap();
    users.invalidate(&subject("ada"));
    find(&users, "ada").await.unwrap();
    assert_eq!(asked.load(SeqCst), 2);
}

#[tokio::test]
async fn the_memory_is_bounded() {
    let (users, _) = cached(MINUTE, 10);
    for n in 0..40 {
        find(&users, &format!("user_{n}")).await.unwrap();
    }
    assert!(users.answers.len() <= 10, "{}", users.answers.len());
}

#[tokio::test]
async fn an_outage_is_told_to_all_who_wait_at_once() {
    let (users, asked) = cached(MINUTE, 10);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let users = users.clone();
            tokio::spawn(async move { find(&users, "broken").await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap_err().to_string(), "the database is gone");
    }
    assert_eq!(asked.load(SeqCst), 1);
}

/// The row changes and the user is invalidated while a look-up of the old row is under way.
#[tokio::test]
async fn an_invalidation_during_a_look_up_wins() {
    for all in [false, true] {
        let (users, asked) = cached(MINUTE, 10);
        let (ada, other) = (subject("ada"), users.clone());
        let under_way = tokio::spawn(async move { find(&other, "ada").await });
        while asked.load(SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        match all {
            true => users.invalidate_all(),
            false => users.invalidate(&ada),
        }
        let found = find(&users, "ada").await.unwrap().user().unwrap();
        assert_ne!(*found, "ada, asked 1 times");
        let asked_before = under_way.await.unwrap().unwrap().user().unwrap();
        assert_ne!(*asked_before, "ada, asked 1 times");
        if let Some(cached) = users.find_cached(&Lookup::new(&ada)) {
            assert_ne!(*cached, "ada, asked 1 times");
        }
    }
}

#[tokio::test]
async fn a_cached_user_is_at_hand_through_every_wrapper() {
    let ada = subject("ada");
    let who = Lookup::new(&ada);
    let (users, _) = cached(MINUTE, 10);
    let wrapped = users.clone().provision_with(|_| async { Ok(Found::Nobody) }).shared_subjects();
    let stores = IssuerStores::new().with("https://i", users.clone());
    assert!(wrapped.find_cached(&who).is_none() && stores.find_cached(&who).is_none());
    users.find(&who).await.unwrap();
    assert!(wrapped.find_cached(&who).is_some() && stores.find_cached(&who).is_some());
    users.invalidate(&ada);
    assert!(wrapped.find_cached(&who).is_none() && stores.find_cached(&who).is_none());
}

/// As when a process reads a log of many revocations.
#[tokio::test]
async fn r35_many_users_are_forgotten_at_once() {
    let (users, _) = cached(MINUTE, 10);
    find(&users, "ada").await.unwrap();
    let start = Instant::now();
    for n in 0..100_000 {
        users.forget(&subject(&n.to_string()));
    }
    // The square of their number would take minutes.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert!(users.find_cached(&Lookup::new(&subject("ada"))).is_some());
    users.forget(&subject("ada"));
    assert!(users.find_cached(&Lookup::new(&subject("ada"))).is_none());
    assert_eq!(users.invalidated.read().unwrap().subjects.len(), 100_001);
}

#[tokio::test]
async fn r35_all_users_are_forgotten_in_both_stores() {
    let (inner, _) = cached(MINUTE, 10);
    let users = inner.clone().cached(MINUTE, 10);
    let ada = subject("ada");
    users.find(&Lookup::new(&ada)).await.unwrap();
    assert!(inner.find_cached(&Lookup::new(&ada)).is_some());
    users.forget_all();
    assert!(users.find_cached(&Lookup::new(&ada)).is_none());
    assert!(inner.find_cached(&Lookup::new(&ada)).is_none());
}

#[tokio::test]
async fn old_invalidations_are_removed() {
    let (users, _) = cached(Duration::from_millis(1), 10);
    for n in 0..1_000 {
        users.invalidate(&subject(&n.to_string()));
        if n % 100 == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    let kept = users.invalidated.read().unwrap().subjects.len();
    assert!(kept < 500, "{kept}");
}
