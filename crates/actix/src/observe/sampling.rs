//! Sampling of the events of rejections: all of them are written at first, and fewer in a flood, so
//! that nobody can fill a disk by sending requests. Suppressed events are counted, and the count is
//! logged.

use std::{
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How many rejections of one reason are written to the log, see
/// [`McpAuthBuilder::log_sampling`](crate::McpAuthBuilder::log_sampling).
///
/// Each reason is counted separately. In each interval the first few are written; then the one that
/// doubles their number, the one that doubles that, and so on, each with the number of those
/// suppressed before it (`suppressed`). When the interval is over, an event `events_suppressed`
/// reports the rest. A flood of a million in ten seconds is 27 lines.
///
/// How did we choose the default, 10 in 10 s? A mistake in a configuration is logged for each of the
/// first calls, and a flood of every reason at once is less than a hundred lines a second.
///
/// ```
/// use std::time::Duration;
/// use actix_mcp_auth::operation::LogSampling;
///
/// let default = LogSampling::default();
/// let all = LogSampling::off();
/// let some = LogSampling::new(100, Duration::from_secs(60));
/// # assert_eq!(default, LogSampling::new(10, Duration::from_secs(10)));
/// # assert_ne!(all, some);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LogSampling {
    first: u64,
    interval: Duration,
}

impl LogSampling {
    /// Writes the first `first` of a reason in each interval, then fewer. 0 counts as 1, so that every
    /// reason is logged.
    pub const fn new(first: u32, interval: Duration) -> Self {
        let first = if first == 0 { 1 } else { first as u64 };
        Self { first, interval }
    }

    /// Writes every rejection. Then anybody who can send requests can fill a disk.
    pub const fn off() -> Self {
        Self { first: u64::MAX, interval: Duration::ZERO }
    }

    const fn is_off(&self) -> bool {
        self.first == u64::MAX
    }
}

/// 10 of each reason in 10 s.
impl Default for LogSampling {
    fn default() -> Self {
        Self::new(10, Duration::from_secs(10))
    }
}

impl fmt::Debug for LogSampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_off() {
            true => f.write_str("LogSampling::off()"),
            false => write!(f, "LogSampling::new({}, {:?})", self.first, self.interval),
        }
    }
}

/// Counts by reason. There are some thirty reasons, so it stays small.
#[derive(Debug)]
pub(super) struct Sampler {
    settings: LogSampling,
    windows: Mutex<Vec<Window>>,
    /// The start of the time that `summary_due` counts.
    epoch: Instant,
    /// When, in milliseconds, the next interval ends that has suppressed an event; `NEVER` if none
    /// has. Written under the lock, read without.
    summary_due: AtomicU64,
}

const NEVER: u64 = u64::MAX;

/// One reason's interval.
#[derive(Debug)]
struct Window {
    reason: &'static str,
    started: Instant,
    seen: u64,
    last_written: u64,
    suppressed: u64,
}

/// Whether an event is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sampled {
    /// It is, and so many were suppressed since the last one.
    Write { suppressed: u64 },
    /// It is not; it is counted.
    Suppress,
}

/// The number of events that an interval suppressed and that no line has reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) reason: &'static str,
    pub(super) suppressed: u64,
    /// How long ago the interval began.
    pub(super) seconds: u64,
}

/// The result of [`Sampler::sample`] for one rejection.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) outcome: Sampled,
    /// The intervals that have ended meanwhile.
    pub(super) ended: Vec<Summary>,
}

impl Sampler {
    pub(super) fn new(settings: LogSampling) -> Self {
        Self {
            settings,
            windows: Mutex::new(Vec::new()),
            epoch: Instant::now(),
            summary_due: AtomicU64::new(NEVER),
        }
    }

    /// Counts one more rejection for this reason.
    pub(super) fn sample(&self, reason: &'static str, now: Instant) -> Sample {
        if self.settings.is_off() {
            return Sample { outcome: Sampled::Write { suppressed: 0 }, ended: Vec::new() };
        }
        let mut windows = self.windows();
        let ended = self.end(&mut windows, now);
        let n = match windows.iter().position(|window| window.reason == reason) {
            Some(n) => n,
            None => {
                windows.push(Window::new(reason, now));
                windows.len() - 1
            }
        };
        let outcome = windows[n].one_more(self.settings.first);
        self.expect_end(&windows);
        Sample { outcome, ended }
    }

    /// Whether a count of suppressed events is not reported yet: one atomic load.
    #[inline]
    pub(super) fn owes_a_summary(&self) -> bool {
        self.summary_due.load(Ordering::Relaxed) != NEVER
    }

    /// The intervals that have ended and suppressed events.
    pub(super) fn ended(&self, now: Instant) -> Vec<Summary> {
        if self.milliseconds(now) < self.summary_due.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let mut windows = self.windows();
        let ended = self.end(&mut windows, now);
        self.expect_end(&windows);
        ended
    }

    /// All counts of suppressed events that are not reported yet.
    pub(super) fn rest(&self, now: Instant) -> Vec<Summary> {
        let mut windows = self.windows();
        let rest = windows.drain(..).filter_map(|window| window.summary(now)).collect();
        self.expect_end(&windows);
        rest
    }

    fn end(&self, windows: &mut Vec<Window>, now: Instant) -> Vec<Summary> {
        let mut ended = Vec::new();
        windows.retain(|window| {
            let over = now.saturating_duration_since(window.started) >= self.settings.interval;
            if over {
                ended.extend(window.summary(now));
            }
            !over
        });
        ended
    }

    fn expect_end(&self, windows: &[Window]) {
        let with_rest = windows.iter().filter(|window| window.suppressed > 0);
        let first = with_rest.map(|window| window.started).min();
        let end = first.and_then(|started| started.checked_add(self.settings.interval));
        // Rounded up: one late, rather than one early that finds nothing.
        let due = end.map_or(NEVER, |end| self.milliseconds(end).saturating_add(1));
        self.summary_due.store(due, Ordering::Relaxed);
    }

    fn milliseconds(&self, at: Instant) -> u64 {
        let elapsed = at.saturating_duration_since(self.epoch);
        u64::try_from(elapsed.as_millis()).unwrap_or(NEVER - 1)
    }

    /// Each step on the windows is complete: a panic elsewhere leaves nothing half done.
    fn windows(&self) -> MutexGuard<'_, Vec<Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn new(reason: &'static str, now: Instant) -> Self {
        Self { reason, started: now, seen: 0, last_written: 0, suppressed: 0 }
    }

    fn one_more(&mut self, first: u64) -> Sampled {
        self.seen = self.seen.saturating_add(1);
        if self.seen <= first || self.seen >= self.last_written.saturating_mul(2) {
            self.last_written = self.seen;
            return Sampled::Write { suppressed: std::mem::take(&mut self.suppressed) };
        }
        self.suppressed += 1;
        Sampled::Suppress
    }

    fn summary(&self, now: Instant) -> Option<Summary> {
        let seconds = now.saturating_duration_since(self.started).as_secs();
        let Self { reason, suppressed, .. } = *self;
        (suppressed > 0).then_some(Summary { reason, suppressed, seconds })
    }
}

#[cfg(test)]
mod tests;
