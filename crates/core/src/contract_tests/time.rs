//! Time without a runtime: a thread that wakes a future.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
    thread,
    time::Duration,
};

use futures_util::future::{Either, select};

/// Nothing that a store is asked may take longer.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Waits.
pub(super) async fn pause(time: Duration) {
    let over = Arc::new(AtomicBool::new(false));
    let waiting: Arc<Mutex<Option<Waker>>> = Arc::default();
    let (set, wake) = (over.clone(), waiting.clone());
    thread::spawn(move || {
        thread::sleep(time);
        set.store(true, Ordering::SeqCst);
        if let Some(waker) = wake.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    });
    poll_fn(|context| {
        *waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        match over.load(Ordering::SeqCst) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}

/// The outcome, which must come in time.
pub(super) async fn in_time<T>(what: &str, outcome: impl Future<Output = T>) -> T {
    match select(pin!(outcome), pin!(pause(LIMIT))).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => panic!("{what}: no answer within {LIMIT:?}"),
    }
}
