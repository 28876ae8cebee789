//! Timing in rounds: everybody takes a short turn, again and again.

use std::hint::black_box;

use benches_support::{Ours, Stopwatch};
use mcp_auth_core::UnixTime;

/// The time that each of the measured takes, in the median of so many rounds.
pub fn medians<T>(rounds: usize, measured: &mut [T], time: impl Fn(&mut T) -> f64) -> Vec<f64> {
    let mut times = vec![Vec::with_capacity(rounds); measured.len()];
    for round in 0..rounds {
        // Who comes first changes, so that nobody always profits from another's warmth.
        for turn in 0..measured.len() {
            let n = (round + turn) % measured.len();
            times[n].push(time(&mut measured[n]));
        }
    }
    times.into_iter().map(median).collect()
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Nanoseconds of the thread's own time per call with these headers, which are copied to where a
/// request would have them: in the processor's cache, since the server has just read them from the
/// socket.
pub fn timed(ours: &Ours, headers: &[&String], now: UnixTime) -> f64 {
    // So many that looking at the clock costs little, so few that they stay in the cache.
    const AT_ONCE: usize = 64;
    let mut buffers = vec![String::new(); AT_ONCE];
    let mut nanoseconds = 0;
    for chunk in headers.chunks(AT_ONCE) {
        for (buffer, header) in buffers.iter_mut().zip(chunk) {
            buffer.clear();
            buffer.push_str(header);
        }
        let watch = Stopwatch::start();
        for buffer in &buffers[..chunk.len()] {
            black_box(ours.authenticate(buffer.as_bytes(), now));
        }
        nanoseconds += watch.stop().processor.as_nanos();
    }
    nanoseconds as f64 / headers.len() as f64
}
