//! Ten thousand invented keys, while the issuer takes three seconds to answer.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use actix_mcp_auth::testing::{Endpoint, TestAuthority};
use actix_web::rt::{System, time::sleep};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use futures_util::{StreamExt, future::join, stream};
use hostile::{Class, full, server::builder};

use crate::world::{Calls, SLACK, World, token};

/// The delay of the issuer's answers.
const SLOW: Duration = Duration::from_secs(3);
/// The number of concurrent calls. More would only wait for a port.
const AT_ONCE: usize = 200;

#[actix_web::test]
async fn r24_ten_thousand_unknown_keys_delay_no_known_or_rotated_key() {
    let mut class = Class::new("keys: a flood of unknown ones");
    let strangers = if full() { 10_000 } else { 2_000 };
    let authority = TestAuthority::start().unwrap();
    // The default settings.
    let world = World::of(authority.clone(), builder(&authority));
    class.case("good at first", world.until_accepted(SLACK).await.map(drop));
    let before = world.calls(Duration::from_secs(1)).await;

    authority.slow_down(Endpoint::Jwks, SLOW);
    let (start, fetches) = (Instant::now(), authority.requests("/oauth2/jwks"));
    let (old, accepted) = (authority.keys().current(), Arc::new(AtomicBool::new(false)));
    let (address, tokens, over) =
        (world.server.address(), unknown_keys(&authority), accepted.clone());
    // In a thread of its own, so that it does not delay the measured answers.
    let attack = thread::spawn(move || {
        let goes_on = move |n: &usize| *n < strangers || !over.load(SeqCst);
        System::new().block_on(flood(address, (0..).take_while(goes_on).map(tokens)))
    });
    let rotation = async {
        sleep(Duration::from_secs(1)).await;
        world.rotate();
        // The longest cool-down, the current fetch, and the one after it. Until then a token of the
        // new key is 503 and never 401.
        let took = world.until_accepted(Duration::from_secs(2) + SLOW * 2 + SLACK).await;
        accepted.store(true, SeqCst);
        took
    };
    let known = async {
        let mut calls = Calls::default();
        while !accepted.load(SeqCst) {
            let token = authority.token().subject("user_ada").audience(hostile::RESOURCE);
            calls.push(world.server.call(&token.signed_by(&old).sign()).await);
            sleep(Duration::from_millis(10)).await;
        }
        calls
    };
    let (rotated, during) = join(rotation, known).await;
    let outcomes = actix_web::web::block(move || attack.join().unwrap()).await.unwrap();
    let lasted = start.elapsed();
    for outcome in outcomes {
        class.case("an unknown key", outcome);
    }
    class.case("known keys go on", during.all_accepted());
    class.case("as fast as before", during.as_fast_as(&before));
    class.case("a rotated key comes through", rotated.map(drop));
    // One at a time, and each takes 3 s.
    let fetches = authority.requests("/oauth2/jwks") - fetches;
    let bound = 4 + lasted.as_secs() / SLOW.as_secs();
    let few = (1..=bound).contains(&fetches).then_some(());
    class.case("a few fetches", few.ok_or(format!("{fetches} in {lasted:?}, bound {bound}")));
    class.done();
}

/// Calls with each of the tokens. Each gets 401 as a bad token, or 503.
async fn flood(
    address: SocketAddr,
    tokens: impl Iterator<Item = String>,
) -> Vec<Result<(), String>> {
    let client = awc::Client::builder()
        .connector(awc::Connector::new().limit(0))
        .timeout(Duration::from_secs(10))
        .finish();
    let calls = tokens.map(|token| {
        let call = client.post(format!("http://{address}/mcp")).bearer_auth(token).send();
        async {
            let answer = call.await.map_err(|error| error.to_string())?;
            let has = |header| answer.headers().contains_key(header);
            match answer.status().as_u16() {
                401 if has("www-authenticate") => Ok(()),
                503 if has("retry-after") && !has("www-authenticate") => Ok(()),
                _ => Err(format!("{answer:?}")),
            }
        }
    });
    stream::iter(calls).buffer_unordered(AT_ONCE).collect().await
}

/// Tokens that are valid except for their keys, each with another key. They need no signature,
/// since none can be checked.
fn unknown_keys(authority: &TestAuthority) -> impl Fn(usize) -> String + use<> {
    let good = token(authority);
    let (_, rest) = good.split_once('.').unwrap();
    let rest = rest.to_owned();
    move |n| {
        let header =
            format!(r#"{{"alg":"ES256","kid":"{:x}"}}"#, n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        format!("{}.{rest}", BASE64.encode(header))
    }
}
