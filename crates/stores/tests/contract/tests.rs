//! What is tested of every store on every database.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use mcp_auth_core::{
    Found, IdentityStore, Lookup, Subject,
    contract_tests::{Fixture, rules},
};

use crate::{
    database::PASSWORD,
    over::{Over, Person},
};

/// What a look-up may take where there is no free connection; elsewhere it is the default.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(800);

/// The default, and as much again for a machine that is busy.
const IN_TIME: Duration = Duration::from_secs(4);

/// The contract, foreign schemas and trouble. In scope are functions that make a store over a
/// place: `text`, `filtered`, which lets in whose row is not marked as deleted, `padded`, `numbers`,
/// `uuids`, `with_issuer`, and `busy`, whose pool has one connection and that one is taken by what it
/// returns beside the store. The type of the connection follows, `::<PgConnection>`, where they need
/// one.
macro_rules! tests {
    ($kind:expr $(, $($of:tt)+)?) => {
        use super::*;
        use $crate::{database::Kind, place::{Column, Place}};

        mcp_auth_core::contract_tests!(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            text$($($of)+)?(Place::new($kind, Column::Text).await).await;
            finding, outage, provisioning, linking
        );

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn keeps_the_contract_over_a_column_that_ignores_case() {
            let fresh = async || text$($($of)+)?(Place::new($kind, Column::Folding).await).await;
            mcp_auth_core::contract_tests::run_finding(fresh).await;
            $crate::tests::finds_the_right_one_of_two(&fresh().await).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn keeps_the_contract_over_a_char_column() {
            let fresh = async || padded$($($of)+)?(Place::new($kind, Column::Padded).await).await;
            mcp_auth_core::contract_tests::run_finding(fresh).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn refuses_deactivated_users() {
            let store = filtered$($($of)+)?(Place::new($kind, Column::Folding).await).await;
            $crate::tests::refuses_who_is_deactivated(&store).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn two_rows_with_one_subject_are_an_error() {
            let store = text$($($of)+)?(Place::new($kind, Column::Folding).await).await;
            $crate::tests::rejects_two_rows(&store).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn keeps_the_contract_over_a_column_of_integers() {
            let fresh = async || numbers$($($of)+)?(Place::new($kind, Column::Number).await).await;
            mcp_auth_core::contract_tests::run_finding(fresh).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn keeps_the_contract_over_a_column_of_uuids() {
            let fresh = async || uuids$($($of)+)?(Place::new($kind, Column::Uuid).await).await;
            mcp_auth_core::contract_tests::run_finding(fresh).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn keeps_the_contract_with_a_column_for_the_issuer() {
            let fresh = async || with_issuer$($($of)+)?(Place::new($kind, Column::WithIssuer).await).await;
            mcp_auth_core::contract_tests::run_finding(fresh).await;
            $crate::tests::tells_issuers_apart(&fresh().await).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn an_exhausted_pool_is_an_error_in_time() {
            let (store, taken) = busy$($($of)+)?(Place::new($kind, Column::Text).await).await;
            $crate::tests::waits_for_a_connection(&store, taken).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_database_that_hangs_or_is_gone_is_an_error_in_time_without_its_password() {
            let store = text$($($of)+)?(Place::new($kind, Column::Text).await).await;
            $crate::tests::gets_over_trouble(&store).await;
        }
    };
}

fn subject(sub: &str) -> Subject {
    Subject::new("https://login.example.com", sub)
}

/// Where the column takes both for the same, and has both.
pub(crate) async fn finds_the_right_one_of_two<S>(over: &Over<S>)
where
    S: IdentityStore<User: Person>,
{
    for sub in ["user_ada", "USER_ADA", "user_Ada"] {
        over.add(&subject(sub)).await;
    }
    for sub in ["user_Ada", "user_ada", "USER_ADA"] {
        let found = over.store().find(&Lookup::new(&subject(sub))).await.unwrap().user().unwrap();
        assert_eq!(found.sub(), sub);
    }
}

/// Whose row is marked as deleted is refused, and not unknown. A row beside it that is not marked is
/// the user.
pub(crate) async fn refuses_who_is_deactivated<S>(over: &Over<S>)
where
    S: IdentityStore<User: Person>,
{
    let [ada, grace] = ["user_ada", "user_grace"].map(subject);
    let find = async |who: &Subject| over.store().find(&Lookup::new(who)).await.unwrap();
    for user in [&ada, &grace] {
        over.add(user).await;
        assert_eq!(find(user).await.user().unwrap().sub(), user.id());
    }
    over.place.deactivate("user_ada").await;
    assert!(matches!(find(&ada).await, Found::Refused));
    assert!(find(&subject("USER_ADA")).await.is_nobody());
    assert!(find(&subject("nobody")).await.is_nobody());
    assert_eq!(find(&grace).await.user().unwrap().sub(), "user_grace");

    over.add(&ada).await;
    assert_eq!(find(&ada).await.user().unwrap().sub(), "user_ada");
    over.place.deactivate("user_ada").await;
    assert!(matches!(find(&ada).await, Found::Refused));
    assert_eq!(over.place.count().await, 3);
}

/// Which of two rows with one subject is the user cannot be told.
pub(crate) async fn rejects_two_rows<S>(over: &Over<S>)
where
    S: IdentityStore<User: Person>,
{
    for sub in ["user_ada", "user_grace", "USER_ADA", "user_ada"] {
        over.add(&subject(sub)).await;
    }
    for _ in 0..2 {
        let found = over.store().find(&Lookup::new(&subject("user_ada"))).await;
        let error = found.err().expect("one of two rows was taken").to_string();
        assert!(error.contains("two rows") && error.contains("unique index"), "{error}");
        assert!(!error.contains("user_ada"), "{error}");
    }
    for sub in ["user_grace", "USER_ADA"] {
        let found = over.store().find(&Lookup::new(&subject(sub))).await.unwrap().user().unwrap();
        assert_eq!(found.sub(), sub);
    }
}

/// The same `sub` of two issuers is two people.
pub(crate) async fn tells_issuers_apart<S>(over: &Over<S>)
where
    S: IdentityStore<User: Person>,
{
    let other = Subject::new("https://other.example.com", "user_ada");
    over.add(&subject("user_ada")).await;
    assert!(over.store().find(&Lookup::new(&other)).await.unwrap().is_nobody());
    over.add(&other).await;
    assert!(over.store().find(&Lookup::new(&other)).await.unwrap().user().is_some());
    rules::tells_issuers_apart_if_it_says_so(over).await;
}

/// The wait for a connection is bounded, for many too, and ends with the scarcity.
pub(crate) async fn waits_for_a_connection<S, T>(over: &Over<S>, taken: T)
where
    S: IdentityStore<User: Person>,
{
    let ada = subject("user_ada");
    over.add(&ada).await;
    let start = Instant::now();
    let many: Vec<_> = (0..20)
        .map(|_| {
            let (store, ada) = (over.store(), ada.clone());
            tokio::spawn(async move { store.find(&Lookup::new(&ada)).await.is_err() })
        })
        .collect();
    for one in many {
        assert!(one.await.unwrap(), "found without a connection");
    }
    assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
    drop(taken);
    rules::finds_who_is_there(over).await;
}

/// A database that hangs, where one can, and one that is gone. Afterwards each subject has its own
/// answer, and not one that came too late for another.
pub(crate) async fn gets_over_trouble<S>(over: &Over<S>)
where
    S: IdentityStore<User: Person>,
{
    let [ada, grace] = ["user_ada", "user_grace"].map(subject);
    for user in [&ada, &grace] {
        over.add(user).await;
        assert!(over.store().find(&Lookup::new(user)).await.unwrap().user().is_some());
    }
    if let Some(proxy) = &over.place.database.proxy {
        proxy.block();
        join_all((0..6).map(|_| expect_error(over, &ada))).await;
        proxy.restore();
        recovers(over, &grace).await;
    }
    over.place.begin_outage().await;
    expect_error(over, &ada).await;
    over.place.end_outage().await;
    recovers(over, &grace).await;
}

async fn expect_error<S>(over: &Over<S>, user: &Subject)
where
    S: IdentityStore<User: Person>,
{
    let start = Instant::now();
    let error = match over.store().find(&Lookup::new(user)).await {
        Err(error) => format!("{error} {error:?}"),
        Ok(_) => panic!("found in spite of the trouble"),
    };
    assert!(!error.contains(PASSWORD), "{error}");
    assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
}

/// Until twenty look-ups in a row are right, errors are allowed, and wrong answers are not.
async fn recovers<S>(over: &Over<S>, user: &Subject)
where
    S: IdentityStore<User: Person>,
{
    let (start, mut good) = (Instant::now(), 0);
    while good < 20 {
        assert!(start.elapsed() < Duration::from_secs(30), "no recovery");
        match over.store().find(&Lookup::new(user)).await {
            Ok(Found::User(found)) => {
                assert_eq!(found.sub(), user.id());
                good += 1;
            }
            Ok(_) => panic!("{user:?} is there and was not found"),
            Err(_) => {
                good = 0;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
