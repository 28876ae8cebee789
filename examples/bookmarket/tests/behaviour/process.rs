//! The program itself, as a process.

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use bookmarket::store;
use serde_json::json;

use crate::{
    agent::{Agent, Outcome, call},
    browser::Browser,
    oauth::sign_in,
    place::{Folder, Place},
};

pub(crate) fn bookmarket(folder: &Folder, given: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookmarket"));
    command.env_clear().envs(given.iter().copied()).current_dir(folder.path());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it with invalid settings, and returns its error message.
pub(crate) fn refusal(given: &[(&str, &str)]) -> String {
    refusal_of(&[], given)
}

/// The same with a command.
pub(crate) fn refusal_of(arguments: &[&str], given: &[(&str, &str)]) -> String {
    let folder = Folder::new();
    let Output { status, stdout, stderr } =
        bookmarket(&folder, given).args(arguments).output().expect("the program runs");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert_eq!(status.code(), Some(2), "{stdout}{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stdout.is_empty(), "{stdout}");
    stderr.into_owned()
}

/// The program, running. It ends with the test.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    welcome: String,
}

impl Running {
    /// Starts it and waits until it has printed its instructions.
    pub(crate) fn start(folder: &Folder, given: &[(&str, &str)]) -> Self {
        let mut child = bookmarket(folder, given).spawn().expect("the program runs");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut welcome = String::new();
        while !welcome.contains("Ctrl-C") {
            let read = stdout.read_line(&mut welcome).expect("a line");
            assert!(read > 0, "it ended early: {welcome}");
        }
        Self { child, stdout, welcome }
    }

    /// Sends a signal by its name, and gives the exit code and what was said meanwhile.
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(sent.expect("kill runs").success());
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).expect("the rest");
        (self.child.wait().expect("an end").code(), said)
    }
}

impl Running {
    /// The last word of the line to paste.
    pub(crate) fn resource(&self) -> &str {
        let line = self.welcome.lines().find(|line| line.contains("claude mcp add"));
        line.and_then(|line| line.split_whitespace().last()).expect("a line to paste")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_what_to_paste_and_where_people_sign_in() {
    let folder = Folder::new();
    let running = Running::start(&folder, &[("BOOKMARKET_BIND", "127.0.0.1:0")]);

    let welcome = &running.welcome;
    let paste = "claude mcp add bookmarket --transport http http://127.0.0.1:";
    assert!(welcome.contains(paste), "{welcome}");
    assert!(welcome.contains("WORKOS_AUTHKIT_DOMAIN is not set"), "{welcome}");
    let in_a_file = store::DEFAULT_URL == "sqlite://bookmarket.sqlite?mode=rwc";
    assert_eq!(folder.path().join("bookmarket.sqlite").exists(), in_a_file);
}

#[actix_web::test]
async fn an_agent_finds_its_way_from_the_printed_line_to_a_tool() {
    let place = Place::new();
    let settings = [
        ("BOOKMARKET_BIND", "127.0.0.1:0"),
        ("BOOKMARKET_DEMO_APPROVE", "user_ada"),
        ("DATABASE_URL", place.url()),
    ];
    let running = Running::start(place.folder(), &settings);

    let token = sign_in(running.resource()).await;

    let ada = Agent::new(running.resource(), Some(token));
    ada.add("https://example.com/", "Found the way", &[]).await;
    assert_eq!(ada.titles().await, ["Found the way"]);
    assert_eq!(ada.call("whoami", json!({})).await.data["subject"], "user_ada");
}

/// An address whose port is free, and the next one as well.
fn two_ports() -> String {
    let next_to = |first: TcpListener| {
        let address = first.local_addr().ok()?;
        TcpListener::bind((address.ip(), address.port().checked_add(1)?)).ok()?;
        Some(address.to_string())
    };
    let free = (0..50).find_map(|_| TcpListener::bind("127.0.0.1:0").ok().and_then(next_to));
    free.expect("two ports in a row")
}

#[actix_web::test]
async fn an_agent_goes_on_after_a_restart_with_sqlite() {
    let place = Place::new();
    let bind = two_ports();
    let settings = [
        ("BOOKMARKET_BIND", &*bind),
        ("BOOKMARKET_DEMO_APPROVE", "user_ada"),
        ("DATABASE_URL", place.url()),
    ];
    let running = Running::start(place.folder(), &settings);
    let token = sign_in(running.resource()).await;
    let ada = Agent::new(running.resource(), Some(token.clone()));
    ada.add("https://example.com/", "Before the restart", &[]).await;
    drop(running); // It is killed.

    let running = Running::start(place.folder(), &settings);
    let ada = Agent::new(running.resource(), Some(token));
    let answer = ada.post(&call("list_bookmarks", json!({}))).await;
    match place.url().starts_with("sqlite:") {
        true => assert_eq!(Outcome::of(&answer).titles(), ["Before the restart"]),
        // Elsewhere the demo has no file: its keys are new.
        false => assert_ne!(answer.status, 200, "{answer:?}"),
    }
    drop(running);
}

#[actix_web::test]
async fn a_person_signs_in_from_the_printed_page() {
    let place = Place::new();
    let settings = [
        ("BOOKMARKET_BIND", "127.0.0.1:0"),
        ("BOOKMARKET_DEMO_APPROVE", "user_ada"),
        ("DATABASE_URL", place.url()),
    ];
    let running = Running::start(place.folder(), &settings);
    let origin = running.resource().trim_end_matches("/mcp/bookmarket");
    assert!(running.welcome.contains(&format!("Its pages:\n\n    {origin}/\n")));

    let page = Browser::new(running.resource()).sign_in().await;

    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.text.contains("user_ada") && page.text.contains(running.resource()), "{page:?}");
}

#[test]
fn without_keys_it_says_why_nobody_signs_in_at_the_pages() {
    let folder = Folder::new();
    let settings =
        [("BOOKMARKET_BIND", "127.0.0.1:0"), ("WORKOS_AUTHKIT_DOMAIN", "auth.example.com")];
    let running = Running::start(&folder, &settings);

    let missing = "Set WORKOS_CLIENT_ID, WORKOS_API_KEY, WORKOS_COOKIE_PASSWORD.";
    assert!(running.welcome.contains(missing), "{}", running.welcome);
}

#[test]
fn a_short_cookie_password_ends_with_one_sentence() {
    let said = refusal(&[
        ("BOOKMARKET_BIND", "127.0.0.1:0"),
        ("WORKOS_AUTHKIT_DOMAIN", "auth.example.com"),
        ("WORKOS_CLIENT_ID", "client_01ABC"),
        ("WORKOS_API_KEY", "sk_test_hunter2"),
        ("WORKOS_COOKIE_PASSWORD", "hunter2"),
    ]);

    assert!(said.contains("WORKOS_COOKIE_PASSWORD"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[cfg(unix)]
#[test]
fn sigterm_and_ctrl_c_stop_it_gracefully() {
    for signal in ["TERM", "INT"] {
        let folder = Folder::new();
        let running = Running::start(&folder, &[("BOOKMARKET_BIND", "127.0.0.1:0")]);

        let (code, said) = running.stop(signal);

        assert_eq!(code, Some(0), "{signal}");
        assert!(said.contains("Goodbye"), "{signal}: {said}");
    }
}

#[test]
fn a_bad_setting_ends_with_one_sentence() {
    let said = refusal(&[("BOOKMARKET_UNKNOWN_USER", "maybe")]);

    assert!(said.contains("BOOKMARKET_UNKNOWN_USER is \"maybe\""), "{said}");
}

#[test]
fn a_taken_port_ends_with_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();

    let said = refusal(&[("BOOKMARKET_BIND", &address)]);

    assert!(said.contains(&address) && said.contains("BOOKMARKET_BIND"), "{said}");
}

#[test]
fn an_unknown_demo_person_ends_with_one_sentence() {
    let nobody = [("BOOKMARKET_BIND", "127.0.0.1:0"), ("BOOKMARKET_DEMO_APPROVE", "user_nobody")];

    let said = refusal(&nobody);

    assert!(said.contains("BOOKMARKET_DEMO_APPROVE is \"user_nobody\""), "{said}");
}
