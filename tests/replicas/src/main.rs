//! Three processes of bookmarket over one revocation log, in real Redis and in real PostgreSQL: how
//! soon a revocation is in force in all of them, and that none is lost with any fault.
//!
//! Sign-in with a browser over two processes, behind nginx: `sign_in`.
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
mod sign_in;
mod site;
mod speed;
mod wait;
mod workos;

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

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.first() {
        Some(first) if first == sign_in::COMMAND => sign_in::run_application(&arguments),
        _ => test(arguments),
    }
}

#[tokio::main]
async fn test(wanted: Vec<String>) -> ExitCode {
    let folder = env::temp_dir().join(format!("replicas-{}", std::process::id()));
    let began = Instant::now();
    let mut outcome = Outcome::default();
    if let Err(error) = run(&wanted, &folder, &mut outcome).await {
        outcome.failed.push(error.to_string());
    }
    let Outcome { passed, failed } = outcome;
    println!("after {} s", began.elapsed().as_secs());
    println!("{passed} passed, {} failed", failed.len());
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

/// How many parts passed, and which failed and why.
#[derive(Default)]
struct Outcome {
    passed: usize,
    failed: Vec<String>,
}

impl Outcome {
    fn report(&mut self, name: &str, what: &str, time: Duration, result: Result<String, Failed>) {
        let seconds = time.as_secs_f64();
        match result {
            Ok(said) => {
                self.passed += 1;
                println!("{name:<11} {what:<42} ok      {seconds:>5.1} s  {said}");
            }
            Err(error) => {
                println!("{name:<11} {what:<42} FAILED  {seconds:>5.1} s  {error}");
                self.failed.push(format!("{name}, {what}: {error}"));
            }
        }
    }
}

/// Runs the parts that are asked for, or all.
async fn run(wanted: &[String], folder: &Path, outcome: &mut Outcome) -> Result<(), Failed> {
    create_folder(folder)?;
    let is_wanted = |part| wanted.is_empty() || wanted.iter().any(|wanted| wanted == part);
    if is_wanted("sign-in") {
        for sign_in::Finding { lock, what, time, result } in sign_in::run(folder).await? {
            outcome.report(&lock, &what, time, result);
        }
    }
    for kind in ["redis", "postgres"] {
        if !is_wanted(kind) {
            continue;
        }
        let server = match kind {
            "redis" => Server::Redis(Redis::new(folder).await?),
            _ => Server::Postgres(Postgres::new(folder).await?),
        };
        run_over(server, folder, outcome).await?;
    }
    Ok(())
}

/// PostgreSQL's user must reach its own folder within.
fn create_folder(folder: &Path) -> Result<(), Failed> {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir(folder)?;
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?)
}

async fn run_over(server: Server, folder: &Path, all: &mut Outcome) -> Result<(), Failed> {
    let name = server.name();
    let mut report = |what: &str, began: Instant, outcome: Result<String, Failed>| {
        all.report(name, what, began.elapsed(), outcome);
    };
    let began = Instant::now();
    let site = Arc::new(Site::start(server, folder).await?);
    let speed = speed::measure(&site).await;
    report("200 revocations under load", began, speed.map(|speed| describe(&speed)));
    let began = Instant::now();
    let webhooks = workos::measure_webhooks(&site).await;
    let told = |found| format!("arrival to last 401: {}", describe_times(&found));
    report("100 webhooks under load", began, webhooks.map(told));
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
    let began = Instant::now();
    let missed = workos::miss_webhooks(&mut site).await;
    let told = |found: Duration| format!("start to last 401: {:.1} s", found.as_secs_f64());
    report("webhooks missed while all were down", began, missed.map(told));
    site.stop().await
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
    format!(
        "append to last 401: {}; load without: {} ({}); load with: {} ({}); attempt {}",
        describe_times(&speed.revocations),
        describe_times(&speed.quiet),
        speed.quiet.count,
        describe_times(&speed.revoking),
        speed.revoking.count,
        speed.attempts
    )
}

fn describe_times(times: &Percentiles) -> String {
    let millis = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
    let (p50, p99, max) = (millis(times.p50), millis(times.p99), millis(times.max));
    format!("p50 {p50}, p99 {p99}, max {max} ms")
}
