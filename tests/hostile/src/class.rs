//! A class of cases, each with a name and an outcome. All cases run before the failures are
//! reported. A class is one row in the table that `tests/hostile/run` prints.

use std::{fs::OpenOptions, io::Write, time::Duration};

use crate::{answer::Answer, full, server::METADATA_URL};

/// Cases of one kind, and their outcomes.
#[must_use = "the outcome is told by `done`"]
pub struct Class {
    name: String,
    cases: usize,
    failed: Vec<String>,
    refusals: Vec<Duration>,
    done: bool,
}

/// The expected answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// 200.
    Passed,
    /// 401 `invalid_token`, with the URL of the metadata (R11, R14).
    BadToken,
    /// 401 without an error code (R13).
    NoCredentials,
    /// 400 `invalid_request` (R11).
    BadRequest,
    /// 403 `insufficient_scope` (R15).
    MissingScope,
    /// 503 with `Retry-After` and no challenge (R11): the only 5xx that a test may expect.
    Unavailable,
    /// No known key fits the token's `kid` and `alg` (R24): as [`BadToken`](Self::BadToken) where a
    /// fetch has confirmed it, as [`Unavailable`](Self::Unavailable) within the cool-down.
    UnknownKey,
    /// Any 4xx: for requests that the server answers before the middleware.
    Refused,
}

impl Class {
    /// A class by its name in the table.
    pub fn new(name: &'static str) -> Self {
        Self { name: name.into(), cases: 0, failed: Vec::new(), refusals: Vec::new(), done: false }
    }

    /// The same class in a variant, which is added to its name.
    pub fn with(mut self, what: &str) -> Self {
        self.name = format!("{} ({what})", self.name);
        self
    }

    /// One case, with its outcome.
    pub fn case(&mut self, name: impl Into<String>, outcome: Result<(), String>) {
        self.cases += 1;
        if let Err(why) = outcome {
            self.failed.push(format!("{}: {why}", name.into()));
        }
    }

    /// One case: the value must be the expected one.
    pub fn same<T: PartialEq + std::fmt::Debug>(
        &mut self,
        name: impl Into<String>,
        found: T,
        expected: T,
    ) {
        let same = found == expected;
        self.case(
            name,
            same.then_some(()).ok_or_else(|| format!("expected {expected:?}, got {found:?}")),
        );
    }

    /// One case: an answer must be as expected, and must not have taken long.
    pub fn answer(&mut self, name: impl Into<String>, answer: &Answer, expected: Expected) {
        let mut outcome = expected.check(answer);
        if answer.took > longest() {
            outcome = Err(format!("it took {:?}", answer.took));
        }
        self.case(name, outcome);
    }

    /// Records how long a rejection took, for the table.
    pub fn refused_within(&mut self, took: Duration) {
        self.refusals.push(took);
    }

    /// How many cases there were.
    pub fn cases(&self) -> usize {
        self.cases
    }

    /// Ends the class and reports every failed case.
    ///
    /// # Panics
    /// If a case failed, or if there was none.
    pub fn done(mut self) {
        self.done = true;
        self.write_row(self.failed.len());
        assert!(self.cases > 0, "{}: no case was tried", self.name);
        assert!(
            self.failed.is_empty(),
            "{}: {} of {} failed:\n{}",
            self.name,
            self.failed.len(),
            self.cases,
            self.failed.join("\n")
        );
    }

    /// Tab-separated: class, cases, passed, p50 and p99 of a refusal in µs where they were
    /// measured. To the file that `HOSTILE_ROWS` names.
    fn write_row(&self, failed: usize) {
        // Classes that fail on purpose are not in the table.
        let Some(path) = std::env::var_os("HOSTILE_ROWS").filter(|_| !cfg!(test)) else {
            return;
        };
        let (p50, p99) = (self.percentile(50), self.percentile(99));
        let passed = self.cases.saturating_sub(failed);
        let row = format!("{}\t{}\t{passed}\t{p50}\t{p99}\n", self.name, self.cases);
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(row.as_bytes()).unwrap();
    }

    fn percentile(&self, percent: usize) -> String {
        let mut sorted = self.refusals.clone();
        sorted.sort();
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or("-".into(), |took| format!("{:.0}", took.as_secs_f64() * 1e6))
    }
}

/// A test that ends before `done` has panicked, and the table says so.
impl Drop for Class {
    fn drop(&mut self) {
        if !self.done {
            self.cases += 1;
            self.write_row(self.failed.len() + 1);
            if !std::thread::panicking() {
                panic!("{}: `done` was not called", self.name);
            }
        }
    }
}

impl Expected {
    /// Whether an answer is the expected one.
    ///
    /// # Errors
    /// What it is instead.
    pub fn check(self, answer: &Answer) -> Result<(), String> {
        let (status, challenge) = (answer.status, answer.challenge());
        let error = challenge.as_ref().and_then(|challenge| challenge.get("error"));
        let metadata = challenge.as_ref().and_then(|challenge| challenge.get("resource_metadata"));
        let found = match (status, &challenge) {
            (200, None) => self == Self::Passed,
            (401, Some(_)) if metadata != Some(METADATA_URL) => false,
            (401, Some(_)) => match error {
                Some("invalid_token") => {
                    matches!(self, Self::BadToken | Self::Refused | Self::UnknownKey)
                }
                None => matches!(self, Self::NoCredentials | Self::Refused),
                Some(_) => false,
            },
            (400, Some(_)) if error == Some("invalid_request") => {
                matches!(self, Self::BadRequest | Self::Refused)
            }
            (403, Some(_)) if error == Some("insufficient_scope") => self == Self::MissingScope,
            (503, None) if answer.header("retry-after").is_some() => {
                matches!(self, Self::Unavailable | Self::UnknownKey)
            }
            (400..=499, None) if status != 401 => self == Self::Refused,
            _ => false,
        };
        found.then_some(()).ok_or_else(|| format!("expected {self:?}, got {answer:?}"))
    }
}

/// A longer answer counts as a hang. The machine that runs `cargo test` may be busy.
fn longest() -> Duration {
    Duration::from_secs(if full() { 2 } else { 10 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Expected; 8] = [
        Expected::Passed,
        Expected::BadToken,
        Expected::NoCredentials,
        Expected::BadRequest,
        Expected::MissingScope,
        Expected::Unavailable,
        Expected::UnknownKey,
        Expected::Refused,
    ];

    fn answer(status: u16, headers: &[(&str, String)]) -> Answer {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), v.clone().into_bytes()));
        Answer { status, headers: headers.collect(), body: String::new(), took: Duration::ZERO }
    }

    fn challenge(error: &str) -> (&'static str, String) {
        let error = if error.is_empty() { "".into() } else { format!("error=\"{error}\", ") };
        ("www-authenticate", format!("Bearer {error}resource_metadata=\"{METADATA_URL}\""))
    }

    fn accepts(answer: &Answer) -> Vec<Expected> {
        ALL.into_iter().filter(|expected| expected.check(answer).is_ok()).collect()
    }

    #[test]
    fn each_answer_is_what_it_is_and_nothing_else() {
        use Expected::*;

        let retry = ("retry-after", "1".to_owned());
        for (answer, expected) in [
            (answer(200, &[]), vec![Passed]),
            (answer(401, &[challenge("invalid_token")]), vec![BadToken, UnknownKey, Refused]),
            (answer(401, &[challenge("")]), vec![NoCredentials, Refused]),
            (answer(400, &[challenge("invalid_request")]), vec![BadRequest, Refused]),
            (answer(403, &[challenge("insufficient_scope")]), vec![MissingScope]),
            (answer(503, &[retry]), vec![Unavailable, UnknownKey]),
            (answer(431, &[]), vec![Refused]),
            // Never allowed.
            (answer(200, &[challenge("")]), vec![]),
            (answer(401, &[]), vec![]),
            (answer(401, &[challenge("insufficient_scope")]), vec![]),
            (answer(401, &[("www-authenticate", "Bearer".into())]), vec![]),
            (answer(400, &[challenge("invalid_token")]), vec![]),
            (answer(500, &[]), vec![]),
            (answer(503, &[]), vec![]),
            (answer(503, &[challenge("invalid_token")]), vec![]),
        ] {
            assert_eq!(accepts(&answer), expected, "{answer:?}");
        }
    }

    #[test]
    #[should_panic = "1 of 2 failed:\nthe other: no"]
    fn a_failed_case_is_told_at_the_end() {
        let mut class = Class::new("class: a failure");
        class.case("the other", Err("no".into()));
        class.case("one", Ok(()));
        class.done();
    }

    #[test]
    #[should_panic = "no case was tried"]
    fn a_class_without_cases_has_failed() {
        Class::new("class: nothing").done();
    }

    #[test]
    #[should_panic = "`done` was not called"]
    fn a_class_that_is_forgotten_has_failed() {
        Class::new("class: forgotten").case("one", Ok(()));
    }

    #[test]
    #[should_panic = "it took"]
    fn what_takes_too_long_has_failed() {
        let mut class = Class::new("class: a hang");
        let late = Answer { took: Duration::from_secs(11), ..answer(200, &[]) };
        class.answer("late", &late, Expected::Passed);
        class.done();
    }
}
