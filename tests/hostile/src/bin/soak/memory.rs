//! How much memory the process has, each second.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The tolerated growth, in addition to a twentieth.
const ALLOWANCE: u64 = 4 << 20;

pub(crate) struct Memory {
    samples: Arc<Mutex<Vec<(Instant, u64)>>>,
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    settled: Instant,
}

/// In bytes: the medians after the run had settled, and at its end.
pub(crate) struct Growth {
    pub(crate) settled: u64,
    pub(crate) end: u64,
    pub(crate) most: u64,
    /// The medians of ten equal parts of the run.
    pub(crate) parts: Vec<u64>,
}

impl Memory {
    /// Measures. Growth before `settled` does not count.
    pub(crate) fn watch(settled: Instant) -> Self {
        let (samples, over) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (seen, ended) = (Arc::clone(&samples), over.clone());
        let thread = thread::spawn(move || {
            let seen: Arc<Mutex<Vec<_>>> = seen;
            while !ended.load(SeqCst) {
                seen.lock().unwrap().push((Instant::now(), resident()));
                thread::sleep(Duration::from_secs(1));
            }
        });
        Self { samples, over, thread, settled }
    }

    pub(crate) fn end(self) -> Growth {
        self.over.store(true, SeqCst);
        self.thread.join().unwrap();
        let samples = self.samples.lock().unwrap();
        let settled: Vec<_> =
            samples.iter().filter(|(at, _)| *at >= self.settled).map(|(_, bytes)| *bytes).collect();
        let few = 20.min(settled.len());
        let all: Vec<_> = samples.iter().map(|(_, bytes)| *bytes).collect();
        Growth {
            settled: median(&settled[..few]),
            end: median(&settled[settled.len() - few..]),
            most: all.iter().copied().max().unwrap_or(0),
            parts: all.chunks(all.len().div_ceil(10).max(1)).map(median).collect(),
        }
    }
}

impl Growth {
    pub(crate) fn is_flat(&self) -> bool {
        self.end <= self.settled + self.settled / 20 + ALLOWANCE
    }
}

fn median(bytes: &[u64]) -> u64 {
    let mut sorted = bytes.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
