//! What the measurements share.

mod material;
mod ours;
mod time;

pub use material::{ALGORITHMS, AUDIENCE, ISSUER, Material, algorithm, long_token};
pub use ours::{AcceptAll, Ours, at_once};
pub use time::{Elapsed, Stopwatch};

/// Prints one measurement as a line of JSON: the raw output that `benches/report` reads.
pub fn emit(measured: serde_json::Value) {
    println!("{measured}");
}
