//! Sets that are unchanged, empty, withdrawn, or too old to be trusted.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    keys::LastFetch,
    testing::{Algorithm, Endpoint, Fault, TestAuthority},
};
use actix_web::rt::time::sleep;
use hostile::{Class, Expected, server::builder};

use crate::{
    broken::{Broken, say},
    world::{SLACK, World, often, stranger, within},
};

#[actix_web::test]
async fn r28_key_sets_are_fetched_with_if_none_match() {
    let mut class = Class::new("keys: ETag");
    let authority = TestAuthority::start().unwrap();
    let broken = Broken::start(authority.keys());
    let answers: Arc<Mutex<Vec<(u16, bool)>>> = Arc::default();
    let told = answers.clone();
    // RFC 9110 §13.1.2; the fourth answer shows what a failure is.
    let tagging = move |fails_at: u64| -> crate::broken::Way {
        let told = told.clone();
        Arc::new(move |stream, asked| {
            let tag = format!(
                "\"{:x}\"",
                asked.document.len() * 31 + asked.document.matches("kid").count()
            );
            let tagged = asked.head.contains("if-none-match:");
            let current = asked.head.contains(&format!("if-none-match: {tag}\r\n"));
            let status = match (asked.before == fails_at, current) {
                (true, _) => 500,
                (_, true) => 304,
                (_, false) => 200,
            };
            told.lock().unwrap().push((status, tagged));
            let headers = format!("ETag: {tag}\r\nCache-Control: max-age=0\r\n");
            match status {
                500 => say(stream, "500 Oops", &headers, b"{}"),
                304 => say(stream, "304 Not Modified", &headers, b""),
                _ => say(stream, "200 OK", &headers, asked.document.as_bytes()),
            }
        })
    };
    authority.keys().current();
    broken.answer(Some(tagging(3)));
    let world = World::new(authority, &broken.uri(), often());
    let start = Instant::now();
    while answers.lock().unwrap().len() < 8 && start.elapsed() < Duration::from_secs(10) {
        class.case("known keys go on", world.until_accepted(SLACK).await.map(drop));
        let age = world.auth.health().issuers[0].age.unwrap_or_default();
        class.case("each answer makes them fresh", within(age, SLACK));
        sleep(Duration::from_millis(40)).await;
    }
    let first: Vec<_> = answers.lock().unwrap().iter().copied().take(7).collect();
    let unchanged = (304, true);
    class.same(
        "the whole set, the tag, a failure, the whole set again, the tag",
        first,
        vec![(200, false), unchanged, unchanged, (500, true), (200, false), unchanged, unchanged],
    );
    let generation_goes_on = world.auth.health().issuers[0].last_fetch;
    class.same("unchanged is a success", generation_goes_on, LastFetch::Succeeded);
    world.rotate();
    class.case("a changed set is taken", world.until_accepted(SLACK).await.map(drop));
    class.same(
        "by its new tag",
        answers.lock().unwrap().iter().filter(|a| **a == (200, true)).count(),
        1,
    );
    class.done();
}

#[actix_web::test]
async fn r27_an_empty_key_set_is_accepted_the_second_time() {
    let mut class = Class::new("keys: an empty set");
    let authority = TestAuthority::start().unwrap();
    let mut settings = often();
    settings.cool_down = Duration::from_secs(1);
    settings.max_cool_down = Duration::from_secs(1);
    let world = World::of(authority.clone(), builder(&authority).refresh(settings));
    class.case("good at first", world.until_accepted(SLACK).await.map(drop));

    // Once: a failed fetch.
    let fetches = authority.requests("/oauth2/jwks");
    authority.inject(Endpoint::Jwks, Fault::EmptyKeySet);
    while authority.requests("/oauth2/jwks") == fetches {
        sleep(Duration::from_millis(5)).await;
    }
    class.answer("a slip", &world.server.call(&world.token()).await, Expected::Passed);
    authority.clear_faults();
    world.rotate();
    class.case("and good again", world.until_accepted(SLACK).await.map(drop));

    // Twice: the issuer has withdrawn all keys.
    let (start, token) = (Instant::now(), world.token());
    authority.inject(Endpoint::Jwks, Fault::EmptyKeySet);
    let believed = loop {
        let answer = world.server.call(&token).await;
        match answer.status {
            200 | 503 if start.elapsed() < Duration::from_secs(8) => {}
            _ => break answer,
        }
        sleep(Duration::from_millis(20)).await;
    };
    class.case(
        "not before a cool-down",
        match start.elapsed() > Duration::from_millis(900) {
            true => Ok(()),
            false => Err(format!("{:?}", start.elapsed())),
        },
    );
    class.answer("then known keys are bad", &believed, Expected::BadToken);
    sleep(Duration::from_millis(300)).await;
    class.answer("and stay bad", &world.server.call(&world.token()).await, Expected::BadToken);
    let health = &world.auth.health().issuers[0];
    class.same("which is not ready", (health.ready, health.keys), (false, 0));
    authority.clear_faults();
    class.case("until there are keys", world.until_accepted_again(SLACK * 2).await.map(drop));
    class.done();
}

#[actix_web::test]
async fn r28_a_withdrawn_key_verifies_until_the_next_refresh_only() {
    let mut class = Class::new("keys: withdrawn");
    let authority = TestAuthority::start().unwrap();
    // Each token of a withdrawn key causes a fetch, and is rejected only after it.
    let mut settings = often();
    settings.bucket = 100;
    let world = World::of(authority.clone(), builder(&authority).refresh(settings));
    for round in 0..3 {
        class.case(format!("good at first {round}"), world.until_accepted(SLACK).await.map(drop));
        // One that is cached, and one that must be verified.
        let (warm, cold) = (world.token(), world.token());
        class.answer("remembered", &world.server.call(&warm).await, Expected::Passed);
        // Withdrawn alone, or for another one in its place.
        let old = authority.keys().current();
        if round == 0 {
            authority.keys().replace(Algorithm::Es256);
        } else {
            world.rotate();
            let both = world.until_accepted(SLACK).await;
            class.case(format!("both are good {round}"), both.map(drop));
            authority.keys().withdraw(&old);
        }
        let fetches = authority.requests("/oauth2/jwks");
        while authority.requests("/oauth2/jwks") < fetches + 2 {
            sleep(Duration::from_millis(10)).await;
        }
        sleep(Duration::from_millis(20)).await;
        for token in [&warm, &cold] {
            let answer = world.server.call(token).await;
            class.answer("after the second refresh", &answer, Expected::BadToken);
        }
    }
    class.done();
}

#[actix_web::test]
async fn r28_with_keys_too_old_to_be_trusted_tokens_are_503() {
    let mut class = Class::new("keys: too old");
    let authority = TestAuthority::start().unwrap();
    let mut settings = often();
    settings.max_max_age = Duration::from_millis(100);
    settings.stale_for = Duration::from_millis(900);
    let world = World::of(authority.clone(), builder(&authority).refresh(settings));
    class.case("good at first", world.until_accepted(SLACK).await.map(drop));
    authority.go_down();
    let start = Instant::now();
    let (mut passed, mut refused) = (0, 0);
    while refused < 5 && start.elapsed() < Duration::from_secs(10) {
        let answer = world.server.call(&world.token()).await;
        match answer.status {
            200 => passed += 1,
            _ => {
                refused += 1;
                class.answer("too old", &answer, Expected::Unavailable);
                class.case(
                    "not before the bound",
                    match start.elapsed().as_millis() {
                        800.. => Ok(()),
                        early => Err(format!("after {early} ms")),
                    },
                );
            }
        }
        sleep(Duration::from_millis(10)).await;
    }
    class.same("they did age", refused, 5);
    class.case("they went on for a while", (passed > 3).then_some(()).ok_or(format!("{passed}")));
    let unknown = world.server.call(&stranger(&authority)).await;
    class.answer("unknown keys as well", &unknown, Expected::Unavailable);
    authority.come_up().unwrap();
    class.case("until it is back", world.until_accepted(SLACK * 2).await.map(drop));
    class.done();
}

#[actix_web::test]
async fn r28_keys_are_fetched_within_a_step_of_the_issuers_start() {
    let mut class = Class::new("keys: the authority comes later");
    for (down, step) in [(50, 1_000), (800, 1_000), (2_500, 4_000)] {
        let authority = TestAuthority::start().unwrap();
        authority.keys().current();
        authority.go_down();
        // With the default settings.
        let world = World::of(authority.clone(), builder(&authority));
        let (token, start) = (world.token(), Instant::now());
        while start.elapsed() < Duration::from_millis(down) {
            let answer = world.server.call(&token).await;
            class.answer(format!("down for {down} ms"), &answer, Expected::Unavailable);
            sleep(Duration::from_millis(30)).await;
        }
        class.same("not ready", world.auth.health().issuers[0].ready, false);
        authority.come_up().unwrap();
        let took = world.until_accepted(Duration::from_millis(step) + SLACK).await;
        let outcome = took.and_then(|took| within(took, Duration::from_millis(step + 300)));
        class.case(format!("back after {down} ms"), outcome);
        class.same("ready", world.auth.health().issuers[0].ready, true);
    }
    class.done();
}
