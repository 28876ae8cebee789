//! When to fetch an issuer's keys: a state machine without a clock, which is told what happens and
//! what time it is, and says what to do next.
//!
//! It has three aims. Keys are fresh: they are fetched ahead of their expiry, and a key that the
//! issuer withdraws is gone at the next refresh. The load on the issuer is bounded: failures back
//! off, and requests that need an unknown key, which anybody can send, spend permits from a token
//! bucket. Known keys stay in use during an outage, for a bounded time.
//!
//! A back-off is the time between two attempts: it runs from the end of the one that failed, so
//! that an issuer whose answers hang is not asked more often. Fetches that requests demand in the
//! meantime come on top, and neither lengthen nor postpone it. So made-up keys cannot prolong an
//! outage, and the issuer's return is noticed at the end of the current step (at most 1 s at first,
//! 60 s after a long outage) or, where a request demands a fetch, as soon as the bucket has a permit
//! again (at most 2 s).

use std::time::Duration;

use crate::time::UnixTime;

mod settings;

pub use settings::RefreshSettings;

/// Tolerated clock skew between threads: a step back of up to this much is ignored.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_secs(2);

/// The state of one document's refreshing.
#[derive(Debug, Clone)]
pub struct RefreshPolicy {
    settings: RefreshSettings,
    /// When the next fetch is due that nobody asked for.
    due: UnixTime,
    in_flight: bool,
    failures: u32,
    /// How often the back-off has doubled.
    steps: u32,
    /// Whether a request demanded the next fetch, or the one under way.
    demanded: bool,
    permits: u32,
    next_permit: UnixTime,
    cool_down: Duration,
    good_until: Option<UnixTime>,
    /// When the issuer first said that it has no keys, where it has not said otherwise since.
    empty_since: Option<UnixTime>,
    last_seen: UnixTime,
}

/// What the refresher is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Fetch now, and say how it went.
    Fetch,
    /// Nothing, for so long; or until somebody asks.
    Wait(Duration),
}

/// Whether a request that needs an unknown key can wait for a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// A fetch is started: wait for it.
    Granted,
    /// A fetch is due, under way, or has ended since the request looked at the keys: wait for it. It
    /// may have been answered before the key was published, so one more demand is fair.
    Joined,
    /// No fetch: the bucket is empty.
    Exhausted,
}

impl RefreshPolicy {
    /// A fresh start: the first fetch is due at once.
    pub fn new(settings: RefreshSettings, now: UnixTime) -> Self {
        Self {
            due: now,
            in_flight: false,
            failures: 0,
            steps: 0,
            demanded: false,
            permits: settings.bucket,
            next_permit: now,
            cool_down: settings.cool_down,
            good_until: None,
            empty_since: None,
            last_seen: now,
            settings,
        }
    }

    /// What to do now. After [`Next::Fetch`] one of [`succeeded`](Self::succeeded) and
    /// [`failed`](Self::failed) must follow; until then there is nothing to do: one fetch at a
    /// time.
    pub fn next(&mut self, now: UnixTime) -> Next {
        self.observe(now);
        if self.in_flight {
            Next::Wait(self.settings.max_back_off)
        } else if self.demanded || now >= self.due {
            self.in_flight = true;
            Next::Fetch
        } else {
            Next::Wait(self.due.duration_since(now))
        }
    }

    /// A request needs a key that is not there.
    pub fn demand(&mut self, now: UnixTime) -> Demand {
        self.observe(now);
        self.refill(now);
        if self.in_flight || self.demanded || now >= self.due {
            return Demand::Joined;
        }
        if self.permits == 0 {
            return Demand::Exhausted;
        }
        if self.permits == self.settings.bucket {
            self.next_permit = now + self.cool_down;
        }
        self.permits -= 1;
        self.demanded = true;
        Demand::Granted
    }

    /// The fetch brought a usable document. `max_age` is what its `Cache-Control` said, `news`
    /// whether it has a key that was not known, and `jitter` a random number from 0 to 1.
    pub fn succeeded(&mut self, now: UnixTime, max_age: Option<Duration>, news: bool, jitter: f64) {
        self.observe(now);
        self.finish(news);
        self.failures = 0;
        self.steps = 0;
        self.empty_since = None;
        let fresh = max_age
            .unwrap_or(self.settings.default_max_age)
            .max(self.settings.min_max_age)
            .min(self.settings.max_max_age);
        // Ahead of expiry, and not every process of a fleet at the same moment.
        self.due = now + fresh.mul_f64(0.75 + 0.15 * jitter.clamp(0.0, 1.0));
        self.good_until = Some(now + fresh + self.settings.stale_for);
    }

    /// The fetch failed. `jitter` is a random number from 0 to 1.
    pub fn failed(&mut self, now: UnixTime, jitter: f64) {
        self.observe(now);
        // An attempt that a request demanded during a back-off is no step of it.
        let in_between = self.demanded && self.steps > 0 && now < self.due;
        self.finish(false);
        self.failures = self.failures.saturating_add(1);
        if in_between {
            return;
        }
        let doubled = 2_u32.saturating_pow(self.steps.min(31));
        let longest =
            self.settings.first_back_off.saturating_mul(doubled).min(self.settings.max_back_off);
        self.steps = self.steps.saturating_add(1);
        self.due = now + longest.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
    }

    /// The fetch brought a well-formed document that says the issuer has no keys. Whether that is
    /// to be believed: a moment's slip would lock everybody out, so it takes a second one, at least
    /// a cool-down later, with no better news in between. Where it is believed it counts as
    /// [`succeeded`](Self::succeeded), else as [`failed`](Self::failed).
    pub fn saw_empty_set(&mut self, now: UnixTime, max_age: Option<Duration>, jitter: f64) -> bool {
        self.observe(now);
        let since = *self.empty_since.get_or_insert(now);
        let believed = now >= since + self.settings.cool_down;
        if believed {
            self.succeeded(now, max_age, false, jitter);
            // The next one is believed as well.
            self.empty_since = Some(since);
        } else {
            self.failed(now, jitter);
        }
        believed
    }

    /// Whether a fetch is under way.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.in_flight
    }

    /// Until when the newest good document may be used; `None` before there is one.
    pub fn good_until(&self) -> Option<UnixTime> {
        self.good_until
    }

    /// How many fetches have failed since the last that did not.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    fn finish(&mut self, news: bool) {
        self.in_flight = false;
        if news {
            self.cool_down = self.settings.cool_down;
        } else if self.demanded {
            self.cool_down = self.cool_down.saturating_mul(2).min(self.settings.max_cool_down);
        }
        self.demanded = false;
    }

    fn refill(&mut self, now: UnixTime) {
        while self.permits < self.settings.bucket && now >= self.next_permit {
            self.permits += 1;
            self.next_permit = self.next_permit + self.cool_down;
        }
    }

    /// Keeps a clock that is set back from postponing everything by as much. Threads read the clock
    /// a little before they get here, so a small step back is ignored.
    fn observe(&mut self, now: UnixTime) {
        let back = self.last_seen.duration_since(now);
        if back > CLOCK_SKEW {
            self.due = self.due.saturating_sub(back);
            self.next_permit = self.next_permit.saturating_sub(back);
            self.good_until = self.good_until.map(|until| until.saturating_sub(back));
            self.empty_since = self.empty_since.map(|since| since.saturating_sub(back));
            self.last_seen = now;
        } else {
            self.last_seen = self.last_seen.max(now);
        }
    }
}

/// How long an answer with this `Cache-Control` is fresh (RFC 9111 §5.2.2); `None` where it does
/// not say. `no-store` and `no-cache` count as not at all.
pub fn max_age(cache_control: &str) -> Option<Duration> {
    let mut directives = cache_control.split(',').map(str::trim);
    let named = |directive: &str, name: &str| directive.eq_ignore_ascii_case(name);
    if directives.clone().any(|d| named(d, "no-store") || named(d, "no-cache")) {
        return Some(Duration::ZERO);
    }
    directives.find_map(|directive| {
        let (name, seconds) = directive.split_once('=')?;
        named(name.trim(), "max-age").then(|| delta_seconds(seconds.trim().trim_matches('"')))?
    })
}

/// Digits and nothing else; what is too large to represent counts as the largest that can be
/// (RFC 9111 §1.2.2).
fn delta_seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests;
