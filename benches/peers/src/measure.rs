//! One round: everybody in turn, on one thread with a runtime of its own, as actix's workers are.

use std::time::Duration;

use benches_support::thread_time;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::{
    BACKEND,
    contender::{Lane, Mode, Token},
};

/// How long one batch takes, more or less: short, so that everybody's turn comes soon again and
/// nobody else takes the processor meanwhile.
const BATCH: Duration = Duration::from_millis(3);
/// The calls by which the length of a batch is estimated.
const TRIAL: usize = 24;

/// Measures everybody once and prints a line of JSON for each.
pub fn all(lanes: &[Lane], tokens: &[String], algorithm: &str, round: &str) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let tokens: Vec<Token> = tokens.iter().map(|text| Token::new(text)).collect();
    let first = round.parse::<usize>().expect("a number") % lanes.len();
    // Who comes first changes: the first one pays for what the process has not touched yet.
    for lane in lanes[first..].iter().chain(&lanes[..first]) {
        for &mode in lane.modes {
            let measure = |calls| validate(&runtime, lane, mode, &tokens, calls);
            // A cold batch must not meet a token twice.
            let most = if mode == Mode::Cold { tokens.len() } else { usize::MAX };
            let calls = (BATCH.as_nanos() as f64 / measure(TRIAL)) as usize;
            let calls = calls.clamp(TRIAL, most);
            // What these calls need is ready after the first batch.
            measure(calls);
            println!(
                "{}",
                json!({
                    "backend": BACKEND, "round": round, "algorithm": algorithm,
                    "who": lane.contender.name(), "mode": mode.name(), "ns": measure(calls),
                })
            );
        }
    }
}

/// Nanoseconds of the thread's own time per call.
fn validate(runtime: &Runtime, lane: &Lane, mode: Mode, tokens: &[Token], calls: usize) -> f64 {
    if mode == Mode::Cold {
        lane.contender.forget();
    }
    let pick = |n: usize| match mode {
        Mode::Cold => &tokens[n % tokens.len()],
        Mode::Warm => &tokens[0],
    };
    // All in one row before anybody looks at a clock.
    let tokens: Vec<&Token> = (0..calls).map(pick).collect();
    runtime.block_on(async {
        let start = thread_time();
        lane.contender.validate(&tokens).await;
        (thread_time() - start).as_nanos() as f64 / calls as f64
    })
}
