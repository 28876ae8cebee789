//! Short bursts of requests to one server after the other, round after round, and every few rounds
//! with new processes: where a process happens to lie in memory makes it some percent faster or
//! slower for as long as it lives.

use std::time::{Duration, Instant};

use actix_mcp_auth::testing::TestAuthority;
use benches_support::emit;
use serde_json::json;

use crate::{
    client::{Answers, Client, Requests},
    process::Server,
    serve::RESOURCE,
};

const BURST: Duration = Duration::from_millis(120);
/// How many rounds a process lives.
const LIFE: usize = 5;
const CONNECTIONS: usize = 32;
/// So many different tokens are signed; a cache of the default size has room for all.
const TOKENS: usize = 10_000;

/// What is sent to whom: the mode of the server and how many tokens take turns.
const CASES: [(&str, usize); 9] = [
    ("none", 1),
    ("ours", 1),
    ("ours-user", 1),
    ("ours", 100),
    ("ours", TOKENS),
    ("ours-new", TOKENS),
    ("ours-new-aws", TOKENS),
    ("jsonwebtoken", TOKENS),
    ("none", TOKENS),
];

/// Tokens that are refused, and are therefore verified again each time.
const FLOODS: [&str; 3] = ["forged", "no token", "unknown key"];

/// Runs everything.
pub fn run(rounds: usize) {
    let authority = TestAuthority::start().expect("loopback can be listened on");
    let token = |n: usize| {
        let subject = format!("user_01HXYZ{n:016}");
        let lifetime = Duration::from_secs(24 * 60 * 60);
        authority.token().subject(subject).audience(RESOURCE).expires_in(lifetime)
    };
    let good: Vec<String> = (0..TOKENS).map(|n| token(n).sign()).collect();
    let forged = token(0).signed_by_stranger().sign();
    let unknown = token(0).signed_by_stranger().kid("nobody").sign();

    for (first, workers) in (0..rounds).step_by(LIFE).flat_map(|first| [(first, 1), (first, 2)]) {
        let start = |mode| Server::start(mode, workers, authority.issuer(), &authority.jwks_uri());
        // Each case has a server of its own: connections and tokens of another would weigh on it.
        let servers = CASES.map(|(mode, _)| start(mode));
        let flooded = start("ours");
        let mut bursts: Vec<Burst<'_>> = Vec::new();
        for ((_, tokens), server) in CASES.into_iter().zip(&servers) {
            bursts.push(Burst::new(server, &good[..tokens], CONNECTIONS));
            // Nobody before it in a queue: how long a request takes that is alone.
            bursts.push(Burst::new(server, &good[..tokens], 1));
        }
        let mut floods: Vec<Flood<'_>> = Vec::new();
        floods.push(Flood::new(&flooded, "good", &good[0], &good[0], "200"));
        for (name, bad) in FLOODS.into_iter().zip([&forged, &"a".repeat(800), &unknown]) {
            floods.push(Flood::new(&flooded, name, &good[0], bad, "401"));
        }
        for round in first..=first + LIFE {
            // A first round makes everybody warm.
            let counts = round > first;
            bursts.iter_mut().for_each(|burst| burst.take_turn(round, counts));
            floods.iter_mut().for_each(|flood| flood.take_turn(round, counts));
        }
        servers.iter().for_each(Server::emit_memory);
    }
}

struct Burst<'s> {
    server: &'s Server,
    client: Client,
    requests: Requests,
    tokens: usize,
    connections: usize,
}

impl<'s> Burst<'s> {
    fn new(server: &'s Server, tokens: &[String], connections: usize) -> Self {
        let client = Client::connect(server.address, &[connections]);
        let requests = Requests::new(tokens, "/mcp", "200");
        Self { server, client, requests, tokens: tokens.len(), connections }
    }

    fn take_turn(&mut self, round: usize, counts: bool) {
        let (before, start) = (self.server.processor_time(), Instant::now());
        let answers = self.client.burst(&mut [&mut self.requests], BURST).remove(0);
        let (wall, processor) = (start.elapsed(), self.server.processor_time() - before);
        if !counts {
            return;
        }
        let count = answers.count as f64;
        let (p50, p99) = percentiles(answers);
        emit(json!({
            "table": "http", "round": round, "mode": self.server.mode, "tokens": self.tokens,
            "workers": self.server.workers, "connections": self.connections, "requests": count,
            "per_second": count / wall.as_secs_f64(),
            "server_ns": processor.as_nanos() as f64 / count,
            "busy": processor.as_secs_f64() / wall.as_secs_f64(), "p50_ns": p50, "p99_ns": p99,
        }));
    }
}

/// Half of the connections send a good token, half of them a bad one, as fast as they can.
struct Flood<'s> {
    server: &'s Server,
    name: &'s str,
    client: Client,
    good: Requests,
    bad: Requests,
}

impl<'s> Flood<'s> {
    fn new(server: &'s Server, name: &'s str, good: &str, bad: &str, status: &'static str) -> Self {
        let half = CONNECTIONS / 2;
        let client = Client::connect(server.address, &[half, half]);
        let good = Requests::new(&[good.to_owned()], "/mcp", "200");
        let bad = Requests::new(&[bad.to_owned()], "/mcp", status);
        Self { server, name, client, good, bad }
    }

    fn take_turn(&mut self, round: usize, counts: bool) {
        let start = Instant::now();
        let requests = &mut [&mut self.good, &mut self.bad];
        let answers = self.client.burst(requests, BURST);
        let wall = start.elapsed().as_secs_f64();
        if counts {
            emit(json!({
                "table": "flood over HTTP", "round": round, "of": self.name,
                "workers": self.server.workers, "good_per_second": answers[0].count as f64 / wall,
                "bad_per_second": answers[1].count as f64 / wall,
            }));
        }
    }
}

fn percentiles(answers: Answers) -> (f64, f64) {
    let mut latencies = answers.latencies;
    latencies.sort();
    let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize];
    (at(0.5).as_nanos() as f64, at(0.99).as_nanos() as f64)
}
