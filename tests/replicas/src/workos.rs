//! A person is deleted in WorkOS: how long it takes from the webhook's arrival at one replica to the
//! last replica's first 401, and that the events tell of webhooks that came while no replica ran.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    people::Caller,
    servers::Failed,
    site::Site,
    speed::Percentiles,
    wait::{RECOVERY, expect, wait_until_good, wait_until_refused},
};

const WEBHOOKS: usize = 100;
/// How many are under way at once.
const AT_ONCE: usize = 4;
/// How long one may take until the measurement fails.
const GIVE_UP: Duration = Duration::from_secs(10);
const MAX_P99: Duration = Duration::from_secs(1);

/// How many people are deleted while no replica runs.
const MISSED: usize = 10;
/// How long the events may take from the start of the first replica to the last 401.
const MAX_MISSED: Duration = Duration::from_secs(5);

/// Sends a webhook for each of [`WEBHOOKS`] people, to the replicas in turn. Fails where the goal is
/// missed.
pub(crate) async fn measure_webhooks(site: &Arc<Site>) -> Result<Percentiles, Failed> {
    let mut running = JoinSet::new();
    for first in 0..AT_ONCE {
        let site = site.clone();
        running.spawn(async move {
            let mut times = Vec::new();
            for n in (first..WEBHOOKS).step_by(AT_ONCE) {
                times.push(delete_person(&site, n % site.replicas.len()).await?);
            }
            Ok::<_, Failed>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(measured) = running.join_next().await {
        times.extend(measured??);
    }
    site.load.none_refused()?;
    let times = Percentiles::of(times)?;
    if times.count != WEBHOOKS {
        return Err(format!("{} webhooks instead of {WEBHOOKS}", times.count).into());
    }
    if times.p99 >= MAX_P99 {
        return Err(format!("p99 is {:?} (goal: below {MAX_P99:?})", times.p99).into());
    }
    Ok(times)
}

/// Deletes a new person, whom every replica has accepted before, by a webhook to one replica; returns
/// when the last replica refused.
async fn delete_person(site: &Site, receiver: usize) -> Result<Duration, Failed> {
    let caller = accepted_caller(site).await?;
    let [first, second, third] = &*site.replicas else {
        return Err("there are not three replicas".into());
    };
    let webhook = site.delete_in_workos(&caller);
    let mut sender = site.replicas[receiver].client();
    let began = Instant::now();
    let refused = |replica| {
        let caller = &caller;
        async move {
            wait_until_refused(replica, caller, GIVE_UP).await?;
            Ok::<_, Failed>(began.elapsed())
        }
    };
    let answered = async { Ok(sender.send_webhook(&webhook).await?) };
    let (status, a, b, c) =
        tokio::try_join!(answered, refused(first), refused(second), refused(third))?;
    expect("the webhook", status, 200)?;
    // The deletion is standing: a token that is issued later is refused as well.
    let again = site.sign_in_again(&caller);
    for replica in &site.replicas {
        expect(&replica.name, replica.client().call(&again.token).await?, 401)?;
    }
    site.note_revoked(&caller).await;
    Ok(a.max(b).max(c))
}

/// A new person, whom every replica has accepted.
async fn accepted_caller(site: &Site) -> Result<Caller, Failed> {
    let caller = site.new_caller();
    for replica in &site.replicas {
        expect(&replica.name, replica.client().call(&caller.token).await?, 200)?;
    }
    Ok(caller)
}

/// Deletes people while no replica runs; returns how long it took from the start of the first replica
/// to the last 401. Fails where the goal is missed.
///
/// The replicas that are killed have read events too, so that one of them leaves its lease behind.
pub(crate) async fn miss_webhooks(site: &mut Site) -> Result<Duration, Failed> {
    site.kill_replicas().await?;
    site.common.reads_events = true;
    site.start_replicas().await?;
    for replica in &site.replicas {
        wait_until_good(replica, RECOVERY).await?;
    }
    let read = accepted_caller(site).await?;
    let mut missed = Vec::new();
    for _ in 0..MISSED {
        missed.push(accepted_caller(site).await?);
    }
    // No webhook is sent: the events alone tell.
    site.delete_in_workos(&read);
    for replica in &site.replicas {
        wait_until_refused(replica, &read, GIVE_UP).await?;
    }
    site.note_revoked(&read).await;

    site.kill_replicas().await?;
    for caller in &missed {
        site.delete_in_workos(caller);
    }
    let began = Instant::now();
    site.start_replicas().await?;
    let all_refused = async {
        for replica in &site.replicas {
            // Until a replica has read the log, it answers with 503.
            wait_until_good(replica, RECOVERY).await?;
            for caller in &missed {
                wait_until_refused(replica, caller, RECOVERY).await?;
            }
        }
        Ok::<_, Failed>(())
    };
    match timeout(2 * GIVE_UP, all_refused).await {
        Ok(refused) => refused?,
        Err(_) => return Err(format!("some pass {:?} after the start", 2 * GIVE_UP).into()),
    }
    let took = began.elapsed();
    for caller in &missed {
        site.note_revoked(caller).await;
    }
    site.check().await?;
    match took < MAX_MISSED {
        true => Ok(took),
        false => Err(format!("{took:?} from the start (goal: below {MAX_MISSED:?})").into()),
    }
}
