//! The same application over HTTP without authentication, with ours, and with another library's
//! verifier in a middleware.
//!
//! `http run ROUNDS [MODE ...]` starts each of them, or these, as a process of its own, sends requests
//! to one after the other in short bursts, and prints a line of JSON per burst. `http serve …` is
//! such a process.

mod bursts;
mod client;
mod jsonwebtoken_middleware;
mod keys_over_tls;
mod loopback;
mod process;
mod serve;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", mode, workers, issuer, certificate, jwks_uri] => {
            let workers = workers.parse().expect("a number");
            serve::serve(mode, workers, issuer, certificate, jwks_uri)
        }
        ["run", rounds, ref modes @ ..] => bursts::run(rounds.parse().expect("a number"), modes),
        _ => panic!("http run ROUNDS [MODE ...]"),
    }
}
