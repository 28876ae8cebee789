//! Time without a runtime: one thread that wakes all who wait, twenty times a second.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Mutex, MutexGuard, Once, PoisonError},
    task::{Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use futures_util::future::{Either, select};

/// Nothing that a store is asked may take longer.
const LIMIT: Duration = Duration::from_secs(30);

const TICK: Duration = Duration::from_millis(50);

static WAITING: Mutex<Vec<Waker>> = Mutex::new(Vec::new());

/// Waits, to the next tick after `time`.
pub(super) async fn pause(time: Duration) {
    let end = Instant::now() + time;
    poll_fn(|context| {
        if Instant::now() >= end {
            return Poll::Ready(());
        }
        wake_at_the_next_tick(context.waker().clone());
        Poll::Pending
    })
    .await;
}

fn wake_at_the_next_tick(waker: Waker) {
    static TICKING: Once = Once::new();
    TICKING.call_once(|| {
        thread::spawn(|| {
            loop {
                thread::sleep(TICK);
                let all = std::mem::take(&mut *waiting());
                all.into_iter().for_each(Waker::wake);
            }
        });
    });
    waiting().push(waker);
}

fn waiting() -> MutexGuard<'static, Vec<Waker>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The outcome, which must come in time.
pub(super) async fn in_time<T>(what: &str, outcome: impl Future<Output = T>) -> T {
    match select(pin!(outcome), pin!(pause(LIMIT))).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => panic!("{what}: no answer within {LIMIT:?}"),
    }
}
