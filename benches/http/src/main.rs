//! The same application over HTTP without authentication, with ours, and with a middleware written by
//! hand: the processor's time that a server spends on a request.
//!
//! `http-benches run ROUNDS [MODE ...]` starts each server, or those of these modes, as a process of
//! its own, sends requests to one after the other in short bursts, and prints a table.
//! `http-benches serve …` is such a process.

mod bursts;
mod by_hand;
mod client;
mod keys_over_tls;
mod people;
mod process;
mod serve;
mod tools;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", mode, issuer, certificate, database] => {
            let system = actix_web::rt::System::new();
            system.block_on(serve::serve(mode, issuer, certificate, database));
        }
        ["run", rounds, ref modes @ ..] => bursts::run(rounds.parse().expect("a number"), modes),
        _ => panic!("http-benches run ROUNDS [MODE ...]"),
    }
}
