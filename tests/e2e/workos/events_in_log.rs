//! The events that WorkOS's webhooks and API cause in the log, which show no secret and no person.

use std::time::{Duration, SystemTime};

use actix_mcp_auth::{
    McpAuth,
    testing::{TestAuthority, WorkOsEvent},
    workos::{Event, WorkOs, WorkOsSettings},
};
use actix_web::http::Method;

use super::{PATH, settings};
use crate::{logs::process_log, support::Server};

/// Secrets of these tests alone, so that none of the lines can be of another test.
const SECRET: &str = "whsec_that_the_log_must_not_show";
const API_KEY: &str = "sk_test_that_the_log_must_not_show";
const EMAIL: &str = "ada.lovelace@not-in-the-log.example";

/// An application whose resource is of one test alone.
struct Application {
    authority: TestAuthority,
    server: Server,
    auth: McpAuth,
    workos: WorkOs,
    /// How much of the log is of the time before.
    before: usize,
}

impl Application {
    fn new(
        resource: &str,
        prepare: impl FnOnce(&TestAuthority),
        change: impl FnOnce(WorkOsSettings) -> WorkOsSettings,
    ) -> Self {
        let before = process_log().text().len();
        let authority = TestAuthority::builder().workos_api_key(API_KEY).start().unwrap();
        prepare(&authority);
        let auth = McpAuth::builder(resource).authkit(authority.issuer()).build().unwrap();
        let settings = change(settings(&authority)).poll_every(Duration::from_millis(100));
        let workos = WorkOs::new(settings, auth.handle()).unwrap();
        let webhooks = workos.webhooks([SECRET]).unwrap();
        let server = Server::start(move |config| {
            config.service(webhooks.at(PATH));
        });
        Self { authority, server, auth, workos, before }
    }

    async fn receive(&self, event: &WorkOsEvent, secret: &str) -> u16 {
        let webhook = event.webhook(secret);
        let request = self.server.request(Method::POST, PATH);
        let request = request.header("WorkOS-Signature", &webhook.signature);
        request.send_body(webhook.body).await.status.as_u16()
    }

    /// The lines of this event, level and target included, since the application was made.
    fn lines(&self, event: &str) -> Vec<String> {
        let field = format!(" event=\"{event}\"");
        let log = process_log().text().split_off(self.before);
        log.lines().filter(|line| line.contains(&field)).map(str::to_owned).collect()
    }

    /// Waits for a line of this event with all these pieces.
    async fn until_logged(&self, level: &str, event: &str, pieces: &[&str]) {
        let start = SystemTime::now();
        let level = format!(" {level} mcp_auth: ");
        let is_it = |line: &String| {
            line.contains(&level) && pieces.iter().all(|piece| line.contains(piece))
        };
        while !self.lines(event).iter().any(is_it) {
            let lines = self.lines(event);
            let waited = start.elapsed().unwrap();
            assert!(waited < Duration::from_secs(20), "not {event} {pieces:?}, but {lines:#?}");
            actix_web::rt::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// An event with personal data.
fn user_updated() -> WorkOsEvent {
    WorkOsEvent::user_updated("user_ada").with("email", EMAIL)
}

/// At every level, whichever library writes it.
fn the_log_shows_no_secret_and_no_person() {
    let log = process_log().text();
    for secret in [SECRET, API_KEY, EMAIL] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "the log shows {secret}");
    }
}

#[actix_web::test]
async fn r36_webhooks_leave_events_and_no_personal_data_in_the_log() {
    let application = Application::new(
        "http://127.0.0.1:8787/webhooks-in-the-log",
        |_| {},
        |settings| {
            settings.on_event(|event: Event| async move {
                match event.name.as_str() {
                    "role.updated" => Err("the hook's database is gone"),
                    _ => Ok(()),
                }
            })
        },
    );
    application.until_logged("WARN", "workos_events_not_followed", &["WORKOS_API_KEY"]).await;

    let good = application.authority.emit_event(user_updated());
    assert_eq!(application.receive(&good, SECRET).await, 200);
    let pieces = [good.id(), "kind=\"user.updated\"", "source=\"webhook\""];
    application.until_logged("INFO", "workos_event", &pieces).await;

    assert_eq!(application.receive(&good, "whsec_of_somebody_else").await, 401);
    let pieces = ["reason=\"the signature is by none of the secrets", "suppressed="];
    application.until_logged("WARN", "webhook_refused", &pieces).await;

    let failing = application.authority.emit_event(WorkOsEvent::role_updated("editor"));
    assert_eq!(application.receive(&failing, SECRET).await, 503);
    let pieces = [failing.id(), "the hook's database is gone"];
    application.until_logged("ERROR", "webhook_not_done", &pieces).await;

    let invalid = serde_json::json!({ "id": "a\nb", "email": EMAIL });
    let invalid = application.authority.emit("user.deleted", invalid);
    assert_eq!(application.receive(&invalid, SECRET).await, 200);
    let pieces = ["why=\"an id has control characters\""];
    application.until_logged("WARN", "workos_event_without_effect", &pieces).await;
    assert_eq!(application.auth.revocations().count(), 0);
    the_log_shows_no_secret_and_no_person();
}

#[actix_web::test]
async fn r36_reading_events_and_its_failures_are_in_the_log() {
    let look_back = Duration::from_secs(4_321);
    let application = Application::new(
        "http://127.0.0.1:8787/events-in-the-log",
        |authority| authority.limit_api(1),
        |settings| settings.api_key(API_KEY).look_back(look_back),
    );
    let first = application.authority.emit_event(user_updated());
    application.until_logged("WARN", "workos_events_not_read", &["(429)"]).await;
    let pieces = ["seconds=4321", "why=\"first start\""];
    application.until_logged("INFO", "workos_events_from_look_back", &pieces).await;
    application.until_logged("INFO", "workos_event", &[first.id(), "source=\"events\""]).await;

    application.authority.forget_events();
    let second = application.authority.emit_event(user_updated());
    let pieces = ["why=\"WorkOS has lost the position\""];
    application.until_logged("INFO", "workos_events_from_look_back", &pieces).await;
    application.until_logged("INFO", "workos_event", &[second.id(), "source=\"events\""]).await;
    the_log_shows_no_secret_and_no_person();
}

#[actix_web::test]
async fn r36_an_event_whose_hook_fails_five_times_is_skipped_and_logged() {
    let failing = WorkOsEvent::user_deleted("user_ada").with("email", EMAIL);
    let hook = |event: Event| async move {
        match event.name.as_str() {
            "user.deleted" => Err("the hook's database is gone"),
            _ => Ok(()),
        }
    };
    let application = Application::new(
        "http://127.0.0.1:8787/skipped-events",
        |_| {},
        |settings| settings.api_key(API_KEY).on_event(hook),
    );
    let failing = application.authority.emit_event(failing);
    let next = application.authority.emit_event(user_updated());
    let pieces = [failing.id(), "the hook's database is gone"];
    application.until_logged("ERROR", "workos_event_skipped", &pieces).await;
    application.until_logged("INFO", "workos_event", &[next.id()]).await;
    assert_eq!(application.auth.revocations().count(), 2, "in force: agents and browsers");
    the_log_shows_no_secret_and_no_person();
}

#[actix_web::test]
async fn the_set_up_is_checked_at_the_start_and_logged() {
    const RESOURCE: &str = "http://127.0.0.1:8787/set-up-in-the-log";
    let with_resource = Application::new(
        RESOURCE,
        |authority| authority.register_resource(RESOURCE),
        |settings| settings.api_key(API_KEY),
    );
    let pieces = [&*format!("detail=\"the resource indicator {RESOURCE} is registered\"")];
    with_resource.until_logged("INFO", "workos_setup", &pieces).await;
    let without = Application::new(RESOURCE, |_| {}, |settings| settings.api_key(API_KEY));
    let pieces = ["the resource indicator is not registered", RESOURCE];
    without.until_logged("WARN", "workos_setup_wrong", &pieces).await;
    assert!(!without.workos.check().await.is_good());
    the_log_shows_no_secret_and_no_person();
}
