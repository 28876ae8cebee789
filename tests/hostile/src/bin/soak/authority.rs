//! The issuer: a rotation every second, and a fault of each kind in turn.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use actix_mcp_auth::testing::{Algorithm, Endpoint, Fault, Key, TestAuthority};

/// A second more than the longest cool-down.
pub(crate) const AHEAD: Duration = Duration::from_secs(3);
/// How long a key is published.
const PUBLISHED: Duration = Duration::from_secs(25);
/// A key that has less time left is not used: it would be withdrawn on the way.
const MARGIN: Duration = Duration::from_secs(4);

pub(crate) struct Troubled {
    pub(crate) authority: TestAuthority,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    keys: Mutex<Vec<Published>>,
    withdrawn: Mutex<Option<Key>>,
    /// From here on keys sign as soon as they are published.
    half: Instant,
    over: AtomicBool,
    failing: AtomicBool,
    rotations: AtomicU64,
    /// How long each fault lasted.
    faults: Mutex<BTreeMap<String, Duration>>,
}

/// A key, and since when it is published.
#[derive(Clone)]
pub(crate) struct Published {
    pub(crate) key: Key,
    pub(crate) since: Instant,
}

pub(crate) struct Troubles {
    pub(crate) rotations: u64,
    pub(crate) fetches: u64,
    pub(crate) faults: BTreeMap<String, Duration>,
}

impl Troubled {
    pub(crate) fn start(authority: TestAuthority, half: Instant) -> Self {
        let first = Published { key: authority.keys().current(), since: Instant::now() };
        let shared = Arc::new(Shared {
            keys: Mutex::new(vec![first]),
            withdrawn: Mutex::default(),
            half,
            over: AtomicBool::new(false),
            failing: AtomicBool::new(false),
            rotations: AtomicU64::new(0),
            faults: Mutex::default(),
        });
        let (for_keys, for_faults) = (shared.clone(), shared.clone());
        let (keys_of, faults_of) = (authority.clone(), authority.clone());
        let threads = vec![
            thread::spawn(move || for_keys.rotate(&keys_of)),
            thread::spawn(move || for_faults.fail(&faults_of)),
        ];
        Self { authority, shared, threads }
    }

    /// The key that signs now: the newest that is old enough.
    pub(crate) fn signing(&self) -> Published {
        let ahead = if self.signs_at_once() { Duration::ZERO } else { AHEAD };
        let keys = self.shared.keys.lock().unwrap();
        let old_enough = keys.iter().rev().find(|key| key.since.elapsed() >= ahead);
        old_enough.unwrap_or(&keys[0]).clone()
    }

    /// Any other key that has signed and stays published for a while.
    pub(crate) fn older(&self, random: usize) -> Option<Published> {
        let newest = self.signing();
        let keys = self.shared.keys.lock().unwrap();
        let lasts = |key: &&Published| key.since.elapsed() + MARGIN < PUBLISHED;
        let older: Vec<_> = keys.iter().filter(|k| k.since < newest.since).filter(lasts).collect();
        older.get(random % older.len().max(1)).map(|key| (*key).clone())
    }

    /// The key that was withdrawn last.
    pub(crate) fn withdrawn(&self) -> Option<Key> {
        self.shared.withdrawn.lock().unwrap().clone()
    }

    pub(crate) fn signs_at_once(&self) -> bool {
        Instant::now() > self.shared.half
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.shared.failing.load(SeqCst)
    }

    pub(crate) fn end(self) -> Troubles {
        self.shared.over.store(true, SeqCst);
        for thread in self.threads {
            thread.join().unwrap();
        }
        Troubles {
            rotations: self.shared.rotations.load(SeqCst),
            fetches: self.authority.requests("/oauth2/jwks"),
            faults: self.shared.faults.lock().unwrap().clone(),
        }
    }
}

impl Shared {
    fn rotate(&self, authority: &TestAuthority) {
        let start = Instant::now();
        for n in 1_u32.. {
            while start.elapsed() < Duration::from_secs(1) * n {
                if self.over.load(SeqCst) {
                    return;
                }
                thread::sleep(Duration::from_millis(20));
            }
            let key = authority.keys().add(Algorithm::Es256);
            self.rotations.fetch_add(1, SeqCst);
            let mut keys = self.keys.lock().unwrap();
            keys.push(Published { key, since: Instant::now() });
            if keys[0].since.elapsed() > PUBLISHED && keys.len() > 1 {
                let oldest = keys.remove(0).key;
                authority.keys().withdraw(&oldest);
                *self.withdrawn.lock().unwrap() = Some(oldest);
            }
        }
    }

    /// Correct and faulty in turn, each for two to five seconds.
    fn fail(&self, authority: &TestAuthority) {
        let not_found = Fault::Custom {
            status: 404,
            content_type: "application/json".into(),
            body: b"{}".into(),
        };
        let faults = [
            Fault::Unavailable,
            Fault::Html,
            Fault::TruncatedJson,
            Fault::HugeBody(1 << 20),
            Fault::Redirect("http://127.0.0.1:9/jwks".into()),
            Fault::StalledBody,
            Fault::Drip(Duration::from_secs(1)),
            Fault::Reset,
            Fault::Silence,
            not_found,
        ];
        // Rounds differ: the lengths repeat after seven phases, the faults after eleven.
        let lengths = [2_000, 4_500, 3_000, 5_000, 2_500, 4_000, 3_500];
        for n in 0.. {
            let length = Duration::from_millis(lengths[n % lengths.len()]);
            if self.sleep(length) {
                return;
            }
            self.failing.store(true, SeqCst);
            let (start, fault) = (Instant::now(), faults.get(n % (faults.len() + 1)));
            match fault {
                Some(fault) => authority.inject(Endpoint::All, fault.clone()),
                None => authority.go_down(),
            }
            let over = self.sleep(length.saturating_sub(start.elapsed()));
            match fault {
                Some(_) => authority.clear_faults(),
                None => authority.come_up().unwrap(),
            }
            self.failing.store(false, SeqCst);
            let name = fault.map_or("Down".into(), |fault| format!("{fault:?}"));
            let name = name.split(['(', ' ']).next().unwrap_or_default().to_owned();
            *self.faults.lock().unwrap().entry(name).or_default() += start.elapsed();
            if over {
                return;
            }
        }
    }

    /// Whether the run is over.
    fn sleep(&self, time: Duration) -> bool {
        let start = Instant::now();
        while start.elapsed() < time && !self.over.load(SeqCst) {
            thread::sleep(Duration::from_millis(10));
        }
        self.over.load(SeqCst)
    }
}
