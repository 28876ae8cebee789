//! A soak test on loopback: an issuer that rotates its keys every second and fails half of the
//! time, and an application that gets a mix of valid and bad tokens.
//!
//! ```sh
//! cargo run --release -p hostile --bin soak -- --minutes 10
//! ```
//!
//! A token is valid if its key is in the issuer's current key set and it has not expired. It must
//! never be rejected with 401, and 503 is correct only if no fetch has succeeded since its key was
//! published. In the first half of the run keys are published 3 s before they sign, a second more
//! than the longest cool-down. In the second half they sign at once, so valid tokens also have
//! unknown keys.
//!
//! Empty key sets are not among the faults, because the second one in a row is accepted.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod authority;
mod memory;
mod report;
mod traffic;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use actix_mcp_auth::{testing::TestAuthority, token::TokenCacheSettings};
use hostile::{Server, server::builder};

use authority::Troubled;
use memory::Memory;
use traffic::Traffic;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let minutes = match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, ..) => Some(10.0),
        (Some("--minutes"), Some(minutes), None) => {
            minutes.parse().ok().filter(|m| (0.1..=600.0).contains(m))
        }
        _ => None,
    };
    let Some(minutes) = minutes else {
        eprintln!("soak [--minutes 0.1 to 600]");
        return ExitCode::from(2);
    };
    let (start, time) = (Instant::now(), Duration::from_secs_f64(60.0 * minutes));
    let authority = TestAuthority::start().unwrap();
    // The default settings, except for a small cache, which is full before the first tenth is over:
    // memory grows while it fills.
    let mut cache = TokenCacheSettings::default();
    cache.capacity = 2_048;
    let auth = builder(&authority).token_cache(cache).build().unwrap();
    let server = Server::of(&auth);
    let troubled = Troubled::start(authority, start + time / 2);
    let memory = Memory::watch(start + time / 10);
    let traffic = Traffic::run(&auth, server.address(), &troubled, time);
    let (memory, troubles) = (memory.end(), troubled.end());
    match report::print(start.elapsed(), &traffic, &memory, &troubles) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
