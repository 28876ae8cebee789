//! Requests of one browser, all at once over both replicas, when its tokens have to be renewed.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{
    browser::Browser,
    pair::{DUE, LIFETIME, Pair, Store},
};
use crate::{client::Answer, servers::Failed, wait::expect};

const REQUESTS: usize = 20;
const ROUNDS: usize = 10;
/// So that all requests come while the refresh is under way.
const DELAY: Duration = Duration::from_millis(300);

/// One refresh for all requests, of both replicas, and the person stays signed in.
pub(super) async fn once(pair: &mut Pair) -> Result<String, Failed> {
    let mut browser = pair.signed_in().await?;
    let mut longest = Duration::ZERO;
    pair.slow_down(DELAY);
    for round in 0..ROUNDS {
        // In every other round the access token has expired.
        pair.pass(if round % 2 == 0 { DUE } else { LIFETIME + 1 }).await?;
        let before = pair.authority.refreshes();
        let old = browser.clone();
        let began = Instant::now();
        let mut with_cookie = 0;
        for answer in at_once(&browser, pair.replicas).await? {
            expect(&format!("round {round}"), answer.status, 200)?;
            with_cookie += usize::from(answer.header("set-cookie").is_some());
            browser.keep(&answer);
        }
        longest = longest.max(began.elapsed());
        if with_cookie == 0 {
            return Err(format!("round {round}: no answer has the new cookie").into());
        }
        // Requests that were sent before the new cookie came.
        for replica in pair.replicas {
            let late = old.clone().home(replica).await?;
            expect(&format!("round {round}, the old cookie"), late.status, 200)?;
        }
        expect_refreshes(pair, before + 1, &format!("round {round}"))?;
    }
    pair.authority.clear_faults();
    for replica in pair.replicas {
        pair.pass(DUE).await?;
        let before = pair.authority.refreshes();
        expect("afterwards", browser.home(replica).await?.status, 200)?;
        expect_refreshes(pair, before + 1, "afterwards")?;
    }
    let millis = longest.as_millis();
    Ok(format!("{ROUNDS} rounds of {REQUESTS}: {ROUNDS} refreshes, all 200, within {millis} ms"))
}

/// Two refreshes: the issuer ends the session, which goes on until its token expires.
pub(super) async fn without_lock(pair: &mut Pair) -> Result<String, Failed> {
    let mut browser = pair.signed_in().await?;
    pair.slow_down(DELAY);
    pair.pass(DUE).await?;
    for answer in at_once(&browser, pair.replicas).await? {
        expect("at once", answer.status, 200)?;
        browser.keep(&answer);
    }
    expect_refreshes(pair, 2, "without a lock")?;
    pair.authority.clear_faults();
    pair.pass(LIFETIME + 1).await?;
    let answer = browser.home(pair.replicas[0]).await?;
    expect("after the token's time", answer.status, 303)?;
    let sessions = pair.authority.active_sessions("user_ada").len();
    match (sessions, pair.store) {
        (0, Store::Cookie | Store::Redis) => {
            Ok("2 refreshes: the issuer ends the session, signed out with its token".to_owned())
        }
        (count, _) => Err(format!("the issuer has {count} sessions").into()),
    }
}

/// Half of the requests to each replica; the answers in the order in which they came.
async fn at_once(browser: &Browser, replicas: [SocketAddr; 2]) -> Result<Vec<Answer>, Failed> {
    let mut tabs = JoinSet::new();
    for n in 0..REQUESTS {
        let mut tab = browser.clone();
        tabs.spawn(async move { tab.home(replicas[n % 2]).await });
    }
    let mut answers = Vec::new();
    while let Some(answer) = tabs.join_next().await {
        answers.push(answer??);
    }
    Ok(answers)
}

fn expect_refreshes(pair: &Pair, expected: u64, when: &str) -> Result<(), Failed> {
    match pair.authority.refreshes() {
        count if count == expected => Ok(()),
        count => Err(format!("{when}: {count} refreshes, expected {expected}").into()),
    }
}
