//! Short bursts of requests to one server after the other, round after round, and every few rounds
//! with new processes: where a process happens to lie in memory makes it some per cent faster or
//! slower for as long as it lives.

use std::{fs, time::Duration};

use actix_mcp_auth::testing::TestAuthority;

use crate::{
    client::{Client, Requests},
    keys_over_tls::KeysOverTls,
    people,
    process::Server,
    serve::{MODES, RESOURCE},
};

/// Short, because a shared machine is now faster and now slower: what is compared must have been
/// done at nearly the same time.
const BURST: Duration = Duration::from_millis(40);
/// How many rounds a process lives. Few: its addresses make it up to 0.3 µs per request faster or
/// slower, and only other processes tell that apart from what is measured.
const LIFE: usize = 5;
const CONNECTIONS: usize = 32;
/// How many tokens take turns.
const TOKENS: [usize; 2] = [1, 100];

/// A server and its load.
struct Case {
    mode: &'static str,
    baseline: &'static str,
    tokens: usize,
    /// Nanoseconds of the server's processor time per request, by round.
    times: Vec<f64>,
}

/// Measures these modes, or all, and prints the table.
pub fn run(rounds: usize, modes: &[&str]) {
    let is_asked = |mode: &str| {
        modes.is_empty()
            || modes.contains(&mode)
            || MODES.iter().any(|(asked, baseline)| *baseline == mode && modes.contains(asked))
    };
    let mut cases: Vec<Case> = Vec::new();
    for (mode, baseline) in MODES.into_iter().filter(|(mode, _)| is_asked(mode)) {
        cases.extend(TOKENS.map(|tokens| Case { mode, baseline, tokens, times: Vec::new() }));
    }
    let authority = TestAuthority::start().expect("loopback can be listened on");
    let keys = KeysOverTls::serve(&authority);
    let database = std::env::temp_dir().join(format!("http-benches-{}", std::process::id()));
    let database = database.to_str().expect("a path in UTF-8");
    actix_web::rt::System::new().block_on(people::fill(database));
    let token = |n: usize| {
        let lifetime = Duration::from_secs(24 * 60 * 60);
        let token = authority.token().issuer(&*keys.issuer).subject(format!("user_{n}"));
        token.audience(RESOURCE).scope("tools:call").expires_in(lifetime).sign()
    };
    let tokens: Vec<String> = (0..TOKENS[1]).map(token).collect();

    for first in (0..rounds).step_by(LIFE) {
        // Each case has a server of its own: connections and tokens of another would weigh on it.
        let mut servers: Vec<(Server, Client, Requests)> = Vec::new();
        for case in &cases {
            let server = Server::start(case.mode, &keys, database);
            let client = Client::connect(server.address, CONNECTIONS);
            let requests = Requests::new(&tokens[..case.tokens], case.baseline == "rmcp");
            servers.push((server, client, requests));
        }
        for (_, client, requests) in &mut servers {
            let mut sent = 0;
            while sent < 20 * TOKENS[1] {
                sent += client.burst(requests, BURST);
            }
        }
        for round in first..first + LIFE {
            // Who comes first changes from round to round.
            for turn in 0..cases.len() {
                let n = (round + turn) % cases.len();
                let (server, client, requests) = &mut servers[n];
                let before = server.processor_time();
                let answers = client.burst(requests, BURST);
                let time = server.processor_time() - before;
                cases[n].times.push(time.as_nanos() as f64 / answers as f64);
            }
        }
    }
    // The database's file may have been removed by somebody else.
    let _ = fs::remove_file(database);
    print(&cases);
}

/// Differences are taken within a round, and their median and quartiles are printed.
fn print(cases: &[Case]) {
    println!("| server | tokens | µs per request | beyond the baseline, µs | quartiles |");
    println!("|---|---|---|---|---|");
    for case in cases {
        let baseline = cases
            .iter()
            .find(|other| other.mode == case.baseline && other.tokens == case.tokens)
            .expect("every mode is measured beside its baseline");
        let beyond = case.times.iter().zip(&baseline.times).map(|(time, none)| time - none);
        let beyond = beyond.collect::<Vec<_>>();
        println!(
            "| {} | {} | {:.2} | {:+.2} | {:+.2} to {:+.2} |",
            case.mode,
            case.tokens,
            quantile(&case.times, 0.5) / 1e3,
            quantile(&beyond, 0.5) / 1e3,
            quantile(&beyond, 0.25) / 1e3,
            quantile(&beyond, 0.75) / 1e3,
        );
    }
}

fn quantile(values: &[f64], part: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * part) as usize]
}
