//! Two clocks: the wall's, and that of the thread's own use of a processor, which does not run
//! while somebody else has it.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Started when something begins.
pub struct Stopwatch {
    wall: Instant,
    processor: Duration,
}

/// What it showed at the end.
#[derive(Clone, Copy, Debug)]
pub struct Elapsed {
    /// By the wall's clock.
    pub wall: Duration,
    /// Of the thread's own time.
    pub processor: Duration,
}

impl Stopwatch {
    /// Starts both clocks.
    pub fn start() -> Self {
        Self { wall: Instant::now(), processor: thread_time() }
    }

    /// Reads both.
    pub fn stop(&self) -> Elapsed {
        Elapsed { wall: self.wall.elapsed(), processor: thread_time() - self.processor }
    }
}

impl Elapsed {
    /// Nanoseconds per call, on the wall and of the thread's own time.
    pub fn per(&self, calls: usize) -> (f64, f64) {
        let per = |time: Duration| time.as_nanos() as f64 / calls as f64;
        (per(self.wall), per(self.processor))
    }
}

fn thread_time() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(tv_sec as u64, tv_nsec as u32)
}
