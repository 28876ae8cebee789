//! From a request's cookies to its session: what core asks of a sign-in.

use std::{fmt, sync::Arc, time::Duration};

use actix_web::rt::time::timeout;
use mcp_auth_core::{
    Clock,
    session::{ErrorPage, LoadFuture, LoadedSession, SessionError, SessionSource},
};
use url::form_urlencoded;

use crate::{
    cookies::Cookies,
    log,
    outcome::{Outcome, Renewed},
    refresh::{Job, Refresher},
    settings::RenderPage,
    store::Store,
    stored::{Due, Lifetimes, StoredSession},
};

/// The name of the session's cookie, before its prefix. It is no common name: on a loopback host the
/// applications of all ports share their cookies (RFC 6265 §8.5).
const COOKIE: &str = "mcp-auth-session";
/// How long a request waits for new tokens while its own are good.
const SHORT_WAIT: Duration = Duration::from_secs(2);
/// How long it waits where they have expired.
const LONG_WAIT: Duration = Duration::from_secs(10);

/// The sessions of a sign-in.
pub(crate) struct Sessions {
    pub(crate) issuer: Box<str>,
    pub(crate) cookies: Cookies,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) refresher: Refresher,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) login_path: Box<str>,
    pub(crate) render: Option<RenderPage>,
}

/// A session of a request.
pub(crate) struct Current {
    /// Its key in the store.
    pub(crate) key: String,
    pub(crate) session: StoredSession,
}

/// What a request's cookies lead to, before tokens are renewed.
enum Found {
    Nothing,
    /// A cookie that leads to no session.
    Stale,
    Session(Current),
}

/// Why a new session is not kept.
pub(crate) enum CreateError {
    /// The store is out of reach.
    Store(SessionError),
    /// Browsers would drop the cookie.
    TooLong,
}

impl Sessions {
    /// The session that a request's cookies lead to, whether its access token is good or not.
    pub(crate) async fn find(&self, headers: &[&[u8]]) -> Result<Option<Current>, SessionError> {
        match self.look_up(headers).await? {
            Found::Session(current) => Ok(Some(current)),
            Found::Nothing | Found::Stale => Ok(None),
        }
    }

    async fn look_up(&self, headers: &[&[u8]]) -> Result<Found, SessionError> {
        let key = match self.cookies.get(headers, COOKIE) {
            (Some(key), _) => key,
            (None, true) => return Ok(Found::Stale),
            (None, false) => return Ok(Found::Nothing),
        };
        let Some(session) = self.store.load(&key).await? else { return Ok(Found::Stale) };
        if session.due(self.lifetimes, self.clock.now()) == Due::Ended {
            self.delete(&key).await;
            return Ok(Found::Stale);
        }
        Ok(Found::Session(Current { key, session }))
    }

    /// Keeps a new session, and returns the `Set-Cookie` value for it.
    pub(crate) async fn create(&self, session: &StoredSession) -> Result<String, CreateError> {
        let key = self.store.save(session, self.time_to_live(session)).await;
        let key = key.map_err(CreateError::Store)?;
        match self.set_cookie(&key, session) {
            Some(cookie) => Ok(cookie),
            None => {
                self.delete(&key).await;
                Err(CreateError::TooLong)
            }
        }
    }

    /// Removes a session, which is no error where that fails: it has ended by other means, or ends
    /// with its time.
    pub(crate) async fn delete(&self, key: &str) {
        if let Err(error) = self.store.delete(key).await {
            log::session_not_deleted(&error);
        }
    }

    /// The `Set-Cookie` value that removes the session's cookie.
    pub(crate) fn removal(&self) -> String {
        self.cookies.remove(COOKIE)
    }

    /// The `Set-Cookie` value for a session. `None`: browsers would not keep it.
    pub(crate) fn set_cookie(&self, key: &str, session: &StoredSession) -> Option<String> {
        self.cookies.set(COOKIE, key, self.time_to_live(session))
    }

    fn time_to_live(&self, session: &StoredSession) -> Duration {
        session.time_to_live(self.lifetimes, self.clock.now())
    }

    async fn load_session(&self, headers: &[&[u8]]) -> Result<LoadedSession, SessionError> {
        let current = match self.look_up(headers).await? {
            Found::Nothing => return Ok(LoadedSession::none()),
            Found::Stale => return Ok(LoadedSession::none().set_cookie(self.removal())),
            Found::Session(current) => current,
        };
        let due = current.session.due(self.lifetimes, self.clock.now());
        if due == Due::Fresh {
            return Ok(LoadedSession::of(current.session.credential()));
        }
        let wait = if due == Due::MustRenew { LONG_WAIT } else { SHORT_WAIT };
        let Current { key, session } = current;
        let job = Job { key: key.clone(), session: session.clone(), organization: None };
        let outcome = timeout(wait, self.refresher.renew(job)).await;
        match outcome.map(|(outcome, _)| outcome) {
            Ok(Outcome::Renewed(renewed)) => Ok(self.with_new_tokens(&renewed)),
            // A refresh that fails changes nothing while the token is good.
            _ if due != Due::MustRenew => Ok(LoadedSession::of(session.credential())),
            Ok(Outcome::Refused(_)) => {
                self.delete(&key).await;
                Ok(LoadedSession::none().set_cookie(self.removal()))
            }
            Ok(Outcome::Failed(error)) => Err(SessionError::new(error)),
            Err(_) => Err(SessionError::new("the session's tokens are not renewed in time")),
        }
    }

    fn with_new_tokens(&self, renewed: &Renewed) -> LoadedSession {
        let loaded = LoadedSession::of(renewed.session.credential());
        match self.set_cookie(&renewed.key, &renewed.session) {
            Some(cookie) => loaded.set_cookie(cookie),
            None => {
                log::session_not_stored(&TOO_LONG);
                loaded
            }
        }
    }
}

/// What to do about a cookie that browsers drop.
pub(crate) const TOO_LONG: &str = "the session's cookie is longer than the 4,096 bytes that browsers keep: use a store on a \
         server (SignInSettings::store), or a shorter JWT template";

impl SessionSource for Sessions {
    fn issuer(&self) -> &str {
        &self.issuer
    }

    fn max_age(&self) -> Duration {
        self.lifetimes.absolute
    }

    fn load<'r>(&'r self, cookies: Vec<&'r [u8]>) -> LoadFuture<'r> {
        Box::pin(async move { self.load_session(&cookies).await })
    }

    fn sign_in_url(&self, return_to: &str) -> Option<String> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("return_to", return_to)
            .finish();
        Some(format!("{}?{query}", self.login_path))
    }

    fn error_page(&self, page: &ErrorPage) -> Option<String> {
        self.render.as_ref().map(|render| render(page))
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
