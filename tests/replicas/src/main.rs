//! Three processes of bookmarket over one revocation log, in real Redis and in real PostgreSQL: how
//! soon a revocation is in force in all of them, and that none is lost with any fault.
//!
//! `tests/replicas/run` builds and runs it.
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

mod client;
mod faults;
mod here;
mod load;
mod people;
mod proxy;
mod replica;
mod servers;
mod site;
mod speed;
mod wait;

use std::{
    env, fs,
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use faults::Scenario;
use servers::{Failed, Postgres, Redis, Server};
use site::Site;
use speed::Percentiles;

#[tokio::main]
async fn main() -> ExitCode {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let folder = env::temp_dir().join(format!("replicas-{}", std::process::id()));
    let began = Instant::now();
    let failed = match run(&wanted, &folder).await {
        Ok(failed) => failed,
        Err(error) => vec![error.to_string()],
    };
    println!("{} s", began.elapsed().as_secs());
    if failed.is_empty() {
        // Somebody else may have removed it.
        let _ = fs::remove_dir_all(&folder);
        return ExitCode::SUCCESS;
    }
    println!("the output of the processes is in {}", folder.display());
    for what in failed {
        println!("FAILED {what}");
    }
    ExitCode::FAILURE
}

/// Runs all parts over the servers that are asked for, or over both; returns what failed.
async fn run(wanted: &[String], folder: &Path) -> Result<Vec<String>, Failed> {
    create_folder(folder)?;
    let mut failed = Vec::new();
    for kind in ["redis", "postgres"] {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == kind) {
            continue;
        }
        let server = match kind {
            "redis" => Server::Redis(Redis::new(folder).await?),
            _ => Server::Postgres(Postgres::new(folder).await?),
        };
        failed.extend(run_over(server, folder).await?);
    }
    Ok(failed)
}

/// PostgreSQL's user must reach its own folder within.
fn create_folder(folder: &Path) -> Result<(), Failed> {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir(folder)?;
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?)
}

async fn run_over(server: Server, folder: &Path) -> Result<Vec<String>, Failed> {
    let name = server.name();
    let mut failed = Vec::new();
    let mut report = |what: &str, began: Instant, outcome: Result<String, Failed>| {
        let seconds = began.elapsed().as_secs_f64();
        match outcome {
            Ok(said) => println!("{name:<11} {what:<33} ok      {seconds:>5.1} s  {said}"),
            Err(error) => {
                println!("{name:<11} {what:<33} FAILED  {seconds:>5.1} s  {error}");
                failed.push(format!("{name}, {what}: {error}"));
            }
        }
    };
    let began = Instant::now();
    let site = Arc::new(Site::start(server, folder).await?);
    let speed = speed::measure(&site).await;
    report("200 revocations under load", began, speed.map(|speed| describe(&speed)));
    let mut site = sole_owner(site).await;
    for scenario in Scenario::ALL {
        if scenario.applies(&site.server) {
            let (began, name) = (Instant::now(), scenario.name(&site.server));
            let outcome = scenario.run(&mut site).await;
            let recovered =
                |time: Duration| format!("found back within {:.1} s", time.as_secs_f64());
            report(name, began, outcome.map(recovered));
        }
    }
    site.stop().await?;
    Ok(failed)
}

/// Waits until nobody else has it: a measurement that failed may have left tasks, which end soon.
async fn sole_owner(mut shared: Arc<Site>) -> Site {
    loop {
        match Arc::try_unwrap(shared) {
            Ok(site) => return site,
            Err(still_shared) => shared = still_shared,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn describe(speed: &speed::Speed) -> String {
    let times = |times: &Percentiles| {
        let millis = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
        let (p50, p99, max) = (millis(times.p50), millis(times.p99), millis(times.max));
        format!("p50 {p50}, p99 {p99}, max {max} ms")
    };
    format!(
        "append to last 401: {}; load without: {} ({}); load with: {} ({}); attempt {}",
        times(&speed.revocations),
        times(&speed.quiet),
        speed.quiet.count,
        times(&speed.revoking),
        speed.revoking.count,
        speed.attempts
    )
}
