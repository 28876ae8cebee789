//! Requests of other people, who must not be refused while revocations and faults go on.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::replica::Replica;

/// How often each connection sends a request.
const EVERY: Duration = Duration::from_millis(15);
/// How many connections each replica has.
const CONNECTIONS: usize = 2;

/// What goes on while a request is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Anything: the time does not count.
    Other = 0,
    /// Requests alone.
    Quiet = 1,
    /// Revocations.
    Revoking = 2,
}

/// Connections to every replica, which send requests until this is dropped.
pub(crate) struct Load {
    state: Arc<State>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    phase: AtomicUsize,
    requests: AtomicUsize,
    /// By phase.
    times: Mutex<[Vec<Duration>; 3]>,
    refused: Mutex<Vec<String>>,
}

impl Load {
    /// Each connection has a token of its own.
    pub(crate) fn start(replicas: &[Replica], tokens: &[String]) -> Self {
        let state = Arc::new(State::default());
        let connections = replicas.iter().cycle().take(replicas.len() * CONNECTIONS);
        let send = |(replica, token): (&Replica, &String)| {
            let (state, token, name) = (state.clone(), token.clone(), replica.name.clone());
            let mut client = replica.client();
            tokio::spawn(async move {
                let mut ticks = interval(EVERY);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    let (phase, began) = (state.phase.load(Ordering::Relaxed), Instant::now());
                    let answer = client.call(&token).await;
                    let time = began.elapsed();
                    state.requests.fetch_add(1, Ordering::Relaxed);
                    match answer {
                        Ok(200) => lock(&state.times)[phase].push(time),
                        other => lock(&state.refused).push(format!("{name} answered {other:?}")),
                    }
                }
            })
        };
        let tasks = connections.zip(tokens.iter().cycle()).map(send).collect();
        Self { state, tasks }
    }

    /// From now on, requests count for this phase.
    pub(crate) fn enter(&self, phase: Phase) {
        self.state.phase.store(phase as usize, Ordering::Relaxed);
    }

    /// The times of requests in a phase since the last call.
    pub(crate) fn take_times(&self, phase: Phase) -> Vec<Duration> {
        std::mem::take(&mut lock(&self.state.times)[phase as usize])
    }

    /// Fails if any request was refused since the last call; returns how many were sent.
    pub(crate) fn none_refused(&self) -> Result<usize, String> {
        let refused = std::mem::take(&mut *lock(&self.state.refused));
        let sent = self.state.requests.swap(0, Ordering::Relaxed);
        match refused.first() {
            None => Ok(sent),
            Some(first) => Err(format!(
                "{} of {sent} requests with valid tokens failed, the first: {first}",
                refused.len()
            )),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
