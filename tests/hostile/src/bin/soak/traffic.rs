//! The clients: valid and bad tokens at a bounded rate, and the outcome of each request.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    McpAuth,
    testing::{Endpoint, Key, TokenBuilder},
};
use actix_web::rt::{System, spawn, time::interval};
use hostile::RESOURCE;

use crate::authority::{Published, Troubled};

/// Requests per batch and between batches: 400 a second.
const BATCH: usize = 4;
const BETWEEN: Duration = Duration::from_millis(10);
/// The most concurrent requests, each on a connection of its own. If all wait for a key, or the
/// machine is stopped, some requests are not sent.
const MOST: usize = 150;
/// A fetch that ended this long after a key was published contains it.
const FETCH: Duration = Duration::from_millis(300);

/// The kind of a request, with its outcome.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Outcome {
    Passed,
    /// A bad token, refused as such.
    Refused,
    /// A token of a key that was published after the last fetch, or of an invented key.
    Unavailable,
    /// An answer that must not occur.
    Wrong,
}

#[derive(Default)]
pub(crate) struct Traffic {
    pub(crate) counts: BTreeMap<(&'static str, Outcome), u64>,
    /// A description of the first few wrong answers.
    pub(crate) wrong: Vec<String>,
    /// How long tokens of known keys took, in µs, while the issuer was correct and while it was
    /// not.
    pub(crate) well: Latencies,
    pub(crate) failing: Latencies,
    pub(crate) not_sent: u64,
    under_way: usize,
}

/// Counts by powers of the fourth root of two, of microseconds.
pub(crate) struct Latencies([u64; 128]);

impl Default for Latencies {
    fn default() -> Self {
        Self([0; 128])
    }
}

impl Latencies {
    fn add(&mut self, took: Duration) {
        let step = (took.as_secs_f64() * 1e6).max(1.0).log2() * 4.0;
        self.0[(step as usize).min(127)] += 1;
    }

    /// An upper bound, in µs.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        let all: u64 = self.0.iter().sum();
        let (mut seen, wanted) = (0, (all as f64 * percent / 100.0).ceil() as u64);
        let step = self.0.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        2_f64.powf((step.unwrap_or(127) + 1) as f64 / 4.0)
    }
}

/// A request before it is sent.
struct Call {
    what: &'static str,
    token: String,
    /// The key of a valid token.
    key: Option<Published>,
    /// Whether a fetch had brought that key.
    known: bool,
    failing: bool,
}

impl Call {
    fn bad(what: &'static str, token: String) -> Self {
        Self { what, token, key: None, known: false, failing: false }
    }
}

impl Traffic {
    pub(crate) fn run(
        auth: &McpAuth,
        address: SocketAddr,
        troubled: &Troubled,
        time: Duration,
    ) -> Self {
        let traffic = Rc::new(RefCell::new(Self::default()));
        System::new().block_on(async {
            let connector = awc::Connector::new().limit(0);
            let client = awc::Client::builder().connector(connector);
            let client = client.timeout(Duration::from_secs(10)).finish();
            let (start, mut ticks, mut random) = (Instant::now(), interval(BETWEEN), 1_u64);
            let mut warm = None;
            // Opens all connections at once, so that they are no growth later.
            troubled.authority.slow_down(Endpoint::Jwks, Duration::from_millis(1500));
            for n in 0..MOST {
                let token = troubled.authority.token().subject("user_ada").audience(RESOURCE);
                let token = token.kid(format!("first-{n}")).sign();
                send(&traffic, &client, address, Call::bad("unknown key", token));
            }
            while traffic.borrow().under_way > 0 {
                ticks.tick().await;
            }
            troubled.authority.clear_faults();
            while start.elapsed() < time {
                ticks.tick().await;
                for _ in 0..BATCH {
                    // xorshift (Marsaglia).
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    let call = choose(auth, troubled, random, &mut warm);
                    send(&traffic, &client, address, call);
                }
            }
            let timeout = Instant::now();
            while traffic.borrow().under_way > 0 && timeout.elapsed() < Duration::from_secs(12) {
                ticks.tick().await;
            }
        });
        traffic.take()
    }

    fn judge(&mut self, call: &Call, status: Option<u16>, took: Duration) {
        let outcome = match (&call.key, status) {
            (Some(_), Some(200)) => Outcome::Passed,
            (Some(_), Some(503)) if !call.known => Outcome::Unavailable,
            (None, Some(401)) => Outcome::Refused,
            (None, Some(503)) if call.what == "unknown key" || call.what == "withdrawn key" => {
                Outcome::Unavailable
            }
            // Until the next fetch, which may be a while.
            (None, Some(200)) if call.what == "withdrawn key" => Outcome::Passed,
            _ => Outcome::Wrong,
        };
        *self.counts.entry((call.what, outcome)).or_default() += 1;
        if outcome == Outcome::Wrong && self.wrong.len() < 20 {
            let since = call.key.as_ref().map(|key| key.since.elapsed());
            let (what, known, failing) = (call.what, call.known, call.failing);
            self.wrong.push(format!(
                "{what}: {status:?} after {took:?}; published {since:?} ago, fetched {known}, \
                 authority failing {failing}"
            ));
        }
        if call.known && outcome == Outcome::Passed {
            match call.failing {
                true => self.failing.add(took),
                false => self.well.add(took),
            }
        }
    }
}

fn choose(
    auth: &McpAuth,
    troubled: &Troubled,
    random: u64,
    warm: &mut Option<(String, Published)>,
) -> Call {
    let token = || troubled.authority.token().subject("user_ada").audience(RESOURCE);
    let valid =
        |what, key: Published, token: Option<String>, build: &dyn Fn(&Key) -> String| Call {
            what,
            token: token.unwrap_or_else(|| build(&key.key)),
            known: is_fetched(auth, &key),
            failing: troubled.is_failing(),
            key: Some(key),
        };
    let signed = |key: &Key| token().signed_by(key).sign();
    let bad = Call::bad;
    let known_key = || troubled.older(random as usize >> 8).filter(|key| is_fetched(auth, key));
    let spoiled = |what, spoil: &dyn Fn(TokenBuilder) -> TokenBuilder| match known_key() {
        Some(key) => bad(what, spoil(token()).signed_by(&key.key).sign()),
        None => bad(what, spoil(token().expired_for(Duration::from_secs(3600))).sign()),
    };
    match random % 16 {
        // The same token again and again, as an agent sends it.
        0..6 => {
            let fits =
                |(_, key): &(String, Published)| key.since.elapsed() < Duration::from_secs(20);
            let (token, key) = match warm.take().filter(fits) {
                Some(warm) => warm,
                None => {
                    let key = troubled.signing();
                    (signed(&key.key), key)
                }
            };
            *warm = Some((token.clone(), key.clone()));
            valid("valid, again", key, Some(token), &signed)
        }
        6..8 => match troubled.older(random as usize >> 8) {
            Some(key) => valid("valid, older key", key, None, &signed),
            None => valid("valid, newest key", troubled.signing(), None, &signed),
        },
        8..11 => valid("valid, newest key", troubled.signing(), None, &signed),
        11 => bad("unknown key", token().kid(format!("{random:x}")).sign()),
        12 => spoiled("expired", &|token| token.expired_for(Duration::from_secs(3600))),
        13 => spoiled("foreign audience", &|token| token.audience("https://other.example/mcp")),
        14 => match known_key() {
            // Under its name and its algorithm: the first key is of another one than the rest.
            Some(Published { key, .. }) => {
                let forged = token().signed_by_stranger().kid(key.id());
                bad("forged", forged.header("alg", key.algorithm().name()).sign())
            }
            None => bad("no token", "no.token.atall".into()),
        },
        _ => match troubled.withdrawn() {
            Some(key) => bad("withdrawn key", signed(&key)),
            None => bad("no token", "no.token.atall".into()),
        },
    }
}

/// Whether a fetch has succeeded since the key was published.
fn is_fetched(auth: &McpAuth, key: &Published) -> bool {
    let health = &auth.health().issuers[0];
    health.age.is_some_and(|age| key.since.elapsed() > age + FETCH)
}

fn send(traffic: &Rc<RefCell<Traffic>>, client: &awc::Client, address: SocketAddr, call: Call) {
    if traffic.borrow().under_way >= MOST {
        traffic.borrow_mut().not_sent += 1;
        return;
    }
    traffic.borrow_mut().under_way += 1;
    let request = client.post(format!("http://{address}/mcp")).bearer_auth(&call.token);
    let traffic = traffic.clone();
    spawn(async move {
        let start = Instant::now();
        let answer = request.send().await;
        let (status, took) = (answer.ok().map(|a| a.status().as_u16()), start.elapsed());
        let mut traffic = traffic.borrow_mut();
        traffic.under_way -= 1;
        traffic.judge(&call, status, took);
    });
}
