//! What a replica must do, and how long it may take.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{people::Caller, replica::Replica, servers::Failed};

/// How long replicas may take to find back to the log: the longest pause between two attempts is 2 s,
/// and a connection that is half-open is noticed by a timeout only.
pub(crate) const RECOVERY: Duration = Duration::from_secs(10);
/// How long a replica may take until its health tells that the log does not answer: a connection that
/// is half-open is noticed by a timeout only.
const NOTICED: Duration = Duration::from_secs(8);
/// How exact the silence is that health tells.
const SILENCE_ERROR: Duration = Duration::from_millis(1500);

/// Fails unless the status is the expected one.
pub(crate) fn expect(who: &str, status: u16, expected: u16) -> Result<(), Failed> {
    match status == expected {
        true => Ok(()),
        false => Err(format!("{who}: status {status}, expected {expected}").into()),
    }
}

/// Waits until the health of a replica is good.
pub(crate) async fn wait_until_good(replica: &Replica, limit: Duration) -> Result<(), Failed> {
    let until = Instant::now() + limit;
    loop {
        let health = replica.health().await?;
        if health.is_good() {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("{}: after {limit:?}, health is {health:?}", replica.name).into());
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until a replica refuses a token that it accepts now.
pub(crate) async fn wait_until_refused(
    replica: &Replica,
    caller: &Caller,
    limit: Duration,
) -> Result<(), Failed> {
    wait_for_status(replica, caller, [200, 401], limit).await
}

/// Waits until a replica accepts a token that it refuses now.
pub(crate) async fn wait_until_accepted(
    replica: &Replica,
    caller: &Caller,
    limit: Duration,
) -> Result<(), Failed> {
    wait_for_status(replica, caller, [401, 200], limit).await
}

async fn wait_for_status(
    replica: &Replica,
    caller: &Caller,
    [before, after]: [u16; 2],
    limit: Duration,
) -> Result<(), Failed> {
    let (until, mut client) = (Instant::now() + limit, replica.client());
    loop {
        match client.call(&caller.token).await {
            Ok(status) if status == after => return Ok(()),
            Ok(status) if status == before && Instant::now() < until => {}
            // A revocation aborts the answers that are being sent to its caller.
            Err(_) if after == 401 && Instant::now() < until => {}
            other => {
                let (name, subject) = (&replica.name, &caller.subject);
                let found = format!("{other:?} instead of {after} within {limit:?}");
                return Err(format!("{name}, {subject}: {found}").into());
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// The health of each replica tells that the log does not answer, since when, and that requests are
/// decided all the same.
pub(crate) async fn wait_until_noticed(replicas: &[Replica], since: Instant) -> Result<(), Failed> {
    for replica in replicas {
        loop {
            let health = replica.health().await?;
            let away = since.elapsed();
            let silence = health.silence.unwrap_or_default();
            let is_true = health.status == 200
                && health.ready
                && silence + SILENCE_ERROR > away
                && silence < away + SILENCE_ERROR;
            if is_true && health.last_error.is_some() && away > SILENCE_ERROR {
                break;
            }
            if !is_true || away > NOTICED {
                let why =
                    format!("{}: {away:?} without the log, health is {health:?}", replica.name);
                return Err(why.into());
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}
