//! The events of the revocation log, each with a log that behaves as the test says.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_mcp_auth::{
    McpAuth, async_trait,
    revocation::{
        LogBatch, LogEntry, LogError, LogFollower, RevocationLog, RevocationSettings, Revoked,
        SharedRevocations,
    },
    testing::TestAuthority,
};
use actix_web::rt::time::sleep;

use crate::{
    logs::process_log,
    support::{Server, authority, builder, good_token},
};

/// What a follower does next.
pub(crate) enum Step {
    /// Reads the whole log.
    Everything(Vec<LogEntry>),
    Fail,
    Panic,
}

/// A log whose followers take these steps, and after the last one read that nothing was added.
#[derive(Clone)]
pub(crate) struct ScriptedLog {
    name: &'static str,
    steps: Arc<Mutex<VecDeque<Step>>>,
    appended: Arc<Mutex<Vec<LogEntry>>>,
}

impl ScriptedLog {
    pub(crate) fn new(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Self {
        let steps = Arc::new(Mutex::new(steps.into_iter().collect()));
        Self { name, steps, appended: Arc::default() }
    }

    pub(crate) fn then(&self, step: Step) {
        self.steps.lock().unwrap().push_back(step);
    }
}

#[async_trait]
impl RevocationLog for ScriptedLog {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    async fn append(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        self.appended.lock().unwrap().extend_from_slice(entries);
        Ok(())
    }

    async fn delete(&self, _: &[LogEntry]) -> Result<(), LogError> {
        Ok(())
    }

    fn follow(&self) -> Box<dyn LogFollower> {
        Box::new(self.clone())
    }

    async fn checkpoint(&self, _: &str) -> Result<Option<String>, LogError> {
        Ok(None)
    }

    async fn set_checkpoint(&self, _: &str, _: &str) -> Result<(), LogError> {
        Ok(())
    }

    async fn lease(&self, _: &str, _: &str, _: Duration) -> Result<bool, LogError> {
        Ok(true)
    }
}

#[async_trait]
impl LogFollower for ScriptedLog {
    async fn next(&mut self) -> Result<LogBatch, LogError> {
        let step = self.steps.lock().unwrap().pop_front();
        match step {
            Some(Step::Everything(entries)) => Ok(LogBatch::everything(entries)),
            Some(Step::Fail) => Err(LogError::new("the connection is gone")),
            Some(Step::Panic) => panic!("the follower of {} fails, as the test wants", self.name),
            None => {
                sleep(Duration::from_millis(20)).await;
                Ok(LogBatch::added(Vec::new()))
            }
        }
    }
}

/// An application that follows the log.
struct Application {
    auth: McpAuth,
    server: Server,
    authority: TestAuthority,
}

impl Application {
    fn following(log: &ScriptedLog, settings: RevocationSettings) -> Self {
        process_log();
        let shared = SharedRevocations::follow(log.clone(), settings).unwrap();
        let authority = authority();
        let auth = builder(&authority).revocations(&shared).build().unwrap();
        let server = Server::of(&auth);
        Self { auth, server, authority }
    }

    /// The status that Ada gets.
    async fn call(&self) -> u16 {
        self.server.call(&good_token(&self.authority)).await.status.as_u16()
    }

    async fn revoke(&self, subject: &str) {
        self.auth.revoke(Revoked::subject(subject)).await.unwrap();
    }
}

/// The lines about a log, without the time.
fn lines_about(name: &str) -> Vec<String> {
    let field = format!(" log={name:?}");
    let text = process_log().text();
    let of_it = text.lines().filter(|line| line.contains(&field));
    of_it.map(|line| line.split_once(' ').unwrap().1.trim_start().to_owned()).collect()
}

/// Waits until the last event about a log is this one, with these fields, and returns all events.
async fn until_logged(name: &str, event: &str, fields: &[&str]) -> Vec<String> {
    let event = format!(" event=\"{event}\"");
    for _ in 0..500 {
        let lines = lines_about(name);
        let is_it = |line: &String| {
            line.contains(&event) && fields.iter().all(|field| line.contains(field))
        };
        if lines.last().is_some_and(is_it) {
            return lines;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("not logged: {event} {fields:?}, but {:#?}", lines_about(name));
}

/// Level and event of each line.
fn events(lines: &[String]) -> Vec<(&str, &str)> {
    let of_line = |line: &'_ String| -> Option<(usize, usize, usize)> {
        let from = line.find(" event=\"")? + " event=\"".len();
        Some((line.find(' ')?, from, from + line[from..].find('"')?))
    };
    let texts = |line| of_line(line).map(|(level, from, to)| (&line[..level], &line[from..to]));
    lines.iter().filter_map(texts).collect()
}

#[actix_web::test]
async fn r35_a_log_that_is_lost_and_found_is_reported_once_each() {
    const NAME: &str = "lost-and-found";
    let log = ScriptedLog::new(NAME, [Step::Fail, Step::Fail, Step::Everything(Vec::new())]);
    let application = Application::following(&log, RevocationSettings::default());
    until_logged(NAME, "revocation_log_read", &["records=0"]).await;
    assert_eq!(application.call().await, 200);
    log.then(Step::Fail);
    let lines = until_logged(NAME, "revocation_log_found", &[]).await;
    let expected = [
        ("ERROR", "revocation_log_lost"),
        ("INFO", "revocation_log_found"),
        ("INFO", "revocation_log_read"),
        ("ERROR", "revocation_log_lost"),
        ("INFO", "revocation_log_found"),
    ];
    assert_eq!(events(&lines), expected, "two failures in a row are one event");
    assert!(lines[0].contains("ready=false"), "before the first read: {lines:?}");
    for field in ["error=\"the connection is gone\"", "silence_seconds=0", "ready=true"] {
        assert!(lines[3].contains(field), "{field} is missing in {}", lines[3]);
    }
}

#[actix_web::test]
async fn r35_records_of_a_newer_version_are_reported() {
    const NAME: &str = "of-a-newer-version";
    let entry = || vec![LogEntry::new("[\"of the future\"]", 1, "{\"version\":2}")];
    let log = ScriptedLog::new(NAME, [Step::Everything(entry()), Step::Everything(entry())]);
    let application = Application::following(&log, RevocationSettings::default());
    let lines = until_logged(NAME, "revocation_records_unread", &["unread=1"]).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(lines_about(NAME), lines, "the same record is not reported again");
    let expected = [("INFO", "revocation_log_read"), ("ERROR", "revocation_records_unread")];
    assert_eq!(events(&lines), expected);
    assert_eq!(application.auth.health().revocations.unread, 1);
    assert_eq!(application.call().await, 200, "not in force");
}

#[actix_web::test]
async fn r34_too_many_cut_offs_are_merged_and_reported() {
    const NAME: &str = "with-few-cut-offs";
    let mut settings = RevocationSettings::default();
    settings.max_cut_offs = 10;
    let log = ScriptedLog::new(NAME, [Step::Everything(Vec::new())]);
    let application = Application::following(&log, settings);
    until_logged(NAME, "revocation_log_read", &[]).await;
    for n in 0..10 {
        application.revoke(&format!("user_{n}")).await;
    }
    assert_eq!(application.call().await, 200, "ten are kept");
    application.revoke("user_10").await;
    let lines = until_logged(NAME, "revocations_merged", &["merged=2"]).await;
    assert_eq!(events(&lines).last(), Some(&("WARN", "revocations_merged")));
    assert_eq!(application.call().await, 401, "more tokens are refused");
}

#[actix_web::test]
async fn r35_records_that_the_log_lost_are_written_back_and_reported() {
    const NAME: &str = "emptied";
    let log = ScriptedLog::new(NAME, [Step::Everything(Vec::new())]);
    let application = Application::following(&log, RevocationSettings::default());
    until_logged(NAME, "revocation_log_read", &[]).await;
    application.revoke("user_ada").await;
    let appended = std::mem::take(&mut *log.appended.lock().unwrap());
    log.then(Step::Everything(Vec::new()));
    let lines = until_logged(NAME, "revocations_written_back", &["records=1"]).await;
    assert_eq!(events(&lines).last(), Some(&("WARN", "revocations_written_back")));
    for _ in 0..100 {
        if *log.appended.lock().unwrap() == appended {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(*log.appended.lock().unwrap(), appended, "the same record");
    assert_eq!(application.call().await, 401);
}

#[actix_web::test]
async fn r35_a_thread_of_the_log_that_panics_is_restarted_and_logged() {
    const NAME: &str = "panicking";
    let log = ScriptedLog::new(NAME, [Step::Everything(Vec::new())]);
    let application = Application::following(&log, RevocationSettings::default());
    until_logged(NAME, "revocation_log_read", &[]).await;
    application.revoke("user_ada").await;
    let before = process_log().text().len();
    log.then(Step::Panic);
    log.then(Step::Everything(log.appended.lock().unwrap().clone()));
    let lines = until_logged(NAME, "revocation_log_read", &["records=1"]).await;
    assert_eq!(events(&lines), [("INFO", "revocation_log_read"); 2], "read again from the start");
    let log = process_log().text().split_off(before);
    let restarts = |line: &&str| {
        line.contains("ERROR mcp_auth: ") && line.contains("event=\"revocation_thread_restarts\"")
    };
    assert_eq!(log.lines().filter(restarts).count(), 1, "no other test makes a thread panic");
    assert_eq!(application.call().await, 401, "still in force");
}
