//! The audit log under load: whether records and counted drops are all messages, how long requests
//! take with a sink that hangs, and what a function sink costs.
//!
//! `cargo run --release -p hostile --bin audit-load [messages]` (default 100,000)
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod load;
mod served;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, atomic::AtomicU64, atomic::Ordering::Relaxed},
    time::Duration,
};

use actix_mcp_auth::audit::{AuditError, AuditLog, AuditRecord};
use load::mixed_load;
use served::{Served, thread_cpu};

/// How often each of two ways is measured, in turn.
const ROUNDS: usize = 5;
/// How many requests one measurement has.
const REQUESTS: usize = 4_000;

#[actix_web::main]
async fn main() {
    let messages = std::env::args().nth(1).map_or(100_000, |count| count.parse().unwrap());
    for capacity in [10_000, 64] {
        completeness(messages, capacity).await;
    }
    latency().await;
    cost().await;
}

/// Every message of a known caller has one record, or is counted as dropped.
async fn completeness(messages: usize, capacity: usize) {
    let ids = Arc::new(Mutex::new((HashSet::new(), 0_u64)));
    let seen = ids.clone();
    let log = AuditLog::to_function(move |record: AuditRecord| {
        let mut seen = seen.lock().unwrap();
        seen.1 += 1;
        if let Some(id) = record.request_id {
            assert!(seen.0.insert(id), "a message has two records");
        }
        std::future::ready(Ok::<(), AuditError>(()))
    });
    let log = log.capacity(capacity).start().unwrap();
    let served = Served::start(Some(&log));
    let sent = mixed_load(&served, messages).await;
    served.stop().await;
    let counts = log.close().await;
    let taken = ids.lock().unwrap().1;
    println!("completeness, queue of {capacity}: {sent} messages, {taken} records, {counts:?}");
    assert_eq!(taken + counts.dropped, sent as u64);
    assert_eq!((counts.written, counts.failed), (taken, 0));
}

/// The time of requests without a log, and with one whose sink hangs.
async fn latency() {
    let hangs = async |_| std::future::pending::<Result<(), AuditError>>().await;
    let log = AuditLog::to_function(hangs).capacity(1_000).start().unwrap();
    let (without, with) = (Served::start(None), Served::start(Some(&log)));
    let (mut times_without, mut times_with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        times_without.extend(without.calls(REQUESTS).await);
        times_with.extend(with.calls(REQUESTS).await);
    }
    let (without, with) = (percentile_99(times_without), percentile_99(times_with));
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    println!("p99 without a log {without:?}, with a sink that hangs {with:?}: {ratio:.3} times");
}

fn percentile_99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}

/// The CPU time of the worker and the sink, without a log and with a function sink.
async fn cost() {
    let sink_cpu = Arc::new(AtomicU64::new(0));
    let cpu = sink_cpu.clone();
    let mut taken = 0;
    let log = AuditLog::to_function(move |_| {
        taken += 1;
        // To read the time costs more than a record: once in each round.
        if taken % REQUESTS == 0 {
            cpu.store(thread_cpu(), Relaxed);
        }
        std::future::ready(Ok::<(), AuditError>(()))
    });
    let log = log.start().unwrap();
    let (without, with) = (Served::start(None), Served::start(Some(&log)));
    let (mut least_without, mut least_with) = (u64::MAX, u64::MAX);
    for _ in 0..ROUNDS {
        let (cpu, _) = (without.cpu().await, without.calls(REQUESTS).await);
        least_without = least_without.min(without.cpu().await - cpu);
        let (cpu, sink) = (with.cpu().await, sink_cpu.load(Relaxed));
        with.calls(REQUESTS).await;
        assert!(log.flush().await);
        let used = with.cpu().await - cpu + sink_cpu.load(Relaxed) - sink;
        least_with = least_with.min(used);
    }
    let each = |cpu: u64| cpu as f64 / REQUESTS as f64 / 1_000.0;
    let (without, with) = (each(least_without), each(least_with));
    let (ratio, more) = (with / without, with - without);
    println!(
        "CPU per tools/call: {without:.2} µs, with a sink {with:.2} µs: {more:+.2} µs, {ratio:.3} times"
    );
}
