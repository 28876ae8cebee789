//! Events that are read from the API.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use actix_mcp_auth::{
    McpAuth,
    testing::{TestAuthority, WorkOsEvent},
    workos::{Event, WorkOs, WorkOsSettings},
};

use super::{API_KEY, Application, SECRET, agent, authority, settings, until};
use crate::support::builder;

fn polling(authority: &TestAuthority) -> WorkOsSettings {
    settings(authority).api_key(API_KEY).poll_every(Duration::from_millis(100))
}

#[actix_web::test]
async fn r36_what_was_missed_takes_effect_within_5_s_of_the_start() {
    let authority = authority();
    authority.emit_event(WorkOsEvent::user_deleted("user_ada"));
    let application = Application::new(&authority, polling(&authority));
    let token = agent(&authority, &[]);
    until("the deleted user is out", async || application.call(&token).await == 401).await;
    let alan = authority.token().subject("user_alan").audience(super::RESOURCE).sign();
    assert_eq!(application.call(&alan).await, 200);
    // And what comes later, by webhook or not.
    authority.emit_event(WorkOsEvent::user_deleted("user_alan"));
    until("and the next", async || application.call(&alan).await == 401).await;
}

/// What the hook of an application has seen.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn hook(&self, settings: WorkOsSettings) -> WorkOsSettings {
        let seen = self.0.clone();
        settings.on_event(move |event: Event| {
            seen.lock().unwrap().push(event.id);
            async { Ok::<(), String>(()) }
        })
    }

    fn ids(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

fn start(authority: &TestAuthority, seen: &Seen) -> (McpAuth, WorkOs) {
    let auth = builder(authority).build().unwrap();
    let workos = WorkOs::new(seen.hook(polling(authority)), auth.handle()).unwrap();
    (auth, workos)
}

#[actix_web::test]
async fn r36_events_are_read_in_order_and_each_once() {
    let authority = authority();
    let emit = |n: u32| authority.emit_event(WorkOsEvent::user_updated(&format!("user_{n}")));
    let mut expected: Vec<String> = (0..250).map(|n| emit(n).id().to_owned()).collect();
    let seen = Seen::default();
    let _running = start(&authority, &seen);
    until("three pages", async || seen.ids().len() == 250).await;
    expected.extend((250..260).map(|n| emit(n).id().to_owned()));
    until("what is new", async || seen.ids().len() == 260).await;
    actix_web::rt::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(seen.ids(), expected);
}

#[actix_web::test]
async fn r36_a_lost_position_is_replaced_by_a_time() {
    let authority = authority();
    let seen = Seen::default();
    let _running = start(&authority, &seen);
    let first = authority.emit_event(WorkOsEvent::user_updated("user_1"));
    until("the first", async || seen.ids().len() == 1).await;
    authority.forget_events();
    let second = authority.emit_event(WorkOsEvent::user_updated("user_2"));
    until("the next, although WorkOS does not know the position", async || {
        seen.ids().contains(&second.id().to_owned())
    })
    .await;
    assert_eq!(seen.ids().first().map(String::as_str), Some(first.id()));
}

#[actix_web::test]
async fn r36_a_limit_of_the_api_delays_and_loses_nothing() {
    let authority = authority();
    authority.limit_api(2);
    let event = authority.emit_event(WorkOsEvent::user_updated("user_1"));
    let seen = Seen::default();
    let _running = start(&authority, &seen);
    until("after two answers of 429", async || seen.ids() == [event.id()]).await;
}

#[actix_web::test]
async fn r36_webhooks_and_events_run_together() {
    let authority = authority();
    let application = Application::new(&authority, polling(&authority));
    let event = WorkOsEvent::session_revoked("session_1", "user_ada");
    let event = authority.emit_event(event.at(SystemTime::now() + Duration::from_secs(1)));
    assert_eq!(application.receive(&event.webhook(SECRET)).await.status, 200);
    until("read as well", async || authority.requests("/events") > 2).await;
    assert_eq!(application.mcp.revocations().count(), 1, "one state");
}

#[actix_web::test]
async fn one_process_reads_events_at_a_time() {
    let authority = authority();
    let shared = actix_mcp_auth::revocation::SharedRevocations::in_memory(Default::default());
    // The memory of one process gives the lease to everybody: reading twice is harmless.
    let auth = builder(&authority).revocations(&shared).build().unwrap();
    let seen = Seen::default();
    let one = WorkOs::new(seen.hook(polling(&authority)), auth.handle()).unwrap();
    let two = WorkOs::new(seen.hook(polling(&authority)), auth.handle()).unwrap();
    let event = authority.emit_event(WorkOsEvent::user_deleted("user_ada"));
    until("somebody has read it", async || seen.ids().contains(&event.id().to_owned())).await;
    drop((one, two));
    let requests = authority.requests("/events");
    actix_web::rt::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(authority.requests("/events"), requests, "the threads have ended");
}
