//! When keys are fetched, over every order of events and clocks that jump about.

use std::time::Duration;

use mcp_auth_core::{
    UnixTime,
    refresh::{Demand, Next, RefreshPolicy, RefreshSettings},
};
use proptest::prelude::*;

/// A step back of the clock that counts as none: the policy's waits may be longer by as much.
const NOTHING: Duration = Duration::from_secs(2);
/// What is lost where a `Duration` is multiplied by a fraction.
const ROUNDING: f64 = 1e-6;

#[derive(Debug, Clone)]
enum Step {
    Forward(Duration),
    Back(Duration),
    /// The refresher asks what to do.
    Next,
    /// A request needs a key.
    Demand,
    /// The fetch under way ends, if there is one.
    End(Outcome),
}

#[derive(Debug, Clone)]
enum Outcome {
    Keys { max_age: Option<Duration>, news: bool, jitter: f64 },
    NoKeys { jitter: f64 },
    Failure { jitter: f64 },
}

proptest! {
    #![proptest_config(crate::cases(1_000))]

    #[test]
    fn r24_r28_fetches_are_few_single_and_never_put_off_too_long(
        settings in settings(),
        start in prop_oneof![3 => Just(1_800_000_000), 1 => any::<u64>(), 1 => 0..9_u64],
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut observer = Observer::new(settings, Duration::from_secs(start));
        for step in steps {
            observer.take(step)?;
        }
    }

    /// Whatever an attacker does within a time, it costs the issuer no more than the bucket and one
    /// fetch per cool-down.
    #[test]
    fn r24_an_attack_costs_the_issuer_a_bounded_number_of_fetches(
        pauses in prop::collection::vec(0..2_500_u64, 1..400),
        outage in any::<bool>(),
    ) {
        let start = UnixTime::from_secs(1_800_000_000);
        let settings = RefreshSettings::default();
        let mut policy = RefreshPolicy::new(settings.clone(), start);
        prop_assert_eq!(policy.next(start), Next::Fetch);
        policy.succeeded(start, None, true, 0.5);
        let (mut elapsed, mut fetches) = (Duration::ZERO, 0);
        for pause in pauses {
            elapsed += Duration::from_millis(pause);
            let now = start + elapsed;
            if policy.demand(now) == Demand::Granted {
                prop_assert_eq!(policy.next(now), Next::Fetch);
                fetches += 1;
                match outage {
                    true => policy.failed(now, 1.0),
                    false => policy.succeeded(now, None, false, 0.5),
                }
            }
        }
        // The cool-down doubles with each fetch without news, up to 2 s: the first one comes sooner.
        let most = settings.bucket + 2 + (elapsed.as_secs() / 2) as u32;
        prop_assert!(fetches <= most, "{fetches} fetches in {elapsed:?}, at most {most}");
    }
}

/// Watches a policy, and keeps books of its own.
struct Observer {
    settings: RefreshSettings,
    policy: RefreshPolicy,
    now: Duration,
    in_flight: bool,
    asked_for: bool,
    /// How far the clock has gone forward, all in all and in nanoseconds, at each granted demand.
    granted: Vec<u128>,
    forward: u128,
    /// How much of that the policy has been shown, and the latest it has been shown.
    shown: u128,
    last_shown: Duration,
    /// How much it had been shown when a demand was last granted.
    last_granted: Option<u128>,
    /// How long the newest good document may serve after it came.
    serves: Option<Duration>,
    said_empty: bool,
    failures: u32,
    /// Sums have ended at the largest time: from then on, times may lie closer than they should.
    was_at_its_end: bool,
}

impl Observer {
    fn new(settings: RefreshSettings, now: Duration) -> Self {
        Self {
            policy: RefreshPolicy::new(settings.clone(), UnixTime::since_epoch(now)),
            settings,
            now,
            in_flight: false,
            asked_for: false,
            granted: Vec::new(),
            forward: 0,
            shown: 0,
            last_shown: now,
            last_granted: None,
            serves: None,
            said_empty: false,
            failures: 0,
            was_at_its_end: false,
        }
    }

    fn time(&self) -> UnixTime {
        UnixTime::since_epoch(self.now)
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        let good_until = self.policy.good_until();
        self.was_at_its_end |= self.at_its_end();
        let brings = matches!(&step, Step::End(Outcome::Keys { .. } | Outcome::NoKeys { .. }));
        match &step {
            Step::Forward(by) => {
                let later = self.now.saturating_add(*by);
                self.forward += (later - self.now).as_nanos();
                self.now = later;
            }
            Step::Back(by) => self.now = self.now.saturating_sub(*by),
            Step::End(_) if !self.in_flight => return Ok(()),
            _ => self.show(),
        }
        match step {
            Step::Forward(_) | Step::Back(_) => {}
            Step::Next => self.ask_what_to_do()?,
            Step::Demand => self.demand()?,
            Step::End(outcome) => self.end(outcome)?,
        }
        // Only an answer makes documents serve longer, and none longer than its own time.
        prop_assert!(brings || self.policy.good_until() <= good_until);
        let left = self.policy.good_until().map(|until| until.duration_since(self.time()));
        if let (Some(left), Some(serves)) = (left, self.serves) {
            // A clock that was set back and has not been looked at yet makes it look longer.
            let mut seen = self.policy.clone();
            let _ = seen.next(self.time());
            let seen = seen.good_until().map(|until| until.duration_since(self.time()));
            prop_assert!(seen <= Some(serves + NOTHING), "{left:?} left of {serves:?}");
        }
        prop_assert_eq!(self.policy.failures(), self.failures);
        Ok(())
    }

    fn show(&mut self) {
        let back = self.last_shown.saturating_sub(self.now);
        self.shown += self.now.saturating_sub(self.last_shown).as_nanos();
        if back.is_zero() || back > NOTHING {
            self.last_shown = self.now;
        }
        if back > NOTHING {
            // Small steps that did not count are made up for here, and pass for time gone by.
            self.forward += NOTHING.as_nanos();
        }
    }

    fn ask_what_to_do(&mut self) -> Result<(), TestCaseError> {
        match self.policy.next(self.time()) {
            Next::Fetch => {
                prop_assert!(!self.in_flight, "two fetches at a time");
                self.in_flight = true;
            }
            Next::Wait(wait) => {
                prop_assert!(!self.asked_for || self.in_flight, "a granted fetch is due at once");
                let longest = self.settings.max_max_age.max(self.settings.max_back_off);
                prop_assert!(wait <= longest + NOTHING, "{wait:?}");
            }
        }
        Ok(())
    }

    fn demand(&mut self) -> Result<(), TestCaseError> {
        let was_due = self.policy.clone().next(self.time()) == Next::Fetch;
        match self.policy.demand(self.time()) {
            Demand::Granted => {
                prop_assert!(!self.in_flight && !was_due, "granted what is due anyway");
                self.asked_for = true;
                self.granted.push(self.forward);
                self.last_granted = Some(self.shown);
                if !self.was_at_its_end {
                    self.granted_within_bounds()?;
                }
            }
            Demand::Joined => prop_assert!(self.in_flight || was_due, "joined nothing"),
            Demand::Exhausted => {
                prop_assert!(!self.in_flight && !was_due);
                // A full bucket's worth of cool-downs without a demand fills it.
                let quiet = self.last_granted.map(|last| self.shown - last);
                let fills = self.settings.max_cool_down * self.settings.bucket;
                let is_full = quiet.is_none_or(|quiet| quiet > (fills + NOTHING).as_nanos());
                prop_assert!(
                    !is_full || self.settings.bucket == 0,
                    "an empty bucket after {quiet:?}"
                );
            }
        }
        Ok(())
    }

    /// In any stretch of time: the bucket, and one for each cool-down.
    fn granted_within_bounds(&self) -> Result<(), TestCaseError> {
        let Some((last, earlier)) = self.granted.split_last() else { return Ok(()) };
        for (n, first) in earlier.iter().rev().enumerate() {
            let window = *last - *first;
            let refilled = window / self.settings.cool_down.as_nanos();
            let most = u128::from(self.settings.bucket) + refilled;
            prop_assert!(n as u128 + 2 <= most, "{} fetches in {window} ns", n + 2);
        }
        Ok(())
    }

    fn end(&mut self, outcome: Outcome) -> Result<(), TestCaseError> {
        let (now, asked_for) = (self.time(), self.asked_for);
        self.in_flight = false;
        self.asked_for = false;
        match outcome {
            Outcome::Keys { max_age, news, jitter } => {
                self.policy.succeeded(now, max_age, news, jitter);
                self.said_empty = false;
                self.succeeded(max_age)
            }
            Outcome::NoKeys { jitter } => match self.policy.saw_empty_set(now, None, jitter) {
                true => {
                    prop_assert!(self.said_empty || self.at_its_end(), "believed at once");
                    self.said_empty = true;
                    self.succeeded(None)
                }
                false => {
                    self.said_empty = true;
                    self.failed(asked_for)
                }
            },
            Outcome::Failure { jitter } => {
                self.policy.failed(now, jitter);
                self.failed(asked_for)
            }
        }
    }

    fn succeeded(&mut self, max_age: Option<Duration>) -> Result<(), TestCaseError> {
        let RefreshSettings { min_max_age, max_max_age, default_max_age, .. } = self.settings;
        let fresh = max_age.unwrap_or(default_max_age).clamp(min_max_age, max_max_age);
        self.failures = 0;
        self.serves = Some(fresh + self.settings.stale_for);
        let until = self.time() + fresh + self.settings.stale_for;
        prop_assert_eq!(self.policy.good_until(), Some(until));
        if let Some(wait) = self.wait_now()? {
            let part = wait.as_secs_f64() / fresh.as_secs_f64();
            let ahead = (0.75 - ROUNDING..=0.9 + ROUNDING).contains(&part);
            prop_assert!(ahead, "fetched again after {part} of its freshness");
        }
        Ok(())
    }

    fn failed(&mut self, asked_for: bool) -> Result<(), TestCaseError> {
        self.failures += 1;
        // Asked for in between, it leaves what was to come as it was, and that may be now.
        if asked_for {
            let mut policy = self.policy.clone();
            match policy.next(self.time()) {
                Next::Wait(wait) => {
                    prop_assert!(wait <= self.settings.max_back_off + NOTHING, "{wait:?}");
                }
                Next::Fetch => {}
            }
            return Ok(());
        }
        if let Some(wait) = self.wait_now()? {
            prop_assert!(wait <= self.settings.max_back_off, "{wait:?}");
            let least = self.settings.first_back_off.as_secs_f64() / 2.0;
            prop_assert!(wait.as_secs_f64() >= least * (1.0 - ROUNDING), "{wait:?}");
        }
        Ok(())
    }

    /// How long nothing is due; `None` where time is at its end and everything is.
    fn wait_now(&self) -> Result<Option<Duration>, TestCaseError> {
        match self.policy.clone().next(self.time()) {
            Next::Wait(wait) if !self.at_its_end() => Ok(Some(wait)),
            Next::Wait(_) => Ok(None),
            Next::Fetch => {
                prop_assert!(self.at_its_end(), "due again at once");
                Ok(None)
            }
        }
    }

    /// Whether nothing can be later: sums end there.
    fn at_its_end(&self) -> bool {
        self.now > Duration::MAX - Duration::from_secs(1 << 40)
    }
}

fn settings() -> impl Strategy<Value = RefreshSettings> {
    let span = || {
        prop_oneof![
            3 => (1..100_000_u64).prop_map(Duration::from_millis),
            1 => (1..86_400_u64).prop_map(Duration::from_secs),
            1 => Just(Duration::from_secs(365 * 24 * 3_600)),
            1 => Just(Duration::from_millis(1)),
        ]
    };
    let pairs = ((span(), span()), (span(), span()), (span(), span()), span(), span());
    let made = (pairs, 0..5_u32).prop_map(|((ages, back_offs, cool_downs, age, stale), bucket)| {
        let mut settings = RefreshSettings::default();
        let ordered = |(a, b): (Duration, Duration)| (a.min(b), a.max(b));
        (settings.min_max_age, settings.max_max_age) = ordered(ages);
        (settings.first_back_off, settings.max_back_off) = ordered(back_offs);
        (settings.cool_down, settings.max_cool_down) = ordered(cool_downs);
        (settings.default_max_age, settings.stale_for) = (age, stale);
        settings.bucket = bucket;
        settings
    });
    let made = made.prop_filter("what build() would refuse", |settings| settings.check().is_ok());
    prop_oneof![2 => Just(RefreshSettings::default()), 3 => made]
}

fn step() -> impl Strategy<Value = Step> {
    let by = || {
        prop_oneof![
            4 => (0..3_000_u64).prop_map(Duration::from_millis),
            3 => (0..100_u64).prop_map(Duration::from_secs),
            2 => (0..100_000_u64).prop_map(Duration::from_secs),
            1 => any::<u32>().prop_map(|seconds| Duration::from_secs(seconds.into())),
        ]
    };
    prop_oneof![
        40 => by().prop_map(Step::Forward),
        8 => by().prop_map(Step::Back),
        1 => prop_oneof![Just(Duration::MAX), any::<u64>().prop_map(Duration::from_secs)]
            .prop_map(Step::Forward),
        1 => Just(Step::Back(Duration::MAX)),
        60 => Just(Step::Next),
        60 => Just(Step::Demand),
        40 => outcome().prop_map(Step::End),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    // From 0 to 1, as promised; and what a broken promise may be.
    let jitter = || {
        prop_oneof![
            8 => 0.0..=1.0_f64,
            1 => Just(f64::INFINITY),
            1 => Just(-1.0),
        ]
    };
    let max_age = prop::option::of(prop_oneof![
        any::<u64>().prop_map(Duration::from_secs),
        (0..10_000_u64).prop_map(Duration::from_secs),
        Just(Duration::MAX),
        Just(Duration::ZERO),
    ]);
    prop_oneof![
        3 => (max_age, any::<bool>(), jitter())
            .prop_map(|(max_age, news, jitter)| Outcome::Keys { max_age, news, jitter }),
        1 => jitter().prop_map(|jitter| Outcome::NoKeys { jitter }),
        3 => jitter().prop_map(|jitter| Outcome::Failure { jitter }),
    ]
}
