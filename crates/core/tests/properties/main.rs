//! What holds for every token, every time and every order of events, tried with made-up ones. Each
//! property has a second, simpler way to the answer. `PROPTEST_CASES` says how many are tried.
#![allow(clippy::unwrap_used)]

mod cache;
mod claims;
#[path = "../support/recording_log.rs"]
mod recording_log;
mod refresh;
mod revocation;
mod world;

use proptest::test_runner::Config;

/// So many cases, unless the environment says otherwise.
fn cases(usually: u32) -> Config {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => Config::default(),
        None => Config { cases: usually, ..Config::default() },
    }
}
