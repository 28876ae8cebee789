//! Several issuers: the failure of one does not affect the others.

use std::time::{Duration, Instant};

use actix_mcp_auth::testing::{Algorithm, Endpoint, Fault, TestAuthority};
use actix_web::rt::time::sleep;
use futures_util::future::{join, join_all};
use hostile::{Class, Expected, RESOURCE, Server, builder_for};

use crate::world::{PATIENCE, SLACK, World, quick, stranger, token, within};

#[actix_web::test]
async fn r24_r26_two_failing_issuers_do_not_affect_a_third() {
    let mut class = Class::new("keys: several issuers");
    let [down, hostile, good] = [(); 3].map(|()| TestAuthority::start().unwrap());
    let builder = builder_for(RESOURCE)
        .authkit(down.issuer())
        .authkit(hostile.issuer())
        .authkit(good.issuer())
        .refresh(quick());
    let world = World::of(good.clone(), builder);
    for authority in [&down, &hostile, &good] {
        let answer = world.server.call(&token(authority)).await;
        class.answer("all are good at first", &answer, Expected::Passed);
    }
    let before = world.calls(Duration::from_millis(700)).await;
    down.go_down();
    hostile.inject(Endpoint::All, Fault::Drip(Duration::from_millis(200)));
    let mut quickest = Duration::MAX;
    let trouble = async {
        for _ in 0..4 {
            for authority in [&down, &hostile] {
                attack(&world.server, authority, &mut class).await;
            }
            // Rotated in the meantime: fetched at once, from a token bucket of its own.
            good.keys().add(Algorithm::Es256);
            let answer = world.server.call(&token(&good)).await;
            class.answer("the third rotates", &answer, Expected::Passed);
            quickest = quickest.min(answer.took);
        }
    };
    let (during, ()) = join(world.calls(Duration::from_secs(4)), trouble).await;
    // A request that waits for a key continues when it was fetched, not after the timeout.
    class.case("a rotation is quick", within(quickest, PATIENCE * 9 / 10));
    class.case("the third goes on", during.all_accepted());
    class.case("as fast as before", during.as_fast_as(&before));
    for health in world.auth.health().issuers {
        class.same(format!("{} is ready", health.issuer), health.ready, true);
    }
    down.come_up().unwrap();
    hostile.clear_faults();
    for authority in [&down, &hostile] {
        authority.keys().add(Algorithm::Es256);
        let start = Instant::now();
        let answer = loop {
            let answer = world.server.call(&token(authority)).await;
            if answer.status == 200 || start.elapsed() > Duration::from_secs(6) + SLACK {
                break answer;
            }
            sleep(Duration::from_millis(50)).await;
        };
        class.answer("and they come back", &answer, Expected::Passed);
    }
    class.done();
}

/// Tokens of a failing issuer's known keys are accepted; a flood of unknown ones gets 503.
async fn attack(server: &Server, authority: &TestAuthority, class: &mut Class) {
    class.answer("its known keys", &server.call(&token(authority)).await, Expected::Passed);
    let strangers: Vec<_> = (0..20).map(|_| stranger(authority)).collect();
    let calls = strangers.iter().map(|stranger| server.call(stranger));
    for answer in join_all(calls).await {
        class.answer("its unknown keys", &answer, Expected::Unavailable);
    }
}
