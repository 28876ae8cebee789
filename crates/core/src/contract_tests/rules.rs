//! The rules, each a function that panics where its rule is broken.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use futures_util::future::join_all;

use super::{
    Fixture, ISSUER, Outage, Provisioning,
    caller::{Bearer, StoreHarness},
    time::{in_time, pause},
};
use crate::{IdentityStore, IssuerAwareness, Lookup, StoreError, Subject};

mod linking;

pub use linking::{
    r33_links_a_newcomer_to_the_one_user_with_the_address,
    r33_links_by_the_word_of_named_issuers_only,
    r33_links_nobody_by_an_unverified_or_shared_address,
    r33_links_one_of_many_newcomers_with_one_address, r33_never_links_a_linked_user_again,
};

/// Each of several users is found by the own subject, and by no other's.
pub async fn finds_who_is_there(fixture: &impl Fixture) {
    for n in 0..5 {
        fixture.add(&subject(&fixture.subject(n))).await;
    }
    for n in 0..5 {
        expect_user(fixture, &fixture.subject(n)).await;
    }
}

/// A subject without a user is `None`, in an empty place and among other users.
pub async fn finds_nobody_else(fixture: &impl Fixture) {
    expect_nobody(fixture, &fixture.subject(1)).await;
    fixture.add(&subject(&fixture.subject(2))).await;
    for sub in [&*fixture.subject(1), "nobody", "0", "-1", "99999999999999999999"] {
        expect_nobody(fixture, sub).await;
    }
}

/// Subjects that a database may compare as equal are different: other case, other blanks, another
/// spelling of the same letter or number, a prefix.
pub async fn compares_byte_for_byte(fixture: &impl Fixture) {
    let kept = fixture.subject(1);
    fixture.add(&subject(&kept)).await;
    for other in respellings(&kept) {
        expect_nobody(fixture, &other).await;
    }
    expect_user(fixture, &kept).await;
    for (n, (kept, others)) in LOOK_ALIKES.iter().enumerate() {
        let kept = format!("{n}_{kept}");
        if !fixture.holds(&kept) {
            continue;
        }
        fixture.add(&subject(&kept)).await;
        for other in *others {
            expect_nobody(fixture, &format!("{n}_{other}")).await;
        }
        expect_user(fixture, &kept).await;
    }
}

/// A subject is never part of a query or a pattern: quotes, wildcards, backslashes, letters of any
/// script.
pub async fn takes_odd_subjects_for_text(fixture: &impl Fixture) {
    let ada = fixture.subject(1);
    fixture.add(&subject(&ada)).await;
    for (n, odd) in ODD.iter().enumerate() {
        expect_nobody(fixture, odd).await;
        let odd = format!("{n}{odd}");
        match fixture.holds(&odd) {
            true => {
                fixture.add(&subject(&odd)).await;
                expect_user(fixture, &odd).await;
            }
            false => expect_nobody(fixture, &odd).await,
        }
        expect_user(fixture, &ada).await;
    }
}

/// 255 characters are a subject, of one byte or of four each; 254 of them are another.
pub async fn takes_long_subjects_whole(fixture: &impl Fixture) {
    for letter in ['a', 'é', '漢', '🦀'] {
        let long: String = std::iter::repeat_n(letter, 255).collect();
        let shorter: String = std::iter::repeat_n(letter, 254).collect();
        expect_nobody(fixture, &long).await;
        if fixture.holds(&long) {
            fixture.add(&subject(&long)).await;
            expect_user(fixture, &long).await;
            expect_nobody(fixture, &shorter).await;
        }
    }
}

/// 200 look-ups at once, of users and of nobody: each gets the own answer.
pub async fn answers_many_at_once(fixture: &impl Fixture) {
    for n in 0..10 {
        fixture.add(&subject(&fixture.subject(n))).await;
    }
    let all = (0..200).map(|n| async move {
        let sub = fixture.subject(n % 20);
        match n % 20 < 10 {
            true => expect_user(fixture, &sub).await,
            false => expect_nobody(fixture, &sub).await,
        }
    });
    join_all(all).await;
}

/// A store that [tells issuers apart](IdentityStore::issuers) has another issuer's subject for
/// somebody else; another store does not look.
pub async fn tells_issuers_apart_if_it_says_so(fixture: &impl Fixture) {
    let sub = fixture.subject(1);
    fixture.add(&subject(&sub)).await;
    expect_user(fixture, &sub).await;
    for issuer in ["https://other.example.com", "https://LOGIN.example.com", &format!("{ISSUER}/")]
    {
        let stranger = Subject::new(issuer, &*sub);
        let found = in_time("a look-up", fixture.store().find(&Lookup::new(&stranger))).await;
        let found = found.unwrap_or_else(|error| panic!("{stranger:?}: {error}"));
        let told_apart = fixture.store().issuers() == IssuerAwareness::Distinguishes;
        assert_eq!(found.is_nobody(), told_apart, "{stranger:?}");
    }
}

/// A machine whose id is a user's subject is not that user: the store is not asked.
pub async fn never_looks_a_machine_up(fixture: &impl Fixture) {
    let id = fixture.subject(1);
    fixture.add(&subject(&id)).await;
    let door = StoreHarness::to(fixture.store());
    let who = in_time("a machine", door.enter(Bearer::Machine(&id))).await;
    who.unwrap_or_else(|error| panic!("a machine: {error}"));
    assert_eq!(door.asked.to_find.load(SeqCst), 0, "a machine was looked up among the users");
    let who = in_time("a person", door.enter(Bearer::User(&id))).await;
    assert!(matches!(who, Ok(Some(_))), "a person with the same subject is not the user");
}

/// While the place is cut off, every look-up is an error, soon; never `None`, which would be an
/// answer. When it is back, so is the store, by itself.
pub async fn an_outage_is_an_error_and_passes(fixture: &impl Outage) {
    let sub = fixture.subject(1);
    fixture.add(&subject(&sub)).await;
    expect_user(fixture, &sub).await;
    for _ in 0..2 {
        fixture.begin().await;
        let many = (0..10).map(|_| in_time("a look-up in an outage", look_up(fixture, &sub)));
        for outcome in join_all(many).await {
            assert!(outcome.is_err(), "in an outage: {outcome:?}");
        }
        fixture.end().await;
        in_time("recovery", recovery(fixture, &sub)).await;
        let many = (0..10).map(|_| expect_user(fixture, &sub));
        join_all(many).await;
    }
}

/// Ends when ten look-ups in a row found the user. An error is allowed until then.
async fn recovery(fixture: &impl Fixture, sub: &str) {
    let mut good = 0;
    while good < 10 {
        match look_up(fixture, sub).await {
            Ok(Some(found)) if found == sub => good += 1,
            Ok(other) => panic!("after an outage, {other:?} is found for {sub:?}"),
            Err(_) => {
                good = 0;
                pause(Duration::from_millis(100)).await;
            }
        }
    }
}

/// 50 first requests of one person at once make one user, and all 50 are that user. So do 50 of
/// one who comes while others come.
pub async fn makes_a_newcomer_once(fixture: &impl Provisioning) {
    let door = StoreHarness::to(fixture.store());
    for n in 1..=3 {
        let sub = fixture.subject(n);
        let requests = (0..50).map(|_| in_time("a newcomer", door.enter(Bearer::User(&sub))));
        for who in join_all(requests).await {
            let who = who.unwrap_or_else(|error| panic!("a newcomer: {error}"));
            let who = who.unwrap_or_else(|| panic!("a newcomer was refused"));
            assert_eq!(fixture.subject_of(&who), sub);
        }
        assert_eq!(fixture.count().await, n, "users, after {n} persons came");
        expect_user(fixture, &sub).await;
    }
}

/// Neither a machine nor somebody who acts as an unknown person becomes a user.
pub async fn makes_no_machine_and_no_impersonated_person(fixture: &impl Provisioning) {
    let door = StoreHarness::to(fixture.store());
    let sub = fixture.subject(1);
    for bearer in [Bearer::Machine(&sub), Bearer::Impersonated(&sub)] {
        let who = in_time("a stranger", door.enter(bearer)).await;
        assert!(who.is_ok(), "{:?}", who.err());
    }
    assert_eq!(door.asked.to_provision.load(SeqCst), 0);
    assert_eq!(fixture.count().await, 0);
}

fn subject(sub: &str) -> Subject {
    Subject::new(ISSUER, sub)
}

/// The subject of the user that is found.
async fn look_up(fixture: &impl Fixture, sub: &str) -> Result<Option<String>, StoreError> {
    let (store, subject) = (fixture.store(), subject(sub));
    let found = store.find(&Lookup::new(&subject)).await?;
    let found = found.user().map(|user| fixture.subject_of(&user));
    // What the store has in memory is what it finds.
    let cached = store.find_cached(&Lookup::new(&subject));
    let cached = cached.map(|user| fixture.subject_of(&user));
    assert!(cached.is_none() || cached == found, "{sub:?}: {cached:?} is cached, {found:?} found");
    Ok(found)
}

async fn expect_user(fixture: &impl Fixture, sub: &str) {
    match in_time("a look-up", look_up(fixture, sub)).await {
        Ok(Some(found)) => assert_eq!(found, sub, "somebody else was found"),
        Ok(None) => panic!("{sub:?} is there and was not found"),
        Err(error) => panic!("{sub:?}: {error}"),
    }
}

async fn expect_nobody(fixture: &impl Fixture, sub: &str) {
    match in_time("a look-up", look_up(fixture, sub)).await {
        Ok(None) => {}
        Ok(Some(found)) => panic!("{found:?} was found for {sub:?}"),
        Err(error) => panic!("{sub:?}, who has no user: {error}"),
    }
}

/// The same subject as others might write it.
fn respellings(sub: &str) -> Vec<String> {
    let mut shorter = sub.to_owned();
    shorter.pop();
    let all = [
        sub.to_uppercase(),
        sub.to_lowercase(),
        sub.replace('-', ""),
        format!("{sub} "),
        format!(" {sub}"),
        format!("{sub}\u{a0}"),
        format!("{sub}\u{200b}"),
        format!("{sub}0"),
        format!("0{sub}"),
        format!("+{sub}"),
        format!("{sub}.0"),
        format!("{sub}e0"),
        format!("{{{sub}}}"),
        format!("urn:uuid:{sub}"),
        shorter,
    ];
    all.into_iter().filter(|other| other != sub && !other.is_empty()).collect()
}

/// What is kept, and what some collation or normalisation takes for the same.
const LOOK_ALIKES: &[(&str, &[&str])] = &[
    ("user_ada", &["user_Ada", "USER_ADA", "user_ada ", "user_ad", "user_a\u{200d}da", "user_äda"]),
    ("user_\u{e9}", &["user_e\u{301}", "user_e", "user_\u{c9}"]),
    ("user_o\u{308}", &["user_\u{f6}", "user_o", "user_oe"]),
    ("user_stra\u{df}e", &["user_strasse", "user_strase", "USER_STRASSE"]),
    ("user_\u{fb01}", &["user_fi"]),
    ("user_kay", &["user_\u{212a}ay", "user_\u{ff4b}ay"]),
    ("user_i", &["user_\u{131}", "user_\u{130}"]),
    ("user_\u{3c3}", &["user_\u{3c2}", "user_\u{3a3}"]),
    ("user_\u{1f980}", &["user_\u{1f600}"]),
    ("user_trailing ", &["user_trailing", "user_trailing  "]),
];

/// Subjects that are legal, each 1 to 255 characters without controls.
const ODD: &[&str] = &[
    "'",
    "\"",
    "`",
    "\\",
    "\\'",
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    "'); DELETE FROM people; --",
    "/* */",
    "%",
    "user%",
    "user__",
    "_",
    "?",
    "$1",
    ":name",
    "{}",
    "auth0|5f7c8ec7c33c6c004bbafe82",
    "google-oauth2|103547991597142817347",
    "ada@example.com",
    "https://id.example.com/ada?x=1#y",
    "NULL",
    "null",
    "true",
    "1e3",
    "0x10",
    " ",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\u{202e}ada",
    "\u{fffd}",
    "مستخدم",
    "用户",
];
