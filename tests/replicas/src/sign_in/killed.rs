//! A replica that is killed while it refreshes sessions.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use actix_mcp_auth::testing::{Endpoint, Fault};
use tokio::time::sleep;

use super::{
    browser::Browser,
    pair::{AUTHENTICATE, DUE, LIFETIME, Pair, Store},
    until,
};
use crate::{proxy::Mode, servers::Failed, wait::expect};

/// How long the issuer takes.
const DELAY: Duration = Duration::from_secs(5);
/// How long it takes with the session whose new tokens the replica keeps before it is killed.
const SHORT_DELAY: Duration = Duration::from_secs(1);
/// How long a claim lasts, a refresh that failed is not tried again, and requests take.
const TAKEN_OVER: Duration = Duration::from_secs(20 + 5 + 4);

/// The first replica is killed while it refreshes three sessions. Of one it has kept the new tokens,
/// and told nobody; of one the issuer has exchanged the refresh token, and the replica does not know;
/// of one nothing has happened. The second replica takes over what can be.
pub(super) async fn in_a_refresh(pair: &mut Pair) -> Result<String, Failed> {
    let [_, second] = pair.replicas;
    let mut exchanged = pair.signed_in().await?;
    let mut pending = pair.signed_in().await?;
    // With sessions in cookies, nothing is kept that the browser does not have.
    let mut kept = match pair.store {
        Store::Redis => Some(pair.signed_in().await?),
        Store::Cookie => None,
    };
    pair.pass(DUE).await?;
    pair.slow_down(DELAY);
    begin(pair, &exchanged).await?;
    sleep(Duration::from_secs(2)).await;
    begin(pair, &pending).await?;
    let mut expected = 1;
    if let Some(kept) = &kept {
        keep_and_tell_nobody(pair, kept).await?;
        expected += 1;
    }
    pair.suspend_first().await?;
    if pair.authority.refreshes() != expected - 1 {
        return Err("the machine is too slow: the replica is not stopped in time".into());
    }
    until("one exchange more", || pair.authority.refreshes() == expected).await?;
    pair.kill_first().await?;
    let killed = Instant::now();
    // The third request has not come to the issuer's decision yet, and must not.
    pair.authority.inject(Endpoint::Path(AUTHENTICATE.to_owned()), Fault::Unavailable);
    sleep(DELAY / 2).await;
    pair.authority.clear_faults();

    // One refresh takes over, and one is refused.
    expected += 2;
    let taken_over = loop {
        let all = [Some(&mut exchanged), Some(&mut pending), kept.as_mut()];
        for browser in all.into_iter().flatten() {
            expect("while the token is good", browser.home(second).await?.status, 200)?;
        }
        if pair.authority.refreshes() == expected {
            break killed.elapsed();
        }
        if killed.elapsed() > TAKEN_OVER {
            let count = pair.authority.refreshes();
            let why = format!("{count} refreshes, not {expected}, within {TAKEN_OVER:?}");
            return Err(why.into());
        }
        sleep(Duration::from_millis(100)).await;
    };
    // The other claims have ended by then.
    sleep(Duration::from_secs(3)).await;
    pair.pass(LIFETIME - DUE + 1).await?;
    for browser in [Some(&mut pending), kept.as_mut()].into_iter().flatten() {
        expect("a session that is taken over", browser.home(second).await?.status, 200)?;
    }
    expect("the exchanged one", exchanged.home(second).await?.status, 303)?;
    expect("signs in again", exchanged.sign_in(second).await?.home(second).await?.status, 200)?;
    let seconds = taken_over.as_secs_f64();
    Ok(format!(
        "taken over after {seconds:.1} s; signed out with the token where the issuer had answered"
    ))
}

/// Sends a request that begins a refresh at the first replica.
async fn begin(pair: &Pair, browser: &Browser) -> Result<(), Failed> {
    let arrived = pair.authority.requests(AUTHENTICATE);
    send(browser, pair.replicas[0]);
    until("the refresh begins", || pair.authority.requests(AUTHENTICATE) > arrived).await
}

/// The first replica refreshes, and cannot tell it to the second one, which waits for it.
async fn keep_and_tell_nobody(pair: &Pair, browser: &Browser) -> Result<(), Failed> {
    pair.slow_down(SHORT_DELAY);
    begin(pair, browser).await?;
    send(browser, pair.replicas[1]);
    sleep(SHORT_DELAY / 2).await;
    pair.lock_proxies[0].set(Mode::Stall).await?;
    until("the issuer exchanges it", || pair.authority.refreshes() == 1).await?;
    sleep(SHORT_DELAY / 4).await;
    Ok(())
}

/// Sends a request whose answer is not waited for.
fn send(browser: &Browser, to: SocketAddr) {
    let mut tab = browser.clone();
    tokio::spawn(async move { tab.home(to).await });
}
