//! The clock of the thread's own use of a processor, which stands still while another thread has it.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// How long this thread has had a processor.
pub fn thread_time() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(tv_sec as u64, tv_nsec as u32)
}
