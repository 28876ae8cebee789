//! The servers of the lock and of the sessions out of reach, as if they were stopped, and with
//! half-open connections.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{
    browser::Browser,
    pair::{AUTHENTICATE, DUE, LIFETIME, Pair, Store},
    until,
};
use crate::{client::Answer, proxy::Mode, servers::Failed, wait::expect};

/// How long it may take until a session is good again: a refresh that failed is tried again after
/// 5 s, and a half-open connection is noticed by a timeout only.
const RECOVERY: Duration = Duration::from_secs(12);

/// Without the lock's server requests go on while the token is good, then they get 503. Nobody is
/// signed out.
pub(super) async fn lock_away(pair: &mut Pair) -> Result<String, Failed> {
    let mut longest = Duration::ZERO;
    for mode in [Mode::Refuse, Mode::Stall] {
        let mut browser = pair.signed_in().await?;
        let refreshes = pair.authority.refreshes();
        pair.set_lock(mode).await?;
        pair.pass(DUE).await?;
        for replica in pair.replicas {
            let answer = browser.home(replica).await?;
            expect(&format!("{mode:?}, the token is good"), answer.status, 200)?;
        }
        pair.pass(LIFETIME - DUE + 1).await?;
        for replica in pair.replicas {
            let answer = browser.home(replica).await?;
            expect_unavailable(&answer, &browser)?;
        }
        if pair.authority.refreshes() != refreshes {
            return Err("a refresh without the lock".into());
        }
        pair.set_lock(Mode::Pass).await?;
        longest = longest.max(recover(pair, &mut browser).await?);
        if pair.authority.refreshes() != refreshes + 1 {
            return Err("not one refresh afterwards".into());
        }
    }
    let seconds = longest.as_secs_f64();
    Ok(format!("200 while the token is good, then 503; good again within {seconds:.1} s"))
}

/// The lock's server is away for a moment, in which a replica would tell the outcome of a refresh. The
/// replica tells it afterwards: the other one does not refresh again.
pub(super) async fn lock_away_at_the_end(pair: &mut Pair) -> Result<String, Failed> {
    let [first, second] = pair.replicas;
    let browser = pair.signed_in().await?;
    pair.pass(DUE).await?;
    pair.slow_down(Duration::from_secs(1));
    let (arrived, refreshes) = (pair.authority.requests(AUTHENTICATE), pair.authority.refreshes());
    let mut tab = browser.clone();
    let request = tokio::spawn(async move { tab.home(first).await });
    until("the refresh begins", || pair.authority.requests(AUTHENTICATE) > arrived).await?;
    pair.set_lock(Mode::Refuse).await?;
    let answer = request.await??;
    expect("the replica that refreshes", answer.status, 200)?;
    if answer.header("set-cookie").is_none() {
        return Err("the new cookie is missing".into());
    }
    pair.authority.clear_faults();
    pair.set_lock(Mode::Pass).await?;
    let began = Instant::now();
    // With sessions in cookies, the outcome comes by the lock alone.
    let answer = browser.clone().home(second).await?;
    expect("the other replica", answer.status, 200)?;
    if pair.store == Store::Cookie && answer.header("set-cookie").is_none() {
        return Err("the other replica is not told the outcome".into());
    }
    match pair.authority.refreshes() - refreshes {
        1 => Ok(format!("the other has the outcome after {} ms", began.elapsed().as_millis())),
        count => Err(format!("{count} refreshes").into()),
    }
}

/// Without the store's server requests get 503. Nobody is signed out.
pub(super) async fn store_away(pair: &mut Pair) -> Result<String, Failed> {
    let mut browser = pair.signed_in().await?;
    let (mut answered, mut recovered) = (Duration::ZERO, Duration::ZERO);
    for mode in [Mode::Refuse, Mode::Stall] {
        pair.store_proxy.set(mode).await?;
        for replica in pair.replicas {
            let began = Instant::now();
            let answer = browser.home(replica).await?;
            expect_unavailable(&answer, &browser)?;
            answered = answered.max(began.elapsed());
        }
        // A server that is started again closes what was half-open.
        pair.store_proxy.set(Mode::Refuse).await?;
        pair.store_proxy.set(Mode::Pass).await?;
        recovered = recovered.max(recover(pair, &mut browser).await?);
    }
    let (answered, recovered) = (answered.as_secs_f64(), recovered.as_secs_f64());
    Ok(format!("503 within {answered:.1} s; good again within {recovered:.1} s"))
}

fn expect_unavailable(answer: &Answer, browser: &Browser) -> Result<(), Failed> {
    expect("away", answer.status, 503)?;
    if answer.header("retry-after").is_none() {
        return Err("503 without Retry-After".into());
    }
    match browser.session() {
        Some(_) => Ok(()),
        None => Err("the cookie is removed".into()),
    }
}

/// Waits until both replicas answer with 200; until then it is 503.
async fn recover(pair: &Pair, browser: &mut Browser) -> Result<Duration, Failed> {
    let began = Instant::now();
    for replica in pair.replicas {
        loop {
            let answer = browser.home(replica).await?;
            if answer.status == 200 {
                break;
            }
            expect_unavailable(&answer, browser)?;
            if began.elapsed() > RECOVERY {
                return Err(format!("not good again within {RECOVERY:?}").into());
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(began.elapsed())
}
