//! The rules of linking by e-mail address (R33).

use futures_util::future::join_all;

use super::{expect_nobody, expect_user};
use crate::{
    IdentityStore,
    contract_tests::{
        Linking,
        caller::{Bearer, StoreHarness},
        time::in_time,
    },
};

const EMAIL: &str = "ada@example.com";

/// 30 first requests of one person at once become the user with the person's address, and are that
/// user from then on.
pub async fn r33_links_a_newcomer_to_the_one_user_with_the_address(fixture: &impl Linking) {
    fixture.add_unlinked("grace@example.com").await;
    fixture.add_unlinked(EMAIL).await;
    let door = StoreHarness::to(fixture.store());
    let sub = fixture.subject(1);
    door.tell_address(&sub, EMAIL, true);
    for _ in 0..2 {
        let many = (0..30).map(|_| enter(&door, Bearer::User(&sub)));
        for who in join_all(many).await {
            let who = who.unwrap_or_else(|| panic!("a person with a known address was refused"));
            assert_eq!(fixture.subject_of(&who), sub);
        }
    }
    expect_user(fixture, &sub).await;
    assert_linked(fixture, EMAIL, &[Some(&sub)]).await;
    assert_linked(fixture, "grace@example.com", &[None]).await;
}

/// With two issuers, in either order, the one that was not named links nobody, whatever address it
/// calls verified.
pub async fn r33_links_by_the_word_of_named_issuers_only(fixture: &impl Linking) {
    for (n, other_first) in [false, true].into_iter().enumerate() {
        let email = format!("ada{n}@example.com");
        fixture.add_unlinked(&email).await;
        let door = StoreHarness::of_two_issuers(fixture.store(), other_first);
        let (stranger, person) = (fixture.subject(2 * n), fixture.subject(2 * n + 1));
        for sub in [&stranger, &person] {
            door.tell_address(sub, &email, true);
        }
        // Whether the stranger becomes a user of their own is the store's to say.
        enter(&door, Bearer::UserOfOther(&stranger)).await;
        assert_linked(fixture, &email, &[None]).await;
        let who = enter(&door, Bearer::User(&person)).await;
        assert!(who.is_some(), "a person of the named issuer was refused");
        assert_linked(fixture, &email, &[Some(&person)]).await;
        enter(&door, Bearer::UserOfOther(&stranger)).await;
        assert_linked(fixture, &email, &[Some(&person)]).await;
    }
}

/// A user who is linked stays whose they are: another subject with the same verified address has
/// no user.
pub async fn r33_never_links_a_linked_user_again(fixture: &impl Linking) {
    fixture.add_unlinked(EMAIL).await;
    let door = StoreHarness::to(fixture.store());
    let (first, second) = (fixture.subject(1), fixture.subject(2));
    for sub in [&first, &second] {
        door.tell_address(sub, EMAIL, true);
    }
    assert!(enter(&door, Bearer::User(&first)).await.is_some(), "the first one was refused");
    for _ in 0..2 {
        assert!(enter(&door, Bearer::User(&second)).await.is_none(), "the second one was let in");
        assert_linked(fixture, EMAIL, &[Some(&first)]).await;
        expect_nobody(fixture, &second).await;
        expect_user(fixture, &first).await;
    }
}

/// 20 subjects with one verified address come at once: one of them is linked, and stays so. A
/// `link` that reads first and then writes without a condition fails here.
pub async fn r33_links_one_of_many_newcomers_with_one_address(fixture: &impl Linking) {
    fixture.add_unlinked(EMAIL).await;
    let door = StoreHarness::to(fixture.store());
    let subjects: Vec<String> = (0..20).map(|n| fixture.subject(n)).collect();
    for sub in &subjects {
        door.tell_address(sub, EMAIL, true);
    }
    let mut let_in: Option<String> = None;
    for _ in 0..2 {
        let many = subjects.iter().map(|sub| enter(&door, Bearer::User(sub)));
        for who in join_all(many).await.into_iter().flatten() {
            let sub = fixture.subject_of(&who);
            let first = let_in.get_or_insert_with(|| sub.clone());
            assert_eq!(*first, sub, "two subjects became one user");
        }
        let linked = let_in.as_deref().unwrap_or_else(|| panic!("nobody was linked"));
        assert_linked(fixture, EMAIL, &[Some(linked)]).await;
    }
}

/// An address that the issuer does not call verified links nobody, and neither does one that two
/// users have.
pub async fn r33_links_nobody_by_an_unverified_or_shared_address(fixture: &impl Linking) {
    let shared = "shared@example.com";
    for email in [EMAIL, shared, shared] {
        fixture.add_unlinked(email).await;
    }
    let door = StoreHarness::to(fixture.store());
    let (unverified, ambiguous) = (fixture.subject(1), fixture.subject(2));
    door.tell_address(&unverified, EMAIL, false);
    door.tell_address(&ambiguous, shared, true);
    enter(&door, Bearer::User(&unverified)).await;
    assert_linked(fixture, EMAIL, &[None]).await;
    assert!(enter(&door, Bearer::User(&ambiguous)).await.is_none(), "one of two was chosen");
    assert_linked(fixture, shared, &[None, None]).await;
}

/// The user of one request; `None` where it is refused as unknown.
async fn enter<S: IdentityStore>(
    door: &StoreHarness<S>,
    bearer: Bearer<'_>,
) -> Option<std::sync::Arc<S::User>> {
    let who = in_time("a newcomer", door.enter(bearer)).await;
    who.unwrap_or_else(|error| panic!("a newcomer: {error}"))
}

async fn assert_linked(fixture: &impl Linking, email: &str, expected: &[Option<&str>]) {
    let linked = fixture.linked_to(email).await;
    let linked: Vec<Option<&str>> = linked.iter().map(Option::as_deref).collect();
    assert_eq!(linked, expected, "whom the users with {email} are linked to");
}
