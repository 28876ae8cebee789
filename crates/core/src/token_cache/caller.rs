//! The caller of a remembered token, twice where threads would wait for each other.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use crate::principal::Principal;

/// A caller, and a copy for every second thread.
///
/// Whoever asks for a caller counts a reference to it, and threads that count on one line of memory
/// wait for each other: with a copy for half of them, two never do. A copy is as large as the
/// caller, so it is only made of one that other threads ask for again and again.
pub(super) struct Caller {
    first: Arc<Principal>,
    /// Unset until it is needed; set to nothing once there must not be one any more.
    second: OnceLock<Option<Arc<Principal>>>,
}

impl Caller {
    pub(super) fn new(principal: Arc<Principal>) -> Self {
        Self { first: principal, second: OnceLock::new() }
    }

    /// The one that was verified.
    #[inline]
    pub(super) fn first(&self) -> &Arc<Principal> {
        &self.first
    }

    /// This thread's.
    #[inline]
    pub(super) fn mine(&self) -> &Arc<Principal> {
        if !is_second() {
            return &self.first;
        }
        self.second.get().and_then(Option::as_ref).unwrap_or(&self.first)
    }

    /// Whether this thread asks for a copy that there is not.
    #[inline]
    pub(super) fn lacks_mine(&self) -> bool {
        is_second() && self.second.get().is_none()
    }

    /// Makes the copy, unless there is one or must not be one; tells whether it did.
    #[cold]
    pub(super) fn divide(&self) -> bool {
        self.second.set(Some(Arc::new(self.first.copy()))).is_ok()
    }

    /// From now on nothing is added; tells whether there is a copy.
    pub(super) fn close(&self) -> bool {
        self.second.get_or_init(|| None).is_some()
    }

    /// Whether this thread is one for which a copy is made.
    #[cfg(test)]
    pub(super) fn is_mine_second() -> bool {
        is_second()
    }

    /// About how many bytes one of them takes.
    pub(super) fn weight(&self) -> usize {
        self.first.weight()
    }
}

/// Whether this is a second thread: every other one is, of those that ask.
#[inline]
fn is_second() -> bool {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static IS_SECOND: bool = THREADS.fetch_add(1, Relaxed) % 2 == 1;
    }
    IS_SECOND.with(|is_second| *is_second)
}
