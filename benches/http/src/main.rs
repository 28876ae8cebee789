//! The same application over HTTP without authentication, with ours, and with another library's
//! verifier in a middleware.
//!
//! `http run ROUNDS` starts each of them as a process of its own, sends requests to one after the
//! other in short bursts, and prints a line of JSON per burst. `http serve …` is such a process.

mod bursts;
mod client;
mod jsonwebtoken_middleware;
mod process;
mod serve;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", mode, workers, issuer, jwks_uri] => {
            serve::serve(mode, workers.parse().expect("a number"), issuer, jwks_uri)
        }
        ["run", rounds] => bursts::run(rounds.parse().expect("a number")),
        _ => panic!("http run ROUNDS"),
    }
}
