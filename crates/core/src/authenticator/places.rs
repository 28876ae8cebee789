//! A bound on what is under way at once, and on what waits for that, without a runtime.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

/// How many may be under way, and how many may wait.
#[derive(Clone)]
pub(super) struct Places {
    under_way: usize,
    waiting: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    under_way: usize,
    waiting: usize,
    wakers: Vec<Waker>,
}

/// A place among those that are under way or wait. It becomes free when it is dropped.
pub(super) struct Place {
    places: Places,
    is_under_way: bool,
}

impl Places {
    pub(super) fn new(under_way: usize, waiting: usize) -> Self {
        Self { under_way, waiting, taken: Arc::default() }
    }

    /// A place in the queue; `None` where as many wait as would fill every place.
    pub(super) fn take(&self) -> Option<Place> {
        let mut taken = self.lock();
        if taken.under_way + taken.waiting >= self.under_way + self.waiting {
            return None;
        }
        taken.waiting += 1;
        drop(taken);
        Some(Place { places: self.clone(), is_under_way: false })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits until this may be under way.
    pub(super) async fn begin(&mut self) {
        poll_fn(|context| {
            let mut taken = self.places.lock();
            if taken.under_way < self.places.under_way {
                taken.under_way += 1;
                taken.waiting -= 1;
                self.is_under_way = true;
                return Poll::Ready(());
            }
            let waker = context.waker();
            if !taken.wakers.iter().any(|known| known.will_wake(waker)) {
                taken.wakers.push(waker.clone());
            }
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        match self.is_under_way {
            false => taken.waiting -= 1,
            true => {
                taken.under_way -= 1;
                // All are woken, since one that was woken alone may be gone by now. There are few.
                let wakers = std::mem::take(&mut taken.wakers);
                drop(taken);
                wakers.into_iter().for_each(Waker::wake);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::{Pin, pin},
        sync::atomic::{AtomicUsize, Ordering},
        task::{Context, Wake},
    };

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn poll(begin: Pin<&mut impl Future<Output = ()>>, woken: &Arc<Woken>) -> bool {
        begin.poll(&mut Context::from_waker(&woken.clone().into())).is_ready()
    }

    #[test]
    fn a_place_that_becomes_free_wakes_who_waits() {
        let places = Places::new(1, 2);
        let woken = Arc::new(Woken::default());
        let [mut first, mut second, third] = [(); 3].map(|()| places.take().unwrap());
        assert!(places.take().is_none(), "one under way and two that wait");
        assert!(poll(pin!(first.begin()), &woken));
        {
            let mut begin = pin!(second.begin());
            // Looked at twice, it is woken once.
            assert!(!poll(begin.as_mut(), &woken) && !poll(begin.as_mut(), &woken));
            drop(third);
            assert!(places.take().is_some(), "who gives up leaves a place");
            assert_eq!(woken.0.load(Ordering::Relaxed), 0);
            drop(first);
            assert_eq!(woken.0.load(Ordering::Relaxed), 1);
            assert!(poll(begin.as_mut(), &woken));
        }
        drop(second);
        let taken = places.lock();
        assert_eq!((taken.under_way, taken.waiting), (0, 0));
    }
}
