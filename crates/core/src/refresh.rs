//! When to fetch an issuer's keys: a plain state machine that is told what happens and what time
//! it is, and says what to do next (R24, R28).
//!
//! Three forces meet here. Keys must be *fresh*: they are fetched ahead of their expiry, and a key
//! that the issuer withdraws is gone at the next refresh. The issuer must be *left alone*: failures
//! back off, and tokens that name unknown keys, which anybody can make up, spend from a small
//! bucket. And requests must *go on*: known keys outlive an outage for a bounded time.
//!
//! A back-off is the time between two attempts: it runs from the end of the one that failed, so
//! that an issuer which lets attempts hang is not asked the more often for it. What requests ask
//! for in the meantime comes on top and neither lengthens it nor puts off what it ends with. So
//! whoever makes up keys during an outage cannot prolong it, and the issuer's return is noticed at
//! the end of the step under way (at most 1 s at first, 60 s after a long outage) or, where a
//! request asks, as soon as the bucket has a permit again (at most 10 s).

use std::time::Duration;

use crate::time::UnixTime;

mod settings;

pub use settings::RefreshSettings;

/// The state of one document's refreshing.
#[derive(Debug, Clone)]
pub struct RefreshPolicy {
    settings: RefreshSettings,
    /// When the next fetch is due that nobody asked for.
    due: UnixTime,
    in_flight: bool,
    failures: u32,
    /// How far the back-off has grown.
    steps: u32,
    /// Whether the next fetch, or the one under way, was asked for by an unknown key.
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

/// What becomes of a request that needs a key which is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// A fetch is started: wait for it.
    Granted,
    /// A fetch is due or under way that others asked for: wait for it. It may have been answered
    /// before the key was published, so that one more demand is fair.
    Joined,
    /// The bucket is empty: decide by what is known.
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
    /// [`failed`](Self::failed) must follow; until then there is nothing to do: one flight at a
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
        // An attempt that was asked for in the midst of a back-off is no step of it.
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
    pub fn emptied(&mut self, now: UnixTime, max_age: Option<Duration>, jitter: f64) -> bool {
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

    /// Keeps a clock that is set back from postponing everything by as much. Threads read the
    /// clock a little before they get here, so a small step back means nothing.
    fn observe(&mut self, now: UnixTime) {
        const NOTHING: Duration = Duration::from_secs(2);
        let back = self.last_seen.duration_since(now);
        if back > NOTHING {
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
