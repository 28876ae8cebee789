//! WorkOS or the revocation log does not answer: nothing is half done, or repeating it mends it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use actix_mcp_auth::{
    async_trait,
    operation::UnixTime,
    revocation::{LogBatch, LogEntry, LogError, LogFollower, RevocationLog},
    testing::{Endpoint, Fault},
};

use super::*;

/// A log that can be told to store nothing.
#[derive(Clone, Default)]
pub(super) struct FailingLog {
    fails: Arc<AtomicBool>,
    stored: Arc<AtomicUsize>,
}

impl FailingLog {
    pub(super) fn set_failing(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }
}

#[async_trait]
impl RevocationLog for FailingLog {
    fn name(&self) -> String {
        "a log that fails".into()
    }

    async fn append(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(LogError::new("the connection is gone"));
        }
        self.stored.fetch_add(entries.len(), Ordering::SeqCst);
        Ok(())
    }

    async fn delete(&self, _: &[LogEntry]) -> Result<(), LogError> {
        Ok(())
    }

    fn follow(&self) -> Box<dyn LogFollower> {
        Box::new(Follower { has_read: false })
    }

    async fn checkpoint(&self, _: &str) -> Result<Option<String>, LogError> {
        Ok(None)
    }

    async fn set_checkpoint(&self, _: &str, _: &str) -> Result<(), LogError> {
        Ok(())
    }

    async fn lease(&self, _: &str, _: &str, _: Duration) -> Result<bool, LogError> {
        Ok(false)
    }
}

struct Follower {
    has_read: bool,
}

#[async_trait]
impl LogFollower for Follower {
    async fn next(&mut self) -> Result<LogBatch, LogError> {
        if std::mem::replace(&mut self.has_read, true) {
            sleep(Duration::from_millis(50)).await;
            return Ok(LogBatch::added(Vec::new()));
        }
        Ok(LogBatch::everything(Vec::new()))
    }
}

/// An application that has read this log.
pub(super) async fn following(log: &FailingLog) -> Application {
    let settings = RevocationSettings::default();
    let shared = SharedRevocations::follow(log.clone(), settings).unwrap();
    let app = Application::with(authority(), shared);
    let start = std::time::Instant::now();
    while !app.mcp.handle().revocations().health(UnixTime::from_secs(0)).ready {
        assert!(start.elapsed() < Duration::from_secs(10));
        sleep(Duration::from_millis(20)).await;
    }
    app
}

/// WorkOS's path for the deletion of Ada's consent for `client_one`.
pub(super) async fn path_of_consent(authority: &TestAuthority) -> String {
    let path = "/user_management/users/user_ada/authorized_applications";
    let request = awc::Client::default().get(format!("{}{path}", authority.issuer()));
    let mut answer = request.bearer_auth(API_KEY).send().await.unwrap();
    let list: Value = answer.json().await.unwrap();
    let id = list["data"][0]["application"]["id"].as_str().unwrap();
    format!("{path}/{id}")
}

#[actix_web::test]
async fn nothing_is_half_done_while_workos_refuses() {
    let app = Application::new();
    let tokens = consent(&app.authority, "client_one", "user_ada").await;
    let deletion = Endpoint::Path(path_of_consent(&app.authority).await);
    let limited = Fault::json(429, json!({ "message": "Rate limit exceeded." }));
    let refused = Fault::json(401, json!({ "message": "Unauthorized" }));
    for (endpoint, fault, says) in [
        (Endpoint::WorkOsApi, Fault::Unavailable, "WorkOS answered 503"),
        (Endpoint::WorkOsApi, limited.clone(), "fewer requests (429)"),
        (Endpoint::WorkOsApi, Fault::Html, "not the document that was expected"),
        (deletion.clone(), Fault::Unavailable, "WorkOS answered 503"),
        (deletion.clone(), limited, "fewer requests (429)"),
        (deletion.clone(), refused, "does not accept the API key"),
        (deletion, Fault::Redirect("https://evil.example/".into()), "WorkOS answered 302"),
    ] {
        app.authority.inject(endpoint.clone(), fault);
        let answer = app.disconnect("user_ada", "client_one").await;
        assert_eq!(answer.status, 503, "{endpoint:?}: {answer:?}");
        assert!(answer.body.contains(says), "{endpoint:?}: {}", answer.body);
        assert!(!answer.body.contains(API_KEY));
        app.authority.clear_faults();
        assert_eq!(app.call(&tokens.access).await, 200, "{endpoint:?}: nothing is revoked");
        assert_eq!(app.listed("user_ada").await, ["client_one"], "{endpoint:?}");
    }
    app.authority.inject(Endpoint::WorkOsApi, Fault::Unavailable);
    let answer = app.list("user_ada").await;
    assert!(answer.status == 503 && answer.body.contains("WorkOS answered 503"), "{answer:?}");
    app.authority.clear_faults();
    assert_eq!(app.disconnect("user_ada", "client_one").await.status, 204);
    assert_eq!(app.call(&tokens.access).await, 401);
}

#[actix_web::test]
async fn r34_a_log_out_of_reach_is_an_error_and_repeating_mends_it() {
    let log = FailingLog::default();
    let app = following(&log).await;
    let tokens = consent(&app.authority, "client_one", "user_ada").await;
    assert_eq!(app.call(&tokens.access).await, 200);
    log.set_failing(true);
    for _ in 0..2 {
        let answer = app.disconnect("user_ada", "client_one").await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.body.contains("in this process only"), "{}", answer.body);
        assert_eq!(app.call(&tokens.access).await, 401, "in force here");
        assert_eq!(refresh(&app.authority, "client_one", &tokens.refresh).await, 400);
    }
    assert_eq!(log.stored.load(Ordering::SeqCst), 0);
    log.set_failing(false);
    assert_eq!(app.disconnect("user_ada", "client_one").await.status, 204);
    assert!(log.stored.load(Ordering::SeqCst) >= 1);
    next_second().await;
    let anew = consent(&app.authority, "client_one", "user_ada").await;
    assert_eq!(app.call(&anew.access).await, 200, "a new consent");
}

#[actix_web::test]
async fn invented_agents_do_not_fill_the_revocation_log() {
    let app = Application::new();
    let tokens = consent(&app.authority, "client_one", "user_ada").await;
    let mut statuses = Vec::new();
    for n in 0..40 {
        let answer = app.disconnect("user_grace", &format!("invented_{n}")).await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses[..32], [204; 32]);
    assert!(statuses[33..].iter().all(|&status| status == 503), "{statuses:?}");
    assert!(app.mcp.revocations().count() <= 34);
    assert_eq!(app.disconnect("user_ada", "client_one").await.status, 204, "a real one");
    assert_eq!(app.call(&tokens.access).await, 401);
}
