//! One round: everybody in turn, on one thread and on two.

use std::{
    sync::{
        Arc, Barrier,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use benches_support::{Elapsed, Stopwatch, emit};
use serde_json::json;

use crate::{
    BACKEND,
    contender::{Contender, Lane, Mode, Token},
};

/// How long one batch takes, more or less: short, so that everybody's turn comes soon again and
/// nobody else takes the processor meanwhile.
const BATCH: Duration = Duration::from_millis(3);

/// Measures everybody once and prints the results.
pub fn all(lanes: &[Lane], tokens: &[String], algorithm: &str, round: &str) {
    let tokens: Arc<[Token]> = tokens.iter().map(|text| Token::new(text)).collect();
    let first = round.parse::<usize>().expect("a number") % lanes.len();
    for threads in [1, 2] {
        let workers = Workers::start(threads);
        // Who comes first changes: the first one pays for what the process has not touched yet.
        for lane in lanes[first..].iter().chain(&lanes[..first]) {
            for &mode in lane.modes {
                let job = |calls| Job {
                    contender: lane.contender.clone(),
                    tokens: tokens.clone(),
                    mode,
                    calls,
                };
                let calls = workers.calibrate(&job, tokens.len());
                for elapsed in workers.run(&job(calls)) {
                    let (wall, processor) = elapsed.per(calls);
                    emit(json!({
                        "table": "peers", "backend": BACKEND, "round": round,
                        "algorithm": algorithm, "who": lane.contender.name(),
                        "mode": mode.name(), "threads": threads, "calls": calls,
                        "wall_ns": wall, "processor_ns": processor,
                    }));
                }
            }
        }
    }
}

/// So many calls with tokens of a kind.
#[derive(Clone)]
struct Job {
    contender: Arc<dyn Contender>,
    tokens: Arc<[Token]>,
    mode: Mode,
    calls: usize,
}

/// Threads that live as long as everybody's turns take, each with a runtime of its own, as actix's
/// workers are: a new thread would have new memory, which costs whoever keeps some of it.
struct Workers(Vec<(Sender<Job>, Receiver<Elapsed>)>);

impl Workers {
    fn start(count: usize) -> Self {
        let barrier = Arc::new(Barrier::new(count));
        let start = |n| {
            let (jobs, to_do) = channel();
            let (done, results) = channel();
            let barrier = barrier.clone();
            thread::spawn(move || work(n, &barrier, &to_do, &done));
            (jobs, results)
        };
        Self((0..count).map(start).collect())
    }

    /// How many calls make a batch. What these calls need is ready afterwards.
    fn calibrate(&self, job: &impl Fn(usize) -> Job, tokens: usize) -> usize {
        const TRIAL: usize = 24;
        let (_, processor) = self.run(&job(TRIAL))[0].per(TRIAL);
        // Cold batches must not meet a token twice.
        let most = if job(0).mode == Mode::Cold { tokens / 2 } else { usize::MAX };
        let calls = ((BATCH.as_nanos() as f64 / processor) as usize).clamp(TRIAL, most);
        self.run(&job(calls));
        calls
    }

    /// Has every thread do the job, all starting at the same moment.
    fn run(&self, job: &Job) -> Vec<Elapsed> {
        if job.mode == Mode::Cold {
            job.contender.forget();
        }
        for (jobs, _) in &self.0 {
            jobs.send(job.clone()).expect("the thread lives");
        }
        self.0.iter().map(|(_, results)| results.recv().expect("every token is good")).collect()
    }
}

fn work(thread: usize, start: &Barrier, jobs: &Receiver<Job>, done: &Sender<Elapsed>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for job in jobs {
        // All in one row before anybody looks at a clock.
        let tokens: Vec<&Token> = (0..job.calls).map(|n| job.token(thread, n)).collect();
        let elapsed = runtime.block_on(async {
            start.wait();
            let watch = Stopwatch::start();
            job.contender.validate(&tokens).await;
            watch.stop()
        });
        // Whoever asked waits for it.
        let _ = done.send(elapsed);
    }
}

impl Job {
    fn token(&self, thread: usize, n: usize) -> &Token {
        let tokens = &self.tokens;
        match self.mode {
            Mode::Cold => &tokens[(thread * tokens.len() / 2 + n) % tokens.len()],
            // Both threads have the same token: an agent's requests reach every worker.
            Mode::Warm => &tokens[0],
            Mode::WarmTwo => &tokens[n % 2],
        }
    }
}
