//! Short bursts of requests to one server after the other, round after round, and every few rounds
//! with new processes: where a process happens to lie in memory makes it some percent faster or
//! slower for as long as it lives.

use std::time::{Duration, Instant};

use actix_mcp_auth::testing::TestAuthority;
use benches_support::emit;
use serde_json::json;

use crate::{
    client::{Answers, Client, Requests},
    keys_over_tls::KeysOverTls,
    process::Server,
    serve::RESOURCE,
};

/// Short, because a shared machine is now faster and now slower: what is compared must have been
/// done at nearly the same time.
const BURST: Duration = Duration::from_millis(40);
/// How many rounds a process lives. Few: where its memory happens to lie makes it up to 0.3 µs per
/// request faster or slower, and only other processes tell that apart from what is measured.
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

/// Runs everything, or what concerns these modes.
pub fn run(rounds: usize, modes: &[&str]) {
    let concerns = |mode| modes.is_empty() || modes.contains(&mode);
    let cases: Vec<(&'static str, usize)> =
        CASES.into_iter().filter(|(mode, _)| concerns(mode)).collect();
    let authority = TestAuthority::start().expect("loopback can be listened on");
    let keys = KeysOverTls::serve(&authority.jwks_uri());
    let token = |n: usize| {
        let subject = format!("user_01HXYZ{n:016}");
        let lifetime = Duration::from_secs(24 * 60 * 60);
        let token = authority.token().issuer(&*keys.issuer).subject(subject);
        token.audience(RESOURCE).expires_in(lifetime)
    };
    let good: Vec<String> = (0..TOKENS).map(|n| token(n).sign()).collect();
    let forged = token(0).signed_by_stranger().sign();
    let unknown = token(0).signed_by_stranger().kid("nobody").sign();

    for (first, workers) in (0..rounds).step_by(LIFE).flat_map(|first| [(first, 1), (first, 2)]) {
        let start = |mode| Server::start(mode, workers, &keys, &authority.jwks_uri());
        // Each case has a server of its own: connections and tokens of another would weigh on it.
        let servers: Vec<Server> = cases.iter().map(|(mode, _)| start(mode)).collect();
        let flooded = modes.is_empty().then(|| start("ours"));
        let mut bursts: Vec<Burst<'_>> = Vec::new();
        // With one connection there is nobody before a request in a queue: how long it takes alone.
        for connections in [CONNECTIONS, 1] {
            for (&(_, tokens), server) in cases.iter().zip(&servers) {
                bursts.push(Burst::new(server, &good[..tokens], connections));
            }
        }
        let mut floods: Vec<Flood<'_>> = Vec::new();
        if let Some(flooded) = &flooded {
            floods.push(Flood::new(flooded, "good", &good[0], &good[0], "200"));
            for (name, bad) in FLOODS.into_iter().zip([&forged, &"a".repeat(800), &unknown]) {
                // An unknown key is 503 within the cool-down.
                let status = if name == "unknown key" { "401|503" } else { "401" };
                floods.push(Flood::new(flooded, name, &good[0], bad, status));
            }
        }
        bursts.iter_mut().for_each(Burst::warm_up);
        floods.iter_mut().for_each(Flood::warm_up);
        for round in first + 1..=first + LIFE {
            // Who comes first changes from round to round; what was done before weighs on it, so
            // it has a turn before.
            for bursts in bursts.chunks_mut(cases.len()) {
                let leader = round % bursts.len();
                bursts[leader].burst();
                let (before, after) = bursts.split_at_mut(leader);
                after.iter_mut().chain(before).for_each(|burst| burst.take_turn(round));
            }
            floods.iter_mut().for_each(|flood| flood.take_turn(round));
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
        let client = Client::connect(server.address, &[connections], server.leaves_a_processor());
        let requests = Requests::new(tokens, "/mcp", "200");
        Self { server, client, requests, tokens: tokens.len(), connections }
    }

    fn burst(&mut self) -> Answers {
        self.client.burst(&mut [&mut self.requests], BURST).remove(0)
    }

    /// Sends each token once at least. One by one that would be a long time; their server has seen
    /// them then.
    fn warm_up(&mut self) {
        let mut sent = self.burst().count;
        while self.connections > 1 && sent < self.tokens {
            sent += self.burst().count;
        }
    }

    fn take_turn(&mut self, round: usize) {
        let (before, start) = (self.server.processor_time(), Instant::now());
        let answers = self.burst();
        let (wall, processor) = (start.elapsed(), self.server.processor_time() - before);
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
        let client = Client::connect(server.address, &[half, half], server.leaves_a_processor());
        let good = Requests::new(&[good.to_owned()], "/mcp", "200");
        let bad = Requests::new(&[bad.to_owned()], "/mcp", status);
        Self { server, name, client, good, bad }
    }

    fn burst(&mut self) -> Vec<Answers> {
        self.client.burst(&mut [&mut self.good, &mut self.bad], BURST)
    }

    fn warm_up(&mut self) {
        self.burst();
    }

    fn take_turn(&mut self, round: usize) {
        let start = Instant::now();
        let answers = self.burst();
        let wall = start.elapsed().as_secs_f64();
        emit(json!({
            "table": "flood over HTTP", "round": round, "of": self.name,
            "workers": self.server.workers, "good_per_second": answers[0].count as f64 / wall,
            "bad_per_second": answers[1].count as f64 / wall,
        }));
    }
}

fn percentiles(answers: Answers) -> (f64, f64) {
    let mut latencies = answers.latencies;
    latencies.sort();
    let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize];
    (at(0.5).as_nanos() as f64, at(0.99).as_nanos() as f64)
}
