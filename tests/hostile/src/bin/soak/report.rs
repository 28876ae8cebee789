//! The report of a run.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    authority::Troubles,
    memory::Growth,
    traffic::{Outcome, Traffic},
};

/// Prints the report. Returns whether the run passed.
pub(crate) fn print(
    time: Duration,
    traffic: &Traffic,
    memory: &Growth,
    troubles: &Troubles,
) -> bool {
    let outcomes = [
        (Outcome::Passed, "200"),
        (Outcome::Refused, "401"),
        (Outcome::Unavailable, "503"),
        (Outcome::Wrong, "wrong"),
    ];
    let count = |what, outcome| traffic.counts.get(&(what, outcome)).copied().unwrap_or(0);
    let kinds: BTreeSet<_> = traffic.counts.keys().map(|(what, _)| *what).collect();
    print!("{:<20}", "tokens");
    outcomes.iter().for_each(|(_, name)| print!("{name:>11}"));
    println!();
    for what in &kinds {
        print!("{what:<20}");
        outcomes.iter().for_each(|(outcome, _)| print!("{:>11}", count(what, *outcome)));
        println!();
    }
    let all = |outcome| kinds.iter().map(|what| count(what, outcome)).sum::<u64>();
    print!("{:<20}", "all");
    outcomes.iter().for_each(|(outcome, _)| print!("{:>11}", all(*outcome)));
    println!("\n");

    let requests: u64 = traffic.counts.values().sum();
    let seconds = time.as_secs_f64();
    println!(
        "time          {seconds:.0} s, {requests} requests, {:.0} a second",
        requests as f64 / seconds
    );
    let failing: Duration = troubles.faults.values().sum();
    let half = failing.as_secs_f64() / seconds;
    println!(
        "authority     {} rotations, {} requests for keys",
        troubles.rotations, troubles.fetches
    );
    println!("              failing {:.0} % of the time:", half * 100.0);
    for (fault, time) in &troubles.faults {
        println!("              {fault} {:.0} s", time.as_secs_f64());
    }
    for (name, latencies) in [("well", &traffic.well), ("failing", &traffic.failing)] {
        let at = |percent| latencies.percentile(percent);
        println!("known keys    authority {name}: p50 {:.0} µs, p99 {:.0} µs", at(50.0), at(99.0));
    }
    let mb = |bytes: u64| bytes as f64 / (1 << 20) as f64;
    let (settled, end, most) = (mb(memory.settled), mb(memory.end), mb(memory.most));
    println!(
        "memory        {settled:.1} MB after a tenth, {end:.1} MB at the end, {most:.1} MB at most"
    );
    let parts: Vec<_> = memory.parts.iter().map(|bytes| format!("{:.1}", mb(*bytes))).collect();
    println!("              by tenths of the run: {} MB", parts.join(" "));
    println!("not sent      {} (too many were under way)", traffic.not_sent);
    for line in &traffic.wrong {
        println!("wrong         {line}");
    }

    let passed = [Outcome::Passed, Outcome::Refused, Outcome::Unavailable];
    let checks = [
        ("no valid token was 401, none of a fetched key 503", all(Outcome::Wrong) == 0),
        ("there was something of everything", passed.iter().all(|outcome| all(*outcome) > 0)),
        ("the authority failed about half of the time", (0.35..0.65).contains(&half)),
        ("memory is flat", memory.is_flat()),
    ];
    println!();
    for (what, good) in checks {
        println!("{} {what}", if good { "ok    " } else { "FAILED" });
    }
    checks.iter().all(|(_, good)| *good)
}
