use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// How many were written, and how many were told to be left out, on a line or in a summary.
#[derive(Default, Debug, PartialEq, Eq)]
struct Told {
    written: u64,
    suppressed: u64,
}

impl Told {
    fn add(&mut self, sampled: Sample) {
        self.summaries(sampled.ended);
        if let Sampled::Write { suppressed } = sampled.outcome {
            self.written += 1;
            self.suppressed += suppressed;
        }
    }

    fn summaries(&mut self, ended: Vec<Summary>) {
        self.suppressed += ended.iter().map(|summary| summary.suppressed).sum::<u64>();
    }
}

#[test]
fn the_first_are_written_then_each_that_doubles_the_number() {
    let sampler = Sampler::new(LogSampling::default());
    let now = Instant::now();
    let written: Vec<u64> =
        (1..=100).filter(|_| sampler.sample("expired", now).outcome != Sampled::Suppress).collect();
    assert_eq!(written, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 40, 80]);
}

#[test]
fn a_million_in_one_interval_are_27_lines_and_the_count_is_exact() {
    let sampler = Sampler::new(LogSampling::default());
    let now = Instant::now();
    let mut told = Told::default();
    for _ in 0..1_000_000 {
        told.add(sampler.sample("expired", now));
    }
    assert_eq!(told.written, 26);
    told.summaries(sampler.ended(now + 9 * SECOND));
    assert!(told.written + told.suppressed < 1_000_000, "the interval is not over");
    told.summaries(sampler.ended(now + 11 * SECOND));
    assert_eq!(told.written + told.suppressed, 1_000_000);
    assert_eq!(sampler.rest(now), [], "told once");
}

#[test]
fn each_reason_counts_for_itself_and_each_interval_anew() {
    let sampler = Sampler::new(LogSampling::new(1, SECOND));
    let now = Instant::now();
    let mut told = Told::default();
    for n in 0..60 {
        for reason in ["expired", "malformed", "expired"] {
            told.add(sampler.sample(reason, now + n * SECOND / 10));
        }
    }
    // 20 and 10 in an interval: 1, 2, 4, 8, 16 and 1, 2, 4, 8 of them, six times.
    assert_eq!(told.written, 6 * (5 + 4));
    told.summaries(sampler.rest(now));
    assert_eq!(told.suppressed, 180 - told.written);
}

#[test]
fn a_summary_is_owed_where_something_was_left_out_and_only_there() {
    let sampler = Sampler::new(LogSampling::new(2, SECOND));
    let now = Instant::now();
    let owed: Vec<_> = (0..3)
        .map(|_| {
            sampler.sample("expired", now);
            sampler.owes_a_summary()
        })
        .collect();
    assert_eq!(owed, [false, false, true]);
    assert_eq!(sampler.ended(now + SECOND / 2), []);
    assert!(sampler.owes_a_summary());
    let summary = Summary { reason: "expired", suppressed: 1, seconds: 3 };
    assert_eq!(sampler.ended(now + 3 * SECOND), [summary]);
    assert!(!sampler.owes_a_summary());
}

#[test]
fn off_writes_everything_and_no_setting_writes_nothing() {
    let count = |settings| {
        let sampler = Sampler::new(settings);
        let now = Instant::now();
        let written =
            |_: &u32| matches!(sampler.sample("expired", now).outcome, Sampled::Write { .. });
        (0..1_000).filter(written).count()
    };
    assert_eq!(count(LogSampling::off()), 1_000);
    assert_eq!(count(LogSampling::new(0, SECOND)), 10);
    assert_eq!(count(LogSampling::new(u32::MAX, SECOND)), 1_000);
}

#[test]
fn workers_at_once_lose_no_count() {
    let sampler = Sampler::new(LogSampling::new(3, SECOND / 100));
    let told = Mutex::new(Told::default());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    let sampled = sampler.sample("expired", Instant::now());
                    told.lock().unwrap().add(sampled);
                }
            });
        }
    });
    let mut told = told.into_inner().unwrap();
    told.summaries(sampler.rest(Instant::now()));
    assert_eq!(told.written + told.suppressed, 80_000);
}
