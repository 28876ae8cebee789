//! Tokens of a session are renewed before they expire, once for all requests.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_mcp_auth::{
    async_trait,
    revocation::Revoked,
    session::{RefreshClaim, RefreshLock, SessionError},
    testing::{Endpoint, Fault},
};
use actix_web::rt::time::sleep;
use futures_util::future::join_all;
use serde_json::json;

use super::{AUTHENTICATE, Application, authority, sessions_name, until};

/// The lifetime of tokens, in seconds.
const LIFETIME: u64 = 300;
/// After so many seconds tokens have to be renewed, and are good.
const DUE: u64 = 210;

fn application() -> Application {
    let lifetime = Duration::from_secs(LIFETIME);
    Application::with(authority().session_token_lifetime(lifetime).start().unwrap(), |it| it)
}

fn fail_refreshes(application: &Application, fault: Fault) {
    application.authority.inject(Endpoint::Path(AUTHENTICATE.into()), fault);
}

#[actix_web::test]
async fn r38_twenty_requests_cause_one_refresh() {
    let application = application();
    let mut browser = application.signed_in().await;
    assert_eq!(browser.home().await.status, 200);
    assert_eq!(application.authority.refreshes(), 0);
    application.pass(DUE);
    let delay = Duration::from_millis(300);
    application.authority.slow_down(Endpoint::Path(AUTHENTICATE.into()), delay);
    let old = browser.clone();
    let mut tabs: Vec<_> = (0..20).map(|_| browser.clone()).collect();
    let answers = join_all(tabs.iter_mut().map(|tab| tab.home())).await;
    for answer in &answers {
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, "Ada -"), "{answer:?}");
        assert!(
            answer.header("set-cookie").unwrap().starts_with("mcp-auth-session="),
            "{answer:?}"
        );
    }
    assert_eq!(application.authority.refreshes(), 1);
    // A request that was sent with the old cookie before the answer came.
    let mut late = old;
    assert_eq!(late.home().await.status, 200);
    assert_eq!(application.authority.refreshes(), 1, "the outcome is kept for it");
    browser.cookies = tabs[0].cookies.clone();
    assert_eq!(browser.home().await.status, 200);
    assert_eq!(application.authority.refreshes(), 1, "the new tokens are fresh");
}

#[actix_web::test]
async fn r38_a_request_that_is_given_up_does_not_end_the_refresh() {
    let application = application();
    let browser = application.signed_in().await;
    application.pass(DUE);
    application
        .authority
        .slow_down(Endpoint::Path(AUTHENTICATE.into()), Duration::from_millis(500));
    let mut tab = browser.clone();
    let given_up = actix_web::rt::time::timeout(Duration::from_millis(200), tab.home()).await;
    assert!(given_up.is_err(), "the connection is closed while the refresh is under way");
    until("one refresh", async || application.authority.refreshes() == 1).await;
    let mut tab = browser.clone();
    let answer = tab.home().await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("set-cookie").is_some(), "the new tokens are not lost");
    assert_eq!(application.authority.refreshes(), 1);
}

/// A lock that grants each claim, and does not take the first outcome.
#[derive(Clone, Default)]
struct AwayAtFirst(Arc<AtomicU64>);

#[async_trait]
impl RefreshLock for AwayAtFirst {
    async fn claim(&self, _: &str, _: &str, _: Duration) -> Result<RefreshClaim, SessionError> {
        Ok(RefreshClaim::Granted)
    }

    async fn finish(&self, _: &str, _: &str, _: &str, _: Duration) -> Result<(), SessionError> {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => Err(SessionError::new("the lock is away")),
            _ => Ok(()),
        }
    }

    async fn abandon(&self, _: &str, _: &str) -> Result<(), SessionError> {
        Ok(())
    }
}

#[actix_web::test]
async fn r38_an_outcome_that_the_lock_did_not_take_is_told_again() {
    let lock = AwayAtFirst::default();
    let lifetime = Duration::from_secs(LIFETIME);
    let authority = authority().session_token_lifetime(lifetime).start().unwrap();
    let application = Application::with(authority, |it| it.refresh_lock(lock.clone()));
    let mut browser = application.signed_in().await;
    application.pass(DUE);
    let answer = browser.home().await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("set-cookie").is_some(), "requests do not wait for that");
    until("the outcome is told", async || lock.0.load(Ordering::Relaxed) == 2).await;
    assert_eq!(application.authority.refreshes(), 1);
}

#[actix_web::test]
async fn a_refresh_that_fails_changes_nothing_while_the_token_is_good() {
    let application = application();
    let mut browser = application.signed_in().await;
    application.pass(DUE);
    fail_refreshes(&application, Fault::Unavailable);
    let answer = browser.home().await;
    assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (200, None));
    application.pass(LIFETIME - DUE + 1);
    let expired = browser.home().await;
    assert_eq!(expired.status, 503, "expired, and the issuer is away: {expired:?}");
    assert!(expired.header("retry-after").is_some());
    assert!(expired.header("set-cookie").is_none(), "the session is kept");
    application.authority.clear_faults();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(browser.home().await.status, 200, "the issuer is back");
}

#[actix_web::test]
async fn r38_a_session_that_the_issuer_ended_is_over_with_its_token() {
    let application = application();
    let mut browser = application.signed_in().await;
    let sid = application.authority.active_sessions("user_ada").pop().unwrap();
    application.authority.end_session(&sid).unwrap();
    application.pass(DUE);
    assert_eq!(browser.home().await.status, 200, "its token is good");
    application.pass(LIFETIME - DUE + 1);
    let answer = browser.home().await;
    assert_eq!(answer.status, 303, "signs in again: {answer:?}");
    assert_eq!(browser.cookie("mcp-auth-session"), None);
}

#[actix_web::test]
async fn r34_a_revoked_session_stays_out_after_a_refresh() {
    let application = application();
    let mut by_sid = application.signed_in().await;
    let sid = application.authority.active_sessions("user_ada").pop().unwrap();
    let issuer = sessions_name(&application.authority);
    application.site.revoke(Revoked::session(sid).of_issuer(issuer.as_str())).await.unwrap();
    assert_eq!(by_sid.home().await.status, 401);
    application.pass(DUE);
    assert_eq!(by_sid.home().await.status, 401);
    assert_eq!(application.authority.refreshes(), 1, "it was refreshed");
    let after = by_sid.home().await;
    assert_eq!(after.status, 401, "and stays out");
    assert!(after.header("location").is_none(), "a page, and no redirect loop");
}

#[actix_web::test]
async fn r34_a_revoked_person_stays_out_after_a_refresh() {
    let application = application();
    let mut browser = application.signed_in().await;
    let issuer = sessions_name(&application.authority);
    application.site.revoke(Revoked::subject("user_ada").of_issuer(issuer)).await.unwrap();
    assert_eq!(browser.home().await.status, 401);
    application.pass(DUE);
    for _ in 0..2 {
        assert_eq!(browser.home().await.status, 401);
    }
    assert_eq!(application.authority.refreshes(), 1);
}

#[actix_web::test]
async fn r38_a_session_ends_without_use() {
    let authority = authority().start().unwrap();
    let hour = Duration::from_secs(60 * 60);
    let application = Application::with(authority, |it| it.idle_lifetime(hour));
    let mut browser = application.signed_in().await;
    for _ in 0..2 {
        application.pass(59 * 60);
        assert_eq!(browser.home().await.status, 200);
    }
    application.pass(61 * 60);
    assert_eq!(browser.home().await.status, 303, "signs in again");
    assert_eq!(browser.cookie("mcp-auth-session"), None);
}

#[actix_web::test]
async fn r38_a_session_ends_by_its_age() {
    let authority = authority().start().unwrap();
    let hour = Duration::from_secs(60 * 60);
    let application = Application::with(authority, |it| it.absolute_lifetime(hour));
    let mut browser = application.signed_in().await;
    application.pass(40 * 60);
    assert_eq!(browser.home().await.status, 200);
    application.pass(21 * 60);
    assert_eq!(browser.home().await.status, 303, "however lately it was used");
    assert_eq!(browser.cookie("mcp-auth-session"), None);
}

#[actix_web::test]
async fn new_tokens_of_somebody_else_are_not_taken() {
    let application = application();
    let mut browser = application.signed_in().await;
    application.pass(DUE);
    let forged = authority().start().unwrap().sign_in_session("user_alan");
    let tokens = json!({ "access_token": forged.access_token, "refresh_token": "r" });
    fail_refreshes(&application, Fault::json(200, tokens));
    assert_eq!(browser.home().await.status, 401, "verified as any token");
}
