//! The events of a sign-in, and that none shows a token, a cookie or a code.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_mcp_auth::{
    async_trait,
    session::{RefreshClaim, RefreshLock, SessionError},
    testing::{Endpoint, Fault},
};
use actix_session::storage::{
    CookieSessionStore, LoadError, SaveError, SessionKey, SessionStore, UpdateError,
};
use actix_web::cookie::time;

use super::{AUTHENTICATE, Application, Browser, authority};
use crate::logs::process_log;

/// A store in the cookie that fails on demand.
#[derive(Clone, Default)]
struct Fallible {
    loads: Arc<AtomicBool>,
    saves: Arc<AtomicBool>,
    deletes: Arc<AtomicBool>,
}

fn away(fails: &AtomicBool) -> Result<(), std::io::Error> {
    match fails.load(Ordering::Relaxed) {
        true => Err(std::io::Error::other("the session store is away")),
        false => Ok(()),
    }
}

impl SessionStore for Fallible {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        away(&self.loads).map_err(|error| LoadError::Other(error.into()))?;
        CookieSessionStore::default().load(key).await
    }

    async fn save(
        &self,
        state: HashMap<String, String>,
        ttl: &time::Duration,
    ) -> Result<SessionKey, SaveError> {
        away(&self.saves).map_err(|error| SaveError::Other(error.into()))?;
        CookieSessionStore::default().save(state, ttl).await
    }

    async fn update(
        &self,
        key: SessionKey,
        state: HashMap<String, String>,
        ttl: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        away(&self.saves).map_err(|error| UpdateError::Other(error.into()))?;
        CookieSessionStore::default().update(key, state, ttl).await
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &time::Duration) -> anyhow::Result<()> {
        CookieSessionStore::default().update_ttl(key, ttl).await
    }

    async fn delete(&self, key: &SessionKey) -> anyhow::Result<()> {
        away(&self.deletes)?;
        CookieSessionStore::default().delete(key).await
    }
}

/// A lock that grants every claim, and never takes an outcome.
struct Forgetful;

#[async_trait]
impl RefreshLock for Forgetful {
    async fn claim(&self, _: &str, _: &str, _: Duration) -> Result<RefreshClaim, SessionError> {
        Ok(RefreshClaim::Granted)
    }

    async fn finish(&self, _: &str, _: &str, _: &str, _: Duration) -> Result<(), SessionError> {
        Err(SessionError::new("the lock is away"))
    }

    async fn abandon(&self, _: &str, _: &str) -> Result<(), SessionError> {
        Ok(())
    }
}

/// After so many seconds tokens have to be renewed, and are good.
const DUE: u64 = 210;

fn application(store: &Fallible) -> Application {
    let authority = authority().session_token_lifetime(Duration::from_secs(300)).start().unwrap();
    let store = store.clone();
    Application::with(authority, |settings| settings.store(store).refresh_lock(Forgetful))
}

#[track_caller]
fn assert_logged(before: usize, event: &str) {
    let log = process_log().text().split_off(before);
    assert!(log.contains(&format!(" event=\"{event}\"")), "no {event} in {log}");
}

#[actix_web::test]
async fn r09_a_sign_in_leaves_events_and_no_secret_in_the_log() {
    let before = process_log().text().len();
    let store = Fallible::default();
    let application = application(&store);
    let logged = |event: &str| assert_logged(before, event);
    let mut secrets = Vec::new();

    let mut browser = application.browser();
    let callback = browser.begin("/login").await;
    let code = callback.split(['?', '&']).find_map(|it| it.strip_prefix("code=")).unwrap();
    secrets.push(code.to_owned());
    secrets.extend(browser.cookies.iter().map(|(_, value)| value.clone()));
    browser.go(&callback).await;
    secrets.extend(browser.cookie("mcp-auth-session").map(str::to_owned));
    logged("signed_in");

    let mut victim = application.browser();
    victim.go("/callback?state=unknown&code=secret-code").await;
    logged("sign_in_refused");

    application.pass(DUE);
    store.saves.store(true, Ordering::Relaxed);
    assert_eq!(browser.home().await.status, 200);
    for event in ["session_refreshed", "session_not_stored", "refresh_lock_failed"] {
        logged(event);
    }
    let mut other = application.browser();
    assert_eq!(other.sign_in("/login").await.status, 503);
    logged("sign_in_unavailable");
    store.saves.store(false, Ordering::Relaxed);

    store.loads.store(true, Ordering::Relaxed);
    assert_eq!(browser.home().await.status, 503);
    assert_eq!(browser.post("/logout", &[]).await.status, 503);
    logged("sign_out_failed");
    store.loads.store(false, Ordering::Relaxed);

    failing_refreshes(&application, &logged).await;

    let mut browser = application.signed_in().await;
    store.deletes.store(true, Ordering::Relaxed);
    assert_eq!(browser.post("/logout", &[]).await.status, 303);
    logged("session_not_deleted");
    logged("signed_out");

    let log = process_log().text().split_off(before);
    for secret in secrets {
        assert!(!log.contains(&secret), "a secret of {} characters is in the log", secret.len());
    }
    assert!(!log.contains("secret-code") && !log.contains(super::API_KEY), "a secret in the log");
}

async fn failing_refreshes(application: &Application, logged: &impl Fn(&str)) {
    let mut browser: Browser<'_> = application.signed_in().await;
    application.pass(DUE);
    application.authority.inject(Endpoint::Path(AUTHENTICATE.into()), Fault::Unavailable);
    assert_eq!(browser.home().await.status, 200);
    application.authority.clear_faults();
    logged("session_refresh_failed");

    let mut browser = application.signed_in().await;
    for sid in application.authority.active_sessions("user_ada") {
        application.authority.end_session(&sid);
    }
    application.pass(DUE);
    assert_eq!(browser.home().await.status, 200);
    logged("session_refresh_refused");
}
