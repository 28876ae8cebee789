//! One round: everybody in turn, on one thread and on two.

use std::{sync::Barrier, thread, time::Duration};

use benches_support::{Elapsed, Stopwatch, emit};
use serde_json::json;

use crate::{
    BACKEND,
    contender::{Contender, Lane, Mode, Token},
};

/// How long one batch takes, more or less: short, so that everybody's turn comes soon again.
const BATCH: Duration = Duration::from_millis(8);

/// Measures everybody once and prints the results.
pub fn all(lanes: &[Lane], tokens: &[String], algorithm: &str, round: &str) {
    let tokens: Vec<Token> = tokens.iter().map(|text| Token::new(text)).collect();
    let first = round.parse::<usize>().expect("a number") % lanes.len();
    for threads in [1, 2] {
        // Who comes first changes: the first one pays for what the process has not touched yet.
        for lane in lanes[first..].iter().chain(&lanes[..first]) {
            for &mode in lane.modes {
                let calls = calibrated(&*lane.contender, mode, &tokens);
                lane.contender.forget();
                let batches = batches(mode, &tokens, calls, threads);
                for elapsed in on_threads(&*lane.contender, &batches) {
                    let (wall, processor) = elapsed.per(calls);
                    emit(json!({
                        "table": "peers", "backend": BACKEND, "round": round,
                        "algorithm": algorithm, "who": lane.contender.name(),
                        "mode": mode.name(), "threads": threads, "calls": calls,
                        "wall_ns": wall, "processor_ns": processor,
                    }));
                }
            }
        }
    }
}

/// How many calls make a batch.
fn calibrated(contender: &dyn Contender, mode: Mode, tokens: &[Token]) -> usize {
    const TRIAL: usize = 64;
    contender.forget();
    let trial = &batches(mode, tokens, TRIAL, 1)[0];
    let elapsed = on_threads(contender, std::slice::from_ref(trial))[0];
    let (wall, _) = elapsed.per(TRIAL);
    // Cold batches must not meet a token twice.
    let most = if mode == Mode::Cold { tokens.len() / 2 } else { usize::MAX };
    ((BATCH.as_nanos() as f64 / wall) as usize).clamp(TRIAL, most)
}

/// Each thread's tokens, all in one row before anybody looks at a clock.
fn batches(mode: Mode, tokens: &[Token], calls: usize, threads: usize) -> Vec<Vec<&Token>> {
    let token = |thread: usize, n: usize| match mode {
        Mode::Cold => &tokens[(thread * tokens.len() / 2 + n) % tokens.len()],
        // Both threads have the same token: an agent's requests reach every worker.
        Mode::Warm => &tokens[0],
        Mode::WarmTwo => &tokens[n % 2],
    };
    (0..threads).map(|thread| (0..calls).map(|n| token(thread, n)).collect()).collect()
}

/// Starts every thread at the same moment, each with a runtime of its own, as actix's workers are.
fn on_threads(contender: &dyn Contender, batches: &[Vec<&Token>]) -> Vec<Elapsed> {
    let start = &Barrier::new(batches.len());
    thread::scope(|scope| {
        let spawn = |batch| {
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime");
                runtime.block_on(async {
                    start.wait();
                    let watch = Stopwatch::start();
                    contender.validate(batch).await;
                    watch.stop()
                })
            })
        };
        let threads: Vec<_> = batches.iter().map(Vec::as_slice).map(spawn).collect();
        threads.into_iter().map(|thread| thread.join().expect("every token is good")).collect()
    })
}
